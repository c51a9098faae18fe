//! A machine that talks to itself: nothing lies between.

mod tank;

use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::Ratio;
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
        (&kinds::SEGMENT_LOSS, NetworkConfig { segment_loss: Ratio::ONE, ..base }),
    ] {
        let mut tank = Tank::new(config, 1);
        tank.run(1, exchange);
        assert_eq!(tank.tally(kind).fired, 0, "{}", kind.name());
    }
}
