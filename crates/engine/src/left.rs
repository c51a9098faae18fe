//! What was dropped while its run was not installed on this thread, as by a test that drives
//! a world by hand: kept until the run goes on, and is asked for it. Closes nothing itself.

use crate::closes::Close;
use std::cell::{Cell, RefCell};

/// How many are kept: a run that is over never asks.
const LEFT_MOST: usize = 1024;

thread_local! {
    /// Mostly there is nothing, and this costs one load to know.
    static IS_ANY: Cell<bool> = const { Cell::new(false) };
    /// By run, in the order of the drops.
    static LEFT: RefCell<Vec<(u64, Close)>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what a handle of run `run` stood for.
#[cold]
pub(crate) fn keep(run: u64, close: Close) {
    // While the thread ends no run goes on.
    let _ = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        if left.len() == LEFT_MOST {
            left.remove(0);
        }
        left.push((run, close));
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
        let (own, others): (Vec<_>, Vec<_>) = left.drain(..).partition(|(owner, _)| *owner == run);
        IS_ANY.set(!others.is_empty());
        *left = others;
        own.into_iter().map(|(_, close)| close).collect()
    });
    took.unwrap_or_default()
}
