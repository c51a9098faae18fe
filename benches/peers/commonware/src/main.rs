//! commonware-runtime 2026.10: its own traits (spawner, clock, network, storage)
//! with a deterministic runtime behind them. It knows no nodes: one runtime is one
//! process, "nodes" are child contexts on one network, told apart by address only.
//! Its stream network has no latency: a byte is there at once, but the clock moves
//! on by 1 ms (`Config::cycle`) after every round of ready tasks. `echo1ms` uses
//! the message network of commonware-p2p, which has links with latency and loss.

use commonware_cryptography::{
    Signer as _,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{Receiver as _, Recipients, Sender as _, simulated};
use commonware_runtime::{
    Blob as _, Clock as _, IoBufs, Listener as _, Network as _, Quota, ReadOptions, Runner as _, Sink as _,
    Spawner as _, Storage as _, Stream as _, Supervisor as _, WriteOptions,
    deterministic::{Config, Context, FaultConfig, PartialWriteMode, Runner, WriteConfig},
    reschedule,
};
use commonware_utils::probability;
use peer_common::*;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, UNIX_EPOCH};

const PORT: u16 = 7000;

fn main() {
    peer_common::main("commonware", run);
}

fn now(c: &Context) -> u64 {
    c.current().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

fn addr(i: u64) -> SocketAddr {
    (Ipv4Addr::from(0x0a00_0001 + i as u32), PORT).into()
}

type Sink = commonware_runtime::SinkOf<Context>;
type Stream = commonware_runtime::StreamOf<Context>;

fn wire(f: &[u8; FRAME]) -> IoBufs {
    f.to_vec().into()
}

async fn serve_conn(mut sink: Sink, mut stream: Stream) {
    loop {
        let Ok(header) = stream.recv(4).await else {
            return;
        };
        let mut f = [0u8; FRAME];
        f[..4].copy_from_slice(header.coalesce().as_ref());
        let len = frame_len(&f);
        let payload = stream.recv(len).await.unwrap().coalesce();
        f[4..4 + len].copy_from_slice(payload.as_ref());
        sink.send(wire(&f)).await.unwrap();
    }
}

async fn request(c: &Context, server: u64, who: u64, n: u64) {
    let (mut sink, mut stream) = c.dial(addr(server)).await.unwrap();
    for i in 0..n {
        let f = frame(who, i);
        sink.send(wire(&f)).await.unwrap();
        let header = stream.recv(4).await.unwrap().coalesce();
        let payload = stream.recv(frame_len(header.as_ref())).await.unwrap();
        check_payload(&f, payload.coalesce().as_ref());
        trace(now(c), who);
    }
}

async fn echo(root: Context, clients: u64, n: u64) -> u64 {
    root.child("server").spawn(|c| async move {
        let mut l = c.bind(addr(0)).await.unwrap();
        loop {
            let (_, sink, stream) = l.accept().await.unwrap();
            c.child("conn").spawn(|_| serve_conn(sink, stream));
        }
    });
    let tasks: Vec<_> = (0..clients)
        .map(|who| {
            root.child("client").spawn(move |c| async move {
                c.sleep(Duration::from_millis(10)).await;
                request(&c, 0, who, n).await
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
    now(&root)
}

/// The same exchange as messages between peers of commonware-p2p's simulated
/// network, over links of a fixed 1 ms.
async fn echo1ms(root: Context, clients: u64, n: u64) -> u64 {
    let keys: Vec<PublicKey> = (0..=clients).map(|i| PrivateKey::from_seed(i).public_key()).collect();
    let (network, oracle) = simulated::Network::new_with_peers(
        root.child("network"),
        simulated::Config {
            max_size: 1 << 20,
            max_peers_per_set: NonZeroUsize::new(keys.len()).unwrap(),
            disconnect_on_block: true,
            tracked_peer_sets: NonZeroUsize::MIN,
        },
        keys.clone(),
    )
    .await;
    network.start();
    let link =
        simulated::Link { latency: Duration::from_millis(1), jitter: Duration::ZERO, success_rate: probability!(1.0) };
    let quota = Quota::per_second(NonZeroU32::MAX);
    let mut ends = Vec::new();
    for k in &keys {
        ends.push(oracle.control(k.clone()).register(0, quota).await.unwrap());
    }
    for k in &keys[1..] {
        for (a, b) in [(&keys[0], k), (k, &keys[0])] {
            oracle.add_link(a.clone(), b.clone(), link.clone()).await.unwrap();
        }
    }
    let mut ends = ends.into_iter();
    let (mut to_clients, mut from_clients) = ends.next().unwrap();
    root.child("server").spawn(move |_| async move {
        loop {
            let (from, f) = from_clients.recv().await.unwrap();
            assert_eq!(to_clients.send(Recipients::One(from), f, false).len(), 1);
        }
    });
    let tasks: Vec<_> = ends
        .zip(0u64..)
        .map(|((mut tx, mut rx), who)| {
            let server = keys[0].clone();
            root.child("client").spawn(move |c| async move {
                for i in 0..n {
                    let f = frame(who, i);
                    let sent = tx.send(Recipients::One(server.clone()), wire(&f), false);
                    assert_eq!(sent.len(), 1);
                    let (_, got) = rx.recv().await.unwrap();
                    let got: &[u8] = got.as_ref();
                    frame_len(got);
                    check_payload(&f, &got[4..]);
                    trace(now(&c), who);
                }
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
    now(&root)
}

async fn timers(root: Context, n: u64) -> u64 {
    let tasks: Vec<_> = (0..TIMER_TASKS)
        .map(|id| {
            root.child("timer").spawn(move |c| async move {
                let mut rng = Rng::new(id);
                for _ in 0..n {
                    c.sleep(Duration::from_millis(rng.millis())).await;
                    trace(now(&c), id);
                }
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
    now(&root)
}

async fn spawner(root: Context, n: u64) -> u64 {
    for i in 0..n {
        let v = root
            .child("child")
            .spawn(move |_| async move {
                reschedule().await;
                i
            })
            .await
            .unwrap();
        assert_eq!(v, i);
        trace(now(&root), i);
        if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
            root.sleep(Duration::from_millis(1)).await;
        }
    }
    now(&root)
}

async fn idle(root: Context, n: u64) -> u64 {
    let beats = BEATS_PER_HOUR * n;
    let nodes: Vec<_> = (0..IDLE_NODES)
        .map(|me| {
            root.child("node").spawn(move |c| async move {
                let mut l = c.bind(addr(me)).await.unwrap();
                let receiver = c.child("receiver").spawn(move |c| async move {
                    let (_, _sink, mut stream) = l.accept().await.unwrap();
                    for i in 0..beats {
                        let f = stream.recv(FRAME).await.unwrap().coalesce();
                        let from = (me + IDLE_NODES - 1) % IDLE_NODES;
                        assert_eq!(f.as_ref(), frame(from, i));
                        trace(now(&c), me);
                    }
                });
                c.sleep(Duration::from_millis(10)).await;
                let (mut sink, _stream) = c.dial(addr((me + 1) % IDLE_NODES)).await.unwrap();
                for i in 0..beats {
                    c.sleep(Duration::from_secs(10)).await;
                    sink.send(wire(&frame(me, i))).await.unwrap();
                }
                receiver.await.unwrap();
            })
        })
        .collect();
    for n in nodes {
        n.await.unwrap();
    }
    now(&root)
}

async fn storage(root: Context, n: u64) -> u64 {
    let (blob, _) = root.open("bench", b"data").await.unwrap();
    let mut b = blank_block();
    for i in 0..n {
        block(i, &mut b);
        blob.write_at(i * BLOCK as u64, b.to_vec(), WriteOptions::default()).await.unwrap();
        if i % SYNC_EVERY == SYNC_EVERY - 1 {
            blob.sync().await.unwrap();
        }
    }
    for i in 0..n {
        let got = blob.read_at(i * BLOCK as u64, BLOCK, ReadOptions::default()).await.unwrap();
        check_block(i, &mut b, got.coalesce().as_ref());
        trace(now(&root), i);
    }
    now(&root)
}

async fn scale(root: Context, n: u64) -> u64 {
    let nodes: Vec<_> = (0..n)
        .map(|me| {
            root.child("node").spawn(move |c| async move {
                let mut l = c.bind(addr(me)).await.unwrap();
                let incoming = c.child("incoming").spawn(move |c| async move {
                    let mut conns = Vec::new();
                    for _ in 0..me {
                        let (_, sink, stream) = l.accept().await.unwrap();
                        conns.push(c.child("conn").spawn(|_| serve_conn(sink, stream)));
                    }
                    for t in conns {
                        t.await.unwrap();
                    }
                });
                c.sleep(Duration::from_millis(10)).await;
                let outgoing: Vec<_> = (me + 1..n)
                    .map(|j| {
                        c.child("outgoing")
                            .spawn(move |c| async move { request(&c, j, me * n + j, PAIR_EXCHANGES).await })
                    })
                    .collect();
                for t in outgoing {
                    t.await.unwrap();
                }
                incoming.await.unwrap();
            })
        })
        .collect();
    for n in nodes {
        n.await.unwrap();
    }
    now(&root)
}

/// One simulation; `f` says when, in simulated time, it ended.
fn one<F: Future<Output = u64>>(config: Config, ops: u64, f: impl FnOnce(Context) -> F) -> Option<Outcome> {
    let sim_ns = Runner::new(config).start(f);
    Some(Outcome { ops, sim_ns: Some(sim_ns), events: None })
}

fn run(a: &Args) -> Option<Outcome> {
    let n = a.n;
    let config = Config::new().with_seed(a.seed);
    match a.workload.as_str() {
        "echo" => one(config, ECHO_CLIENTS * n, |c| echo(c, ECHO_CLIENTS, n)),
        "echo1ms" => one(config, ECHO_CLIENTS * n, |c| echo1ms(c, ECHO_CLIENTS, n)),
        "timers" => one(config, TIMER_TASKS * n, |c| timers(c, n)),
        "spawn" => one(config, n, |c| spawner(c, n)),
        "seeds" | "seeds1" => {
            let exchanges = pingpong(&a.workload);
            let mut sim_ns = 0;
            for s in 0..n {
                sim_ns += Runner::seeded(s).start(|c| echo(c, 1, exchanges));
            }
            Some(Outcome { ops: n, sim_ns: Some(sim_ns), events: None })
        }
        "idle" => one(config, n, |c| idle(c, n)),
        "storage" => one(config, n, |c| storage(c, n)),
        // With the fault model on (nothing fails, but each unsynced write is kept
        // for the crash); without it writes that were not synced are just lost.
        "storage-faults" => {
            let faults = FaultConfig::default().write(WriteConfig {
                failure_rate: probability!(0.0),
                retention_rate: probability!(0.5),
                mode: PartialWriteMode::Subset,
            });
            one(config.with_storage_fault_config(faults), n, |c| storage(c, n))
        }
        "scale" => one(config, n * (n - 1) / 2 * PAIR_EXCHANGES, |c| scale(c, n)),
        _ => None,
    }
}
