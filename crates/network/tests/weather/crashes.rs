//! What the death of a process or a machine leaves of its connections.

use crate::tank::{Tank, at, pair};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

#[test]
fn a_dead_process_closes_and_a_dead_machine_is_silent() {
    for kind in [CrashKind::Process, CrashKind::Machine, CrashKind::PowerLoss] {
        for is_unread in [false, true] {
            let silent = kind != CrashKind::Process;
            Tank::new(NetworkConfig::lan(), 3).run(1, |hand| {
                pair(
                    [hand.boot(1), hand.boot(2)],
                    move |mut stream| async move {
                        if is_unread {
                            stream.write_all(b"never read").await.expect("it lives");
                        }
                        hand.sleep(100).await;
                        hand.crash(2, kind);
                        if silent {
                            stream.write_all(b"hello?").await.expect("nobody knows yet");
                        }
                        let heard = stream.read(&mut [0; 1]).await.map_err(|error| error.kind());
                        let expected = match (silent, is_unread) {
                            (false, false) => Ok(0),
                            (false, true) => Err(ErrorKind::ConnectionReset),
                            (true, _) => Err(ErrorKind::TimedOut),
                        };
                        assert_eq!(heard, expected, "{kind:?}");
                        assert_eq!(hand.now().as_secs() >= 15, silent, "{:?}", hand.now());
                    },
                    |stream| async move {
                        std::future::pending::<()>().await;
                        drop(stream);
                    },
                );
            });
        }
    }
}

#[test]
fn a_restarted_machine_resets_what_it_does_not_know() {
    Tank::new(NetworkConfig::lan(), 3).run(1, |hand| {
        pair(
            [hand.boot(1), hand.boot(2)],
            move |mut stream| async move {
                hand.sleep(100).await;
                hand.crash(2, CrashKind::Machine);
                stream.write_all(b"hello?").await.expect("nobody knows yet");
                hand.sleep(1000).await;
                let _ = hand.boot(2);
                let error = stream.read(&mut [0; 1]).await.expect_err("it is unknown there");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                assert!(hand.now().as_secs() < 8, "{:?}", hand.now());
                let refused = hand.network().connect(at(2, 80)).await.expect_err("nothing listens after a restart");
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            },
            |stream| async move {
                std::future::pending::<()>().await;
                drop(stream);
            },
        );
    });
}

#[test]
fn what_a_dead_process_had_sent_still_arrives() {
    Tank::new(NetworkConfig::lan(), 3).run(1, |hand| {
        pair(
            [hand.boot(1), hand.boot(2)],
            move |mut stream| async move {
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).await.expect("the kernel closes in order");
                assert_eq!(heard, b"last words");
            },
            move |mut stream| async move {
                stream.write_all(b"last words").await.expect("the peer is up");
                hand.crash(2, CrashKind::Process);
                std::future::pending::<()>().await;
            },
        );
    });
}

#[test]
fn nothing_completes_for_the_dead() {
    let done = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&done);
    let mut tank = Tank::new(NetworkConfig::lan(), 3);
    tank.begin(1, move |hand| {
        let there = hand.boot(2);
        let kept = Arc::new(Mutex::new(None));
        let taken = Arc::clone(&kept);
        there.spawn(async move {
            let network = there.network();
            let listener = network.bind(at(2, 80)).await.expect("the port is free");
            let (stream, _) = listener.accept().await.expect("accepting never fails");
            *kept.lock().expect("one thread") = Some((stream, listener, network));
            std::future::pending::<()>().await;
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut stream = hand.network().connect(at(2, 80)).await.expect("it listens");
            stream.write_all(b"something to read").await.expect("it lives");
            hand.sleep(10).await;
            hand.crash(2, CrashKind::Process);
            let (mut ghost, listener, network) = taken.lock().expect("one thread").take().expect("it was accepted");
            let _ = hand.boot(2);
            let (one, two, three, four) = (log.clone(), log.clone(), log.clone(), log);
            hand.spawn(async move {
                let result = ghost.read(&mut [0; 4]).await;
                one.lock().expect("one thread").push(format!("read {result:?}"));
            });
            hand.spawn(async move {
                let result = listener.accept().await.map(drop);
                two.lock().expect("one thread").push(format!("accept {result:?}"));
            });
            hand.spawn(async move {
                let result = network.connect(at(0, 80)).await.map(drop);
                three.lock().expect("one thread").push(format!("connect {result:?}"));
            });
            hand.spawn(async move {
                let result = network.bind(at(2, 81)).await.map(drop);
                four.lock().expect("one thread").push(format!("bind {result:?}"));
            });
            // What the dead were sent and never read is a reset, not bytes for the next.
            let error = stream.read(&mut [0; 1]).await.expect_err("something was unread");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        });
    });
    assert_eq!(tank.stuck().len(), 4);
    assert!(done.lock().expect("one thread").is_empty(), "{done:?}");
}
