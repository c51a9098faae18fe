//! TCP in good weather: one promise of the model a test, each seen red through the
//! switch that breaks it.

mod tank;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use tank::{Hand, Tank, at, bytes};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_network::{Broken, NetworkConfig, SimTcpStream};

/// Runs a script on three machines, and once more with a promise broken, to see it fail.
fn check(broken: Broken, script: impl Fn(Hand)) {
    for seed in 0..20 {
        Tank::new(NetworkConfig::lan(), 3).run(seed, &script);
    }
    let config = NetworkConfig { broken: Some(broken), ..NetworkConfig::lan() };
    let red = catch_unwind(AssertUnwindSafe(|| Tank::new(config, 3).run(1, &script)));
    assert!(red.is_err(), "{broken:?} turns nothing red");
}

/// A client on machine 0 and a server on machine 1, connected.
fn pair<C, S>(
    hand: Hand,
    client: impl FnOnce(SimTcpStream) -> C + 'static,
    server: impl FnOnce(SimTcpStream) -> S + 'static,
) where
    C: Future<Output = ()> + 'static,
    S: Future<Output = ()> + 'static,
{
    let there = hand.boot(1);
    there.spawn(async move {
        let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
        let (stream, _) = listener.accept().await.expect("accepting never fails");
        server(stream).await;
    });
    hand.spawn(async move {
        hand.sleep(1).await;
        client(hand.network().connect(at(1, 80)).await.expect("the server listens")).await;
    });
}

#[test]
fn connecting_where_nobody_listens_is_refused_after_a_round_trip() {
    check(Broken::Refusal, |hand| {
        let _ = hand.boot(1);
        hand.spawn(async move {
            let error = hand.network().connect(at(1, 80)).await.expect_err("nobody listens");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            assert!(hand.now().as_micros() >= 200, "{:?}", hand.now());
            assert!(hand.now().as_micros() <= 1200, "{:?}", hand.now());
        });
    });
}

#[test]
fn bytes_arrive_in_order() {
    for broken in [Broken::DataOrder, Broken::DataLoss] {
        check(broken, |hand| {
            pair(
                hand,
                |mut stream| async move {
                    for nth in 0..50 {
                        stream.write_all(&bytes(nth * 20_000, 20_000)).await.expect("the peer reads");
                    }
                },
                |mut stream| async move {
                    let mut heard = Vec::new();
                    stream.read_to_end(&mut heard).await.expect("the stream ends in order");
                    assert!(heard == bytes(0, 1_000_000), "{} bytes", heard.len());
                },
            );
        });
    }
}

#[test]
fn a_closed_half_leaves_the_other_open() {
    check(Broken::HalfClose, |hand| {
        pair(
            hand,
            |mut stream| async move {
                stream.write_all(b"question").await.expect("the peer reads");
                stream.shutdown().await.expect("the connection is up");
                assert_eq!(stream.write(b"more").await.expect_err("it is shut").kind(), ErrorKind::BrokenPipe);
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("the peer answers");
                assert_eq!(answer, "answer");
            },
            |mut stream| async move {
                let mut question = String::new();
                stream.read_to_string(&mut question).await.expect("the end of the question");
                assert_eq!(question, "question");
                stream.write_all(b"answer").await.expect("the peer still reads");
            },
        );
    });
}

#[test]
fn a_dropped_stream_reads_as_its_end() {
    check(Broken::EofAfterDrop, |hand| {
        pair(
            hand,
            |stream| async move { drop(stream) },
            |mut stream| async move { assert_eq!(stream.read(&mut [0; 8]).await.expect("an end in order"), 0) },
        );
    });
}

#[test]
fn a_dropped_writing_half_reads_as_the_end_but_keeps_reading() {
    check(Broken::EofAfterHalfDrop, |hand| {
        pair(
            hand,
            |stream| async move {
                let (mut reader, mut writer) = stream.into_split();
                writer.write_all(b"ping").await.expect("the peer reads");
                drop(writer);
                let mut heard = String::new();
                reader.read_to_string(&mut heard).await.expect("the peer answers");
                assert_eq!(heard, "pong");
            },
            |mut stream| async move {
                let mut heard = String::new();
                stream.read_to_string(&mut heard).await.expect("the end comes");
                assert_eq!(heard, "ping");
                stream.write_all(b"pong").await.expect("the peer reads on");
            },
        );
    });
}

#[test]
fn dropping_unread_data_resets() {
    check(Broken::ResetOnUnread, |hand| {
        pair(
            hand,
            move |mut stream| async move {
                stream.write_all(b"never read").await.expect("the peer is up");
                hand.sleep(20).await;
                assert_eq!(stream.read(&mut [0; 8]).await.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
                assert_eq!(stream.read(&mut [0; 8]).await.expect("the error is told once"), 0);
                assert_eq!(stream.write(b"x").await.expect_err("it is gone").kind(), ErrorKind::BrokenPipe);
            },
            move |stream| async move {
                hand.sleep(10).await;
                drop(stream);
            },
        );
    });
}

#[test]
fn writing_to_a_peer_that_is_gone_fails() {
    check(Broken::BrokenPipe, |hand| {
        pair(
            hand,
            move |mut stream| async move {
                hand.sleep(10).await;
                assert!(stream.write(b"into the void").await.is_ok(), "nobody knows yet");
                hand.sleep(10).await;
                assert_eq!(stream.write(b"x").await.expect_err("it is known").kind(), ErrorKind::BrokenPipe);
            },
            |stream| async move { drop(stream) },
        );
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    check(Broken::Backpressure, |hand| {
        pair(
            hand,
            move |mut stream| async move {
                let mut taken = 0;
                loop {
                    let one = poll_fn(|cx| match Pin::new(&mut stream).poll_write(cx, &[0; 1000]) {
                        Poll::Ready(written) => Poll::Ready(Some(written.expect("the peer is up"))),
                        Poll::Pending => Poll::Ready(None),
                    });
                    match one.await {
                        Some(written) => taken += written,
                        None if taken > 65_536 => break,
                        None => hand.sleep(5).await,
                    }
                    assert!(taken <= 2 * 65_536, "{taken} bytes are on their way");
                }
                hand.sleep(100).await;
                stream.write_all(&[0; 100_000]).await.expect("the peer reads at last");
            },
            move |mut stream| async move {
                hand.sleep(50).await;
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).await.expect("an end in order");
                assert!(heard.len() > 165_536, "{}", heard.len());
            },
        );
    });
}

/// The reader has opened the window, and says so while the writer writes on.
#[test]
fn what_waits_for_the_window_leaves_when_it_opens() {
    const LATENCY: u64 = 10_000_000;
    let config = NetworkConfig {
        latency_min: LATENCY,
        latency_max: LATENCY,
        receive_window: 1000,
        send_buffer: 100_000,
        ..NetworkConfig::lan()
    };
    Tank::new(config, 2).run(1, |hand| {
        pair(
            hand,
            move |mut stream| async move {
                stream.write_all(&bytes(0, 1000)).await.expect("the connection is up");
                hand.sleep(15).await;
                stream.write_all(&bytes(1000, 500)).await.expect("the connection is up");
                // Neither written to nor dropped any more.
                hand.sleep(10_000).await;
            },
            |mut stream| async move {
                let mut heard = vec![0; 1500];
                stream.read_exact(&mut heard).await.expect("all of it arrives");
                assert!(heard == bytes(0, 1500));
            },
        );
    });
}

#[test]
fn ports_are_picked_taken_and_given_back() {
    let script = |hand: Hand| {
        hand.spawn(async move {
            let network = hand.network();
            let one = network.bind(at(0, 0)).await.expect("any port");
            let two = network.bind(at(0, 0)).await.expect("another port");
            let (one_at, two_at) = (one.local_addr().expect("bound"), two.local_addr().expect("bound"));
            assert!(one_at.port() != 0 && two_at.port() != 0 && one_at != two_at, "{one_at} {two_at}");
            let again = network.bind(one_at).await.expect_err("it is taken");
            assert_eq!(again.kind(), ErrorKind::AddrInUse);
            let all = network.bind(SocketAddr::new([0, 0, 0, 0].into(), one_at.port())).await;
            assert_eq!(all.expect_err("it is taken").kind(), ErrorKind::AddrInUse);
            drop(one);
            drop(network.bind(one_at).await.expect("it is free again"));
            let mut more = Vec::new();
            for _ in 0..40 {
                more.push(network.bind(at(0, 0)).await.expect("another port"));
            }
            let ports: BTreeSet<u16> = more.iter().map(|it| it.local_addr().expect("bound").port()).collect();
            assert_eq!(ports.len(), 40, "each has its own");
            let foreign = network.bind(at(1, 80)).await.expect_err("it is another machine's");
            assert_eq!(foreign.kind(), ErrorKind::AddrNotAvailable);
        });
    };
    for broken in [Broken::PortZero, Broken::AddrInUse, Broken::AddrNotAvailable, Broken::PortReuse] {
        check(broken, script);
    }
}

#[test]
fn a_socket_on_all_addresses_hears_them_all() {
    check(Broken::Wildcard, |hand| {
        hand.spawn(async move {
            let network = hand.network();
            let listener = network.bind("0.0.0.0:80".parse().expect("an address")).await.expect("it is free");
            for to in [at(0, 80), "127.0.0.1:80".parse().expect("an address")] {
                let stream = network.connect(to).await.expect("it listens");
                let (accepted, peer) = listener.accept().await.expect("it was connected");
                assert_eq!(stream.peer_addr().expect("connected"), to);
                assert_eq!(stream.local_addr().expect("connected"), peer);
                assert_eq!(accepted.peer_addr().expect("connected"), peer);
                assert_eq!(accepted.local_addr().expect("connected"), to);
                assert_eq!(peer.ip(), to.ip());
            }
        });
    });
}

#[test]
fn an_ipv4_client_of_an_ipv6_listener_sees_no_mapped_address() {
    let mut tank = Tank::new(NetworkConfig::lan(), 3);
    tank.run(1, |hand| {
        hand.spawn(async move {
            let network = hand.network();
            let listener = network.bind("[::]:80".parse().expect("an address")).await.expect("it is free");
            let stream = network.connect(at(0, 80)).await.expect("it listens");
            let (accepted, peer) = listener.accept().await.expect("it was connected");
            assert_eq!(stream.peer_addr().expect("connected"), at(0, 80));
            assert_eq!(accepted.peer_addr().expect("connected"), peer);
            assert_eq!(peer.ip().to_string(), "::ffff:10.0.0.1");
        });
    });
}

#[test]
fn addresses_are_told_truly() {
    for broken in [Broken::LocalAddress, Broken::PeerAddress] {
        check(broken, |hand| {
            hand.spawn(async move {
                let network = hand.network();
                let listener = network.bind(at(0, 80)).await.expect("it is free");
                assert_eq!(listener.local_addr().expect("bound"), at(0, 80));
                let stream = network.connect(at(0, 80)).await.expect("it listens");
                assert_eq!(stream.peer_addr().expect("connected"), at(0, 80));
            });
        });
    }
}

#[test]
fn connections_are_accepted_in_order_and_open_before() {
    for broken in [Broken::AcceptOrder, Broken::ConnectBeforeAccept] {
        check(broken, |hand| {
            hand.spawn(async move {
                let network = hand.network();
                let listener = network.bind(at(0, 80)).await.expect("it is free");
                let one = network.connect(at(0, 80)).await.expect("it listens");
                let two = network.connect(at(0, 80)).await.expect("it listens");
                hand.sleep(1).await;
                for stream in [&one, &two] {
                    let (_, peer) = listener.accept().await.expect("it was connected");
                    assert_eq!(stream.local_addr().expect("connected"), peer);
                }
            });
        });
    }
}

#[test]
fn a_full_backlog_makes_clients_wait() {
    let config = NetworkConfig { backlog: 1, ..NetworkConfig::lan() };
    Tank::new(config, 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            there.sleep(500).await;
            for _ in 0..2 {
                drop(listener.accept().await.expect("accepting never fails"));
            }
        });
        for client in 0..2 {
            hand.spawn(async move {
                hand.sleep(1 + client).await;
                drop(hand.network().connect(at(1, 80)).await.expect("there is room in the end"));
                let waited = hand.now().as_millis() >= 1000;
                assert_eq!(waited, client == 1, "a SYN that found no room is sent again after a second");
            });
        }
    });
}

#[test]
fn a_closed_listener_resets_whom_it_never_accepted() {
    Tank::new(NetworkConfig::lan(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            there.sleep(100).await;
            drop(listener);
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
            let error = stream.read(&mut [0; 1]).await.expect_err("it was never accepted");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        });
    });
}

#[test]
fn what_was_accepted_outlives_its_listener_and_what_was_not_does_not() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            there.sleep(100).await;
            drop(listener);
            there.sleep(100).await;
            stream.write_all(b"x").await.expect("it was accepted");
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut accepted = hand.network().connect(at(1, 80)).await.expect("it listens");
            let mut other = hand.network().connect(at(1, 80)).await.expect("it listens");
            let error = other.read_exact(&mut [0; 1]).await.expect_err("it was never accepted");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            accepted.read_exact(&mut [0; 1]).await.expect("it was accepted");
        });
    });
}

#[test]
fn a_dropped_attempt_to_connect_leaves_nothing() {
    for after in 0..30 {
        let mut tank = Tank::new(NetworkConfig::lan(), 2);
        tank.begin(after, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("it is free");
                // Whoever gave up before it was accepted reads as closed, not as hanging.
                let mut accepted = Box::pin(listener.accept());
                let mut patience = Box::pin(there.sleep(50));
                let stream = poll_fn(|cx| match accepted.as_mut().poll(cx) {
                    Poll::Ready(stream) => Poll::Ready(Some(stream.expect("accepting never fails").0)),
                    Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
                });
                if let Some(mut stream) = stream.await {
                    assert_eq!(stream.read(&mut [0; 1]).await.expect("closed in order"), 0);
                }
            });
            hand.spawn(async move {
                let network = hand.network();
                hand.sleep(1).await;
                let mut connecting = Box::pin(network.connect(at(1, 80)));
                // Up to 3 ms, in steps of 100 us.
                let mut patience = Box::pin(hand.sleep_micros(100 * after));
                poll_fn(|cx| match connecting.as_mut().poll(cx) {
                    Poll::Ready(_) => Poll::Ready(()),
                    Poll::Pending => patience.as_mut().poll(cx),
                })
                .await;
            });
        });
        tank.end();
    }
}

#[test]
fn names_lead_to_machines() {
    for broken in [Broken::UnknownName, Broken::NameWithoutPort] {
        check(broken, |hand| {
            hand.spawn(async move {
                let network = hand.network();
                for (name, expected) in [
                    ("m1:80", at(1, 80)),
                    ("n2:80", at(2, 80)),
                    ("10.0.0.9:7", at(8, 7)),
                    ("localhost:80", "127.0.0.1:80".parse().expect("an address")),
                ] {
                    assert_eq!(network.lookup(name).await.expect("it is known"), [expected]);
                }
                for (name, expected) in [("nobody:80", ErrorKind::NotFound), ("m1", ErrorKind::InvalidInput)] {
                    assert_eq!(network.lookup(name).await.expect_err("it is not").kind(), expected, "{name}");
                }
            });
        });
    }
}

#[test]
fn unreachable_addresses_are_said_to_be() {
    Tank::new(NetworkConfig::lan(), 1).run(1, |hand| {
        hand.spawn(async move {
            let network = hand.network();
            let nowhere = network.connect("192.0.2.1:80".parse().expect("an address")).await;
            assert_eq!(nowhere.expect_err("no route").kind(), ErrorKind::NetworkUnreachable);
            let nobody = network.connect(at(77, 80)).await;
            assert_eq!(nobody.expect_err("no machine").kind(), ErrorKind::HostUnreachable);
        });
    });
}
