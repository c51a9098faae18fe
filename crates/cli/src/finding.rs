//! A red run, told as soon as it has ended: what is kept although a later run may end
//! the process. Counting and grouping is the report's business.

use serde::{Deserialize, Serialize};
use wavetank_harness::{Failure, FinishedRun};

/// What begins a line with a finding: the program under test may print, too.
const MARK: &str = "wavetank-red:";

/// One red run. With `--out` each is a line of `<simulation>.red.jsonl`, written at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What `sweep` and `replay` call the simulation.
    pub simulation: String,
    /// The planted bug that was switched on.
    pub bug: Option<String>,
    /// The seed.
    pub seed: u64,
    /// What was wrong, at least one thing.
    pub failures: Vec<FoundFailure>,
    /// The line that runs the seed again.
    pub reproduce: String,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFailure {
    /// What it has in common with others: kind, place, and message without numbers.
    pub signature: String,
    /// What the run said.
    pub message: String,
}

impl From<&Failure> for FoundFailure {
    fn from(failure: &Failure) -> FoundFailure {
        FoundFailure { signature: failure.signature().to_string(), message: failure.to_string() }
    }
}

impl Finding {
    pub(crate) fn new(simulation: &str, suffix: &str, bug: Option<&str>, run: &FinishedRun<'_>) -> Finding {
        Finding {
            simulation: simulation.to_string(),
            bug: bug.map(str::to_string),
            seed: run.seed,
            failures: run.failures.iter().map(FoundFailure::from).collect(),
            reproduce: reproduce_line(simulation, run.seed, suffix),
        }
    }

    /// The finding as one line, for the process that asked for it.
    pub(crate) fn to_line(&self) -> String {
        format!("{MARK}{}\n", self.to_json())
    }

    /// The finding in a line that may hold other output before it.
    pub(crate) fn from_line(line: &str) -> Option<(&str, Finding)> {
        let (before, json) = line.split_once(MARK)?;
        Some((before, serde_json::from_str(json.trim_end()).ok()?))
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a finding has nothing that JSON lacks")
    }

    /// What is told of it while the sweep goes on.
    pub(crate) fn headline(&self) -> String {
        let first = self.failures.first().and_then(|failure| failure.message.lines().next()).unwrap_or_default();
        format!("{} seed {}: {first}", self.simulation, self.seed)
    }
}

/// The line that runs a seed of a simulation again.
pub(crate) fn reproduce_line(simulation: &str, seed: impl std::fmt::Display, suffix: &str) -> String {
    format!("cargo xtask replay {simulation} --seed {seed}{suffix}")
}
