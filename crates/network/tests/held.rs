//! What a clogged or slow link holds, for how long, and when it lets go.

mod tank;

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tank::{Hand, Tank, at, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_engine::{Limit, MachineId, Stop};
use wavetank_network::NetworkConfig;

/// When each byte of a stream from machine 1 to machine 2 was read, and each datagram received.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(u8, Duration)>>>);

impl Log {
    fn add(&self, what: u8, when: Duration) {
        self.0.lock().expect("one thread").push((what, when));
    }

    fn take(&self) -> Vec<(u8, Duration)> {
        std::mem::take(&mut self.0.lock().expect("one thread"))
    }
}

/// Sends each byte of `script` at its millisecond, on a stream or as a datagram.
fn send(hand: Hand, log: &Log, is_stream: bool, script: &'static [(u64, u8)]) {
    let (here, there, log) = (hand.boot(1), hand.boot(2), log.clone());
    there.spawn(async move {
        let mut byte = [0; 1];
        if is_stream {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            while stream.read(&mut byte).await.expect("it lives") > 0 {
                log.add(byte[0], there.now());
            }
        } else {
            let socket = there.network().bind_udp(at(2, 80)).await.expect("the port is free");
            for _ in script {
                socket.recv_from(&mut byte).await.expect("receiving never fails");
                log.add(byte[0], there.now());
            }
        }
    });
    here.spawn(async move {
        here.sleep(1).await;
        let until = |millis: u64| here.sleep(millis - here.now().as_millis() as u64);
        if is_stream {
            let mut stream = here.network().connect(at(2, 80)).await.expect("it listens");
            for &(millis, byte) in script {
                until(millis).await;
                stream.write_all(&[byte]).await.expect("there is room");
            }
        } else {
            let socket = here.network().bind_udp(at(1, 0)).await.expect("a port is free");
            for &(millis, byte) in script {
                until(millis).await;
                socket.send_to(&[byte], at(2, 80)).await.expect("there is room");
            }
        }
    });
}

#[test]
fn what_is_held_or_slow_for_ever_never_arrives() {
    fn slow(hand: Hand) {
        hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(1), MachineId(2), u64::MAX));
    }
    // Each of them, both together, and the way of the acknowledgements.
    let ways: [fn(Hand); 4] = [
        |hand| hand.clog(1, 2, u64::MAX),
        slow,
        |hand| {
            hand.clog(1, 2, u64::MAX);
            slow(hand);
        },
        |hand| {
            hand.clog(1, 2, u64::MAX);
            hand.clog(2, 1, u64::MAX);
        },
    ];
    for is_stream in [true, false] {
        for (nth, way) in ways.into_iter().enumerate() {
            let (mut tank, log) = (Tank::new(NetworkConfig::lan(), 3), Log::default());
            tank.begin(1, |hand| {
                send(hand, &log, is_stream, &[(10, b'x'), (2000, b'y')]);
                hand.spawn(async move {
                    hand.sleep(5).await;
                    way(hand);
                });
            });
            assert_eq!(tank.stop(), Stop::Limit(Limit::Time));
            assert_eq!(log.take(), [], "the {nth}th of the ways");
        }
    }
}

#[test]
fn a_connection_through_an_endless_clog_stays_in_the_making() {
    let mut tank = Tank::new(NetworkConfig::lan(), 3);
    tank.begin(1, |hand| {
        hand.clog(1, 2, u64::MAX);
        send(hand, &Log::default(), true, &[]);
    });
    assert_eq!(tank.stop(), Stop::Limit(Limit::Time));
}

/// The times, in microseconds, of what arrives from machine 1 at machine 2 in a network without jitter.
fn arrivals(is_stream: bool, script: &'static [(u64, u8)], disturb: impl FnOnce(Hand)) -> Vec<(u8, u64)> {
    let (mut tank, log) = (Tank::new(NetworkConfig::perfect(), 3), Log::default());
    tank.run(1, |hand| {
        send(hand, &log, is_stream, script);
        disturb(hand);
    });
    let mut arrived: Vec<_> = log.take().into_iter().map(|(what, when)| (what, when.as_micros() as u64)).collect();
    if !is_stream {
        // Which of two datagrams lands first at one instant is a decision.
        arrived.sort_unstable_by_key(|&(what, when)| (when, what));
    }
    arrived
}

#[test]
fn what_a_clog_holds_is_let_go_when_it_ends() {
    const SCRIPT: &[(u64, u8)] = &[(10, b'a'), (20, b'b'), (30, b'c'), (1000, b'd')];
    for is_stream in [true, false] {
        let plain = arrivals(is_stream, SCRIPT, |_| {});
        let ends: [fn(Hand); 3] = [Hand::heal, |hand| hand.clog(1, 2, 0), |hand| hand.clog(1, 2, 1_000_000)];
        for (nth, end) in ends.into_iter().enumerate() {
            for held in [600_000_000_000, u64::MAX] {
                let disturbed = arrivals(is_stream, SCRIPT, |hand| {
                    hand.spawn(async move {
                        hand.sleep(15).await;
                        hand.clog(1, 2, held);
                        hand.sleep(35).await;
                        end(hand);
                    });
                });
                // The third ends a millisecond later.
                let at = if nth == 2 { 51_100 } else { 50_100 };
                assert_eq!(disturbed, [plain[0], (b'b', at), (b'c', at), plain[3]], "the {nth}th, {is_stream}");
            }
        }
    }
}

#[test]
fn a_clog_that_is_made_longer_holds_what_it_held() {
    for is_stream in [true, false] {
        let arrived = arrivals(is_stream, &[(20, b'a'), (60, b'b')], |hand| {
            hand.spawn(async move {
                hand.sleep(15).await;
                hand.clog(1, 2, 35_000_000);
                hand.sleep(15).await;
                hand.clog(1, 2, 100_000_000);
            });
        });
        assert_eq!(arrived, [(b'a', 130_100), (b'b', 130_100)]);
    }
}

#[test]
fn what_was_made_longer_is_let_go_at_once_all_the_same() {
    for is_stream in [true, false] {
        let arrived = arrivals(is_stream, &[(20, b'a'), (70, b'b')], |hand| {
            hand.spawn(async move {
                hand.sleep(15).await;
                hand.clog(1, 2, 35_000_000);
                hand.sleep(15).await;
                hand.clog(1, 2, 100_000_000);
                hand.sleep(30).await;
                hand.clog(1, 2, 0);
            });
        });
        let plain = arrivals(is_stream, &[(20, b'a'), (70, b'b')], |_| {});
        assert_eq!(arrived, [(b'a', 60_100), plain[1]], "stream: {is_stream}");
    }
}

#[test]
fn a_clog_does_not_touch_what_is_on_its_way() {
    for is_stream in [true, false] {
        // Slow, it is there long after a clog that began behind it; nor is it sooner if that ends.
        let slow = arrivals(is_stream, &[(20, b'a')], |hand| {
            hand.spawn(async move {
                hand.sleep(15).await;
                hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(1), MachineId(2), 100_000_000));
                hand.sleep(10).await;
                hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(1), MachineId(2), 0));
                hand.clog(1, 2, 50_000_000);
                hand.sleep(5).await;
                hand.clog(1, 2, 0);
            });
        });
        let (what, when) = arrivals(is_stream, &[(20, b'a')], |_| {})[0];
        assert_eq!(slow, [(what, when + 100_000)], "stream: {is_stream}");
        // Let go, it is not held again.
        let let_go = arrivals(is_stream, &[(20, b'a')], |hand| {
            hand.spawn(async move {
                hand.sleep(15).await;
                hand.clog(1, 2, 35_000_000);
                hand.sleep_micros(35_050).await;
                hand.clog(1, 2, 1_000_000_000);
            });
        });
        assert_eq!(let_go, [(b'a', 50_100)], "stream: {is_stream}");
    }
}

#[test]
fn what_one_link_holds_is_not_let_go_with_what_another_does() {
    Tank::new(NetworkConfig::perfect(), 3).run(1, |hand| {
        let there = hand.boot(2);
        there.spawn(async move {
            let socket = there.network().bind_udp(at(2, 80)).await.expect("the port is free");
            let mut arrived = Vec::new();
            for _ in 0..2 {
                let (_, from) = socket.recv_from(&mut [0; 1]).await.expect("receiving never fails");
                arrived.push((from.ip(), there.now().as_micros()));
            }
            assert_eq!(arrived, [(at(1, 0).ip(), 10_100), (at(0, 0).ip(), 80_100)]);
        });
        for (hand, millis) in [(hand, 80), (hand.boot(1), 50)] {
            hand.clog(u32::from(millis == 50), 2, millis * 1_000_000);
            hand.spawn(async move {
                hand.sleep(1).await;
                let socket = hand.network().bind_udp("0.0.0.0:0".parse().expect("an address")).await;
                socket.expect("a port is free").send_to(b"x", at(2, 80)).await.expect("there is room");
            });
        }
        hand.spawn(async move {
            hand.sleep(10).await;
            hand.clog(1, 2, 0);
        });
    });
}

#[test]
fn a_confirmation_and_a_refusal_are_let_go_too() {
    for is_refused in [false, true] {
        Tank::new(NetworkConfig::perfect(), 3).run(1, |hand| {
            let (here, there) = (hand.boot(1), hand.boot(2));
            if !is_refused {
                there.spawn(async move {
                    let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
                    drop(listener.accept().await.expect("accepting never fails"));
                    assert_eq!(there.now().as_micros(), 30_000 + 100);
                });
            }
            here.spawn(async move {
                here.sleep(1).await;
                let opened = here.network().connect(at(2, 80)).await.map(drop);
                assert_eq!(opened.is_err(), is_refused);
                assert_eq!(here.now().as_micros(), if is_refused { 30_000 + 100 } else { 1200 });
            });
            hand.spawn(async move {
                // The SYN has landed, or its answer.
                hand.sleep_micros(if is_refused { 1050 } else { 1150 }).await;
                if is_refused {
                    hand.clog(2, 1, u64::MAX);
                } else {
                    hand.clog(1, 2, u64::MAX);
                }
                hand.sleep_micros(30_000 - hand.now().as_micros() as u64).await;
                hand.heal();
            });
        });
    }
}

#[test]
fn a_slow_link_slows_acknowledgements_and_a_healed_one_nothing() {
    Tank::new(NetworkConfig { send_buffer: 10, ..NetworkConfig::perfect() }, 3).run(1, |hand| {
        pair(
            [hand.boot(1), hand.boot(2)],
            move |mut stream| async move {
                for slowed in [30_000, 0] {
                    hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(2), MachineId(1), 1000 * slowed));
                    if slowed == 0 {
                        hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(2), MachineId(1), 9_000_000));
                        hand.heal();
                    }
                    hand.sleep(100).await;
                    let before = hand.now();
                    // More than there is room for: it waits for one acknowledgement.
                    stream.write_all(&[0; 20]).await.expect("there is room at last");
                    assert_eq!((hand.now() - before).as_micros(), u128::from(slowed) + 200);
                }
            },
            |mut stream| async move {
                stream.read_exact(&mut [0; 40]).await.expect("all of it comes");
            },
        );
    });
}

#[test]
fn a_handshake_and_an_acknowledgement_are_let_go_too() {
    for (from, to) in [(1, 2), (2, 1)] {
        let arrived = arrivals(true, &[(40, b'a')], |hand| {
            hand.clog(from, to, u64::MAX);
            hand.spawn(async move {
                hand.sleep(30).await;
                hand.heal();
            });
        });
        assert_eq!(arrived.iter().map(|&(what, when)| (what, when / 1000)).collect::<Vec<_>>(), [(b'a', 40)]);
    }
    // Who writes more than the send buffer waits for an acknowledgement.
    let mut tank = Tank::new(NetworkConfig { send_buffer: 10, ..NetworkConfig::perfect() }, 3);
    tank.run(1, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            stream.read_exact(&mut [0; 20]).await.expect("all of it comes");
        });
        here.spawn(async move {
            here.sleep(1).await;
            let mut stream = here.network().connect(at(2, 80)).await.expect("it listens");
            hand.clog(2, 1, u64::MAX);
            hand.spawn(async move {
                hand.sleep(30).await;
                hand.heal();
            });
            stream.write_all(&[0; 20]).await.expect("there is room at last");
            assert_eq!(here.now().as_millis(), 31);
        });
    });
}
