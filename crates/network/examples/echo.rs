//! Measures an echo exchange: ten clients, each on a machine of its own, send 4 + 64
//! bytes to one server and wait for them to come back.
//!
//! `cargo run --release --example echo -- [exchanges per client] [runs]`

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::{Decisions, EngineConfig, MachineId, Placement, Stop, World};
use wavetank_network::{Fabric, NetworkConfig, SimNetworkProvider, SimTcpStream, address_of};

const CLIENTS: u32 = 10;
const PAYLOAD: usize = 64;

async fn serve(
    network: SimNetworkProvider,
    at: SocketAddr,
    control: wavetank_engine::Control,
    home: wavetank_engine::Home,
) {
    let listener = network.bind(at).await.expect("the address is free");
    for _ in 0..CLIENTS {
        let (stream, _) = listener.accept().await.expect("accepting never fails here");
        drop(control.spawn(home, "answer", answer(stream)));
    }
}

async fn answer(mut stream: SimTcpStream) {
    let mut frame = [0; 4 + PAYLOAD];
    loop {
        if stream.read_exact(&mut frame[..4]).await.is_err() {
            return;
        }
        let len = u32::from_le_bytes(frame[..4].try_into().expect("four bytes")) as usize;
        stream.read_exact(&mut frame[4..4 + len]).await.expect("a frame is whole");
        stream.write_all(&frame).await.expect("the client listens");
        stream.flush().await.expect("the client listens");
    }
}

async fn ask(network: SimNetworkProvider, at: SocketAddr, exchanges: u64) {
    let mut stream = network.connect(at).await.expect("the server listens");
    let mut frame = [7; 4 + PAYLOAD];
    frame[..4].copy_from_slice(&(PAYLOAD as u32).to_le_bytes());
    let (mut head, mut body) = ([0; 4], [0; PAYLOAD]);
    for nth in 0..exchanges {
        frame[4..12].copy_from_slice(&nth.to_le_bytes());
        stream.write_all(&frame).await.expect("the server lives");
        stream.flush().await.expect("the server lives");
        stream.read_exact(&mut head).await.expect("the server lives");
        stream.read_exact(&mut body).await.expect("the server lives");
        assert_eq!(body, frame[4..], "the echo of exchange {nth}");
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let exchanges = arguments.next().unwrap_or(50_000);
    let runs = arguments.next().unwrap_or(1);
    let mut world = World::new();
    let nodes: Vec<_> = world.kernel(|kernel| {
        let node = |n: u32| {
            let machine = kernel.topology.add_machine(format!("machine-{n}"), Placement::default());
            kernel.topology.add_node(format!("node-{n}"), machine)
        };
        (0..=CLIENTS).map(node).collect()
    });
    world.add(Fabric::new(NetworkConfig::lan()));
    let at = SocketAddr::new(address_of(MachineId(0)), 7000);
    let begun = std::time::Instant::now();
    for seed in 0..runs {
        world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        let control = world.control();
        world.enter(|| {
            for (n, &node) in nodes.iter().enumerate() {
                let home = control.boot(node);
                let network = SimNetworkProvider::new(home);
                if n == 0 {
                    drop(control.spawn(home, "serve", serve(network, at, control, home)));
                } else {
                    drop(control.spawn(home, "ask", ask(network, at, exchanges)));
                }
            }
        });
        assert_eq!(world.run(u64::MAX), Stop::Idle);
    }
    let nanos = begun.elapsed().as_nanos() as u64;
    let total = u64::from(CLIENTS) * exchanges * runs;
    let (digest, events, virtual_ns) = world.kernel(|kernel| (kernel.digest(), kernel.events(), kernel.now()));
    println!("{} ns per exchange, {total} exchanges, {} ns per run", nanos / total, nanos / runs);
    println!("last run: {events} events, {} ms of virtual time, digest {digest}", virtual_ns / 1_000_000);
}
