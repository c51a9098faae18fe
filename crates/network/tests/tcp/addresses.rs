//! Ports, addresses and names: what can be bound, who is reached, and what both ends are told.

use crate::tank::{Hand, Tank, at, check};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_network::{Broken, NetworkConfig};

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
fn ipv4_addresses_are_mapped_for_who_binds_or_connects_to_a_mapped_one() {
    let check = |machine: u32, bound: &str, to: &str, seen_there: &str, seen_here: &str| {
        let address = |ip: &str, port| SocketAddr::new(ip.parse().expect("an address"), port);
        let (bound, to, seen_there, seen_here) =
            (address(bound, 80), address(to, 80), address(seen_there, 0), address(seen_here, 0));
        Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
            let there = if machine == 0 { hand } else { hand.boot(machine) };
            there.spawn(async move {
                let listener = there.network().bind(bound).await.expect("it is free");
                let (accepted, peer) = listener.accept().await.expect("it was connected");
                assert_eq!((peer.ip(), accepted.peer_addr().expect("connected")), (seen_there.ip(), peer));
                assert_eq!(accepted.local_addr().expect("connected"), bound);
            });
            hand.spawn(async move {
                hand.sleep(1).await;
                let stream = hand.network().connect(to).await.expect("it listens");
                assert_eq!(stream.peer_addr().expect("connected"), to);
                assert_eq!(stream.local_addr().expect("connected").ip(), seen_here.ip());
            });
        });
    };
    check(1, "10.0.0.2", "::ffff:10.0.0.2", "10.0.0.1", "::ffff:10.0.0.1");
    check(0, "127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1");
    check(1, "::ffff:10.0.0.2", "10.0.0.2", "::ffff:10.0.0.1", "10.0.0.1");
    check(0, "::ffff:127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1");
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
                    // RFC 4343: letters of either case are the same name.
                    ("LocalHost:80", "127.0.0.1:80".parse().expect("an address")),
                    ("M1:80", at(1, 80)),
                    ("N2:80", at(2, 80)),
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
            assert_eq!(hand.now().as_secs(), 3, "it was asked for three times");
        });
    });
}
