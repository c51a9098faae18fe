//! madsim 0.2: its own executor in place of tokio's, built with `--cfg madsim`.
//! Nodes are created by a supervisor; network and files are per node.

use madsim::fs::File;
use madsim::net::{TcpListener, TcpStream};
use madsim::runtime::{Builder, Handle, NodeHandle, Runtime};
use madsim::time::TimeHandle;
use peer_common::*;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 7000;

fn main() {
    peer_common::main("madsim", run);
}

fn now() -> u64 {
    TimeHandle::current().elapsed().as_nanos() as u64
}

fn ip(i: u64) -> IpAddr {
    Ipv4Addr::from(0x0a00_0001 + i as u32).into()
}

fn addr(i: u64) -> SocketAddr {
    (ip(i), PORT).into()
}

fn node(i: u64) -> NodeHandle {
    Handle::current().create_node().name(format!("node-{i}")).ip(ip(i)).build()
}

async fn serve_conn(mut s: TcpStream) {
    let mut f = [0u8; FRAME];
    loop {
        // At the end of the stream madsim reports either an error or no bytes.
        if s.read_exact(&mut f[..4]).await.is_err() {
            return;
        }
        let len = frame_len(&f);
        s.read_exact(&mut f[4..4 + len]).await.unwrap();
        s.write_all(&f).await.unwrap();
        s.flush().await.unwrap();
    }
}

async fn request(server: u64, who: u64, n: u64) {
    let mut s = TcpStream::connect(addr(server)).await.unwrap();
    let mut h = [0u8; 4];
    let mut p = [0u8; MSG];
    for i in 0..n {
        let f = frame(who, i);
        s.write_all(&f).await.unwrap();
        s.flush().await.unwrap();
        s.read_exact(&mut h).await.unwrap();
        s.read_exact(&mut p[..frame_len(&h)]).await.unwrap();
        check_payload(&f, &p);
        trace(now(), who);
    }
}

async fn echo(clients: u64, n: u64) {
    node(0).spawn(async {
        let l = TcpListener::bind(addr(0)).await.unwrap();
        loop {
            let (s, _) = l.accept().await.unwrap();
            madsim::task::spawn(serve_conn(s));
        }
    });
    let tasks: Vec<_> = (0..clients)
        .map(|c| {
            node(c + 1).spawn(async move {
                madsim::time::sleep(Duration::from_millis(10)).await;
                request(0, c, n).await
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
}

async fn timers(n: u64) {
    node(0)
        .spawn(async move {
            let tasks: Vec<_> = (0..TIMER_TASKS)
                .map(|id| {
                    madsim::task::spawn(async move {
                        let mut rng = Rng::new(id);
                        for _ in 0..n {
                            madsim::time::sleep(Duration::from_millis(rng.millis())).await;
                            trace(now(), id);
                        }
                    })
                })
                .collect();
            for t in tasks {
                t.await.unwrap();
            }
        })
        .await
        .unwrap();
}

async fn spawner(n: u64) {
    node(0)
        .spawn(async move {
            for i in 0..n {
                let v = madsim::task::spawn(async move {
                    madsim::task::yield_now().await;
                    i
                })
                .await
                .unwrap();
                assert_eq!(v, i);
                trace(now(), i);
                if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                    madsim::time::sleep(Duration::from_millis(1)).await;
                }
            }
        })
        .await
        .unwrap();
}

async fn idle(n: u64) {
    let beats = BEATS_PER_HOUR * n;
    let nodes: Vec<_> = (0..IDLE_NODES)
        .map(|me| {
            node(me).spawn(async move {
                let l = TcpListener::bind(addr(me)).await.unwrap();
                let receiver = madsim::task::spawn(async move {
                    let (mut s, _) = l.accept().await.unwrap();
                    let mut f = [0u8; FRAME];
                    for i in 0..beats {
                        s.read_exact(&mut f).await.unwrap();
                        assert_eq!(f, frame((me + IDLE_NODES - 1) % IDLE_NODES, i));
                        trace(now(), me);
                    }
                });
                madsim::time::sleep(Duration::from_millis(10)).await;
                let mut s = TcpStream::connect(addr((me + 1) % IDLE_NODES)).await.unwrap();
                for i in 0..beats {
                    madsim::time::sleep(Duration::from_secs(10)).await;
                    s.write_all(&frame(me, i)).await.unwrap();
                    s.flush().await.unwrap();
                }
                receiver.await.unwrap();
            })
        })
        .collect();
    for n in nodes {
        n.await.unwrap();
    }
}

async fn storage(n: u64) {
    node(0)
        .spawn(async move {
            let f = File::create("data").await.unwrap();
            let mut b = blank_block();
            for i in 0..n {
                block(i, &mut b);
                f.write_all_at(&b[..], i * BLOCK as u64).await.unwrap();
                if i % SYNC_EVERY == SYNC_EVERY - 1 {
                    f.sync_all().await.unwrap();
                }
            }
            let mut got = [0u8; BLOCK];
            for i in 0..n {
                let k = f.read_at(&mut got, i * BLOCK as u64).await.unwrap();
                assert_eq!(k, BLOCK);
                check_block(i, &mut b, &got);
                trace(now(), i);
            }
        })
        .await
        .unwrap();
}

async fn scale(n: u64) {
    let nodes: Vec<_> = (0..n)
        .map(|me| {
            node(me).spawn(async move {
                let l = TcpListener::bind(addr(me)).await.unwrap();
                let incoming = madsim::task::spawn(async move {
                    let mut conns = Vec::new();
                    for _ in 0..me {
                        let (s, _) = l.accept().await.unwrap();
                        conns.push(madsim::task::spawn(serve_conn(s)));
                    }
                    for c in conns {
                        c.await.unwrap();
                    }
                });
                madsim::time::sleep(Duration::from_millis(10)).await;
                let outgoing: Vec<_> =
                    (me + 1..n).map(|j| madsim::task::spawn(request(j, me * n + j, PAIR_EXCHANGES))).collect();
                for o in outgoing {
                    o.await.unwrap();
                }
                incoming.await.unwrap();
            })
        })
        .collect();
    for n in nodes {
        n.await.unwrap();
    }
}

/// One simulation on this thread.
fn one(seed: u64, config: madsim::Config, ops: u64, f: impl Future<Output = ()>) -> Option<Outcome> {
    let rt = Runtime::with_seed_and_config(seed, config);
    rt.block_on(f);
    let sim_ns = rt.block_on(async { now() });
    Some(Outcome { ops, sim_ns: Some(sim_ns), events: None })
}

fn run(a: &Args) -> Option<Outcome> {
    let (n, seed) = (a.n, a.seed);
    let default = madsim::Config::default;
    match a.workload.as_str() {
        "echo" => one(seed, default(), ECHO_CLIENTS * n, echo(ECHO_CLIENTS, n)),
        "echo1ms" => {
            let mut config = default();
            config.net.send_latency = Duration::from_millis(1)..Duration::from_nanos(1_000_001);
            one(seed, config, ECHO_CLIENTS * n, echo(ECHO_CLIENTS, n))
        }
        "timers" => one(seed, default(), TIMER_TASKS * n, timers(n)),
        "spawn" => one(seed, default(), n, spawner(n)),
        // What `#[madsim::test]` does for MADSIM_TEST_NUM seeds: a thread for each.
        "seeds" | "seeds1" => {
            // The runner takes a plain function, which can capture nothing.
            static EXCHANGES: AtomicU64 = AtomicU64::new(0);
            EXCHANGES.store(pingpong(&a.workload), Relaxed);
            static SIM_NS: AtomicU64 = AtomicU64::new(0);
            static HASH: AtomicU64 = AtomicU64::new(0);
            static COUNT: AtomicU64 = AtomicU64::new(0);
            Builder {
                seed: 0,
                count: n,
                jobs: 1,
                config: default(),
                time_limit: None,
                check: false,
                allow_system_thread: false,
            }
            .run(|| async {
                echo(1, EXCHANGES.load(Relaxed)).await;
                SIM_NS.fetch_add(now(), Relaxed);
                let (count, hash) = trace_state();
                COUNT.fetch_add(count, Relaxed);
                HASH.store(HASH.load(Relaxed).rotate_left(5) ^ hash, Relaxed);
            });
            trace_merge((COUNT.load(Relaxed), HASH.load(Relaxed)));
            Some(Outcome { ops: n, sim_ns: Some(SIM_NS.load(Relaxed)), events: None })
        }
        // The same without the thread for each seed.
        "seeds-nothread" => {
            let mut sim_ns = 0;
            for s in 0..n {
                sim_ns += one(s, default(), 1, echo(1, PINGPONG))?.sim_ns?;
            }
            Some(Outcome { ops: n, sim_ns: Some(sim_ns), events: None })
        }
        "idle" => one(seed, default(), n, idle(n)),
        "storage" => one(seed, default(), n, storage(n)),
        "scale" => one(seed, default(), n * (n - 1) / 2 * PAIR_EXCHANGES, scale(n)),
        _ => None,
    }
}
