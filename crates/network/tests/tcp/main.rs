//! TCP in good weather: one promise of the model a test, each seen red through the
//! switch that breaks it.

mod addresses;
mod listening;
#[path = "../tank/mod.rs"]
mod tank;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::Poll;
use tank::{Tank, at, bytes, check, pair};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpStream};
use wavetank_network::{Broken, NetworkConfig};

#[test]
fn connecting_where_nobody_listens_is_refused_after_a_round_trip() {
    check(Broken::Refusal, |hand| {
        let _ = hand.boot(1);
        hand.spawn(async move {
            let error = hand.network().connect(at(1, 80)).await.expect_err("nobody listens");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            assert!(hand.now().as_micros() >= 200, "{:?}", hand.now());
            assert!(hand.now().as_micros() <= 1200, "{:?}", hand.now());
        });
    });
}

#[test]
fn bytes_arrive_in_order() {
    for broken in [Broken::DataOrder, Broken::DataLoss] {
        check(broken, |hand| {
            pair(
                [hand, hand.boot(1)],
                |mut stream| async move {
                    for nth in 0..50 {
                        stream.write_all(&bytes(nth * 20_000, 20_000)).await.expect("the peer reads");
                    }
                },
                |mut stream| async move {
                    let mut heard = Vec::new();
                    stream.read_to_end(&mut heard).await.expect("the stream ends in order");
                    assert!(heard == bytes(0, 1_000_000), "{} bytes", heard.len());
                },
            );
        });
    }
}

#[test]
fn a_closed_half_leaves_the_other_open() {
    check(Broken::HalfClose, |hand| {
        pair(
            [hand, hand.boot(1)],
            |mut stream| async move {
                stream.write_all(b"question").await.expect("the peer reads");
                stream.shutdown().await.expect("the connection is up");
                assert_eq!(stream.write(b"more").await.expect_err("it is shut").kind(), ErrorKind::BrokenPipe);
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("the peer answers");
                assert_eq!(answer, "answer");
            },
            |mut stream| async move {
                let mut question = String::new();
                stream.read_to_string(&mut question).await.expect("the end of the question");
                assert_eq!(question, "question");
                stream.write_all(b"answer").await.expect("the peer still reads");
            },
        );
    });
}

#[test]
fn a_dropped_stream_reads_as_its_end() {
    check(Broken::EofAfterDrop, |hand| {
        pair(
            [hand, hand.boot(1)],
            |stream| async move { drop(stream) },
            |mut stream| async move { assert_eq!(stream.read(&mut [0; 8]).await.expect("an end in order"), 0) },
        );
    });
}

#[test]
fn a_dropped_writing_half_reads_as_the_end_but_keeps_reading() {
    check(Broken::EofAfterHalfDrop, |hand| {
        pair(
            [hand, hand.boot(1)],
            |stream| async move {
                let (mut reader, mut writer) = stream.into_split();
                writer.write_all(b"ping").await.expect("the peer reads");
                drop(writer);
                let mut heard = String::new();
                reader.read_to_string(&mut heard).await.expect("the peer answers");
                assert_eq!(heard, "pong");
            },
            |mut stream| async move {
                let mut heard = String::new();
                stream.read_to_string(&mut heard).await.expect("the end comes");
                assert_eq!(heard, "ping");
                stream.write_all(b"pong").await.expect("the peer reads on");
            },
        );
    });
}

#[test]
fn dropping_unread_data_resets() {
    check(Broken::ResetOnUnread, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                stream.write_all(b"never read").await.expect("the peer is up");
                hand.sleep(20).await;
                assert_eq!(stream.read(&mut [0; 8]).await.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
                assert_eq!(stream.read(&mut [0; 8]).await.expect("the error is told once"), 0);
                assert_eq!(stream.write(b"x").await.expect_err("it is gone").kind(), ErrorKind::BrokenPipe);
            },
            move |stream| async move {
                hand.sleep(10).await;
                drop(stream);
            },
        );
    });
}

#[test]
fn writing_to_a_peer_that_is_gone_fails() {
    check(Broken::BrokenPipe, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                hand.sleep(10).await;
                assert!(stream.write(b"into the void").await.is_ok(), "nobody knows yet");
                hand.sleep(10).await;
                assert_eq!(stream.write(b"x").await.expect_err("it is known").kind(), ErrorKind::BrokenPipe);
            },
            |stream| async move { drop(stream) },
        );
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    check(Broken::Backpressure, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                let mut taken = 0;
                loop {
                    let one = poll_fn(|cx| match Pin::new(&mut stream).poll_write(cx, &[0; 1000]) {
                        Poll::Ready(written) => Poll::Ready(Some(written.expect("the peer is up"))),
                        Poll::Pending => Poll::Ready(None),
                    });
                    match one.await {
                        Some(written) => taken += written,
                        None if taken > 65_536 => break,
                        None => hand.sleep(5).await,
                    }
                    assert!(taken <= 2 * 65_536, "{taken} bytes are on their way");
                }
                hand.sleep(100).await;
                stream.write_all(&[0; 100_000]).await.expect("the peer reads at last");
            },
            move |mut stream| async move {
                hand.sleep(50).await;
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).await.expect("an end in order");
                assert!(heard.len() > 165_536, "{}", heard.len());
            },
        );
    });
}

/// The reader has opened the window, and says so while the writer writes on.
#[test]
fn what_waits_for_the_window_leaves_when_it_opens() {
    const LATENCY: u64 = 10_000_000;
    let config = NetworkConfig {
        latency_min: LATENCY,
        latency_max: LATENCY,
        receive_window: 1000,
        send_buffer: 100_000,
        ..NetworkConfig::lan()
    };
    Tank::new(config, 2).run(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                stream.write_all(&bytes(0, 1000)).await.expect("the connection is up");
                hand.sleep(15).await;
                stream.write_all(&bytes(1000, 500)).await.expect("the connection is up");
                // Neither written to nor dropped any more.
                hand.sleep(10_000).await;
            },
            |mut stream| async move {
                let mut heard = vec![0; 1500];
                stream.read_exact(&mut heard).await.expect("all of it arrives");
                assert!(heard == bytes(0, 1500));
            },
        );
    });
}
