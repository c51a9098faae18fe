//! A machine that dies says nothing: who has nothing to send to it waits for ever, as without
//! keep-alive, whatever it has sent before.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::{NetworkConfig, SimTcpStream};

/// Serves at machine 1: reads, and says nothing.
fn listen(hand: Hand) {
    let there = hand.boot(1);
    there.spawn(async move {
        let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
        let (mut stream, _) = listener.accept().await.expect("accepting never fails");
        let mut all = Vec::new();
        drop(stream.read_to_end(&mut all).await);
        std::future::pending::<()>().await;
    });
}

#[test]
fn who_was_confirmed_all_that_it_sent_hears_nothing_of_the_death() {
    // The machine dies when the confirmation is on its way, has just come, came long ago.
    for micros in [150, 200, 3_000_000] {
        for kind in [CrashKind::Machine, CrashKind::PowerLoss] {
            let mut tank = Tank::new(NetworkConfig::perfect(), 2);
            tank.begin(1, |hand| {
                listen(hand);
                hand.spawn(async move {
                    hand.sleep(1).await;
                    let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                    hand.sleep(1).await;
                    stream.write_all(b"a question").await.expect("it is open");
                    hand.spawn(async move {
                        hand.sleep_micros(micros).await;
                        hand.crash(1, kind);
                        hand.sleep(100).await;
                        // Back again, it knows of nothing, and is not asked.
                        let _ = hand.boot(1);
                    });
                    let heard = stream.read(&mut [0; 1]).await;
                    panic!("{heard:?} after {:?}, {kind:?} at {micros}", hand.now());
                });
            });
            let stuck = tank.stuck();
            assert!(stuck.len() == 1 && stuck[0].contains("data on a TCP stream"), "{stuck:?}");
        }
    }
}

#[test]
fn a_dead_machine_refuses_nobody_until_it_is_back() {
    for (booted_after, expected, secs) in
        [(None, ErrorKind::TimedOut, 15), (Some(2000), ErrorKind::ConnectionRefused, 3)]
    {
        Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
            listen(hand);
            hand.spawn(async move {
                hand.sleep(1).await;
                hand.crash(1, CrashKind::Machine);
                if let Some(millis) = booted_after {
                    hand.spawn(async move {
                        hand.sleep(millis).await;
                        let _ = hand.boot(1);
                    });
                }
                let error = hand.network().connect(at(1, 80)).await.expect_err("nobody is there");
                assert_eq!((error.kind(), hand.now().as_secs()), (expected, secs));
            });
        });
    }
}

#[test]
fn a_machine_that_dies_before_the_confirmation_lands_says_nothing() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    tank.begin(1, |hand| {
        listen(hand);
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut stream = hand.network().connect(at(1, 80)).await.expect("the answer has arrived");
            hand.crash(1, CrashKind::Machine);
            let heard = stream.read(&mut [0; 1]).await;
            panic!("{heard:?} after {:?}", hand.now());
        });
    });
    assert_eq!(tank.stuck().len(), 1);
}

#[test]
fn a_syn_that_was_sent_to_the_dead_is_not_answered_by_the_next_life() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        listen(hand);
        hand.spawn(async move {
            hand.sleep(1).await;
            hand.spawn(async move {
                hand.sleep_micros(50).await;
                hand.crash(1, CrashKind::Process);
                let there = hand.boot(1);
                there.spawn(async move {
                    let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                    drop(listener.accept().await.expect("accepting never fails"));
                });
            });
            drop(hand.network().connect(at(1, 80)).await.expect("it is sent again"));
            assert_eq!(hand.now().as_micros(), 1_001_300);
        });
    });
}

/// A client on machine 0 of who never reads, at machine 1, in a network whose windows have ten bytes.
fn narrow(client: impl AsyncFnOnce(Hand, SimTcpStream) + 'static) -> Vec<String> {
    let config = NetworkConfig { receive_window: 10, ..NetworkConfig::perfect() };
    let mut tank = Tank::new(config, 2);
    tank.begin(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |stream| async move { client(hand, stream).await },
            |stream| async move {
                std::future::pending::<()>().await;
                drop(stream);
            },
        );
    });
    tank.stuck()
}

#[test]
fn who_was_confirmed_all_that_it_sent_hears_nothing_of_a_cut() {
    for (from, to) in [(0, 1), (1, 0)] {
        let stuck = narrow(async move |hand, mut stream| {
            stream.write_all(&[0; 10]).await.expect("it is open");
            hand.sleep(1000).await;
            hand.cut(from, to);
            let heard = stream.read(&mut [0; 1]).await;
            panic!("{heard:?} after {:?}", hand.now());
        });
        assert_eq!(stuck.len(), 2, "both wait: {stuck:?}");
    }
}

#[test]
fn who_was_not_yet_confirmed_times_out() {
    let stuck = narrow(async |hand, mut stream| {
        stream.write_all(b"x").await.expect("it is open");
        // It has landed, and its confirmation is on its way.
        hand.sleep_micros(150).await;
        hand.cut(1, 0);
        let heard = stream.read(&mut [0; 1]).await.expect_err("nobody answers").kind();
        assert_eq!((heard, hand.now().as_secs()), (ErrorKind::TimedOut, 15));
    });
    assert_eq!(stuck.len(), 1, "the server hears nothing of it: {stuck:?}");
}

#[test]
fn who_writes_to_a_dead_machine_times_out_though_its_window_was_full() {
    let stuck = narrow(async |hand, mut stream| {
        stream.write_all(&[0; 10]).await.expect("it is open");
        hand.sleep(1000).await;
        hand.crash(1, CrashKind::Machine);
        hand.sleep(1000).await;
        stream.write_all(b"more").await.expect("there is room in the buffer");
        let heard = stream.read(&mut [0; 1]).await.expect_err("nobody answers").kind();
        assert_eq!((heard, hand.now().as_secs()), (ErrorKind::TimedOut, 17));
    });
    assert_eq!(stuck, [""; 0]);
}

#[test]
fn the_end_of_a_stream_that_reaches_the_next_life_of_a_machine_is_answered_by_a_reset() {
    let stuck = narrow(async |hand, mut stream| {
        stream.write_all(b"a request").await.expect("it is open");
        hand.sleep(1000).await;
        hand.crash(1, CrashKind::Machine);
        // It will answer, the client believes.
        stream.shutdown().await.expect("it is open");
        hand.sleep(1000).await;
        let _ = hand.boot(1);
        let heard = stream.read(&mut [0; 1]).await.expect_err("it knows of nothing").kind();
        assert_eq!((heard, hand.now().as_secs()), (ErrorKind::ConnectionReset, 2));
    });
    assert_eq!(stuck, [""; 0]);
}

#[test]
fn a_dead_machine_sends_nothing_more() {
    let config = NetworkConfig { receive_window: 10, ..NetworkConfig::perfect() };
    let mut tank = Tank::new(config, 2);
    tank.begin(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                hand.sleep(10).await;
                hand.crash(1, CrashKind::Machine);
                // What it had sent makes room for what it had not.
                stream.read_exact(&mut [0; 10]).await.expect("that had left");
                let heard = stream.read(&mut [0; 1]).await;
                panic!("{heard:?} after {:?}", hand.now());
            },
            |mut stream| async move {
                stream.write_all(&[0; 1000]).await.expect("there is room in the buffer");
                std::future::pending::<()>().await;
            },
        );
    });
    assert_eq!(tank.stuck().len(), 1);
}
