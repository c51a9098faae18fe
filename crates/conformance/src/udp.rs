//! Contracts of UDP sockets, on a network that loses nothing.

use crate::Stage;
use crate::tcp::give_up;
use std::future::IntoFuture;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use wavetank_core::{Providers, Udp, UdpSocket};

/// A socket on a free port of host a.
async fn socket<P: Providers>(stage: &Stage<P>) -> Udp<P> {
    stage.a.world.bind_udp(stage.a.at(0)).await.expect("a free port is there")
}

/// A datagram arrives whole, with its sender's address, at which an answer finds it.
pub async fn a_datagram_arrives_with_its_senders_address<P: Providers>(stage: Stage<P>) {
    let near = socket(&stage).await;
    let to = near.local_addr().expect("it is bound");
    let part = stage.b.run(async move |host| {
        let far = host.world.bind_udp(host.at(0)).await.expect("a free port is there");
        assert_eq!(far.send_to(b"ping", to).await.expect("there is room"), 4);
        let mut buffer = [0; 16];
        let (length, from) = far.recv_from(&mut buffer).await.expect("an answer comes");
        assert_eq!((&buffer[..length], from), (&b"pong"[..], to));
        far.local_addr().expect("it is bound")
    });
    let mut buffer = [0; 16];
    let (length, from) = near.recv_from(&mut buffer).await.expect("a datagram comes");
    assert_eq!(&buffer[..length], b"ping");
    near.send_to(b"pong", from).await.expect("there is room");
    assert_eq!(part.end().await, from);
}

/// Datagrams keep their boundaries, and an empty one is one.
pub async fn datagrams_keep_their_boundaries<P: Providers>(stage: Stage<P>) {
    let (near, far) = (socket(&stage).await, socket(&stage).await);
    let to = far.local_addr().expect("it is bound");
    let mut buffer = [0; 16];
    for datagram in [&b"one"[..], b"", b"three"] {
        near.send_to(datagram, to).await.expect("there is room");
    }
    // By then all of them wait for us.
    stage.a.world.sleep(Duration::from_millis(50)).await;
    let mut lengths = Vec::new();
    for _ in 0..3 {
        lengths.push(far.recv_from(&mut buffer).await.expect("a datagram comes").0);
    }
    lengths.sort_unstable();
    assert_eq!(lengths, [0, 3, 5]);
}

/// What does not fit into the receiver's buffer is cut off and gone.
pub async fn what_does_not_fit_the_buffer_is_cut_off<P: Providers>(stage: Stage<P>) {
    let (near, far) = (socket(&stage).await, socket(&stage).await);
    let to = far.local_addr().expect("it is bound");
    near.send_to(b"too long", to).await.expect("there is room");
    let mut buffer = [0; 3];
    assert_eq!(far.recv_from(&mut buffer).await.expect("a datagram comes").0, 3);
    assert_eq!(&buffer, b"too");
    near.send_to(b"new", to).await.expect("there is room");
    far.recv_from(&mut buffer).await.expect("a datagram comes");
    assert_eq!(&buffer, b"new", "the rest of the first is gone");
}

/// A datagram of more than 65,507 bytes is refused with `EMSGSIZE`.
pub async fn a_datagram_over_the_largest_is_refused<P: Providers>(stage: Stage<P>) {
    const EMSGSIZE: i32 = 90;
    let near = socket(&stage).await;
    // 65,535 bytes of an IPv4 packet less 20 of its header and 8 of UDP's; one more.
    let error = near.send_to(&vec![0; 65_508], stage.a.at(9)).await.expect_err("no packet holds it");
    assert_eq!(error.raw_os_error(), Some(EMSGSIZE));
}

/// A datagram to port 0 is refused with `InvalidInput`.
pub async fn a_datagram_to_port_zero_is_refused<P: Providers>(stage: Stage<P>) {
    let near = socket(&stage).await;
    let error = near.send_to(b"hello?", stage.a.at(0)).await.expect_err("nobody can have that port");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// A datagram from a socket for IPv4 to an IPv6 address is refused with `EAFNOSUPPORT`.
pub async fn a_datagram_to_another_family_is_refused<P: Providers>(stage: Stage<P>) {
    const EAFNOSUPPORT: i32 = 97;
    let near = socket(&stage).await;
    let there = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 9);
    let error = near.send_to(b"hello?", there).await.expect_err("the socket is for IPv4");
    assert_eq!(error.raw_os_error(), Some(EAFNOSUPPORT));
}

/// A datagram to a broadcast address is refused with `PermissionDenied`: `SO_BROADCAST` is not set.
pub async fn a_datagram_to_everybody_is_refused<P: Providers>(stage: Stage<P>) {
    let near = socket(&stage).await;
    let everybody = SocketAddr::from(([127, 255, 255, 255], 9));
    let error = near.send_to(b"hello?", everybody).await.expect_err("nobody allowed it");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

/// Several tasks may wait on one datagram socket, and each datagram ends the wait of one.
pub async fn several_tasks_may_receive_at_once<P: Providers>(stage: Stage<P>) {
    let (near, far) = (Arc::new(socket(&stage).await), socket(&stage).await);
    let to = near.local_addr().expect("it is bound");
    let receive = |near: Arc<Udp<P>>| async move { near.recv_from(&mut [0; 8]).await.is_ok() };
    let tasks = [0; 3].map(|_| stage.a.world.spawn(receive(near.clone())));
    stage.a.world.sleep(Duration::from_millis(10)).await;
    for _ in 0..3 {
        far.send_to(b"for one", to).await.expect("there is room");
    }
    for task in tasks {
        let ended = stage.a.world.timeout(Duration::from_secs(5), task.into_future()).await;
        assert!(ended.expect("each gets one").expect("no task panics"));
    }
}

/// A receive whose future is dropped loses no datagram.
pub async fn a_receive_that_is_given_up_loses_no_datagram<P: Providers>(stage: Stage<P>) {
    let (near, far) = (socket(&stage).await, socket(&stage).await);
    give_up(near.recv_from(&mut [0; 8]));
    far.send_to(b"datagram", near.local_addr().expect("it is bound")).await.expect("there is room");
    let mut buffer = [0; 8];
    let received = stage.a.world.timeout(Duration::from_secs(5), near.recv_from(&mut buffer)).await;
    assert_eq!(received.expect("it came").expect("receiving never fails").0, 8);
}

/// Sending a datagram to nobody is no error.
pub async fn sending_to_nobody_is_no_error<P: Providers>(stage: Stage<P>) {
    let near = socket(&stage).await;
    let nobody = socket(&stage).await.local_addr().expect("it is bound");
    assert_eq!(near.send_to(b"hello?", nobody).await.expect("it left"), 6);
}

/// A port with a datagram socket cannot be bound again before that is dropped.
pub async fn a_port_with_a_socket_cannot_be_bound<P: Providers>(stage: Stage<P>) {
    let near = socket(&stage).await;
    let at = near.local_addr().expect("it is bound");
    assert_ne!(at.port(), 0);
    assert_eq!(stage.a.world.bind_udp(at).await.err().expect("it is taken").kind(), ErrorKind::AddrInUse);
    drop(near);
    stage.a.world.bind_udp(at).await.expect("it is free again");
}

/// A datagram socket on the unspecified address is reached at the host's own.
pub async fn a_wildcard_socket_is_reached_at_the_hosts_address<P: Providers>(stage: Stage<P>) {
    let anywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let near = stage.a.world.bind_udp(anywhere).await.expect("a free port is there");
    let to = stage.a.at(near.local_addr().expect("it is bound").port());
    socket(&stage).await.send_to(b"hello", to).await.expect("there is room");
    let mut buffer = [0; 8];
    let received = stage.a.world.timeout(Duration::from_secs(5), near.recv_from(&mut buffer)).await;
    assert_eq!(received.expect("it came").expect("receiving never fails").0, 5);
}

/// A datagram socket cannot be bound to an address that the machine does not have.
pub async fn a_socket_is_not_bound_to_a_foreign_address<P: Providers>(stage: Stage<P>) {
    // TEST-NET-1 of RFC 5737, which no machine has.
    let foreign = SocketAddr::new(IpAddr::from([192, 0, 2, 1]), 0);
    let error = stage.a.world.bind_udp(foreign).await.err().expect("the address is not ours");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

/// TCP and UDP have port numbers of their own.
pub async fn tcp_and_udp_ports_are_apart<P: Providers>(stage: Stage<P>) {
    // Another program of the real machine may hold one of the two: try some.
    for _ in 0..8 {
        let near = socket(&stage).await;
        if stage.a.world.bind(near.local_addr().expect("it is bound")).await.is_ok() {
            return;
        }
    }
    panic!("no UDP port's number is free for TCP");
}
