//! Why a check is red, in lines for a reader.
//!
//! It decides nothing: every finding of this crate ends the step that made it.

use std::fmt;

/// What was found wrong; at least one line.
#[derive(Debug)]
pub(crate) struct Red {
    lines: Vec<String>,
}

impl Red {
    /// A finding of one line.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Red { lines: vec![line.into()] }
    }

    /// Green if there is no finding.
    pub(crate) fn unless_empty(findings: Vec<String>) -> Result<(), Red> {
        if findings.is_empty() { Ok(()) } else { Err(Red { lines: findings }) }
    }
}

impl fmt::Display for Red {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}
