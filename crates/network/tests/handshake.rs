//! Connections that open while a packet of theirs is lost or an end of theirs dies.
//!
//! Each packet takes 100 us: of a connect at 1 ms the SYN lands at 1.1, its answer at 1.2,
//! and the confirmation at 1.3.

mod tank;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::{NetworkConfig, kinds};

/// What a server has accepted, in milliseconds.
#[derive(Clone, Default)]
struct Accepted(Arc<Mutex<Vec<u64>>>);

impl Accepted {
    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().expect("one thread"))
    }

    /// Accepts at machine 2 for ever, and says a byte to each.
    fn serve(&self, hand: Hand) {
        let accepted = self.clone();
        hand.spawn(async move {
            let listener = hand.network().bind(at(2, 80)).await.expect("the port is free");
            let mut streams = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                accepted.0.lock().expect("one thread").push(hand.now().as_millis() as u64);
                stream.write_all(b"x").await.expect("the client is there");
                streams.push(stream);
            }
        });
    }
}

/// Runs `script` in a network of three machines until only `stuck` tasks are left.
fn run(config: NetworkConfig, stuck: usize, script: impl FnOnce(Hand)) {
    let mut tank = Tank::new(config, 3);
    tank.begin(1, script);
    let left = tank.stuck();
    assert_eq!(left.len(), stuck, "{left:#?}");
}

#[test]
fn a_syn_that_is_sent_again_is_answered_by_who_listens_now() {
    for restarts in [true, false] {
        let (accepted, late) = (Accepted::default(), Accepted::default());
        let (before, after) = (accepted.clone(), late.clone());
        run(NetworkConfig::perfect(), usize::from(restarts), |hand| {
            let (here, there) = (hand.boot(1), hand.boot(2));
            before.serve(there);
            here.spawn(async move {
                here.sleep(1).await;
                match here.network().connect(at(2, 80)).await {
                    Ok(mut stream) => stream.read_exact(&mut [0; 1]).await.map(drop).expect("it was accepted"),
                    Err(error) => assert_eq!((error.kind(), restarts), (ErrorKind::ConnectionRefused, false)),
                }
                assert_eq!(here.now().as_millis(), 1001, "the SYN is sent again after a second");
            });
            hand.spawn(async move {
                hand.sleep_micros(1150).await;
                hand.cut(2, 1);
                hand.sleep(10).await;
                hand.crash(2, CrashKind::Process);
                let there = hand.boot(2);
                if restarts {
                    after.serve(there);
                }
                hand.heal();
            });
        });
        assert_eq!((accepted.take().len(), late.take().len()), (0, usize::from(restarts)));
    }
}

/// Connects from machine 1 and waits for the byte that says that it was accepted: what came of it.
fn connect_and_listen(here: Hand) {
    here.spawn(async move {
        here.sleep(1).await;
        let mut stream = here.network().connect(at(2, 80)).await.expect("the answer has arrived");
        assert_eq!(here.now().as_micros(), 1200);
        stream.read_exact(&mut [0; 1]).await.expect("it was accepted");
    });
}

#[test]
fn a_confirmation_is_sent_again_until_the_server_gives_up() {
    let accepted = Accepted::default();
    let by = accepted.clone();
    // Who cuts and never mends has a deadlock: both wait, and nothing is due.
    run(NetworkConfig::perfect(), 2, |hand| {
        by.serve(hand.boot(2));
        connect_and_listen(hand.boot(1));
        hand.spawn(async move {
            hand.sleep_micros(1250).await;
            hand.cut(1, 2);
        });
    });
    assert_eq!(accepted.take(), []);
    for (cut, is_open) in [(6_000, true), (8_000, false)] {
        let by = accepted.clone();
        run(NetworkConfig { backlog: 1, ..NetworkConfig::perfect() }, 1, |hand| {
            by.serve(hand.boot(2));
            let here = hand.boot(1);
            here.spawn(async move {
                here.sleep(1).await;
                let mut stream = here.network().connect(at(2, 80)).await.expect("the answer has arrived");
                here.sleep(20_000).await;
                if is_open {
                    stream.read_exact(&mut [0; 1]).await.expect("it was accepted");
                } else {
                    stream.write_all(b"who is there").await.expect("the client believes to be connected");
                    let error = stream.read(&mut [0; 1]).await.expect_err("the server knows of nothing");
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                    // Its place in the backlog is free again.
                    let mut next = here.network().connect(at(2, 80)).await.expect("it listens");
                    next.read_exact(&mut [0; 1]).await.expect("it was accepted");
                }
            });
            hand.spawn(async move {
                hand.sleep_micros(1250).await;
                hand.cut(1, 2);
                hand.sleep(cut).await;
                hand.heal();
            });
        });
        assert_eq!(accepted.take().iter().map(|millis| millis / 1000 < 20).collect::<Vec<_>>(), [is_open]);
    }
}

#[test]
fn a_confirmation_that_is_lost_is_not_answered() {
    run(NetworkConfig::perfect(), 0, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            there.sleep_micros(1250).await;
            hand.cut(1, 2);
            drop(listener);
            there.sleep(5000).await;
            hand.heal();
        });
        here.spawn(async move {
            here.sleep(1).await;
            let mut stream = here.network().connect(at(2, 80)).await.expect("the answer has arrived");
            let error = stream.read(&mut [0; 1]).await.expect_err("nobody listens any more");
            assert_eq!((error.kind(), here.now().as_secs()), (ErrorKind::ConnectionReset, 7));
        });
    });
}

#[test]
fn a_machine_that_is_dead_confirms_nothing() {
    // Cut before its confirmation lands, a dead machine does not send it again; what had left it arrives.
    for (is_cut, expected) in [(true, 1), (false, 2)] {
        for kind in [CrashKind::Machine, CrashKind::PowerLoss] {
            let accepted = Accepted::default();
            let by = accepted.clone();
            run(NetworkConfig { backlog: 1, ..NetworkConfig::perfect() }, 1, |hand| {
                by.serve(hand.boot(2));
                connect_and_listen(hand.boot(1));
                hand.spawn(async move {
                    hand.sleep_micros(1250).await;
                    if is_cut {
                        hand.cut(1, 2);
                    }
                    hand.crash(1, kind);
                    hand.sleep(5000).await;
                    hand.heal();
                    // The dead hold no place in the backlog.
                    let mut stream = hand.network().connect(at(2, 80)).await.expect("it listens");
                    stream.read_exact(&mut [0; 1]).await.expect("it was accepted");
                    assert_eq!(hand.now().as_micros(), 5_001_250 + 400);
                });
            });
            assert_eq!(accepted.take().len(), expected, "{kind:?}, cut: {is_cut}");
        }
    }
}

#[test]
fn a_syn_and_an_answer_are_lost_on_a_link_that_is_cut_when_they_land() {
    for is_refused in [false, true] {
        for (at_micros, from, to) in [(1050, 1, 2), (1150, 2, 1)] {
            let mut tank = Tank::new(NetworkConfig::perfect(), 3);
            let accepted = Accepted::default();
            tank.begin(1, |hand| {
                let (here, there) = (hand.boot(1), hand.boot(2));
                if !is_refused {
                    accepted.serve(there);
                }
                here.spawn(async move {
                    here.sleep(1).await;
                    let opened = here.network().connect(at(2, 80)).await.map(drop).map_err(|error| error.kind());
                    assert_eq!(opened.err(), is_refused.then_some(ErrorKind::ConnectionRefused));
                    // The SYN is sent again a second after one of the two was lost.
                    let lost = if from == 1 { 1100 } else { 1200 };
                    assert_eq!(here.now().as_micros(), lost + 1_000_000 + 200);
                });
                hand.spawn(async move {
                    hand.sleep_micros(at_micros).await;
                    hand.cut(from, to);
                    hand.sleep(500).await;
                    hand.heal();
                });
            });
            tank.stuck();
            assert_eq!(tank.tally(&kinds::PARTITION).effective, 1, "it was felt; refused: {is_refused}");
        }
    }
}
