//! A receive window that changes while connections are open.

mod tank;

use tank::{Tank, at, bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_network::NetworkConfig;

#[test]
fn a_window_that_shrinks_takes_back_nothing_and_loses_nothing() {
    const LEN: usize = 200_000;
    for window in [1, 1024, 65_535] {
        Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                there.sleep(5).await;
                let config = NetworkConfig { receive_window: window, ..NetworkConfig::perfect() };
                there.fabric(|fabric, _| fabric.configure(&config));
                // One byte, and what was sent into the wider window: its acknowledgement promised as much.
                stream.read_exact(&mut [0; 1]).await.expect("it came");
                there.sleep(20).await;
                let mut heard = vec![0; 65_535];
                let before = there.now();
                stream.read_exact(&mut heard).await.expect("it came");
                assert_eq!(there.now(), before, "it has landed");
                heard.clear();
                stream.read_to_end(&mut heard).await.expect("the stream ends in order");
                assert!(heard == bytes(65_536, LEN - 65_536), "{} bytes", heard.len());
            });
            hand.spawn(async move {
                hand.sleep(1).await;
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                stream.write_all(&bytes(0, 1)).await.expect("there is room");
                hand.sleep(10).await;
                stream.write_all(&bytes(1, LEN - 1)).await.expect("the peer reads");
            });
        });
    }
}
