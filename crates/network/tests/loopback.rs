//! A machine that talks to itself: nothing lies between.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_engine::{MachineId, Ratio};
use wavetank_network::{NetworkConfig, kinds};

/// A byte to and fro, to each of the addresses that a machine has for itself.
fn exchange(hand: Hand) {
    for address in ["127.0.0.1:80".parse().expect("an address"), at(0, 81)] {
        hand.spawn(async move {
            let listener = hand.network().bind(address).await.expect("the port is free");
            let (mut stream, _) = listener.accept().await.expect("accepting never fails");
            stream.read_exact(&mut [0; 1]).await.expect("it came");
            stream.write_all(b"y").await.expect("the peer reads");
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let mut stream = hand.network().connect(address).await.expect("it listens");
            stream.write_all(b"x").await.expect("the peer reads");
            stream.read_exact(&mut [0; 1]).await.expect("the peer answers");
            assert_eq!(hand.now().as_micros(), 1000 + 4 * 10, "each way takes 10 us");
        });
    }
}

#[test]
fn nothing_between_a_machine_and_itself_resets_refuses_or_hangs() {
    let base = NetworkConfig::perfect();
    for (kind, config) in [
        (&kinds::RESET, NetworkConfig { reset: Ratio::ONE, ..base.clone() }),
        (&kinds::CONNECT_REFUSED, NetworkConfig { connect_refused: Ratio::ONE, ..base.clone() }),
        (&kinds::CONNECT_HANG, NetworkConfig { connect_hang: Ratio::ONE, ..base.clone() }),
        (&kinds::SEGMENT_LOSS, NetworkConfig { segment_loss: Ratio::ONE, ..base.clone() }),
        (&kinds::DELAY_SPIKE, NetworkConfig { spike: Ratio::ONE, spike_max: 1_000_000_000, ..base }),
    ] {
        let mut tank = Tank::new(config, 1);
        tank.run(1, exchange);
        assert_eq!(tank.tally(kind).fired, 0, "{}", kind.name());
    }
}

#[test]
fn nothing_between_a_machine_and_itself_loses_or_repeats_datagrams() {
    let ones = NetworkConfig {
        datagram_loss: Ratio::ONE,
        datagram_duplicate: Ratio::ONE,
        spike: Ratio::ONE,
        spike_max: 1_000_000_000,
        ..NetworkConfig::perfect()
    };
    let mut tank = Tank::new(ones, 1);
    tank.run(1, |hand| {
        hand.spawn(async move {
            let socket = hand.network().bind_udp(at(0, 53)).await.expect("it is free");
            for byte in *b"ab" {
                socket.send_to(&[byte], at(0, 53)).await.expect("there is room");
                let mut heard = [0; 1];
                socket.recv_from(&mut heard).await.expect("receiving never fails");
                assert_eq!(heard, [byte]);
            }
            assert_eq!(hand.now().as_micros(), 2 * 10);
        });
    });
    assert!(kinds::ALL.iter().all(|kind| tank.tally(kind).fired == 0));
}

#[test]
fn a_machine_that_is_cut_off_slow_or_held_reaches_itself_and_nobody_else() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        hand.fabric(|fabric, kernel| {
            let itself = MachineId(0);
            fabric.isolate(kernel, itself);
            fabric.cut(kernel, itself, itself);
            fabric.slow(kernel, itself, itself, 1_000_000);
            fabric.clog(kernel, itself, itself, 1_000_000_000);
        });
        exchange(hand);
        hand.spawn(async move {
            let error = hand.network().connect(at(1, 80)).await.map(drop).expect_err("it is cut off");
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        });
    });
}
