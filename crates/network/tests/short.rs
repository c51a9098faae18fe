//! Reads that give less than has arrived, and writes that take less than there is room for: not
//! all of them, and of any length.

mod tank;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use tank::{Hand, Tank, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_engine::Ratio;
use wavetank_network::NetworkConfig;

/// The lengths of a hundred reads and of a hundred writes of a hundred bytes each.
fn lengths(config: NetworkConfig) -> [Vec<usize>; 2] {
    let lengths = Rc::new(RefCell::new([vec![], vec![]]));
    let (reads, writes) = (Rc::clone(&lengths), Rc::clone(&lengths));
    let script = |hand: Hand| {
        pair(
            [hand, hand.boot(1)],
            move |mut stream| async move {
                for _ in 0..100 {
                    let len = stream.write(&[0; 100]).await.expect("it is open");
                    writes.borrow_mut()[1].push(len);
                }
            },
            move |mut stream| async move {
                hand.sleep(100).await;
                for _ in 0..100 {
                    let len = stream.read(&mut [0; 100]).await.expect("it came");
                    reads.borrow_mut()[0].push(len);
                }
                while stream.read(&mut [0; 100]).await.expect("it ends in order") > 0 {}
            },
        );
    };
    Tank::new(config, 2).run(1, script);
    lengths.take()
}

#[test]
fn some_are_short_of_any_length() {
    let half = Ratio::new(1, 2);
    for (which, config) in [
        (0, NetworkConfig { short_read: half, ..NetworkConfig::perfect() }),
        (1, NetworkConfig { short_write: half, ..NetworkConfig::perfect() }),
    ] {
        let lengths = lengths(config);
        let short: BTreeSet<usize> = lengths[which].iter().copied().filter(|&len| len < 100).collect();
        let whole = lengths[which].iter().filter(|&&len| len == 100).count();
        assert!((30..70).contains(&whole) && short.len() > 20 && !short.contains(&0), "{:?}", lengths[which]);
    }
}
