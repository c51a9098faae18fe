//! Foreign uses: handles and wakers of a run that were used on another thread, or after
//! it. They are found where nobody of the run is there to be told, so they are kept here
//! until it asks. What a use is, others see.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Generations whose uses are remembered until their run asks.
const GENERATIONS_MOST: usize = 1 << 16;

/// Whether there are any: most runs ask in vain.
static IS_ANY: AtomicBool = AtomicBool::new(false);
/// How often something was used, by its generation.
static USES: Mutex<BTreeMap<u64, usize>> = Mutex::new(BTreeMap::new());

/// Records that something of that generation was used.
pub(crate) fn record(generation: u64) {
    let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
    *uses.entry(generation).or_insert(0) += 1;
    // A run that is over never asks: what it left must not pile up, and is the oldest.
    if uses.len() > GENERATIONS_MOST {
        uses.pop_first();
    }
    IS_ANY.store(true, Ordering::Release);
}

/// Refuses the use of a handle of that run.
///
/// # Panics
/// Always.
#[cold]
pub(crate) fn refuse(run: u64) -> ! {
    record(run);
    panic!(
        "a simulated handle was used outside of its run: handles belong to the run and the thread that made them; \
         do not keep them in statics, and do not give them to threads"
    );
}

/// Refuses to wake a task of that generation.
///
/// # Panics
/// Unless the thread does already.
#[cold]
pub(crate) fn refuse_wake(generation: u64) {
    record(generation);
    assert!(
        std::thread::panicking(),
        "a simulated task was woken from outside of its run: it waits for a thread, a real timer or a static"
    );
}

/// How many uses there were of a run's generations; forgets them.
#[inline]
pub(crate) fn take(is_of_run: impl Fn(u64) -> bool) -> usize {
    if !IS_ANY.load(Ordering::Acquire) {
        return 0;
    }
    take_all(is_of_run).into_iter().map(|(_, count)| count).sum()
}

/// The uses that there were of some generations; forgets them.
#[cold]
pub(crate) fn take_all(is_meant: impl Fn(u64) -> bool) -> Vec<(u64, usize)> {
    let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = uses.extract_if(.., |generation, _| is_meant(*generation)).collect();
    IS_ANY.store(!uses.is_empty(), Ordering::Release);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_of_runs_that_are_over_do_not_crowd_out_a_living_ones() {
        const OVER: u64 = 1 << 30;
        let living = OVER + 2 * GENERATIONS_MOST as u64;
        for use_of in 0..2 * GENERATIONS_MOST as u64 {
            record(OVER);
            record(OVER + use_of);
        }
        record(living);
        record(living);
        assert_eq!(take(|generation| generation == living), 2);
        assert_eq!(take(|generation| generation == living), 0, "each use is told once");
        assert!(take(|generation| generation >= OVER) > 0);
    }
}
