//! What a long run costs in memory, and what a recycled world keeps.

mod tank;

use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_network::NetworkConfig;

fn script(exchanges: u32, connections: u32) -> impl FnOnce(Hand) {
    move |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                let mut frame = [0; 64];
                while stream.read_exact(&mut frame).await.is_ok() {
                    stream.write_all(&frame).await.expect("the client reads");
                }
            }
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            for _ in 0..connections {
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                let mut frame = [1; 64];
                for _ in 0..exchanges {
                    stream.write_all(&frame).await.expect("the server reads");
                    stream.read_exact(&mut frame).await.expect("the server answers");
                }
            }
        });
    }
}

fn memory_after(exchanges: u32, connections: u32) -> usize {
    let mut tank = Tank::new(NetworkConfig::lan(), 2);
    tank.begin(1, script(exchanges, connections));
    assert!(tank.stuck().is_empty());
    tank.memory()
}

#[test]
fn exchanges_and_connections_leave_nothing_behind() {
    let few = memory_after(10, 1);
    assert_eq!(memory_after(100_000, 1), few);
    assert_eq!(memory_after(10, 10_000), memory_after(10, 10));
}

#[test]
fn a_connection_after_small_exchanges_is_small() {
    // The goal is 1 KiB besides the rings that its exchanges need: 256 bytes a direction.
    let one = memory_after(10, 1);
    assert!(one <= 1024 + 512, "{one} bytes");
}
