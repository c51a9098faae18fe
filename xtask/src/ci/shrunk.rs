//! The shrunk step: each planted bug is found, and its first red seed made as small as is
//! promised, minimal, the same each time, and near what was found by hand.
//!
//! What small means is said by the command, where the campaigns need it too.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let command = ["xtask", "campaign", "debugging", "--each", "1", "--replays", "10", "--no-record"];
    Program::cargo(&command, &workspace.root).run()?;
    Ok(Outcome::Green)
}
