//! The details of one run, as two runs of a seed are compared by.

use crate::configuration::RunConfiguration;
use crate::cut::Cut;
use crate::failure::Failure;
use crate::names::Names;
use crate::operations::OperationRecord;
use crate::story::RunStory;
use std::collections::BTreeMap;
use std::fmt;
use wavetank_engine::{Address, Atom, Checkpoint, Digest};

/// Everything that a run left.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The seed.
    pub seed: u64,
    /// The digest of all that happened.
    pub digest: Digest,
    /// Records fired.
    pub events: u64,
    /// Tasks polled.
    pub polls: u64,
    /// Virtual time at the end, in nanoseconds.
    pub virtual_time: u64,
    /// Events folded into the digest.
    pub noted: u64,
    /// The digest at intervals.
    pub checkpoints: Vec<Checkpoint>,
    /// The events of the window that was asked for, a line each.
    pub trace: Vec<String>,
    /// Who took part.
    pub names: Names,
    /// The faults that fired, in the order of time.
    pub atoms: Vec<Atom>,
    /// Who was cut off from whom, by the address of the partition's atom.
    pub cuts: BTreeMap<Address, Cut>,
    /// When all that a plan had begun was over, whatever it was to last: in nanoseconds, a
    /// time for each cycle that came so far.
    pub calm: Vec<u64>,
    /// Why the run is red; empty if it is green.
    pub failures: Vec<Failure>,
    /// All that happened, if it was [told](crate::Recorder::tell).
    pub story: Option<RunStory>,
    /// What the workloads did, in the order in which it began.
    pub operations: Vec<OperationRecord>,
    /// What was drawn before the run began.
    pub configuration: RunConfiguration,
}

/// What another process needs to know of a run to compare it with its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunPrint {
    /// The seed.
    pub seed: u64,
    /// The digest of all that happened.
    pub digest: Digest,
    /// Events folded into the digest.
    pub noted: u64,
    /// The digest at intervals.
    pub checkpoints: Vec<Checkpoint>,
    /// The events of a window, a line each.
    pub trace: Vec<String>,
}

impl RunRecord {
    /// Its print.
    pub fn print(&self) -> RunPrint {
        RunPrint {
            seed: self.seed,
            digest: self.digest,
            noted: self.noted,
            checkpoints: self.checkpoints.clone(),
            trace: self.trace.clone(),
        }
    }
}

impl RunPrint {
    /// The window of events in which two runs began to differ: from the last
    /// checkpoint at which they agree to the first at which they do not. [`None`] if
    /// they agree throughout.
    pub fn window_of_divergence(&self, other: &RunPrint) -> Option<(u64, u64)> {
        if self.digest == other.digest && self.noted == other.noted {
            return None;
        }
        let mut from = 0;
        for one in &self.checkpoints {
            let Some(same) = other.checkpoints.iter().find(|checkpoint| checkpoint.events == one.events) else {
                continue;
            };
            if same.digest != one.digest {
                return Some((from, one.events));
            }
            from = one.events;
        }
        Some((from, self.noted.max(other.noted)))
    }

    /// The first event in which two traces of one window differ.
    pub fn first_divergence(&self, other: &RunPrint) -> Option<Divergence> {
        let longest = self.trace.len().max(other.trace.len());
        let place = (0..longest).find(|&place| self.trace.get(place) != other.trace.get(place))?;
        let line = |trace: &[String]| trace.get(place).cloned().unwrap_or_else(|| "the run had ended".to_string());
        Some(Divergence { seed: self.seed, first: line(&self.trace), second: line(&other.trace) })
    }
}

/// Where two runs of one seed part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The seed.
    pub seed: u64,
    /// The first run's event.
    pub first: String,
    /// The second run's.
    pub second: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} is not deterministic; the first event that differs:", self.seed)?;
        writeln!(f, "    first run:  {}", self.first)?;
        write!(f, "    second run: {}", self.second)
    }
}
