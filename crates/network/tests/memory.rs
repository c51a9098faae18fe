//! What a long run costs in memory, and what a recycled world keeps.

mod tank;

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_network::NetworkConfig;

fn script(exchanges: u32, connections: u32) -> impl FnOnce(Hand) {
    move |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                let mut frame = [0; 64];
                while stream.read_exact(&mut frame).await.is_ok() {
                    stream.write_all(&frame).await.expect("the client reads");
                }
            }
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            for _ in 0..connections {
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                let mut frame = [1; 64];
                for _ in 0..exchanges {
                    stream.write_all(&frame).await.expect("the server reads");
                    stream.read_exact(&mut frame).await.expect("the server answers");
                }
            }
        });
    }
}

fn memory_after(exchanges: u32, connections: u32) -> usize {
    let mut tank = Tank::new(NetworkConfig::lan(), 2);
    tank.begin(1, script(exchanges, connections));
    assert!(tank.stuck().is_empty());
    tank.memory()
}

#[test]
fn exchanges_and_connections_leave_nothing_behind() {
    let few = memory_after(10, 1);
    assert_eq!(memory_after(100_000, 1), few);
    assert_eq!(memory_after(10, 10_000), memory_after(10, 10));
}

#[test]
fn a_connection_that_moved_much_leaves_little() {
    let memory_after = |lens: &'static [usize]| {
        let mut tank = Tank::new(NetworkConfig::perfect(), 2);
        tank.begin(1, move |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                for _ in lens {
                    let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                    stream.read_to_end(&mut Vec::new()).await.expect("it ends in order");
                }
            });
            hand.spawn(async move {
                for &len in lens {
                    hand.sleep(1000).await;
                    let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                    stream.write_all(&vec![0; len]).await.expect("the server reads");
                }
            });
        });
        assert!(tank.stuck().is_empty());
        tank.memory()
    };
    assert!(memory_after(&[1_000_000]) > 65_536, "it needs as much as it has on its way");
    assert_eq!(memory_after(&[1_000_000, 1]), memory_after(&[1]));
    // But not so much that the next one has to ask for it again.
    assert_eq!(memory_after(&[4096, 1]), memory_after(&[4096]));
}

#[test]
fn a_connection_after_small_exchanges_is_small() {
    // The goal is 1 KiB besides the rings that its exchanges need: 256 bytes a direction.
    let one = memory_after(10, 1);
    assert!(one <= 1024 + 512, "{one} bytes");
}

/// Waits for a datagram or a connection, once, and gives up.
async fn wait_and_give_up(hand: Hand, socket: Arc<impl UdpSocket>, listener: Arc<impl TcpListener>) {
    let mut bytes = [0; 1];
    let mut receive = pin!(socket.recv_from(&mut bytes));
    let mut accept = pin!(listener.accept());
    std::future::poll_fn(|cx| {
        assert!(receive.as_mut().poll(cx).is_pending() && accept.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    hand.sleep_micros(1).await;
}

#[test]
fn tasks_that_waited_and_ended_leave_nothing_behind() {
    let memory_after = |tasks: u32| {
        let mut tank = Tank::new(NetworkConfig::perfect(), 1);
        tank.begin(1, |hand| {
            hand.spawn(async move {
                let socket = Arc::new(hand.network().bind_udp(at(0, 80)).await.expect("it is free"));
                let listener = Arc::new(hand.network().bind(at(0, 80)).await.expect("it is free"));
                for _ in 0..tasks {
                    hand.spawn(wait_and_give_up(hand, Arc::clone(&socket), Arc::clone(&listener)));
                    hand.sleep_micros(2).await;
                }
            });
        });
        assert!(tank.stuck().is_empty());
        tank.memory()
    };
    assert_eq!(memory_after(10_000), memory_after(100));
}

/// A waker that does nothing.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn foreign_wakers_are_asked_whether_somebody_waits() {
    Tank::new(NetworkConfig::perfect(), 1).run(1, |hand| {
        hand.spawn(async move {
            let socket = Arc::new(hand.network().bind_udp(at(0, 80)).await.expect("it is free"));
            let waits = Arc::clone(&socket);
            // One task among all the others, to the end.
            hand.spawn(async move {
                assert_eq!(waits.recv_from(&mut [0; 1]).await.expect("it came").0, 1);
            });
            let mut wakers: Vec<Weak<Nobody>> = Vec::new();
            for _ in 0..10_000 {
                let nobody = Arc::new(Nobody);
                wakers.push(Arc::downgrade(&nobody));
                let waker = Waker::from(nobody);
                let mut bytes = [0; 1];
                let receive = socket.poll_recv_from(&mut Context::from_waker(&waker), &mut ReadBuf::new(&mut bytes));
                assert!(receive.is_pending());
                drop(waker);
                hand.sleep_micros(1).await;
            }
            let held = wakers.iter().filter(|waker| waker.strong_count() > 0).count();
            assert!(held < 1024, "{held} wakers are held");
            socket.send_to(b"x", at(0, 80)).await.expect("there is room");
            hand.sleep(1).await;
        });
    });
}
