//! Listeners: the order in which they accept, whom they make wait, and whom they take along.

use crate::tank::{Tank, at, check};
use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_network::{Broken, NetworkConfig};

#[test]
fn connections_are_accepted_in_order_and_open_before() {
    for broken in [Broken::AcceptOrder, Broken::ConnectBeforeAccept] {
        check(broken, |hand| {
            hand.spawn(async move {
                let network = hand.network();
                let listener = network.bind(at(0, 80)).await.expect("it is free");
                let one = network.connect(at(0, 80)).await.expect("it listens");
                let two = network.connect(at(0, 80)).await.expect("it listens");
                hand.sleep(1).await;
                for stream in [&one, &two] {
                    let (_, peer) = listener.accept().await.expect("it was connected");
                    assert_eq!(stream.local_addr().expect("connected"), peer);
                }
            });
        });
    }
}

#[test]
fn a_full_backlog_makes_clients_wait() {
    let config = NetworkConfig { backlog: 1, ..NetworkConfig::lan() };
    Tank::new(config, 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            there.sleep(500).await;
            for _ in 0..2 {
                drop(listener.accept().await.expect("accepting never fails"));
            }
        });
        for client in 0..2 {
            hand.spawn(async move {
                hand.sleep(1 + client).await;
                drop(hand.network().connect(at(1, 80)).await.expect("there is room in the end"));
                let waited = hand.now().as_millis() >= 1000;
                assert_eq!(waited, client == 1, "a SYN that found no room is sent again after a second");
            });
        }
    });
}

#[test]
fn a_closed_listener_resets_whom_it_never_accepted() {
    Tank::new(NetworkConfig::lan(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            there.sleep(100).await;
            drop(listener);
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
            let error = stream.read(&mut [0; 1]).await.expect_err("it was never accepted");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        });
    });
}

#[test]
fn what_was_accepted_outlives_its_listener_and_what_was_not_does_not() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            there.sleep(100).await;
            drop(listener);
            there.sleep(100).await;
            stream.write_all(b"x").await.expect("it was accepted");
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut accepted = hand.network().connect(at(1, 80)).await.expect("it listens");
            let mut other = hand.network().connect(at(1, 80)).await.expect("it listens");
            let error = other.read_exact(&mut [0; 1]).await.expect_err("it was never accepted");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            accepted.read_exact(&mut [0; 1]).await.expect("it was accepted");
        });
    });
}

#[test]
fn a_dropped_attempt_to_connect_leaves_nothing() {
    for after in 0..30 {
        let mut tank = Tank::new(NetworkConfig::lan(), 2);
        tank.begin(after, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("it is free");
                // Whoever gave up before it was accepted reads as closed, not as hanging.
                let mut accepted = Box::pin(listener.accept());
                let mut patience = Box::pin(there.sleep(50));
                let stream = poll_fn(|cx| match accepted.as_mut().poll(cx) {
                    Poll::Ready(stream) => Poll::Ready(Some(stream.expect("accepting never fails").0)),
                    Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
                });
                if let Some(mut stream) = stream.await {
                    assert_eq!(stream.read(&mut [0; 1]).await.expect("closed in order"), 0);
                }
            });
            hand.spawn(async move {
                let network = hand.network();
                hand.sleep(1).await;
                let mut connecting = Box::pin(network.connect(at(1, 80)));
                // Up to 3 ms, in steps of 100 us.
                let mut patience = Box::pin(hand.sleep_micros(100 * after));
                poll_fn(|cx| match connecting.as_mut().poll(cx) {
                    Poll::Ready(_) => Poll::Ready(()),
                    Poll::Pending => patience.as_mut().poll(cx),
                })
                .await;
            });
        });
        tank.end();
    }
}
