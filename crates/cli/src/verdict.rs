//! How a command ended, and the exit code that says so. Why is in its report.

use crate::trouble::Trouble;
use std::process::ExitCode;

/// The end of a command that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is red.
    Green,
    /// Something is.
    Red,
    /// Nothing was red until somebody interrupted.
    Interrupted,
}

/// The exit code for misuse and infrastructure. It goes before that of red: who hears 1 may
/// rely on it that all was run, and told. What is red is in the report all the same.
pub(crate) const TROUBLE: u8 = 2;
/// The exit code of a command that was interrupted and had found nothing red.
pub(crate) const INTERRUPTED: u8 = 130;

impl Verdict {
    /// Of two verdicts the one that matters: red before interrupted before green.
    pub(crate) fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Red, _) | (_, Verdict::Red) => Verdict::Red,
            (Verdict::Interrupted, _) | (_, Verdict::Interrupted) => Verdict::Interrupted,
            _ => Verdict::Green,
        }
    }

    fn code(self) -> u8 {
        match self {
            Verdict::Green => 0,
            Verdict::Red => 1,
            Verdict::Interrupted => INTERRUPTED,
        }
    }
}

/// The exit code of a command, after its trouble was told in one line: trouble before red
/// before interrupted.
pub(crate) fn exit(result: Result<Verdict, Trouble>) -> ExitCode {
    ExitCode::from(code(result))
}

/// As [`exit`], as a number.
pub(crate) fn code(result: Result<Verdict, Trouble>) -> u8 {
    match result {
        Ok(verdict) => verdict.code(),
        Err(trouble) => {
            trouble.tell();
            TROUBLE
        }
    }
}
