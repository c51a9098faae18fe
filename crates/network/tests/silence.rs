//! A machine that dies says nothing: who has nothing to send to it waits for ever, as without
//! keep-alive, whatever it has sent before.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

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
