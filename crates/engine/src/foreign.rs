//! Foreign uses: handles and wakers of a run that were used on another thread, or after
//! it. They are found where nobody of the run is there to be told, so they are kept here
//! until it asks. What a use is, others see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Uses that are remembered until their run asks.
const USES_MOST: usize = 1 << 16;

/// How many there are: most runs ask in vain.
static COUNT: AtomicU64 = AtomicU64::new(0);
/// By the generation of what was used.
static USES: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Records that something of that generation was used.
pub(crate) fn record(generation: u64) {
    let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
    // A run that is over never asks: what it left must not pile up.
    if uses.len() < USES_MOST {
        uses.push(generation);
        COUNT.fetch_add(1, Ordering::AcqRel);
    }
}

/// How many uses there were of a run's generations; forgets them.
#[inline]
pub(crate) fn take(is_of_run: impl Fn(u64) -> bool) -> usize {
    if COUNT.load(Ordering::Acquire) == 0 {
        return 0;
    }
    let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
    let before = uses.len();
    uses.retain(|&generation| !is_of_run(generation));
    let taken = before - uses.len();
    COUNT.fetch_sub(taken as u64, Ordering::AcqRel);
    taken
}
