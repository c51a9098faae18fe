//! A small service that touches everything a run has: sockets of both kinds, files,
//! clocks, tasks, randomness, `select!`, `watch`, `buggify!`. Correct enough to stay
//! green under every fault, and no model of good code.

use serde_json::json;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{
    EntropyProvider, Instant, OpenOptions, Providers, RandomProvider, StorageFile, StorageProvider, TcpListener,
    UdpSocket, select, watch,
};
use wavetank_harness::{
    Chaos, NetworkConfig, Ratio, SimContext, SimProviders, SimulationBuilder, SimulationMetrics, StorageConfiguration,
};
use wavetank_probe::{always_assert, buggify, sometimes_assert};

const PORT: u16 = 80;
const BEACON: u16 = 81;
/// Planned faults strike within so much virtual time, and are over then.
const WINDOW: Duration = Duration::from_secs(5);
/// Notes that each writer takes while faults strike.
const NOTES: u64 = 12;

/// The service with every kind of fault on that a run can plan or draw.
pub(crate) fn notebook() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("notebook")
        .process("keeper", 2..=3, keep)
        .workload("writer", 3, write)
        .with_threads(1)
        .with_network_config(NetworkConfig {
            reset: Ratio::new(1, 200),
            connect_hang: Ratio::new(1, 50),
            ..NetworkConfig::hostile()
        })
        .with_storage_config(StorageConfiguration {
            sync_failure_probability: Ratio::new(1, 50),
            // So slow that crashes fall into one.
            sync_latency: (Duration::from_millis(2)..=Duration::from_millis(30)).into(),
            ..StorageConfiguration::default()
        })
        .with_chaos(Chaos {
            duration: Duration::from_millis(10)..=Duration::from_secs(1),
            clock_steps: 0..=2,
            clock_skews: 0..=2,
            ..Chaos::storm(WINDOW)
        })
        .with_engine_config(|engine| {
            engine.timer_late = Ratio::new(1, 50);
            engine.timer_late_max = 20_000_000;
            engine.poll_cost = Ratio::new(1, 50);
            engine.poll_cost_max = 1_000_000;
        })
}

/// Keeps notes in a file, syncs each before it is confirmed, and sends beacons.
async fn keep(context: SimContext) -> io::Result<()> {
    let world = context.providers();
    let listener = world.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT)).await?;
    let (count, counted) = watch::channel(0u64);
    world.spawn(beacon(world.clone(), context.ip(), counted));
    let mut chores = world.interval(Duration::from_millis(200));
    loop {
        select! {
            accepted = listener.accept() => {
                let (mut stream, _) = accepted?;
                let (world, count) = (world.clone(), count.clone());
                world.clone().spawn(async move {
                    // A failed sync or a broken connection: the writer hears nothing, and asks again.
                    let _ = answer(&world, &mut stream, &count).await;
                });
            }
            _ = chores.tick() => {
                let _ = summarize(&world).await;
            }
        }
    }
}

async fn answer<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    world: &SimProviders,
    stream: &mut S,
    count: &watch::Sender<u64>,
) -> io::Result<()> {
    let mut note = [0; 600];
    stream.read_exact(&mut note).await?;
    if buggify!() {
        world.sleep(Duration::from_millis(100)).await;
    }
    let file = world.open("notes", OpenOptions::append()).await?;
    let end = file.size().await?;
    file.write_all_at(&note, end).await?;
    file.sync_data().await?;
    world.storage().sync_dir("/").await?;
    // Nobody needs this after a crash, so nobody syncs it.
    let scratch = world.open("scratch", OpenOptions::append()).await?;
    scratch.write_all_at(&note.repeat(4), 0).await?;
    count.send_modify(|count| *count += 1);
    stream.write_all(&note[..8]).await?;
    stream.shutdown().await
}

/// Replaces the summary by one with a fresh nonce.
async fn summarize(world: &SimProviders) -> io::Result<()> {
    let mut nonce = [0; 16];
    world.entropy().fill(&mut nonce)?;
    let mut file = world.open("summary.new", OpenOptions::create_write().truncate(true)).await?;
    file.write_all(&nonce).await?;
    file.sync_all().await?;
    world.storage().rename("summary.new", "summary").await?;
    world.storage().sync_dir("/").await
}

/// Answers datagrams with the number of notes.
async fn beacon(world: SimProviders, ip: std::net::IpAddr, mut count: watch::Receiver<u64>) -> io::Result<()> {
    let socket = world.bind_udp(SocketAddr::new(ip, BEACON)).await?;
    let mut buffer = [0; 8];
    let mut latest = 0;
    loop {
        select! {
            received = socket.recv_from(&mut buffer) => {
                let (_, from) = received?;
                let _ = socket.send_to(&u64::to_le_bytes(latest), from).await;
            }
            changed = count.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                latest = *count.borrow_and_update();
            }
        }
    }
}

/// Takes notes, listens for beacons, and in the end, when all faults are over, takes one more.
async fn write(context: SimContext) -> io::Result<SimulationMetrics> {
    let world = context.providers();
    let keepers = context.topology().ips("keeper");
    let socket = world.bind_udp(SocketAddr::new(context.ip(), 0)).await?;
    let mut metrics = SimulationMetrics::new();
    for number in 0..NOTES {
        let keeper = keepers[world.random().below(keepers.len() as u64) as usize];
        world.sleep(Duration::from_millis(world.random().below(400))).await;
        let noted = world.timeout(Duration::from_secs(1), note(&world, keeper, number)).await;
        metrics.add(if matches!(noted, Ok(Ok(()))) { "confirmed" } else { "unknown" }, 1);
        context
            .state()
            .register(format!("confirmed by {}", context.name()), json!({ "notes": metrics.get("confirmed") }));
        let mut buffer = [0; 8];
        socket.send_to(b"count?", SocketAddr::new(keeper, BEACON)).await?;
        let heard = world.timeout(Duration::from_millis(100), socket.recv_from(&mut buffer)).await;
        sometimes_assert!(heard.is_ok(), "a beacon is heard");
    }
    world.sleep_until(Instant::ZERO + WINDOW + Duration::from_secs(5)).await;
    for keeper in keepers {
        while !matches!(world.timeout(Duration::from_secs(1), note(&world, keeper, u64::MAX)).await, Ok(Ok(()))) {
            world.sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(metrics)
}

async fn note(world: &SimProviders, keeper: std::net::IpAddr, number: u64) -> io::Result<()> {
    let mut stream = world.connect(SocketAddr::new(keeper, PORT)).await?;
    let mut note = [7; 600];
    note[..8].copy_from_slice(&number.to_le_bytes());
    stream.write_all(&note).await?;
    let mut confirmed = [0; 8];
    stream.read_exact(&mut confirmed).await?;
    let confirmed = u64::from_le_bytes(confirmed);
    always_assert!(confirmed == number, "the note that was sent is confirmed", confirmed, number);
    Ok(())
}
