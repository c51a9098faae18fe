//! Wavetank, by its `SimulationBuilder` with the defaults on: the digest, the
//! random schedule, the leak checks. One thread, as the other peers have.

use peer_common::*;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, Stream, TaskProvider, TcpListener};
use wavetank_harness::{Limits, NetworkConfig, SimContext, SimProviders, SimulationBuilder, TestStrategy};

const PORT: u16 = 7000;

fn main() {
    peer_common::main("wavetank", run);
}

fn now(world: &SimProviders) -> u64 {
    world.now().as_nanos()
}

async fn serve_conn<P: Providers>(mut stream: Stream<P>) -> io::Result<()> {
    let mut f = [0u8; FRAME];
    loop {
        if stream.read_exact(&mut f[..4]).await.is_err() {
            return Ok(());
        }
        let len = frame_len(&f);
        stream.read_exact(&mut f[4..4 + len]).await?;
        stream.write_all(&f).await?;
        stream.flush().await?;
    }
}

async fn serve(cx: SimContext) -> io::Result<()> {
    let world = cx.providers();
    let listener = world.bind((cx.ip(), PORT).into()).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        world.spawn(serve_conn::<SimProviders>(stream));
    }
}

async fn request(world: SimProviders, to: SocketAddr, who: u64, n: u64) -> io::Result<()> {
    let mut stream = world.connect(to).await?;
    let mut h = [0u8; 4];
    let mut p = [0u8; MSG];
    for i in 0..n {
        let f = frame(who, i);
        stream.write_all(&f).await?;
        stream.flush().await?;
        stream.read_exact(&mut h).await?;
        stream.read_exact(&mut p[..frame_len(&h)]).await?;
        check_payload(&f, &p);
        trace(now(&world), who);
    }
    Ok(())
}

fn echo(clients: u32, n: u64) -> SimulationBuilder {
    SimulationBuilder::new().process("server", 1, serve).workload("client", clients, move |cx| async move {
        let world = cx.providers();
        world.sleep(Duration::from_millis(10)).await;
        request(world, (cx.topology().ip("server"), PORT).into(), cx.number().into(), n).await
    })
}

fn timers(n: u64) -> SimulationBuilder {
    SimulationBuilder::new().with_workload(move |cx: SimContext| async move {
        let world = cx.providers();
        let tasks: Vec<_> = (0..TIMER_TASKS)
            .map(|id| {
                let world = world.clone();
                cx.providers().spawn(async move {
                    let mut rng = Rng::new(id);
                    for _ in 0..n {
                        world.sleep(Duration::from_millis(rng.millis())).await;
                        trace(now(&world), id);
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
    })
}

fn spawner(n: u64) -> SimulationBuilder {
    SimulationBuilder::new().with_workload(move |cx: SimContext| async move {
        let world = cx.providers();
        for i in 0..n {
            let child = world.clone();
            let v = world
                .spawn(async move {
                    child.task().yield_now().await;
                    i
                })
                .await
                .unwrap();
            assert_eq!(v, i);
            trace(now(&world), i);
            if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                world.sleep(Duration::from_millis(1)).await;
            }
        }
    })
}

fn idle(n: u64) -> SimulationBuilder {
    let beats = BEATS_PER_HOUR * n;
    SimulationBuilder::new().with_limits(Limits { time: Duration::MAX, ..Limits::default() }).workload(
        "node",
        IDLE_NODES as u32,
        move |cx: SimContext| async move {
            let (world, me) = (cx.providers(), u64::from(cx.number()));
            let listener = world.bind((cx.ip(), PORT).into()).await?;
            let clock = world.clone();
            let receiver = world.spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut f = [0u8; FRAME];
                for i in 0..beats {
                    stream.read_exact(&mut f).await.unwrap();
                    assert_eq!(f, frame((me + IDLE_NODES - 1) % IDLE_NODES, i));
                    trace(now(&clock), me);
                }
            });
            world.sleep(Duration::from_millis(10)).await;
            let next = cx.topology().ips("node")[((me + 1) % IDLE_NODES) as usize];
            let mut stream = world.connect((next, PORT).into()).await?;
            for i in 0..beats {
                world.sleep(Duration::from_secs(10)).await;
                stream.write_all(&frame(me, i)).await?;
                stream.flush().await?;
            }
            receiver.await.unwrap();
            io::Result::Ok(())
        },
    )
}

fn storage(n: u64) -> SimulationBuilder {
    SimulationBuilder::new().with_workload(move |cx: SimContext| async move {
        let world = cx.providers();
        let mut file = world.storage().open("data", OpenOptions::create_write()).await?;
        let mut b = blank_block();
        for i in 0..n {
            block(i, &mut b);
            file.write_all(&b[..]).await?;
            if i % SYNC_EVERY == SYNC_EVERY - 1 {
                file.sync_all().await?;
            }
        }
        file.seek(io::SeekFrom::Start(0)).await?;
        let mut got = [0u8; BLOCK];
        for i in 0..n {
            file.read_exact(&mut got).await?;
            check_block(i, &mut b, &got);
            trace(now(&world), i);
        }
        io::Result::Ok(())
    })
}

fn scale(n: u64) -> SimulationBuilder {
    SimulationBuilder::new().workload("node", n as u32, move |cx: SimContext| async move {
        let (world, me) = (cx.providers(), u64::from(cx.number()));
        let listener = world.bind((cx.ip(), PORT).into()).await?;
        let spawner = world.clone();
        let incoming = world.spawn(async move {
            let mut conns = Vec::new();
            for _ in 0..me {
                let (stream, _) = listener.accept().await.unwrap();
                conns.push(spawner.spawn(serve_conn::<SimProviders>(stream)));
            }
            for c in conns {
                c.await.unwrap().unwrap();
            }
        });
        world.sleep(Duration::from_millis(10)).await;
        let ips = cx.topology().ips("node");
        let outgoing: Vec<_> = (me + 1..n)
            .map(|j| world.spawn(request(world.clone(), (ips[j as usize], PORT).into(), me * n + j, PAIR_EXCHANGES)))
            .collect();
        for o in outgoing {
            o.await.unwrap()?;
        }
        incoming.await.unwrap();
        io::Result::Ok(())
    })
}

/// Runs the seeds on one thread and fails loudly on anything red.
fn outcome(builder: SimulationBuilder, strategy: TestStrategy, ops: u64) -> Option<Outcome> {
    let result = builder.with_threads(1).with_strategy(strategy).run();
    result.assert_green();
    Some(Outcome { ops, sim_ns: Some(result.virtual_time.as_nanos() as u64), events: Some(result.events) })
}

fn run(a: &Args) -> Option<Outcome> {
    let n = a.n;
    let one = TestStrategy::Seeds(vec![a.seed]);
    match a.workload.as_str() {
        "echo" => outcome(echo(ECHO_CLIENTS as u32, n), one, ECHO_CLIENTS * n),
        "echo1ms" => {
            let millisecond =
                NetworkConfig { latency_min: 1_000_000, latency_max: 1_000_000, ..NetworkConfig::default() };
            outcome(echo(ECHO_CLIENTS as u32, n).with_network_config(millisecond), one, ECHO_CLIENTS * n)
        }
        "timers" => outcome(timers(n), one, TIMER_TASKS * n),
        "spawn" => outcome(spawner(n), one, n),
        "seeds" | "seeds1" => outcome(echo(1, pingpong(&a.workload)), TestStrategy::Count(n), n),
        "idle" => outcome(idle(n), one, n),
        "storage" => outcome(storage(n), one, n),
        "scale" => outcome(scale(n), one, n * (n - 1) / 2 * PAIR_EXCHANGES),
        _ => None,
    }
}
