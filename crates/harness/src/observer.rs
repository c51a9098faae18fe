//! Who looks on while seeds run: told of each run as it begins and ends, so that a
//! finding is kept although what comes after it may end the process. Changes nothing.

use crate::failure::Failure;
use wavetank_engine::Digest;

/// Looks on while a sweep runs. It is called from the threads that run the seeds, so
/// it is quick, and shares what it must.
pub trait Observer: Sync {
    /// A thread, by its number from 0, begins a seed.
    fn begins(&self, thread: usize, seed: u64) {
        let _ = (thread, seed);
    }

    /// A run is over, green or red.
    fn ended(&self, run: &FinishedRun<'_>) {
        let _ = run;
    }

    /// A thread has no further seed, for now.
    fn rests(&self, thread: usize) {
        let _ = thread;
    }
}

/// Nobody looks on.
impl Observer for () {}

/// A run that has just ended.
#[derive(Debug)]
pub struct FinishedRun<'a> {
    /// The thread that ran it, from 0.
    pub thread: usize,
    /// Its seed.
    pub seed: u64,
    /// The digest of all that happened.
    pub digest: Digest,
    /// Events folded into the digest.
    pub noted: u64,
    /// Why it is red; empty if it is green.
    pub failures: &'a [Failure],
}
