//! How many instructions whole simulations take, under valgrind: what the harness and the
//! network add to the engine's own paths, which have a gate of their own. What they take in
//! time is measured in `benches/peers`.
//!
//! The counts are of `[profile.bench]` with the toolchain of `rust-toolchain.toml`, for
//! x86-64; 5 % above them is red. Whoever makes a path shorter takes its new count in.

use gungraun::main;
use gungraun::prelude::*;
use instructions::limit;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, Providers, TcpListener, TimeProvider};
use wavetank_harness::{Progress, SimContext, SimulationBuilder, SimulationResult, TestStrategy};

const PORT: u16 = 80;
/// Bytes of each message.
const MESSAGE: usize = 64;

/// Answers each message with itself, whoever connects.
async fn serve(context: SimContext) -> io::Result<()> {
    let world = context.providers();
    let listener = world.bind((context.ip(), PORT).into()).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        world.spawn(async move {
            let mut message = [0; MESSAGE];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await?;
            }
            io::Result::Ok(())
        });
    }
}

/// Sends messages, each after the answer to the one before.
async fn ask<P: Providers>(world: P, to: SocketAddr, exchanges: u64) -> io::Result<()> {
    let mut stream = world.network().connect(to).await?;
    let mut answer = [0; MESSAGE];
    for nth in 0..exchanges {
        let message = [nth as u8; MESSAGE];
        stream.write_all(&message).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, message);
    }
    Ok(())
}

/// A server, and clients with so many exchanges each.
fn echo(clients: u32, exchanges: u64) -> SimulationBuilder {
    SimulationBuilder::new().with_name("echo").with_threads(1).process("server", 1, serve).workload(
        "client",
        clients,
        move |context: SimContext| async move {
            let world = context.providers();
            world.time().sleep(Duration::from_millis(10)).await;
            ask(world, (context.topology().ip("server"), PORT).into(), exchanges).await
        },
    )
}

/// Nodes that all connect to each other, with one exchange a pair.
fn all_to_all(nodes: u32) -> SimulationBuilder {
    SimulationBuilder::new().with_name("all to all").with_threads(1).process("server", nodes, serve).workload(
        "client",
        nodes,
        |context: SimContext| async move {
            let world = context.providers();
            world.time().sleep(Duration::from_millis(10)).await;
            for ip in context.topology().ips("server") {
                ask(world.clone(), (ip, PORT).into(), 1).await?;
            }
            io::Result::Ok(())
        },
    )
}

/// Runs so many seeds, whatever the environment says.
fn sweep(builder: &SimulationBuilder, seeds: u64) -> SimulationResult {
    let result = builder.run_strategy(&TestStrategy::Count(seeds), &Progress::default());
    result.assert_green();
    black_box(result)
}

// 1,000 simulations of one exchange: set-up and tear-down.
#[library_benchmark(config = limit(TINY))]
#[bench::seeds(echo(1, 1))]
fn tiny_simulations(builder: SimulationBuilder) -> SimulationResult {
    sweep(&builder, 1000)
}

// 10,000 exchanges of ten clients.
#[library_benchmark(config = limit(EXCHANGES))]
#[bench::one_seed(echo(10, 1000))]
fn exchanges(builder: SimulationBuilder) -> SimulationResult {
    sweep(&builder, 1)
}

// 900 connections, opened and closed.
#[library_benchmark(config = limit(CONNECTIONS))]
#[bench::one_seed(all_to_all(30))]
fn connections(builder: SimulationBuilder) -> SimulationResult {
    sweep(&builder, 1)
}

// What was measured last.
const TINY: u64 = 14_613_278;
const EXCHANGES: u64 = 25_069_147;
const CONNECTIONS: u64 = 9_441_388;

library_benchmark_group!(name = harness, benchmarks = [tiny_simulations, exchanges, connections]);

main!(library_benchmark_groups = harness);
