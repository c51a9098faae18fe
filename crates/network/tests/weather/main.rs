//! TCP in bad weather: cuts, slowness, crashes, and what each leaves of a connection.

mod crashes;
#[path = "../tank/mod.rs"]
mod tank;

use std::io::ErrorKind;
use tank::{Tank, at, bytes, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::{CrashKind, FaultKind, MachineId, Ratio, Tally};
use wavetank_network::{NetworkConfig, kinds};

fn check_effect(tank: &mut Tank, kind: &FaultKind) {
    let Tally { fired, effective, .. } = tank.tally(kind);
    assert!(fired > 0 && effective > 0, "{}: {fired} fired, {effective} with effect", kind.name());
}

/// What a test does by hand is no decision, so that nothing fires; it is felt all the same.
fn check_effect_by_hand(tank: &mut Tank, kind: &FaultKind) {
    let Tally { fired, effective, .. } = tank.tally(kind);
    assert!(fired == 0 && effective > 0, "{}: {fired} fired, {effective} with effect", kind.name());
}

#[test]
fn a_partition_delays_and_loses_nothing() {
    for seed in 0..50 {
        let mut tank = Tank::new(NetworkConfig::lan(), 3);
        tank.run(seed, |hand| {
            pair(
                [hand.boot(1), hand.boot(2)],
                move |mut stream| async move {
                    for nth in 0..100 {
                        stream.write_all(&bytes(nth * 100, 100)).await.expect("it heals in time");
                        hand.sleep(1).await;
                    }
                    stream.shutdown().await.expect("it is open");
                    assert_eq!(stream.read(&mut [0; 1]).await.expect("the peer closes in order"), 0);
                    assert!(hand.now().as_secs() >= 5, "it was cut for five seconds: {:?}", hand.now());
                },
                |mut stream| async move {
                    let mut heard = Vec::new();
                    stream.read_to_end(&mut heard).await.expect("the stream ends in order");
                    assert!(heard == bytes(0, 10_000), "{} bytes", heard.len());
                },
            );
            hand.spawn(async move {
                hand.sleep(10 + seed).await;
                match seed % 3 {
                    0 => hand.partition(1, 2),
                    1 => hand.fabric(|fabric, kernel| fabric.cut(kernel, MachineId(1), MachineId(2))),
                    _ => hand.fabric(|fabric, kernel| fabric.cut(kernel, MachineId(2), MachineId(1))),
                }
                hand.sleep(5000).await;
                hand.heal();
            });
        });
        if seed % 3 != 2 {
            check_effect_by_hand(&mut tank, &kinds::PARTITION);
        }
    }
}

#[test]
fn a_partition_that_does_not_heal_times_out_with_data_in_flight() {
    for one_way in [None, Some((1, 2)), Some((2, 1))] {
        let mut tank = Tank::new(NetworkConfig::lan(), 3);
        tank.run(1, |hand| {
            pair(
                [hand.boot(1), hand.boot(2)],
                move |mut stream| async move {
                    hand.sleep(100).await;
                    stream.write_all(b"is anybody there").await.expect("nobody knows yet");
                    let error = stream.read(&mut [0; 1]).await.expect_err("nobody answers");
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    assert!((15..19).contains(&hand.now().as_secs()), "{:?}", hand.now());
                },
                // The other side learns nothing unless it asks: it is half-open.
                move |mut stream| async move {
                    hand.sleep(30_000).await;
                    hand.heal();
                    drop(stream.write_all(b"late").await);
                    hand.sleep(100).await;
                    let error = stream.write_all(b"later").await.expect_err("the client is gone");
                    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
                },
            );
            hand.spawn(async move {
                hand.sleep(50).await;
                match one_way {
                    None => hand.partition(1, 2),
                    Some((from, to)) => {
                        hand.fabric(|fabric, kernel| fabric.cut(kernel, MachineId(from), MachineId(to)))
                    }
                }
            });
        });
        check_effect_by_hand(&mut tank, &kinds::PARTITION);
    }
}

#[test]
fn connecting_through_a_cut_times_out_or_waits() {
    let mut tank = Tank::new(NetworkConfig::lan(), 3);
    tank.run(1, |hand| {
        let there = hand.boot(2);
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            drop(listener.accept().await.expect("accepting never fails"));
        });
        hand.partition(0, 2);
        hand.spawn(async move {
            let error = hand.network().connect(at(2, 80)).await.expect_err("it is cut");
            assert_eq!((error.kind(), hand.now().as_secs()), (ErrorKind::TimedOut, 15));
            hand.spawn(async move {
                hand.sleep(2000).await;
                hand.heal();
            });
            drop(hand.network().connect(at(2, 80)).await.expect("it heals"));
            assert!((17..20).contains(&hand.now().as_secs()), "{:?}", hand.now());
        });
    });
    check_effect_by_hand(&mut tank, &kinds::PARTITION);
}

#[test]
fn a_slow_link_is_slow_one_way() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 3);
    tank.run(1, |hand| {
        hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(1), MachineId(2), 50_000_000));
        pair(
            [hand.boot(1), hand.boot(2)],
            move |mut stream| async move {
                hand.sleep(200).await;
                let begun = hand.now();
                stream.write_all(b"x").await.expect("it is up");
                stream.read_exact(&mut [0; 1]).await.expect("it answers");
                assert_eq!((hand.now() - begun).as_micros(), 50_000 + 2 * 100);
            },
            |mut stream| async move {
                stream.read_exact(&mut [0; 1]).await.expect("it asks");
                stream.write_all(b"y").await.expect("it is up");
                assert_eq!(stream.read(&mut [0; 1]).await.expect("it closes"), 0);
            },
        );
    });
    check_effect_by_hand(&mut tank, &kinds::SLOW);
}

#[test]
fn each_fault_of_a_stream_has_its_effect() {
    let base = NetworkConfig::lan();
    let often = Ratio::new(1, 10);
    for (kind, config) in [
        (&kinds::SEGMENT_LOSS, NetworkConfig { segment_loss: often, ..base.clone() }),
        (&kinds::DELAY_SPIKE, NetworkConfig { spike: often, spike_max: 1_000_000_000, ..base.clone() }),
        (&kinds::SHORT_READ, NetworkConfig { short_read: often, ..base.clone() }),
        (&kinds::SHORT_WRITE, NetworkConfig { short_write: often, ..base.clone() }),
        (&kinds::RESET, NetworkConfig { reset: often, ..base.clone() }),
        (&kinds::CONNECT_REFUSED, NetworkConfig { connect_refused: often, ..base.clone() }),
        (&kinds::CONNECT_HANG, NetworkConfig { connect_hang: often, ..base }),
    ] {
        let mut tank = Tank::new(config, 2);
        let may_fail = kind.index() >= kinds::CONNECT_REFUSED.index() && kind.index() <= kinds::RESET.index();
        tank.run(1, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                for _ in 0..30 {
                    let stop = there.sleep(60_000);
                    let accept = listener.accept();
                    let (mut stop, mut accept) = (Box::pin(stop), Box::pin(accept));
                    let accepted = std::future::poll_fn(|cx| match accept.as_mut().poll(cx) {
                        std::task::Poll::Ready(accepted) => std::task::Poll::Ready(accepted.ok()),
                        std::task::Poll::Pending => stop.as_mut().poll(cx).map(|()| None),
                    });
                    let Some((mut stream, _)) = accepted.await else { return };
                    there.spawn(async move {
                        let mut heard = Vec::new();
                        let ended = stream.read_to_end(&mut heard).await;
                        assert!(heard == bytes(0, heard.len()), "a hole");
                        assert!(may_fail || (ended.is_ok() && heard.len() == 2000), "{ended:?} {}", heard.len());
                    });
                }
            });
            hand.spawn(async move {
                hand.sleep(1).await;
                for _ in 0..30 {
                    let Ok(mut stream) = hand.network().connect(at(1, 80)).await else {
                        assert!(may_fail, "a connection failed");
                        continue;
                    };
                    for nth in 0..20 {
                        if stream.write_all(&bytes(nth * 100, 100)).await.is_err() {
                            assert!(may_fail, "a write failed");
                            break;
                        }
                        hand.sleep(1).await;
                    }
                }
            });
        });
        check_effect(&mut tank, kind);
        for other in kinds::ALL {
            assert!(other == kind || tank.tally(other).fired == 0, "{} fired, but is off", other.name());
        }
    }
}

#[test]
fn a_network_is_as_it_is_configured_in_the_middle_of_a_run() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 3);
    tank.run(1, |hand| {
        pair(
            [hand.boot(1), hand.boot(2)],
            move |mut stream| async move {
                let lossy = NetworkConfig { segment_loss: Ratio::ONE, ..NetworkConfig::perfect() };
                hand.fabric(|fabric, _| fabric.configure(&lossy));
                stream.write_all(b"x").await.expect("nobody knows yet");
                hand.sleep(100).await;
                hand.fabric(|fabric, _| fabric.configure(&NetworkConfig::perfect()));
                stream.read_exact(&mut [0; 1]).await.expect("it arrives the second time");
                assert_eq!(hand.now().as_millis(), 1 + 200, "sent again after 200 ms");
            },
            |mut stream| async move {
                stream.read_exact(&mut [0; 1]).await.expect("it asks");
                stream.write_all(b"y").await.expect("it is up");
            },
        );
    });
    check_effect(&mut tank, &kinds::SEGMENT_LOSS);
}

#[test]
fn a_connection_in_the_place_of_another_feels_nothing_of_what_that_one_met() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 3);
    tank.run(1, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            let (unread, _) = listener.accept().await.expect("accepting never fails");
            there.sleep(1000).await;
            drop(unread);
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            stream.read_exact(&mut [0; 1]).await.expect("it asks");
        });
        here.spawn(async move {
            here.sleep(1).await;
            let lossy = NetworkConfig { segment_loss: Ratio::ONE, ..NetworkConfig::perfect() };
            for config in [lossy, NetworkConfig::perfect()] {
                let mut stream = here.network().connect(at(2, 80)).await.expect("it listens");
                hand.fabric(|fabric, _| fabric.configure(&config));
                stream.write_all(b"x").await.expect("nobody knows yet");
                here.sleep(100).await;
                hand.fabric(|fabric, _| fabric.configure(&NetworkConfig::perfect()));
                here.sleep(2000).await;
            }
        });
    });
    let Tally { fired, effective, .. } = tank.tally(&kinds::SEGMENT_LOSS);
    assert_eq!((fired, effective), (1, 0), "what was lost once was never read");
}

/// How often an attempt that hangs was felt by who gives up, or dies, after so many milliseconds.
fn hang_felt(patience: u64, dies: bool) -> u64 {
    let mut tank = Tank::new(NetworkConfig { connect_hang: Ratio::new(1, 1), ..NetworkConfig::lan() }, 3);
    tank.run(1, |hand| {
        let (here, there) = (hand.boot(1), hand.boot(2));
        there.spawn(async move {
            let _listener = there.network().bind(at(2, 80)).await.expect("the port is free");
            there.sleep(60_000).await;
        });
        here.spawn(async move {
            let network = here.network();
            let mut connect = Box::pin(network.connect(at(2, 80)));
            let mut enough = Box::pin(here.sleep(patience));
            std::future::poll_fn(|cx| {
                assert!(connect.as_mut().poll(cx).is_pending(), "it hangs for far longer");
                enough.as_mut().poll(cx)
            })
            .await;
            if dies {
                hand.crash(1, CrashKind::Process);
            }
        });
    });
    let Tally { fired, effective, .. } = tank.tally(&kinds::CONNECT_HANG);
    assert_eq!(fired, 1);
    effective
}

#[test]
fn who_gives_up_an_attempt_that_hangs_has_felt_it() {
    assert_eq!(hang_felt(1000, false), 1);
    assert_eq!(hang_felt(1, false), 0, "without the fault it would not be open either");
    assert_eq!(hang_felt(1000, true), 0, "the dead feel nothing");
}
