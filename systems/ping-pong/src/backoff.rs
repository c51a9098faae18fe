//! How long to wait before the next attempt. Does not wait itself.

use std::time::Duration;
use wavetank_core::RandomProvider;

/// Doubling pauses with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest pause before the second attempt.
    pub first: Duration,
    /// The longest pause before any attempt.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { first: Duration::from_millis(20), most: Duration::from_secs(1) }
    }
}

impl Backoff {
    /// The pause after so many failed attempts: half of the doubled pause, and up to
    /// the other half at random, so that clients that lost one server do not come back
    /// as one.
    pub fn pause(&self, failures: u32, random: &impl RandomProvider) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(30)).min(self.most);
        let half = doubled / 2;
        half + Duration::from_nanos(random.below(half.as_nanos() as u64 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Always(u64);

    impl RandomProvider for Always {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        let backoff = Backoff { first: Duration::from_millis(10), most: Duration::from_millis(50) };
        // Neither draw is one that `below` rejects.
        let range = |failures| [1 << 40, u64::MAX].map(|draw| backoff.pause(failures, &Always(draw)).as_millis());
        assert_eq!(range(1), [5, 10]);
        assert_eq!(range(2), [10, 20]);
        assert_eq!(range(3), [20, 40]);
        assert_eq!(range(4), [25, 50]);
        assert_eq!(range(u32::MAX), [25, 50]);
    }
}
