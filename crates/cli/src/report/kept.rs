//! What became of a failure that was kept, when it was run again before a sweep.

use crate::terminal::Paint;
use serde::{Deserialize, Serialize};
use wavetank_debug::corpus::CLEAN_REVISIONS;

/// What begins the line with one that is run again, and that with what became of it: the
/// program under test may print, too.
const AGAIN: &str = "wavetank-again:";
const DONE: &str = "wavetank-kept:";

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
    /// That it is run again, as one line: nobody else tells of it, if it ends the process.
    pub(crate) fn to_begin(&self) -> String {
        format!("{AGAIN}{}\n", self.to_json())
    }

    /// The report as one line, for the process that asked for it.
    pub(crate) fn to_line(&self) -> String {
        format!("{DONE}{}\n", self.to_json())
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report has nothing that JSON lacks")
    }

    /// One that is run again, in a line that may hold other output before it.
    pub(crate) fn from_begin(line: &str) -> Option<(&str, KeptReport)> {
        from(AGAIN, line)
    }

    /// The report in such a line.
    pub(crate) fn from_line(line: &str) -> Option<(&str, KeptReport)> {
        from(DONE, line)
    }

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

fn from<'a>(mark: &str, line: &'a str) -> Option<(&'a str, KeptReport)> {
    let (before, json) = line.split_once(mark)?;
    Some((before, serde_json::from_str(json.trim_end()).ok()?))
}
