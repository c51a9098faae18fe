//! The test step: the very command that the README gives.
//!
//! Doc tests are part of it and not run twice.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    Program::cargo(&["test", "--workspace"], &workspace.root).run()?;
    Ok(Outcome::Green)
}
