//! Connections that open while a packet of theirs is lost or an end of theirs dies.
//!
//! Each packet takes 100 us: of a connect at 1 ms the SYN lands at 1.1, its answer at 1.2,
//! and the confirmation at 1.3.

mod tank;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_engine::CrashKind;
use wavetank_network::NetworkConfig;

/// What a server has accepted, in milliseconds.
#[derive(Clone, Default)]
struct Accepted(Arc<Mutex<Vec<u64>>>);

impl Accepted {
    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().expect("one thread"))
    }

    /// Accepts at machine 2 for ever, and says a byte to each.
    fn serve(&self, hand: Hand) {
        let accepted = self.clone();
        hand.spawn(async move {
            let listener = hand.network().bind(at(2, 80)).await.expect("the port is free");
            let mut streams = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                accepted.0.lock().expect("one thread").push(hand.now().as_millis() as u64);
                stream.write_all(b"x").await.expect("the client is there");
                streams.push(stream);
            }
        });
    }
}

/// Runs `script` in a network of three machines until only `stuck` tasks are left.
fn run(config: NetworkConfig, stuck: usize, script: impl FnOnce(Hand)) {
    let mut tank = Tank::new(config, 3);
    tank.begin(1, script);
    let left = tank.stuck();
    assert_eq!(left.len(), stuck, "{left:#?}");
}

#[test]
fn a_syn_that_is_sent_again_is_answered_by_who_listens_now() {
    for restarts in [true, false] {
        let (accepted, late) = (Accepted::default(), Accepted::default());
        let (before, after) = (accepted.clone(), late.clone());
        run(NetworkConfig::perfect(), usize::from(restarts), |hand| {
            let (here, there) = (hand.boot(1), hand.boot(2));
            before.serve(there);
            here.spawn(async move {
                here.sleep(1).await;
                match here.network().connect(at(2, 80)).await {
                    Ok(mut stream) => stream.read_exact(&mut [0; 1]).await.map(drop).expect("it was accepted"),
                    Err(error) => assert_eq!((error.kind(), restarts), (ErrorKind::ConnectionRefused, false)),
                }
                assert_eq!(here.now().as_millis(), 1001, "the SYN is sent again after a second");
            });
            hand.spawn(async move {
                hand.sleep_micros(1150).await;
                hand.cut(2, 1);
                hand.sleep(10).await;
                hand.crash(2, CrashKind::Process);
                let there = hand.boot(2);
                if restarts {
                    after.serve(there);
                }
                hand.heal();
            });
        });
        assert_eq!((accepted.take().len(), late.take().len()), (0, usize::from(restarts)));
    }
}
