//! What is open when every task has ended is told, a line each.

mod tank;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use tank::{Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

#[test]
fn a_stream_a_listener_and_a_socket_that_nobody_closed_are_leaks_even_if_they_are_dead() {
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    tank.begin(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("it is free");
            let (_stream, _) = listener.accept().await.expect("accepting never fails");
            std::future::pending::<()>().await;
        });
        hand.spawn(async move {
            let network = hand.network();
            let listener = network.bind(at(0, 80)).await.expect("it is free");
            let socket = network.bind_udp(at(0, 53)).await.expect("it is free");
            let mut stream = network.connect(at(1, 80)).await.expect("it listens");
            stream.write_all(b"never read").await.expect("it is open");
            hand.sleep(1).await;
            hand.crash(1, CrashKind::Process);
            let error = stream.read(&mut [0; 1]).await.expect_err("what it had not read is lost");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            *keep.borrow_mut() = Some((listener, socket, stream));
        });
    });
    assert_eq!(tank.stuck(), [""; 0]);
    let leaks = tank.leaks();
    let [stream, listener, socket] = &leaks[..] else { panic!("{leaks:?}") };
    assert!(stream.starts_with("a TCP stream is open: 10.0.0.1:"), "{stream}");
    assert_eq!(listener, "a TCP listener is open: 10.0.0.1:80");
    assert_eq!(socket, "a UDP socket is open: 10.0.0.1:53");
    drop(kept);
}
