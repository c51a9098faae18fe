//! A network that was used before is as a new one: no socket, port, crash or number of the
//! last run is left.

mod tank;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_engine::{CrashKind, Digest, MachineId};
use wavetank_network::NetworkConfig;

/// Of datagram sockets that hold two bytes, each in a datagram of its own.
fn network() -> Tank {
    Tank::new(NetworkConfig { datagram_buffer: 2 * 577, ..NetworkConfig::lan() }, 3)
}

/// Leaves as much as can be: full sockets, a listener, a machine that is down and cut off, and a
/// connection from it whose server is still to learn of that.
fn leave(hand: Hand) {
    let there = hand.boot(1);
    hand.spawn(async move {
        let network = hand.network();
        let full = network.bind_udp(at(0, 53)).await.expect("it is free");
        let sender = network.bind_udp(at(0, 0)).await.expect("a port is free");
        let listener = network.bind(at(0, 80)).await.expect("it is free");
        for to in [at(0, 53), at(0, 53), at(1, 53)] {
            sender.send_to(b"x", to).await.expect("there is room");
        }
        let stream = there.network().connect(at(0, 80)).await.expect("it listens");
        hand.crash(1, CrashKind::Machine);
        hand.partition(0, 1);
        hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(0), MachineId(1), 1_000_000));
        std::future::pending::<()>().await;
        drop((full, sender, listener, stream));
    });
}

/// What a run sees of its own sockets, and its digest.
fn ask(tank: &mut Tank) -> (Digest, Vec<SocketAddr>) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&seen);
    let digest = tank.run(2, |hand| {
        let there = hand.boot(1);
        hand.spawn(async move {
            let (near, far) = (hand.network(), there.network());
            let heard = far.bind_udp(at(1, 53)).await.expect("it is free");
            let sender = near.bind_udp(at(0, 0)).await.expect("a port is free");
            let socket = near.bind_udp(at(0, 53)).await.expect("it is free");
            let (one, other) = (near.bind(at(0, 80)).await, far.bind(at(1, 80)).await);
            sender.send_to(b"x", at(1, 53)).await.expect("there is room");
            // What is on its way to one machine, another one's crash does not touch.
            hand.crash(2, CrashKind::Machine);
            let (_, from) = heard.recv_from(&mut [0; 1]).await.expect("receiving never fails");
            let mut stream = near.connect(at(1, 80)).await.expect("that machine is up");
            let (mut writer, peer) = other.as_ref().expect("it is free").accept().await.expect("accepting never fails");
            // More than there is room for at once.
            there.spawn(async move { writer.write_all(&[0; 200_000]).await.expect("it is read") });
            hand.sleep(10).await;
            stream.read_to_end(&mut Vec::new()).await.expect("it ends in order");
            log.borrow_mut().extend([from, peer]);
            drop((socket, one.expect("it is free"), stream));
        });
    });
    (digest, seen.take())
}

#[test]
fn a_run_finds_nothing_of_the_last() {
    let mut used = network();
    used.begin(1, leave);
    assert_eq!(used.stuck().len(), 1);
    assert_eq!(ask(&mut used), ask(&mut network()));
}
