//! A receive window that changes while connections are open.

mod tank;

use tank::{Hand, Tank, at, bytes, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_network::{NetworkConfig, SimTcpStream};

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

/// A writer fills a window of 1000 bytes at 2 ms; its reader takes them while nothing comes back
/// from it, as `read` has it, and the writer writes more when `then` is over. By when it arrives.
fn opened_unheard(
    read: impl AsyncFnOnce(Hand, &mut SimTcpStream) + 'static,
    then: impl AsyncFnOnce(Hand) + 'static,
    by_millis: u128,
) {
    let config = NetworkConfig { receive_window: 1000, ..NetworkConfig::perfect() };
    Tank::new(config, 2).run(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                hand.sleep(1).await;
                stream.write_all(&bytes(0, 1000)).await.expect("the connection is up");
                hand.sleep(2).await;
                hand.cut(1, 0);
                then(hand).await;
                stream.write_all(&bytes(1000, 500)).await.expect("the connection is up");
                assert_eq!(stream.read(&mut [0; 1]).await.expect("the peer has what it waits for"), 0);
            },
            move |mut stream| async move {
                hand.sleep(50).await;
                read(hand, &mut stream).await;
                let mut heard = vec![0; 500];
                stream.read_exact(&mut heard).await.expect("it is written");
                assert!(heard == bytes(1000, 500));
                assert_eq!(hand.now().as_millis(), by_millis);
            },
        );
    });
}

#[test]
fn a_window_whose_opening_was_not_heard_is_asked_for() {
    opened_unheard(
        async |_, stream| {
            stream.read_exact(&mut [0; 1000]).await.expect("it came");
        },
        async |hand| {
            hand.sleep(100).await;
            hand.heal();
        },
        304,
    );
}

#[test]
fn a_window_that_is_just_being_opened_is_waited_for_though_its_last_opening_was_not_heard() {
    opened_unheard(
        async |hand, stream| {
            stream.read_exact(&mut [0; 600]).await.expect("it came");
            hand.sleep(50).await;
            hand.heal();
            stream.read_exact(&mut [0; 400]).await.expect("it came");
            // It is said, and on its way.
        },
        async |hand| hand.sleep_micros(101_350 - hand.now().as_micros() as u64).await,
        101,
    );
}
