//! Connections that are open for their client, whose confirmation was lost, and not yet for
//! their server: whatever the client sends confirms as well.
//!
//! Each packet takes 100 us: of a connect at 1 ms the confirmation departs at 1.2.

mod tank;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::{CrashKind, MachineId};
use wavetank_network::{NetworkConfig, SimTcpStream, kinds};

/// Connects from machine 1 to machine 2 with the first way cut from 1.15 ms on, when the answer
/// is on its way, until so many milliseconds later; what the server reads of the client, to the
/// end, and when it accepted it in microseconds.
fn heard(
    seed: u64,
    cut: u64,
    client: impl AsyncFnOnce(Hand, SimTcpStream) + 'static,
    disturb: impl FnOnce(Hand) + 'static,
) -> (u64, Vec<u8>) {
    let (when, bytes, felt) = heard_from(1150, seed, cut, client, disturb);
    // By who reads, and not by who connected.
    assert_eq!(felt, 1, "the cut was felt");
    (when, bytes)
}

/// The same with a cut from another microsecond on; and how often it was felt.
fn heard_from(
    from: u64,
    seed: u64,
    cut: u64,
    client: impl AsyncFnOnce(Hand, SimTcpStream) + 'static,
    disturb: impl FnOnce(Hand) + 'static,
) -> (u64, Vec<u8>, u64) {
    let heard = Rc::new(RefCell::new(None));
    let log = Rc::clone(&heard);
    let mut tank = Tank::new(NetworkConfig::perfect(), 3);
    tank.begin(seed, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            let accepted = there.now().as_micros() as u64;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.expect("it ends in order");
            *log.borrow_mut() = Some((accepted, bytes));
        });
        here.spawn(async move {
            here.sleep(1).await;
            let stream = here.network().connect(at(2, 80)).await.expect("the answer has arrived");
            client(here, stream).await;
        });
        hand.spawn(async move {
            hand.sleep_micros(from).await;
            hand.cut(1, 2);
            disturb(hand);
            hand.sleep_micros(100 + 1000 * cut).await;
            hand.heal();
        });
    });
    assert_eq!(tank.stuck(), [""; 0]);
    let (when, bytes): (u64, Vec<u8>) = heard.take().expect("it was accepted");
    (when, bytes, tank.tally(&kinds::PARTITION).effective)
}

/// Until that millisecond.
async fn until(hand: Hand, millis: u64) {
    hand.sleep_micros(1000 * millis - hand.now().as_micros() as u64).await;
}

#[test]
fn a_confirmation_is_sent_again_later_each_time() {
    for (cut, accepted) in [(300, 1_001_300 + 100), (2000, 3_001_400 + 100), (4000, 7_001_500 + 100)] {
        let (when, bytes) = heard(1, cut, async |here, _stream| until(here, 10_000).await, |_| {});
        assert_eq!((when, bytes), (accepted, vec![]), "cut for {cut} ms");
    }
}

#[test]
fn a_confirmation_does_not_wait_for_the_attempts_of_its_syn() {
    let accepted = Rc::new(Cell::new(0));
    let log = Rc::clone(&accepted);
    let mut tank = Tank::new(NetworkConfig::perfect(), 3);
    tank.begin(1, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            listener.accept().await.expect("accepting never fails");
            log.set(there.now().as_micros() as u64);
        });
        here.spawn(async move {
            // The third SYN departs at 3.0002 s, its answer arrives at 3.0004.
            let _stream = here.network().connect(at(2, 80)).await.expect("the third SYN is answered");
            hand.cut(1, 2);
            here.sleep(500).await;
            hand.heal();
            here.sleep(5_000).await;
        });
        hand.spawn(async move {
            hand.cut(1, 2);
            hand.sleep(2_000).await;
            hand.heal();
        });
    });
    assert_eq!(tank.stuck(), [""; 0]);
    // Lost at 3.0005 s, sent again a second later.
    assert_eq!(accepted.get(), 4_000_500 + 100);
}

#[test]
fn bytes_and_the_end_of_a_stream_confirm_it_at_once() {
    // Behind the heal, long before a confirmation is sent again; and just before it is given up.
    for at in [2_000, 14_950] {
        for is_end in [false, true] {
            let client = async move |here, mut stream: SimTcpStream| {
                until(here, at).await;
                if is_end {
                    stream.shutdown().await.expect("it is open");
                } else {
                    stream.write_all(b"x").await.expect("it is open");
                }
                here.sleep(100).await;
            };
            let (when, bytes) = heard(1, at - 10, client, |_| {});
            assert_eq!((when, bytes.len()), (1000 * at + 100, usize::from(!is_end)));
        }
    }
}

#[test]
fn who_has_written_and_is_gone_is_accepted_and_read() {
    for is_crash in [false, true] {
        let client = async move |here: Hand, mut stream: SimTcpStream| {
            // The confirmation was lost by now.
            until(here, 2).await;
            stream.write_all(b"last words").await.expect("it is open");
            if is_crash {
                here.crash(1, CrashKind::Process);
                std::future::pending::<()>().await;
            }
        };
        let (when, bytes) = heard(1, 5000, client, |_| {});
        // The confirmation was lost at 1.3 ms, and is sent again 1, 3 and 7 s later; the bytes 0.2, 0.6,
        // 1.4, 3 and 6 s behind their first attempt, and they confirm as well.
        assert_eq!((when / 1000, &bytes[..]), (6002, &b"last words"[..]), "crash: {is_crash}");
    }
}

#[test]
fn what_lands_together_with_a_confirmation_that_is_lost_confirms() {
    // Which of the two is first is a decision.
    for seed in 0..16 {
        let is_end = seed % 2 == 0;
        let client = async move |here: Hand, mut stream: SimTcpStream| {
            until(here, 2).await;
            if is_end {
                stream.shutdown().await.expect("it is open");
            } else {
                stream.write_all(b"x").await.expect("it is open");
            }
            here.sleep(100).await;
        };
        let slow = |hand: Hand| {
            hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(1), MachineId(2), 10_000_000));
        };
        let (when, bytes) = heard(seed, 0, client, slow);
        assert_eq!((when, bytes.len()), (11_300, usize::from(!is_end)), "seed {seed}");
    }
}

#[test]
fn a_server_waits_from_its_answer_on() {
    let client = async |here: Hand, mut stream: SimTcpStream| {
        assert_eq!(here.now().as_micros(), 3_001_400, "the SYN was lost twice");
        // 15 s after the client began, and not after the server answered.
        until(here, 17_000).await;
        stream.write_all(b"x").await.expect("it is open");
    };
    let late = |hand: Hand| {
        hand.spawn(async move {
            hand.sleep_micros(3_001_350 - hand.now().as_micros() as u64).await;
            hand.cut(1, 2);
            until(hand, 16_990).await;
            hand.heal();
        });
    };
    // Who connected has felt the first cut, and who reads the second.
    assert_eq!(heard_from(1_050, 1, 2_000, client, late), (17_000_100, b"x".to_vec(), 2));
}
