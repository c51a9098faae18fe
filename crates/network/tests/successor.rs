//! Who comes after a crash, on the same machine, is somebody else: nobody takes it for the
//! dead, nor its crash for theirs.

mod tank;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

const KINDS: [CrashKind; 3] = [CrashKind::Process, CrashKind::Machine, CrashKind::PowerLoss];

fn run(script: impl FnOnce(Hand)) {
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    tank.begin(1, script);
    tank.stop();
}

#[test]
fn a_connection_of_who_comes_after_the_dead_is_a_new_one() {
    for kind in KINDS {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&heard);
        run(|hand| {
            hand.spawn(async move {
                let listener = hand.network().bind(at(0, 80)).await.expect("it is free");
                let (mut first, _) = listener.accept().await.expect("somebody connects");
                assert_eq!(first.read_u8().await.expect("it says so"), 1);
                let (mut second, _) = listener.accept().await.expect("somebody connects");
                let one = second.read_u8().await.expect("it says so");
                second.write_u8(3).await.expect("it is connected");
                // The dead say nothing more: their kernel has closed, or resets when it is asked.
                let _ = first.write_u8(4).await;
                first.read_u8().await.expect_err("its other end is dead");
                let other = second.read_u8().await.expect("it is connected still");
                *log.borrow_mut() = vec![one, other];
            });
            let caller = hand.boot(1);
            caller.spawn(async move {
                let mut stream = caller.network().connect(at(0, 80)).await.expect("it listens");
                stream.write_u8(1).await.expect("it is connected");
                std::future::pending().await
            });
            hand.spawn(async move {
                hand.sleep(10).await;
                hand.crash(1, kind);
                let caller = hand.boot(1);
                caller.spawn(async move {
                    let mut stream = caller.network().connect(at(0, 80)).await.expect("it listens");
                    stream.write_u8(2).await.expect("it is connected");
                    assert_eq!(stream.read_u8().await.expect("it is answered"), 3);
                    caller.sleep(1000).await;
                    stream.write_u8(5).await.expect("it is connected still");
                });
            });
        });
        assert_eq!(*heard.borrow(), [2, 5], "{kind:?}");
    }
}

#[test]
fn what_the_dead_opened_shifts_nothing_for_who_comes_after() {
    // How long the first connection of a node's second process takes to open.
    let took = |opened: usize| {
        let time = Rc::new(RefCell::new(None));
        let log = Rc::clone(&time);
        Tank::new(NetworkConfig::lan(), 2).run(1, |hand| {
            hand.spawn(async move {
                let listener = hand.network().bind(at(0, 80)).await.expect("it is free");
                let first = hand.boot(1);
                for _ in 0..opened {
                    drop(first.network().bind_udp(at(1, 0)).await.expect("a port is free"));
                }
                hand.crash(1, CrashKind::Process);
                let second = hand.boot(1).network();
                let begun = hand.now();
                let stream = second.connect(at(0, 80)).await.expect("it listens");
                *log.borrow_mut() = Some(hand.now() - begun);
                drop((listener, stream));
            });
        });
        time.take().expect("it was connected")
    };
    assert_eq!(took(0), took(3));
}

#[test]
fn a_process_that_dies_on_a_machine_that_has_crashed_before_says_so() {
    // How the machine went down first does not change how its next process does.
    for first in KINDS {
        for second in KINDS {
            let ended = Rc::new(RefCell::new(None));
            let log = Rc::clone(&ended);
            run(|hand| {
                let server = hand.boot(1);
                server.spawn(async move { std::future::pending().await });
                hand.spawn(async move {
                    hand.crash(1, first);
                    let server = hand.boot(1);
                    server.spawn(async move {
                        let listener = server.network().bind(at(1, 80)).await.expect("it is free");
                        let (stream, _) = listener.accept().await.expect("somebody connects");
                        std::future::pending::<()>().await;
                        drop(stream);
                    });
                    hand.sleep(1).await;
                    let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                    hand.sleep(1).await;
                    hand.crash(1, second);
                    let crashed = hand.now();
                    wavetank_core::select! {
                        read = stream.read_u8() => {
                            let kind = read.expect_err("nobody is there").kind();
                            *log.borrow_mut() = Some((kind, hand.now() - crashed));
                        }
                        () = hand.sleep(60_000) => {}
                    }
                });
            });
            let told = ended.borrow_mut().take().map(|(kind, after)| (kind, after.as_micros()));
            // The kernel of a machine that lives on closes what its dead process had open.
            let expected = (second == CrashKind::Process).then_some((ErrorKind::UnexpectedEof, 100));
            assert_eq!(told, expected, "{first:?}, then {second:?}");
        }
    }
}
