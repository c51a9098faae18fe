//! The dependency policy step.
//!
//! The policy is deny.toml. cargo-deny is not installed here: building it takes
//! longer than all other steps together.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    if !Program::cargo(&["deny", "--version"], &workspace.root).works() {
        return Ok(Outcome::Skipped("no cargo-deny here (cargo install --locked cargo-deny)".to_owned()));
    }
    Program::cargo(&["deny", "check", "bans", "licenses", "sources"], &workspace.root).run()?;
    Ok(Outcome::Green)
}
