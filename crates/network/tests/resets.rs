//! Resets that are lost, and what becomes of who should have heard of them.
//!
//! Each packet takes 100 us; the connection is open at 1.3 ms.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_engine::Ratio;
use wavetank_network::{NetworkConfig, SimTcpStream, kinds};

/// Until that microsecond.
async fn until(hand: Hand, micros: u64) {
    hand.sleep_micros(micros - hand.now().as_micros() as u64).await;
}

/// A client of machine 0 fills a window of ten bytes; its server of machine 1 says `words` at
/// 10 ms and closes without a look at them, and nothing comes through from it until 20 ms. What
/// the client hears that asks at 30 ms.
fn unheard(words: &'static [u8]) -> ErrorKind {
    let config = NetworkConfig { receive_window: 10, ..NetworkConfig::perfect() };
    let kind = std::rc::Rc::new(std::cell::Cell::new(None));
    let told = std::rc::Rc::clone(&kind);
    Tank::new(config, 2).run(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream: SimTcpStream| async move {
                stream.write_all(&[0; 10]).await.expect("it is open");
                until(hand, 30_000).await;
                stream.write_all(b"x").await.expect("nobody knows yet");
                let heard = stream.read(&mut [0; 1]).await.expect_err("nobody is there");
                told.set(Some((heard.kind(), hand.now().as_millis())));
            },
            move |mut stream: SimTcpStream| async move {
                until(hand, 10_000).await;
                stream.write_all(words).await.expect("it is open");
                drop(stream);
            },
        );
        hand.spawn(async move {
            until(hand, 10_050).await;
            hand.cut(1, 0);
            until(hand, 20_000).await;
            hand.heal();
        });
    });
    let (kind, millis) = kind.get().expect("it ends");
    assert!(millis < 1000, "after {millis} ms");
    kind
}

#[test]
fn who_was_not_reached_by_a_reset_is_reset_when_it_asks() {
    // Alone, and behind bytes that were lost.
    for words in [&b""[..], b"last words"] {
        assert_eq!(unheard(words), ErrorKind::ConnectionReset, "{words:?}");
    }
}

#[test]
fn each_reset_may_be_lost_and_the_next_one_is_not() {
    for seed in 0..50 {
        Tank::new(NetworkConfig::perfect(), 2).run(seed, |hand| {
            pair(
                [hand, hand.boot(1)],
                move |mut stream: SimTcpStream| async move {
                    let lossy = NetworkConfig { segment_loss: Ratio::new(1, 5), ..NetworkConfig::perfect() };
                    hand.fabric(|fabric, _| fabric.configure(&lossy));
                    hand.sleep(5000).await;
                    let _ = stream.write_all(b"x").await;
                    let heard = stream.read(&mut [0; 1]).await.map_err(|error| error.kind());
                    assert!(matches!(heard, Ok(0) | Err(ErrorKind::ConnectionReset)), "seed {seed}: {heard:?}");
                    // Its end has come, or a reset; whoever writes is told.
                    hand.sleep(14_000).await;
                    let error = stream.write_all(b"y").await.expect_err("nobody is there").kind();
                    assert_eq!(error, ErrorKind::BrokenPipe, "seed {seed}");
                },
                |stream| async move { drop(stream) },
            );
        });
    }
}

/// Connects from machine 0 to machine 1, does something with both ends, and binds the
/// client's port a minute later, when nobody has it any more.
fn port_is_free_after(
    config: NetworkConfig,
    client: impl AsyncFnOnce(Hand, SimTcpStream) + 'static,
    server: impl AsyncFnOnce(Hand, SimTcpStream) + 'static,
) {
    Tank::new(config, 2).run(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |stream: SimTcpStream| async move {
                let address = stream.local_addr().expect("it is connected");
                client(hand, stream).await;
                until(hand, 60_000_000).await;
                drop(hand.network().bind(address).await.expect("nobody has it any more"));
            },
            move |stream| async move { server(hand, stream).await },
        );
    });
}

#[test]
fn who_closed_with_bytes_unsent_and_is_reset_is_no_more() {
    let config = NetworkConfig { receive_window: 10, ..NetworkConfig::perfect() };
    // The client reads nothing, and writes to who has closed.
    port_is_free_after(
        config,
        async |hand, mut stream| {
            hand.sleep(10).await;
            stream.write_all(b"x").await.expect("nobody knows yet");
            hand.sleep(10).await;
        },
        async |_, mut stream| stream.write_all(&[0; 100]).await.expect("it is open"),
    );
}

#[test]
fn who_closed_and_reaches_nobody_gives_up_and_is_no_more() {
    port_is_free_after(
        NetworkConfig::perfect(),
        async |hand, mut stream| {
            until(hand, 1_500).await;
            hand.partition(0, 1);
            stream.write_all(b"x").await.expect("it is open");
        },
        async |hand, mut stream| {
            until(hand, 2_000).await;
            stream.write_all(b"y").await.expect("it is open");
        },
    );
}

#[test]
fn who_is_reset_before_it_is_accepted_is_accepted_and_has_no_peer() {
    // Whether the client hears of it who reads, or who writes: each end that does has felt it.
    for (does_write, felt) in [(Some(false), 2), (Some(true), 2), (None, 1)] {
        let mut tank = Tank::new(NetworkConfig { reset: Ratio::ONE, ..NetworkConfig::perfect() }, 2);
        tank.run(1, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                there.sleep(10).await;
                let (mut stream, peer) = listener.accept().await.expect("accepting never fails");
                assert_eq!(peer.ip(), at(0, 0).ip());
                assert_eq!(stream.peer_addr().expect_err("it is no more").kind(), ErrorKind::NotConnected);
                stream.local_addr().expect("the socket is there");
                let mut all = Vec::new();
                let error = stream.read_to_end(&mut all).await.expect_err("it was reset");
                assert_eq!((&all[..], error.kind()), (&b"x"[..], ErrorKind::ConnectionReset));
            });
            hand.spawn(async move {
                hand.sleep(1).await;
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                stream.write_all(b"x").await.expect("what is in between resets it behind this");
                let heard = match does_write {
                    None => return,
                    Some(true) => stream.write(b"y").await,
                    Some(false) => stream.read(&mut [0; 1]).await,
                };
                assert_eq!(heard.expect_err("it was reset").kind(), ErrorKind::ConnectionReset);
            });
        });
        assert_eq!(tank.tally(&kinds::RESET).effective, felt, "writes: {does_write:?}");
    }
}
