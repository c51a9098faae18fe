//! Who looks on while a target sweeps: keeps what is under way in a file, and tells of
//! each red run at once. What the sweep as a whole came to is the report's.

use crate::finding::Finding;
use crate::terminal;
use crate::underway::Underway;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use wavetank_harness::{Digest, Failure, FinishedRun, Observer, Signature, SimulationResult};

/// Findings that are told one by one; of further ones only what was not told before.
const TOLD_MOST: usize = 2000;
/// Signatures of which the first is told to people at once.
const SHOWN_MOST: usize = 20;
/// Signatures that are known again.
const KNOWN_MOST: usize = SimulationResult::FIRSTS_MOST;

/// What a second run of a seed is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seed: u64,
    pub(super) digest: Digest,
    pub(super) noted: u64,
}

pub(super) struct Witness<'a> {
    pub(super) name: &'a str,
    pub(super) suffix: &'a str,
    pub(super) bug: Option<&'a str>,
    /// Whether the runner listens.
    pub(super) attended: bool,
    pub(super) underway: Option<Underway>,
    pub(super) keeps_marks: bool,
    pub(super) told: Mutex<Told>,
}

/// What was told so far, and what is kept for later.
#[derive(Default)]
pub(super) struct Told {
    findings: usize,
    signatures: BTreeSet<Signature>,
    marks: Vec<Mark>,
}

impl Told {
    /// Whether a failure is of no signature that was told before; it is from now on.
    fn is_new(&mut self, failures: &[Failure]) -> bool {
        let mut is_new = false;
        for failure in failures {
            is_new |= self.signatures.len() < KNOWN_MOST && self.signatures.insert(failure.signature());
        }
        is_new
    }
}

impl Witness<'_> {
    /// The marks of all runs that came to their end, by seed.
    pub(super) fn into_marks(self) -> Vec<Mark> {
        let mut marks = self.told.into_inner().unwrap_or_else(PoisonError::into_inner).marks;
        marks.sort_unstable_by_key(|mark| mark.seed);
        marks
    }

    fn tell(&self, told: &mut Told, run: &FinishedRun<'_>) {
        told.findings += 1;
        let is_new = told.is_new(run.failures);
        if told.findings > TOLD_MOST && !is_new {
            return;
        }
        let finding = Finding::new(self.name, self.suffix, self.bug, run);
        if self.attended {
            // If nobody takes it, the report is what is left.
            let _ = terminal::hand_over(&finding.to_line());
        } else if is_new && told.signatures.len() <= SHOWN_MOST {
            terminal::interject(&format!("RED {}", finding.headline()));
        }
    }
}

impl Observer for Witness<'_> {
    fn begins(&self, thread: usize, seed: u64) {
        if let Some(underway) = &self.underway {
            underway.begins(thread, seed);
        }
    }

    fn ended(&self, run: &FinishedRun<'_>) {
        let is_red = !run.failures.is_empty();
        if let Some(underway) = &self.underway {
            underway.ended(run.thread, is_red);
        }
        if !is_red && !self.keeps_marks {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What its process did not survive has no end that a second run could be compared with.
        let is_over = !run.failures.iter().any(|failure| matches!(failure, Failure::Process { .. }));
        if self.keeps_marks && is_over {
            told.marks.push(Mark { seed: run.seed, digest: run.digest, noted: run.noted });
        }
        if is_red {
            self.tell(&mut told, run);
        }
    }

    fn rests(&self, thread: usize) {
        if let Some(underway) = &self.underway {
            underway.rests(thread);
        }
    }
}
