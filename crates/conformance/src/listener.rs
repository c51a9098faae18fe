//! Contracts of TCP listeners: binding, accepting, closing. What a stream does once it is
//! accepted is `tcp.rs`'s.

use crate::Stage;
use crate::tcp::give_up;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Listener, NetworkProvider, Providers, TcpListener, TcpStream};

/// A port where nobody listens any more.
async fn free_port<P: Providers>(stage: &Stage<P>) -> SocketAddr {
    stage.a.listen().await.local_addr().expect("it is bound")
}

/// Binding port 0 picks a port that is free.
pub async fn port_zero_picks_a_free_port<P: Providers>(stage: Stage<P>) {
    let mut listeners = Vec::new();
    for _ in 0..40 {
        listeners.push(stage.a.listen().await);
    }
    let port = |listener: &Listener<P>| listener.local_addr().expect("it is bound").port();
    let ports: std::collections::BTreeSet<u16> = listeners.iter().map(port).collect();
    assert!(ports.len() == 40 && !ports.contains(&0), "{ports:?}");
}

/// A port that is listened on cannot be bound again.
pub async fn a_port_that_is_listened_on_cannot_be_bound<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    let error = stage.a.world.bind(listener.local_addr().expect("it is bound")).await.err().expect("it is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// An address that the machine does not have cannot be bound.
pub async fn a_foreign_address_cannot_be_bound<P: Providers>(stage: Stage<P>) {
    // TEST-NET-3 of RFC 5737: nobody's.
    let foreign = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 0);
    let error = stage.a.world.bind(foreign).await.err().expect("no machine has it");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

/// A listener on the unspecified address is reached at the host's own.
pub async fn a_wildcard_listener_is_reached_at_the_hosts_address<P: Providers>(stage: Stage<P>) {
    let wildcard = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let listener = stage.a.world.bind(wildcard).await.expect("a free port is there");
    let to = stage.a.at(listener.local_addr().expect("it is bound").port());
    let part = stage.b.run(async move |host| host.world.connect(to).await.map(drop));
    let (stream, _) = listener.accept().await.expect("host b connects");
    assert_eq!(stream.local_addr().expect("it is connected"), to);
    part.end().await.expect("we listen there");
}

/// A connection is established, and takes bytes, before it is accepted.
pub async fn connections_wait_for_an_accept<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    let to = listener.local_addr().expect("it is bound");
    let mut early = stage.a.world.connect(to).await.expect("we listen, though we do not accept yet");
    early.write_all(b"early").await.expect("the stream has room");
    // By then it waits, and its bytes with it.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    let (mut stream, _) = listener.accept().await.expect("one waits");
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await.expect("five bytes were sent");
    assert_eq!(&bytes, b"early");
}

/// Connections are accepted in the order in which they were made.
pub async fn connections_are_accepted_in_the_order_they_were_made<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    let to = listener.local_addr().expect("it is bound");
    let mut near = Vec::new();
    for _ in 0..5 {
        near.push(stage.a.world.connect(to).await.expect("we listen"));
    }
    for stream in &near {
        let (_, peer) = listener.accept().await.expect("it waits");
        assert_eq!(peer, stream.local_addr().expect("it is connected"));
    }
}

/// An accept whose future is dropped loses no connection.
pub async fn an_accept_that_is_given_up_loses_no_connection<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    give_up(listener.accept());
    let to = listener.local_addr().expect("it is bound");
    let near = stage.a.world.connect(to).await.expect("we listen");
    let (_, peer) = listener.accept().await.expect("it waits");
    assert_eq!(peer, near.local_addr().expect("it is connected"));
}

/// When a listener is dropped, later connections are refused.
pub async fn a_dropped_listener_refuses_what_comes_later<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    let to = listener.local_addr().expect("it is bound");
    stage.a.world.connect(to).await.expect("we listen");
    drop(listener);
    let error = stage.a.world.connect(to).await.err().expect("nobody listens any more");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// When a listener is dropped, its port can be bound again.
pub async fn a_dropped_listeners_port_can_be_bound_again<P: Providers>(stage: Stage<P>) {
    let at = free_port(&stage).await;
    let again = stage.a.world.bind(at).await.expect("it is free again");
    assert_eq!(again.local_addr().expect("it is bound"), at);
}

/// Several tasks may wait on one listener, and each connection wakes one.
pub async fn several_tasks_may_accept_at_once<P: Providers>(stage: Stage<P>) {
    let listener = std::sync::Arc::new(stage.a.listen().await);
    let to = listener.local_addr().expect("it is bound");
    let accept = |listener: std::sync::Arc<Listener<P>>| async move { listener.accept().await.is_ok() };
    let tasks = [0; 3].map(|_| stage.a.world.spawn(accept(listener.clone())));
    stage.a.world.sleep(Duration::from_millis(10)).await;
    let mut near = Vec::new();
    for _ in 0..3 {
        near.push(stage.a.world.network().connect(to).await.expect("we listen"));
    }
    for task in tasks {
        let ended = stage.a.world.timeout(Duration::from_secs(5), task.into_future()).await;
        assert!(ended.expect("each gets one").expect("no task panics"));
    }
}
