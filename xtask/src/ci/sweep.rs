//! The sweep step: the main job, as the README gives it. Planted bugs are not compiled in
//! here: that each is found is seen by the profiles step, and by the shrunk step.
//!
//! What a sweep says is the command line's business; here only its status counts.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    Program::cargo(&["xtask", "sweep"], &workspace.root).run()?;
    Ok(Outcome::Green)
}
