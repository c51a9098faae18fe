//! The sweep step: the main job, as the README gives it, and each planted bug found
//! by it.
//!
//! What a sweep says is the command line's business; here only its status counts.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    Program::cargo(&["xtask", "sweep"], &workspace.root).run()?;
    Ok(Outcome::Green)
}
