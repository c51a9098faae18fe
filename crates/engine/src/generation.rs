//! Generations: numbers of tasks that no two runs of a process share, so that a
//! number alone names its run. They name, and never decide.

use std::sync::atomic::{AtomicU64, Ordering};

/// Generations that a world takes at first: a process may have a world per seed.
const BLOCK_FIRST: u64 = 1 << 8;
/// And at once, when it has had many.
const BLOCK_MOST: u64 = 1 << 20;
/// A waker's number has 40 bits for its generation.
const MOST: u64 = 1 << 40;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A world's supply. A run has a range of it, or several if it outgrows a block.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    last: u64,
    end: u64,
    /// The length of its last block; 0 before the first.
    block: u64,
    first_of_run: u64,
    earlier: Vec<(u64, u64)>,
    /// All of its blocks, of runs that are over too.
    blocks: Vec<(u64, u64)>,
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

    /// Whether a generation is this world's, whichever run had it.
    pub(crate) fn is_of_any_run(&self, generation: u64) -> bool {
        self.blocks.iter().any(|&(first, end)| (first..end).contains(&generation))
    }

    #[cold]
    fn refill(&mut self) {
        if self.first_of_run < self.end {
            self.earlier.push((self.first_of_run, self.end));
        }
        self.block = (self.block * 4).clamp(BLOCK_FIRST, BLOCK_MOST);
        self.last = NEXT.fetch_add(self.block, Ordering::Relaxed);
        assert!(self.last + self.block < MOST, "this process has spawned 2^40 simulated tasks: split the sweep");
        self.end = self.last + self.block;
        self.blocks.push((self.last, self.end));
        self.first_of_run = self.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_that_spawns_little_takes_little() {
        let before = NEXT.load(Ordering::Relaxed);
        for _ in 0..10_000 {
            let mut supply = Generations::default();
            supply.begin();
            assert!(supply.next() > 0);
        }
        // Other tests take some as well.
        assert!(NEXT.load(Ordering::Relaxed) - before < 10_000 * BLOCK_FIRST + 100 * BLOCK_MOST);
    }

    #[test]
    fn what_a_run_was_given_is_its_own_across_blocks() {
        let mut supply = Generations::default();
        let of_run = |supply: &mut Generations, count: u64| -> Vec<u64> {
            supply.begin();
            (0..count).map(|_| supply.next()).collect()
        };
        let first = of_run(&mut supply, 10);
        let second = of_run(&mut supply, 100 * BLOCK_FIRST);
        assert!(second.windows(2).all(|two| two[0] < two[1]));
        assert!(second.iter().all(|&one| supply.is_ours(one)) && !first.iter().any(|&one| supply.is_ours(one)));
        assert!(second.iter().chain(&first).all(|&one| supply.is_of_any_run(one)) && !supply.is_of_any_run(supply.end));
        assert!(supply.block > BLOCK_FIRST, "who needs many takes more at once");
    }
}
