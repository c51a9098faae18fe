//! Which sockets may have one port.

mod tank;

use std::io::ErrorKind;
use tank::{Tank, at};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_network::NetworkConfig;

#[test]
fn the_port_of_a_connection_is_nobody_elses() {
    // As many as there are: the next of them comes around.
    const EPHEMERAL: usize = 60_999 - 32_768 + 1;
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
