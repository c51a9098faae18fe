//! moonpool-sim 0.8: its own executor and event queue behind provider traits.
//!
//! Two modes. By default everything goes through `SimulationBuilder`, the
//! documented way. With `MOONPOOL=raw` the echo, timer and spawn workloads drive
//! `Executor` and `SimWorld` by hand, without the orchestrator and without the
//! tracing layer that the builder installs: this shows what the engine costs.

use async_trait::async_trait;
use futures::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use moonpool::{OpenOptions, StorageFile, StorageProvider};
use moonpool_sim::executor::{Executor, JoinHandle, spawn, until_stalled, yield_now};
use moonpool_sim::network::sim::SimTcpStream;
use moonpool_sim::{
    ChaosConfiguration, NetworkConfiguration, NetworkProvider, Process, SimContext, SimNetworkProvider,
    SimTimeProvider, SimWorld, SimulationBuilder, SimulationResult, TcpListenerTrait, TimeProvider, Workload,
    WorkloadCount,
};
use peer_common::*;
use std::io::SeekFrom;
use std::time::Duration;

fn main() {
    if std::env::var("MOONPOOL").as_deref() == Ok("raw") {
        peer_common::main("moonpool-raw", run_raw);
    } else {
        peer_common::main("moonpool", run);
    }
}

fn nanos(t: &SimTimeProvider) -> u64 {
    t.now().as_nanos() as u64
}

/// The builder always arms buggify, and its default network configuration is
/// not quiet (bit flips, random closes, refused or hanging connects, short reads
/// and writes); no builder method turns that off. Every node calls this before
/// it does anything, which disarms all of them for the iteration. What stays on
/// is the random extra delay on sleeps, which does no harm here.
fn quiet() {
    moonpool_sim::buggify_reset();
}

async fn serve_conn(mut s: SimTcpStream) {
    let mut f = [0u8; FRAME];
    loop {
        if s.read_exact(&mut f[..4]).await.is_err() {
            return;
        }
        let len = frame_len(&f);
        s.read_exact(&mut f[4..4 + len]).await.unwrap();
        s.write_all(&f).await.unwrap();
        s.flush().await.unwrap();
    }
}

async fn serve(net: SimNetworkProvider, ip: &str) {
    let l = net.bind(ip).await.unwrap();
    loop {
        let (s, _) = l.accept().await.unwrap();
        drop(spawn("conn", serve_conn(s)));
    }
}

async fn request(net: SimNetworkProvider, time: SimTimeProvider, server: String, who: u64, n: u64) {
    let mut s = net.connect(&server).await.unwrap();
    let mut h = [0u8; 4];
    let mut p = [0u8; MSG];
    for i in 0..n {
        let f = frame(who, i);
        s.write_all(&f).await.unwrap();
        s.flush().await.unwrap();
        s.read_exact(&mut h).await.unwrap();
        s.read_exact(&mut p[..frame_len(&h)]).await.unwrap();
        check_payload(&f, &p);
        trace(nanos(&time), who);
    }
}

async fn sleeper(time: SimTimeProvider, id: u64, n: u64) {
    let mut rng = Rng::new(id);
    for _ in 0..n {
        time.sleep(Duration::from_millis(rng.millis())).await.unwrap();
        trace(nanos(&time), id);
    }
}

async fn timers(time: SimTimeProvider, n: u64) {
    let tasks: Vec<_> = (0..TIMER_TASKS).map(|id| spawn("sleeper", sleeper(time.clone(), id, n))).collect();
    for t in tasks {
        t.await.unwrap();
    }
}

async fn spawner(time: SimTimeProvider, n: u64) {
    for i in 0..n {
        let v = spawn("child", async move {
            yield_now().await;
            i
        })
        .await
        .unwrap();
        assert_eq!(v, i);
        trace(nanos(&time), i);
        if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
            time.sleep(Duration::from_millis(1)).await.unwrap();
        }
    }
}

struct Server;

#[async_trait]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        quiet();
        serve(ctx.network().clone(), ctx.my_ip()).await;
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Client,
    Timers,
    Spawn,
    Idle,
    Storage,
    Scale,
}

struct Node {
    kind: Kind,
    index: u64,
    n: u64,
    name: String,
}

impl Node {
    fn new(kind: Kind, index: u64, n: u64) -> Node {
        Node { kind, index, n, name: format!("node-{index}") }
    }
}

#[async_trait]
impl Workload for Node {
    fn name(&self) -> &str {
        &self.name
    }

    async fn setup(&mut self, _: &SimContext) -> SimulationResult<()> {
        quiet();
        Ok(())
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (me, n) = (self.index, self.n);
        let (net, time) = (ctx.network().clone(), ctx.time().clone());
        match self.kind {
            Kind::Client => {
                time.sleep(Duration::from_millis(10)).await.unwrap();
                request(net, time, ctx.peer("server").unwrap(), me, n).await;
            }
            Kind::Timers => timers(time, n).await,
            Kind::Spawn => spawner(time, n).await,
            Kind::Idle => {
                let beats = BEATS_PER_HOUR * n;
                let l = net.bind(ctx.my_ip()).await?;
                let t = time.clone();
                let receiver = spawn("receiver", async move {
                    let (mut s, _) = l.accept().await.unwrap();
                    let mut f = [0u8; FRAME];
                    for i in 0..beats {
                        s.read_exact(&mut f).await.unwrap();
                        assert_eq!(f, frame((me + IDLE_NODES - 1) % IDLE_NODES, i));
                        trace(nanos(&t), me);
                    }
                });
                time.sleep(Duration::from_millis(10)).await.unwrap();
                let next = ctx.peer(&format!("node-{}", (me + 1) % IDLE_NODES)).unwrap();
                let mut s = net.connect(&next).await?;
                for i in 0..beats {
                    time.sleep(Duration::from_secs(10)).await.unwrap();
                    s.write_all(&frame(me, i)).await?;
                    s.flush().await?;
                }
                receiver.await.unwrap();
            }
            Kind::Storage => {
                let disk = ctx.storage();
                let mut f = disk.open("data", OpenOptions::create_write().read(true)).await?;
                let mut b = blank_block();
                for i in 0..n {
                    block(i, &mut b);
                    f.write_all(&b[..]).await?;
                    if i % SYNC_EVERY == SYNC_EVERY - 1 {
                        f.sync_all().await?;
                    }
                }
                f.seek(SeekFrom::Start(0)).await?;
                let mut got = [0u8; BLOCK];
                for i in 0..n {
                    f.read_exact(&mut got).await?;
                    check_block(i, &mut b, &got);
                    trace(nanos(&time), i);
                }
            }
            Kind::Scale => {
                let l = net.bind(ctx.my_ip()).await?;
                let incoming = spawn("incoming", async move {
                    let mut conns = Vec::new();
                    for _ in 0..me {
                        let (s, _) = l.accept().await.unwrap();
                        conns.push(spawn("conn", serve_conn(s)));
                    }
                    for c in conns {
                        c.await.unwrap();
                    }
                });
                time.sleep(Duration::from_millis(10)).await.unwrap();
                let outgoing: Vec<JoinHandle<()>> = (me + 1..n)
                    .map(|j| {
                        let to = ctx.peer(&format!("node-{j}")).unwrap();
                        spawn("request", request(net.clone(), time.clone(), to, me * n + j, PAIR_EXCHANGES))
                    })
                    .collect();
                for o in outgoing {
                    o.await.unwrap();
                }
                incoming.await.unwrap();
            }
        }
        Ok(())
    }
}

/// Runs `count` nodes of one kind over the given seeds.
fn simulate(kind: Kind, count: u64, n: u64, server: bool, seeds: Vec<u64>, ops: u64) -> Option<Outcome> {
    let runs = seeds.len();
    let mut b = SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(count as usize), move |i| Box::new(Node::new(kind, i as u64, n)))
        .set_debug_seeds(seeds)
        .set_iterations(runs)
        .run_time_budget(Duration::from_secs(u32::MAX as u64));
    if server {
        b = b.processes(1, || Box::new(Server));
    }
    let report = b.run();
    assert_eq!((report.successful_runs, report.failed_runs), (runs, 0), "{report}");
    Some(Outcome {
        ops,
        sim_ns: Some(report.metrics.simulated_time.as_nanos() as u64),
        events: Some(report.metrics.events_processed),
    })
}

fn run(a: &Args) -> Option<Outcome> {
    let n = a.n;
    let one = vec![a.seed];
    match a.workload.as_str() {
        "echo" => simulate(Kind::Client, ECHO_CLIENTS, n, true, one, ECHO_CLIENTS * n),
        "timers" => simulate(Kind::Timers, 1, n, false, one, TIMER_TASKS * n),
        "spawn" => simulate(Kind::Spawn, 1, n, false, one, n),
        "seeds" | "seeds1" => simulate(Kind::Client, 1, pingpong(&a.workload), true, (0..n).collect(), n),
        "idle" => simulate(Kind::Idle, IDLE_NODES, n, false, one, n),
        "storage" => simulate(Kind::Storage, 1, n, false, one, n),
        "scale" => simulate(Kind::Scale, n, n, false, one, n * (n - 1) / 2 * PAIR_EXCHANGES),
        // "echo1ms": the builder does not let a caller choose the latency.
        _ => None,
    }
}

/// The engine without orchestrator and tracing layer.
fn run_raw(a: &Args) -> Option<Outcome> {
    let n = a.n;
    let (count, ops, ms1) = match a.workload.as_str() {
        "echo" => (ECHO_CLIENTS, ECHO_CLIENTS * n, false),
        "echo1ms" => (ECHO_CLIENTS, ECHO_CLIENTS * n, true),
        "timers" => (1, TIMER_TASKS * n, false),
        "spawn" => (1, n, false),
        _ => return None,
    };
    let mut ex = Executor::new(a.seed);
    let workload = a.workload.clone();
    let seed = a.seed;
    Some(ex.block_on(async move {
        let mut config =
            NetworkConfiguration { chaos: ChaosConfiguration::disabled(), ..NetworkConfiguration::default() };
        if ms1 {
            config.write_latency = moonpool_sim::LatencyDistribution::Uniform {
                start: Duration::from_millis(1),
                end: Duration::from_millis(1),
            };
        }
        let mut sim = SimWorld::new_with_network_config_and_seed(config, seed);
        let (net, time) = (sim.network_provider(), sim.time_provider());
        let mut handles = Vec::new();
        match workload.as_str() {
            "timers" => handles.push(spawn("timers", timers(time, n))),
            "spawn" => handles.push(spawn("spawner", spawner(time, n))),
            _ => {
                let server = net.clone();
                drop(spawn("server", async move { serve(server, "10.0.1.1").await }));
                for c in 0..count {
                    let (net, time) = (net.clone(), time.clone());
                    handles.push(spawn("client", async move {
                        time.sleep(Duration::from_millis(10)).await.unwrap();
                        request(net, time, "10.0.1.1".into(), c, n).await
                    }));
                }
            }
        }
        let mut events = 0;
        loop {
            until_stalled().await;
            if handles.iter().all(|h| h.is_finished()) {
                break;
            }
            assert!(sim.pending_event_count() > 0, "stalled");
            sim.step();
            events += 1;
        }
        for h in handles {
            h.await.unwrap();
        }
        Outcome { ops, sim_ns: Some(sim.current_time().as_nanos() as u64), events: Some(events) }
    }))
}
