//! The network's kinds of fault: their names and indices. Injects none of them.

use wavetank_engine::FaultKind;

/// A link is cut, in one direction.
pub static PARTITION: FaultKind = FaultKind::new(16, "network.partition");
/// A link is slower than its distribution.
pub static SLOW: FaultKind = FaultKind::new(17, "network.slow");
/// One packet takes far longer than the others.
pub static DELAY_SPIKE: FaultKind = FaultKind::new(18, "network.delay-spike");
/// A segment is lost, and sent again.
pub static SEGMENT_LOSS: FaultKind = FaultKind::new(19, "network.segment-loss");
/// A connection is refused although somebody listens.
pub static CONNECT_REFUSED: FaultKind = FaultKind::new(20, "network.connect-refused");
/// The packets that would open a connection vanish.
pub static CONNECT_HANG: FaultKind = FaultKind::new(21, "network.connect-hang");
/// Something in between resets a connection.
pub static RESET: FaultKind = FaultKind::new(22, "network.reset");
/// A datagram is lost.
pub static DATAGRAM_LOSS: FaultKind = FaultKind::new(23, "network.datagram-loss");
/// A datagram arrives twice.
pub static DATAGRAM_DUPLICATE: FaultKind = FaultKind::new(24, "network.datagram-duplicate");
/// A read gives less than has arrived.
pub static SHORT_READ: FaultKind = FaultKind::new(25, "network.short-read");
/// A write takes less than there is room for.
pub static SHORT_WRITE: FaultKind = FaultKind::new(26, "network.short-write");

/// A link holds everything for a while.
pub static CLOG: FaultKind = FaultKind::new(27, "network.clog");

/// All of them, by index.
pub static ALL: [&FaultKind; 12] = [
    &PARTITION,
    &SLOW,
    &DELAY_SPIKE,
    &SEGMENT_LOSS,
    &CONNECT_REFUSED,
    &CONNECT_HANG,
    &RESET,
    &DATAGRAM_LOSS,
    &DATAGRAM_DUPLICATE,
    &SHORT_READ,
    &SHORT_WRITE,
    &CLOG,
];

/// The first index that belongs to the network.
const FIRST: usize = 16;

/// The bit that marks a packet which a kind of fault has touched.
pub(crate) const fn mark(kind: &FaultKind) -> u16 {
    1 << (kind.index() - FIRST)
}

/// Counts the effect of every kind that is marked: product code sees the packet now.
#[cold]
pub(crate) fn count_effects(marks: u16, kernel: &mut wavetank_engine::Kernel) {
    for kind in ALL {
        if marks & mark(kind) != 0 {
            kernel.effective(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_the_networks_and_without_gap() {
        for (nth, kind) in ALL.iter().enumerate() {
            assert_eq!(kind.index(), FIRST + nth, "{}", kind.name());
        }
        assert!(FIRST + ALL.len() <= 40, "40 is where storage's kinds begin");
    }
}
