//! The places at a listener: who gives an attempt up, or is told that it failed, holds none.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at};
use wavetank_core::{NetworkProvider, TcpListener, select};
use wavetank_network::NetworkConfig;

/// Listens at machine 1 with one place, and accepts the one connection that gets it.
fn run(script: impl FnOnce(Hand)) {
    Tank::new(NetworkConfig { backlog: 1, ..NetworkConfig::perfect() }, 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
            drop(listener.accept().await.expect("accepting never fails"));
        });
        script(hand);
    });
}

/// Connects, which takes one round trip: there is a place.
async fn connect_at_once(hand: Hand) {
    let before = hand.now();
    drop(hand.network().connect(at(1, 80)).await.expect("it listens"));
    assert_eq!((hand.now() - before).as_micros(), 200);
}

#[test]
fn who_gives_an_attempt_up_gives_its_place_back() {
    run(|hand| {
        hand.spawn(async move {
            hand.sleep(1).await;
            let network = hand.network();
            select! {
                biased;
                _ = network.connect(at(1, 80)) => panic!("the answer is on its way"),
                () = hand.sleep_micros(150) => {}
            }
            connect_at_once(hand).await;
        });
    });
}

#[test]
fn who_times_out_gives_its_place_back() {
    run(|hand| {
        hand.spawn(async move {
            hand.sleep(1).await;
            hand.cut(1, 0);
            let error = hand.network().connect(at(1, 80)).await.expect_err("no answer comes through");
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            hand.heal();
            connect_at_once(hand).await;
        });
    });
}
