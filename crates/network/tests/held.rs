//! What a clogged or slow link holds, for how long, and when it lets go.

mod tank;

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tank::{Hand, Tank, at};
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
