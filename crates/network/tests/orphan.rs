//! A kernel whose process has closed a connection takes no bytes for it any more: who sends
//! some is reset, however they come.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener};
use wavetank_network::{NetworkConfig, kinds};

/// Takes one connection at machine 1, and closes it 10 ms later without a look at what came.
fn accept_and_close(there: Hand) {
    there.spawn(async move {
        let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
        let (stream, _) = listener.accept().await.expect("accepting never fails");
        there.sleep(10).await;
        drop(stream);
    });
}

#[test]
fn bytes_that_are_sent_again_together_with_the_end_are_not_taken_for_read() {
    for is_cut in [false, true] {
        let mut tank = Tank::new(NetworkConfig::perfect(), 2);
        tank.run(1, |hand| {
            // It closes while a request is on its way, or is lost.
            accept_and_close(hand.boot(1));
            hand.spawn(async move {
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                if is_cut {
                    hand.sleep(1).await;
                    hand.partition(0, 1);
                } else {
                    hand.sleep_micros(10_000 - 150).await;
                }
                stream.write_all(b"a request").await.expect("it is open");
                stream.shutdown().await.expect("it is open");
                hand.spawn(async move {
                    hand.sleep(50).await;
                    hand.heal();
                });
                let heard = stream.read(&mut [0; 1]).await.map_err(|error| error.kind());
                assert_eq!(heard, Err(ErrorKind::ConnectionReset), "nobody has read the request; cut: {is_cut}");
            });
        });
        assert_eq!(tank.tally(&kinds::PARTITION).effective, u64::from(is_cut), "the cut is why it was not read");
    }
}

#[test]
fn a_writer_is_told_of_a_reset_once_and_then_that_nobody_is_there() {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        accept_and_close(hand.boot(1));
        hand.spawn(async move {
            let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
            stream.write_all(b"never read").await.expect("it is open");
            hand.sleep(20).await;
            let mut kinds = Vec::new();
            for _ in 0..3 {
                kinds.push(stream.write(b"x").await.expect_err("it was reset").kind());
            }
            assert_eq!(kinds, [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::BrokenPipe]);
        });
    });
}
