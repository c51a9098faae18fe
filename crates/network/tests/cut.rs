//! What a cut takes, and what it does not.

mod tank;

use tank::{Tank, at};
use wavetank_core::{NetworkProvider, UdpSocket};
use wavetank_network::NetworkConfig;

#[test]
fn a_cut_takes_what_departs_or_lands_meanwhile() {
    const SECOND: u64 = 1_000_000_000;
    let config = NetworkConfig { latency_min: SECOND, latency_max: SECOND, ..NetworkConfig::perfect() };
    Tank::new(config, 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let socket = there.network().bind_udp(at(1, 53)).await.expect("it is free");
            for expected in [b'b', b'd'] {
                let mut byte = [0; 1];
                socket.recv_from(&mut byte).await.expect("receiving never fails");
                assert_eq!(byte, [expected]);
            }
        });
        hand.spawn(async move {
            let socket = hand.network().bind_udp(at(0, 0)).await.expect("a port is free");
            let send = |byte: u8| {
                let socket = &socket;
                async move { assert_eq!(socket.send_to(&[byte], at(1, 53)).await.expect("there is room"), 1) }
            };
            // Lands while it is cut.
            send(b'a').await;
            hand.sleep(500).await;
            // Is on its way while it is cut, and no longer.
            send(b'b').await;
            hand.sleep(400).await;
            hand.cut(0, 1);
            // Departs while it is cut.
            send(b'c').await;
            hand.sleep(200).await;
            hand.heal();
            send(b'd').await;
        });
    });
}
