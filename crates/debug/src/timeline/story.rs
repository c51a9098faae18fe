//! What is told beside the trace: how the failure came about in a few lines, and how to
//! see it again. Whoever shrinks and checks writes it; all of it may be absent.

use super::history::History;
use serde::{Deserialize, Serialize};

/// What the page says first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// The planted bug that was chosen.
    pub bug: Option<String>,
    /// The line that reproduces the run, to copy.
    pub command: Option<String>,
    /// How it came about, a step a line, in plain words.
    pub recipe: Vec<String>,
    /// Histories that no order explains.
    pub histories: Vec<History>,
}
