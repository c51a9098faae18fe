//! bach 0.2: a discrete-event simulation of queues and UDP. It has no TCP (so
//! the network workloads use datagrams, one frame each) and no storage.

use bach::environment::default::Runtime;
use bach::environment::net::queue::Fixed;
use bach::ext::*;
use bach::net::{SocketAddr, UdpSocket};
use peer_common::*;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const PORT: u16 = 7000;

fn now() -> u64 {
    bach::time::Instant::now().elapsed_since_start().as_nanos() as u64
}

fn main() {
    peer_common::main("bach (UDP)", run);
}

async fn serve(host: String) {
    let s = UdpSocket::bind((host.as_str(), PORT)).await.unwrap();
    let mut f = [0u8; FRAME];
    loop {
        let (len, from) = s.recv_from(&mut f).await.unwrap();
        assert_eq!(len, FRAME);
        frame_len(&f);
        s.send_to(&f, from).await.unwrap();
    }
}

async fn request(server: String, who: u64, n: u64) {
    let s = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    let to: SocketAddr = bach::net::lookup_host((server.as_str(), PORT)).await.unwrap().next().unwrap();
    let mut got = [0u8; FRAME];
    for i in 0..n {
        let f = frame(who, i);
        s.send_to(&f, to).await.unwrap();
        let (len, _) = s.recv_from(&mut got).await.unwrap();
        assert_eq!(len, FRAME);
        frame_len(&got);
        check_payload(&f, &got[4..]);
        trace(now(), who);
    }
}

fn finish(mut rt: Runtime, ops: u64, f: impl FnOnce()) -> Option<Outcome> {
    rt.run(f);
    Some(Outcome { ops, sim_ns: Some(rt.elapsed().as_nanos() as u64), events: None })
}

fn echo(rt: Runtime, clients: u64, n: u64) -> Option<Outcome> {
    finish(rt, clients * n, || {
        serve("server".into()).group("server").spawn();
        for c in 0..clients {
            async move {
                bach::time::sleep(Duration::from_millis(10)).await;
                request("server".into(), c, n).await
            }
            .group(format!("client-{c}"))
            .primary()
            .spawn();
        }
    })
}

fn run(a: &Args) -> Option<Outcome> {
    let n = a.n;
    let rt = || Runtime::new().with_seed(a.seed);
    match a.workload.as_str() {
        "echo" => echo(rt(), ECHO_CLIENTS, n),
        "echo1ms" => {
            let net = Fixed::default().with_net_latency(Duration::from_millis(1));
            echo(rt().with_net_queues(Some(Box::new(net))), ECHO_CLIENTS, n)
        }
        "timers" => finish(rt(), TIMER_TASKS * n, || {
            async move {
                let tasks: Vec<_> = (0..TIMER_TASKS)
                    .map(|id| {
                        bach::spawn(async move {
                            let mut rng = Rng::new(id);
                            for _ in 0..n {
                                bach::time::sleep(Duration::from_millis(rng.millis())).await;
                                trace(now(), id);
                            }
                        })
                    })
                    .collect();
                for t in tasks {
                    t.await.unwrap();
                }
            }
            .group("node")
            .primary()
            .spawn();
        }),
        "spawn" => finish(rt(), n, || {
            async move {
                for i in 0..n {
                    let v = bach::spawn(async move {
                        bach::task::yield_now().await;
                        i
                    })
                    .await
                    .unwrap();
                    assert_eq!(v, i);
                    trace(now(), i);
                    if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                        bach::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            }
            .group("node")
            .primary()
            .spawn();
        }),
        "seeds" | "seeds1" => {
            let mut sim_ns = 0;
            for seed in 0..n {
                sim_ns += echo(Runtime::new().with_seed(seed), 1, pingpong(&a.workload))?.sim_ns?;
            }
            Some(Outcome { ops: n, sim_ns: Some(sim_ns), events: None })
        }
        "idle" => {
            let beats = BEATS_PER_HOUR * n;
            finish(rt(), n, || {
                for node in 0..IDLE_NODES {
                    async move {
                        let s = UdpSocket::bind((format!("node-{node}").as_str(), PORT)).await.unwrap();
                        let receiver = async move {
                            let mut f = [0u8; FRAME];
                            for i in 0..beats {
                                let (len, _) = s.recv_from(&mut f).await.unwrap();
                                assert_eq!(len, FRAME);
                                assert_eq!(f, frame((node + IDLE_NODES - 1) % IDLE_NODES, i));
                                trace(now(), node);
                            }
                        }
                        .spawn();
                        bach::time::sleep(Duration::from_millis(10)).await;
                        let out = UdpSocket::bind("0.0.0.0:0").await.unwrap();
                        let next = format!("node-{}", (node + 1) % IDLE_NODES);
                        let to = bach::net::lookup_host((next.as_str(), PORT)).await.unwrap().next().unwrap();
                        for i in 0..beats {
                            bach::time::sleep(Duration::from_secs(10)).await;
                            out.send_to(&frame(node, i), to).await.unwrap();
                        }
                        receiver.await.unwrap();
                    }
                    .group(format!("node-{node}"))
                    .primary()
                    .spawn();
                }
            })
        }
        "scale" => {
            let ops = n * (n - 1) / 2 * PAIR_EXCHANGES;
            let total = Rc::new(Cell::new(0));
            let seen = total.clone();
            let out = finish(rt(), ops, move || {
                for i in 0..n {
                    let total = total.clone();
                    async move {
                        serve(format!("node-{i}")).spawn();
                        bach::time::sleep(Duration::from_millis(10)).await;
                        let outgoing: Vec<_> = (i + 1..n)
                            .map(|j| request(format!("node-{j}"), i * n + j, PAIR_EXCHANGES).spawn())
                            .collect();
                        for o in outgoing {
                            o.await.unwrap();
                            total.set(total.get() + PAIR_EXCHANGES);
                        }
                    }
                    .group(format!("node-{i}"))
                    .primary()
                    .spawn();
                }
            });
            assert_eq!(seen.get(), ops);
            out
        }
        _ => None,
    }
}
