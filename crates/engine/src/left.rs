//! What was dropped while its run was not installed on this thread, as by a test that drives
//! a world by hand: kept until the run goes on, and is asked for it. Closes nothing itself.

use crate::closes::Close;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Of how many runs anything is kept: one that is over never asks.
const RUNS_MOST: usize = 1024;

thread_local! {
    /// Mostly there is nothing, and this costs one load to know.
    static IS_ANY: Cell<bool> = const { Cell::new(false) };
    /// By run, in the order of the drops.
    static LEFT: RefCell<BTreeMap<u64, Vec<Close>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Keeps what a handle of run `run` stood for.
#[cold]
pub(crate) fn keep(run: u64, close: Close) {
    // While the thread ends no run goes on.
    let _ = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        left.entry(run).or_default().push(close);
        // What runs that are over left must not pile up, and is the oldest.
        if left.len() > RUNS_MOST {
            left.pop_first();
        }
        IS_ANY.set(true);
    });
}

/// Whether anything is kept, of any run.
#[inline]
pub(crate) fn is_any() -> bool {
    IS_ANY.get()
}

/// What was kept for run `run`.
#[cold]
pub(crate) fn take(run: u64) -> Vec<Close> {
    let took = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        let own = left.remove(&run);
        IS_ANY.set(!left.is_empty());
        own
    });
    took.ok().flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_runs_the_oldest_are_forgotten() {
        const LAST: u64 = RUNS_MOST as u64;
        for run in 0..=LAST {
            keep(run, Close { device: 0, slot: 0, generation: 0 });
        }
        let kept: Vec<usize> = [0, 1, LAST].map(|run| take(run).len()).into();
        assert_eq!(kept, [0, 1, 1]);
    }
}
