//! What is lost is sent again: when, and together with what.
//!
//! Each packet takes 100 us.

mod tank;

use tank::{Hand, Tank, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_engine::Tally;
use wavetank_network::{NetworkConfig, SimTcpStream, kinds};

/// Until that microsecond.
async fn until(hand: Hand, micros: u64) {
    hand.sleep_micros(micros - hand.now().as_micros() as u64).await;
}

/// When what is written at 10 and at 20 ms is read at the other end, in microseconds, if the
/// way there (or back) is cut from some microsecond on for so many milliseconds, and how often
/// the cut was felt.
fn arrivals(is_back: bool, from: u64, millis: u64) -> (Vec<u64>, u64) {
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    let read = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let log = std::rc::Rc::clone(&read);
    tank.run(1, |hand| {
        let there = hand.boot(1);
        pair(
            [hand, there],
            move |mut stream: SimTcpStream| async move {
                for at in [10_000, 10_050] {
                    until(hand, at).await;
                    stream.write_all(b"x").await.expect("it is open");
                }
                // Not before both were confirmed.
                until(hand, 60_000_000).await;
            },
            move |mut stream: SimTcpStream| async move {
                while stream.read(&mut [0; 1]).await.expect("it heals in time") > 0 {
                    log.borrow_mut().push(there.now().as_micros() as u64);
                }
            },
        );
        hand.spawn(async move {
            until(hand, from).await;
            if is_back {
                hand.cut(1, 0);
            } else {
                hand.cut(0, 1);
            }
            hand.sleep(millis).await;
            hand.heal();
        });
    });
    let Tally { effective, .. } = tank.tally(&kinds::PARTITION);
    (read.take(), effective)
}

#[test]
fn what_lands_while_it_is_cut_is_sent_again_later_each_time_with_all_that_was_written_since() {
    // 0.2 s after it was lost, then 0.4, 0.8, 1.6 and 3 s after that, and 3 s each time from there.
    for (millis, at) in
        [(100, 210_200), (300, 610_300), (700, 1_410_400), (2000, 3_010_500), (4000, 6_010_600), (7000, 9_010_700)]
    {
        assert_eq!(arrivals(false, 10_020, millis), (vec![at, at], 1), "cut for {millis} ms");
    }
    assert_eq!(arrivals(false, 10_120, 100), (vec![10_100, 210_250], 1), "the second only");
}

#[test]
fn what_lands_is_read_though_its_confirmation_is_lost() {
    for from in [10_020, 10_120, 10_170] {
        assert_eq!(arrivals(true, from, 1000), (vec![10_100, 10_150], 0), "cut from {from}");
    }
}

#[test]
fn an_end_that_was_held_up_was_felt() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    tank.run(1, |hand| {
        pair(
            [hand, hand.boot(1)],
            move |stream: SimTcpStream| async move {
                until(hand, 10_000).await;
                hand.cut(0, 1);
                drop(stream);
                hand.sleep(100).await;
                hand.heal();
            },
            move |mut stream: SimTcpStream| async move {
                assert_eq!(stream.read(&mut [0; 1]).await.expect("it ends in order"), 0);
                assert_eq!(hand.now().as_micros(), 10_100 + 200_000 + 100);
            },
        );
    });
    assert_eq!(tank.tally(&kinds::PARTITION).effective, 1);
}
