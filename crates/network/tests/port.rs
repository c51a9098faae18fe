//! Which sockets may have one port.

mod tank;

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;
use tank::{Tank, at};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

/// As many ports are picked before one of them is picked again.
const EPHEMERAL: usize = 60_999 - 32_768 + 1;

#[test]
fn the_port_of_a_connection_is_nobody_elses() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
            let (one, peer_of_one) = listener.accept().await.expect("accepting never fails");
            let (other, peer_of_other) = listener.accept().await.expect("accepting never fails");
            assert_ne!(peer_of_one, peer_of_other, "two connections with the same four numbers");
            there.sleep(1000).await;
            drop((one, other));
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let network = hand.network();
            let one = network.connect(at(1, 80)).await.expect("it listens");
            let address = one.local_addr().expect("connected");
            let error = network.bind(address).await.map(drop).expect_err("a connection has it");
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            for _ in 1..EPHEMERAL {
                let listener = network.bind(at(0, 0)).await.expect("a port is free");
                assert_ne!(listener.local_addr().expect("bound"), address);
            }
            let other = network.connect(at(1, 80)).await.expect("it listens");
            assert_ne!(other.local_addr().expect("connected"), address);
            hand.sleep(10).await;
            drop(one);
            // Both sides are closed after two seconds; the port is free again.
            hand.sleep(2000).await;
            drop(network.bind(address).await.expect("the connection is no more"));
        });
    });
}

#[test]
fn a_machine_that_comes_back_has_all_its_ports() {
    for kind in [CrashKind::Machine, CrashKind::PowerLoss] {
        Tank::new(NetworkConfig::perfect(), 3).run(1, |hand| {
            let (here, there) = (hand.boot(1), hand.boot(2));
            let (mine, peers) = (Rc::new(Cell::new(None)), Rc::new(RefCell::new(Vec::new())));
            let (told, accepted) = (Rc::clone(&mine), Rc::clone(&peers));
            there.spawn(async move {
                let listener = there.network().bind(at(2, 80)).await.expect("the port is free");
                let mut streams = Vec::new();
                for _ in 0..2 {
                    let (stream, peer) = listener.accept().await.expect("accepting never fails");
                    accepted.borrow_mut().push(peer);
                    // The first of them hears nothing of the death.
                    streams.push(stream);
                }
                there.sleep(1000).await;
            });
            here.spawn(async move {
                here.sleep(1).await;
                let stream = here.network().connect(at(2, 80)).await.expect("it listens");
                told.set(Some(stream.local_addr().expect("it is connected")));
                std::future::pending::<()>().await;
            });
            hand.spawn(async move {
                hand.sleep(10).await;
                hand.crash(1, kind);
                let here = hand.boot(1);
                let mine = mine.get().expect("it was connected");
                let listener = here.network().bind(mine).await.expect("nobody on this machine has it");
                let stream = here.network().connect(at(2, 80)).await.expect("it listens");
                assert_ne!(stream.local_addr().expect("connected"), mine, "who listens has that port");
                drop(listener);
                // The next that comes around is the one of the dead.
                for _ in 2..EPHEMERAL {
                    drop(here.network().bind(at(1, 0)).await.expect("a port is free"));
                }
                let heir = hand.network().bind(at(0, 81)).await.expect("the port is free");
                let stream = here.network().connect(at(0, 81)).await.expect("it listens");
                assert_eq!(stream.local_addr().expect("connected"), mine);
                here.sleep(2000).await;
                assert_ne!(peers.borrow()[0], peers.borrow()[1], "two connections with the same four numbers");
                // The connection of the dead is over; what it had is its heir's.
                let again = here.network().bind(mine).await.map(drop);
                assert_eq!(again.expect_err("it is taken").kind(), ErrorKind::AddrInUse);
                drop((heir, stream));
            });
        });
    }
}

#[test]
fn a_port_that_was_given_is_free_on_the_machines_other_addresses() {
    Tank::new(NetworkConfig::perfect(), 1).run(1, |hand| {
        hand.spawn(async move {
            let network = hand.network();
            let one = network.bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port is free");
            let port = one.local_addr().expect("bound").port();
            for _ in 0..2 {
                drop(network.bind(at(0, port)).await.expect("only loopback's is taken"));
            }
            let again = network.bind(one.local_addr().expect("bound")).await.map(drop);
            assert_eq!(again.expect_err("it is taken").kind(), ErrorKind::AddrInUse);
            drop(one);
            drop(network.bind(at(0, port)).await.expect("it is free"));
        });
    });
}
