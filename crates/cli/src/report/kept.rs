//! What became of a failure that was kept, when it was run again before a sweep.

use crate::terminal::Paint;
use serde::{Deserialize, Serialize};
use wavetank_debug::corpus::CLEAN_REVISIONS;

/// A kept failure that was run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReport {
    /// Its folder's name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// What it failed with this time, if it did.
    pub failure: Option<String>,
    /// In how many revisions it has been green since.
    pub clean: usize,
    /// Whether that was often enough, and it is gone.
    pub retired: bool,
    /// The line that runs it again.
    pub reproduce: String,
}

impl KeptReport {
    /// The report in a line or two.
    pub(crate) fn painted(&self, paint: Paint) -> String {
        let KeptReport { name, seed, clean, .. } = self;
        match &self.failure {
            Some(failure) => {
                let first = failure.lines().next().unwrap_or_default();
                let red = paint.red("RED");
                format!("  {red} as before, seed {seed}: {first}\n    reproduce: {}\n", self.reproduce)
            }
            None if self.retired => format!("  retired: {name}, green in {CLEAN_REVISIONS} revisions\n"),
            None => format!("  green again: {name}, in {clean} of {CLEAN_REVISIONS} revisions until it retires\n"),
        }
    }
}
