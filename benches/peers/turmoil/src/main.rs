//! turmoil 0.7: one tokio runtime per host, stepped together in 1 ms ticks.

use peer_common::*;
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

const PORT: u16 = 7000;

fn now() -> u64 {
    turmoil::sim_elapsed().unwrap().as_nanos() as u64
}

fn main() {
    peer_common::main("turmoil", run);
}

/// The default configuration, except for the seed, a fixed epoch (the default
/// is the wall clock) and no limit on simulated time. `TURMOIL_TICK_MS` changes
/// the tick, which bounds both the resolution and the cost of idle time.
fn builder(seed: u64) -> Builder {
    let mut b = Builder::new();
    if let Some(ms) = std::env::var("TURMOIL_TICK_MS").ok().and_then(|s| s.parse().ok()) {
        b.tick_duration(Duration::from_millis(ms));
    }
    b.rng_seed(seed)
        .epoch(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .simulation_duration(Duration::from_secs(u32::MAX as u64));
    b
}

async fn serve_conn(mut s: TcpStream) -> std::io::Result<()> {
    let mut f = [0u8; FRAME];
    loop {
        if s.read_exact(&mut f[..4]).await.is_err() {
            return Ok(());
        }
        let len = frame_len(&f);
        s.read_exact(&mut f[4..4 + len]).await?;
        s.write_all(&f).await?;
        s.flush().await?;
    }
}

async fn serve() -> turmoil::Result {
    let l = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)).await?;
    loop {
        let (s, _) = l.accept().await?;
        tokio::spawn(async move { serve_conn(s).await.unwrap() });
    }
}

async fn request(server: &str, who: u64, n: u64) -> turmoil::Result {
    let mut s = TcpStream::connect((server, PORT)).await?;
    let mut h = [0u8; 4];
    let mut p = [0u8; MSG];
    for i in 0..n {
        let f = frame(who, i);
        s.write_all(&f).await?;
        s.flush().await?;
        s.read_exact(&mut h).await?;
        s.read_exact(&mut p[..frame_len(&h)]).await?;
        check_payload(&f, &p);
        trace(now(), who);
    }
    Ok(())
}

fn finish(mut sim: Sim<'_>, ops: u64) -> Option<Outcome> {
    sim.run().unwrap();
    Some(Outcome { ops, sim_ns: Some(sim.elapsed().as_nanos() as u64), events: None })
}

fn echo(b: Builder, clients: u64, n: u64) -> Option<Outcome> {
    let mut sim = b.build();
    sim.host("server", serve);
    for c in 0..clients {
        sim.client(format!("client-{c}"), async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            request("server", c, n).await
        });
    }
    finish(sim, clients * n)
}

fn run(a: &Args) -> Option<Outcome> {
    let n = a.n;
    match a.workload.as_str() {
        "echo" => echo(builder(a.seed), ECHO_CLIENTS, n),
        "echo1ms" => {
            let mut b = builder(a.seed);
            b.min_message_latency(Duration::from_millis(1)).max_message_latency(Duration::from_millis(1));
            echo(b, ECHO_CLIENTS, n)
        }
        "timers" => {
            let mut sim = builder(a.seed).build();
            sim.client("node", async move {
                let tasks: Vec<_> = (0..TIMER_TASKS)
                    .map(|id| {
                        tokio::spawn(async move {
                            let mut rng = Rng::new(id);
                            for _ in 0..n {
                                tokio::time::sleep(Duration::from_millis(rng.millis())).await;
                                trace(now(), id);
                            }
                        })
                    })
                    .collect();
                for t in tasks {
                    t.await?;
                }
                Ok(())
            });
            finish(sim, TIMER_TASKS * n)
        }
        "spawn" => {
            let mut sim = builder(a.seed).build();
            sim.client("node", async move {
                for i in 0..n {
                    let v = tokio::spawn(async move {
                        tokio::task::yield_now().await;
                        i
                    })
                    .await?;
                    assert_eq!(v, i);
                    trace(now(), i);
                    if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                Ok(())
            });
            finish(sim, n)
        }
        "seeds" | "seeds1" => {
            let mut sim_ns = 0;
            for seed in 0..n {
                sim_ns += echo(builder(seed), 1, pingpong(&a.workload))?.sim_ns?;
            }
            Some(Outcome { ops: n, sim_ns: Some(sim_ns), events: None })
        }
        "idle" => {
            let mut sim = builder(a.seed).build();
            let beats = BEATS_PER_HOUR * n;
            for node in 0..IDLE_NODES {
                sim.client(format!("node-{node}"), async move {
                    let l = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)).await?;
                    let receiver = tokio::spawn(async move {
                        let (mut s, _) = l.accept().await.unwrap();
                        let mut f = [0u8; FRAME];
                        for i in 0..beats {
                            s.read_exact(&mut f).await.unwrap();
                            assert_eq!(f, frame((node + IDLE_NODES - 1) % IDLE_NODES, i));
                            trace(now(), node);
                        }
                    });
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    let next = format!("node-{}", (node + 1) % IDLE_NODES);
                    let mut s = TcpStream::connect((next, PORT)).await?;
                    for i in 0..beats {
                        tokio::time::sleep(Duration::from_secs(10)).await;
                        s.write_all(&frame(node, i)).await?;
                        s.flush().await?;
                    }
                    receiver.await?;
                    Ok(())
                });
            }
            finish(sim, n)
        }
        "storage" => {
            use turmoil::fs::shim::tokio::fs::OpenOptions;
            let mut sim = builder(a.seed).build();
            sim.client("node", async move {
                let f = OpenOptions::new().read(true).write(true).create(true).open("/data").await?;
                let mut b = blank_block();
                for i in 0..n {
                    block(i, &mut b);
                    let k = f.write_at(&b[..], i * BLOCK as u64).await?;
                    assert_eq!(k, BLOCK);
                    if i % SYNC_EVERY == SYNC_EVERY - 1 {
                        f.sync_all().await?;
                    }
                }
                let mut got = [0u8; BLOCK];
                for i in 0..n {
                    let k = f.read_at(&mut got, i * BLOCK as u64).await?;
                    assert_eq!(k, BLOCK);
                    check_block(i, &mut b, &got);
                    trace(now(), i);
                }
                Ok(())
            });
            finish(sim, n)
        }
        // The stand-alone turmoil-fs crate, without a simulation around it.
        "storage-fs" => {
            use std::os::unix::fs::FileExt;
            use turmoil_fs::shim::std::fs::OpenOptions;
            let fs = turmoil_fs::Fs::builder().seed(a.seed).build();
            let _guard = fs.enter();
            let f = OpenOptions::new().read(true).write(true).create(true).open("/data").unwrap();
            let mut b = blank_block();
            for i in 0..n {
                block(i, &mut b);
                f.write_all_at(&b[..], i * BLOCK as u64).unwrap();
                if i % SYNC_EVERY == SYNC_EVERY - 1 {
                    f.sync_all().unwrap();
                }
            }
            let mut got = [0u8; BLOCK];
            for i in 0..n {
                f.read_exact_at(&mut got, i * BLOCK as u64).unwrap();
                check_block(i, &mut b, &got);
                trace(0, i);
            }
            Some(Outcome { ops: n, ..Outcome::default() })
        }
        "scale" => {
            let mut sim = builder(a.seed).build();
            let total = Rc::new(Cell::new(0));
            for i in 0..n {
                let total = total.clone();
                sim.client(format!("node-{i}"), async move {
                    let l = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)).await?;
                    let incoming = tokio::spawn(async move {
                        let mut conns = Vec::new();
                        for _ in 0..i {
                            let (s, _) = l.accept().await.unwrap();
                            conns.push(tokio::spawn(async move { serve_conn(s).await.unwrap() }));
                        }
                        for c in conns {
                            c.await.unwrap();
                        }
                    });
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    let outgoing: Vec<_> = (i + 1..n)
                        .map(|j| {
                            tokio::task::spawn_local(async move {
                                request(&format!("node-{j}"), i * n + j, PAIR_EXCHANGES).await.unwrap()
                            })
                        })
                        .collect();
                    for o in outgoing {
                        o.await?;
                        total.set(total.get() + PAIR_EXCHANGES);
                    }
                    incoming.await?;
                    Ok(())
                });
            }
            let out = finish(sim, n * (n - 1) / 2 * PAIR_EXCHANGES);
            assert_eq!(total.get(), n * (n - 1) / 2 * PAIR_EXCHANGES);
            out
        }
        _ => None,
    }
}
