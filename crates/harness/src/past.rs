//! The runs of a worker so far, by number: whose seed a handle was of that is used when its run
//! is over. What a use is, the engine knows.

/// Runs that are remembered: a thread that outlives its run is seen while so many come after it.
const RUNS_MOST: usize = 1 << 13;

/// The latest runs, in the order in which they were.
#[derive(Debug, Default)]
pub(crate) struct Past {
    runs: Vec<Run>,
    /// Where the oldest is, once there are as many as are remembered.
    oldest: usize,
}

#[derive(Debug)]
struct Run {
    number: u64,
    seed: u64,
}

impl Past {
    /// A run begins, with a greater number than those before it.
    #[inline]
    pub(crate) fn enter(&mut self, number: u64, seed: u64) {
        let run = Run { number, seed };
        if self.runs.len() < RUNS_MOST {
            self.runs.push(run);
        } else {
            self.runs[self.oldest] = run;
            self.oldest = (self.oldest + 1) % RUNS_MOST;
        }
    }

    /// The seed of the last run with that number or a lower one, if it is remembered.
    pub(crate) fn seed_of(&self, number: u64) -> Option<u64> {
        let last = |runs: &[Run]| {
            let after = runs.partition_point(|run| run.number <= number);
            runs[..after].last().map(|run| run.seed)
        };
        let (newer, older) = self.runs.split_at(self.oldest);
        last(newer).or_else(|| last(older))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_runs_are_remembered() {
        let runs = RUNS_MOST as u64 + 10;
        let mut past = Past::default();
        (0..runs).for_each(|seed| past.enter(10 * seed, seed));
        assert_eq!(past.runs.len(), RUNS_MOST);
        for seed in 0..runs {
            let expected = (seed >= 10).then_some(seed);
            assert_eq!((past.seed_of(10 * seed), past.seed_of(10 * seed + 9)), (expected, expected));
        }
    }
}
