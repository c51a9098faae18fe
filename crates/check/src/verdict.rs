//! What a check says. Why a history is no good is in [`Violation`].

use crate::violation::Violation;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a verdict that nobody reads finds nothing"]
pub enum Verdict {
    /// The history is linearizable.
    Linearizable {
        /// How many configurations were reached.
        explored: u64,
    },
    /// The history is not linearizable.
    Violation(Box<Violation>),
    /// The limit was reached before that was known.
    Unknown {
        /// How many configurations were reached.
        explored: u64,
    },
}

impl Verdict {
    /// Whether the history is known to be linearizable.
    pub fn is_linearizable(&self) -> bool {
        matches!(self, Verdict::Linearizable { .. })
    }

    /// The violation, if there is one.
    pub fn violation(&self) -> Option<&Violation> {
        match self {
            Verdict::Violation(violation) => Some(violation),
            Verdict::Linearizable { .. } | Verdict::Unknown { .. } => None,
        }
    }

    /// The verdict as a test wants it: what is not known to be linearizable is an error,
    /// for a check that gives up proves nothing.
    ///
    /// # Errors
    /// Unless the history is linearizable; in words.
    pub fn into_result(self) -> Result<(), String> {
        if self.is_linearizable() { Ok(()) } else { Err(self.to_string()) }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Linearizable { explored } => write!(f, "linearizable ({explored} configurations)"),
            Verdict::Violation(violation) => violation.fmt(f),
            Verdict::Unknown { explored } => write!(
                f,
                "not known to be linearizable: the check gave up after {explored} configurations; \
                 raise the limit, or let fewer operations of one part overlap or stay unanswered"
            ),
        }
    }
}
