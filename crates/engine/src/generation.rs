//! Generations: numbers of tasks that no two runs of a process share, so that a
//! number alone names its run. They name, and never decide.

use std::sync::atomic::{AtomicU64, Ordering};

/// Generations that a world takes at once.
const BLOCK: u64 = 1 << 20;
/// A waker's number has 40 bits for its generation.
const MOST: u64 = 1 << 40;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A world's supply. A run has a range of it, or several if it outgrows a block.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    last: u64,
    end: u64,
    first_of_run: u64,
    earlier: Vec<(u64, u64)>,
}

impl Generations {
    /// A new run: what was given out before is no longer ours.
    pub(crate) fn begin(&mut self) {
        self.earlier.clear();
        self.first_of_run = self.last + 1;
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        if self.last >= self.end {
            self.refill();
        }
        self.last
    }

    #[inline]
    pub(crate) fn is_ours(&self, generation: u64) -> bool {
        (self.first_of_run..=self.last).contains(&generation)
            || self.earlier.iter().any(|&(first, end)| (first..end).contains(&generation))
    }

    #[cold]
    fn refill(&mut self) {
        if self.first_of_run < self.end {
            self.earlier.push((self.first_of_run, self.end));
        }
        self.last = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
        assert!(self.last + BLOCK < MOST, "this process has spawned 2^40 simulated tasks: split the sweep");
        self.end = self.last + BLOCK;
        self.first_of_run = self.last;
    }
}
