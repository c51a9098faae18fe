//! Randomness as traits: an application's own, and the unguessable kind. Faults
//! and schedules draw from neither.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::io;

/// Application randomness: jitter, sampling, shuffles. Fast, never secret.
///
/// In the tank each node and incarnation has a stream of its own, so that no
/// other code shifts what this code draws. Clones share their stream.
pub trait RandomProvider: Clone + Send + Sync + Unpin + 'static {
    /// 64 uniform bits.
    fn next_u64(&self) -> u64;

    /// A uniform number below `bound`, without bias.
    ///
    /// # Panics
    /// If `bound` is zero.
    fn below(&self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        // Lemire, "Fast Random Integer Generation in an Interval", 2019.
        let mut wide = u128::from(self.next_u64()) * u128::from(bound);
        if (wide as u64) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (wide as u64) < threshold {
                wide = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        (wide >> 64) as u64
    }

    /// True `numerator` times out of `denominator`.
    ///
    /// # Panics
    /// If `denominator` is zero.
    fn ratio(&self, numerator: u32, denominator: u32) -> bool {
        self.below(u64::from(denominator)) < u64::from(numerator)
    }

    /// A generator of one's own, seeded from this stream: for code that takes
    /// `rand`'s traits, or that draws in a hot loop.
    fn fork(&self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.next_u64())
    }
}

/// Unguessable bytes for keys and nonces: the operating system's in production,
/// seeded and repeatable in the tank.
pub trait EntropyProvider: Clone + Send + Sync + Unpin + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// If the operating system has no entropy to give.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}
