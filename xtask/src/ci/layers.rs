//! The layer step.
//!
//! The rules are in the module `layers` of this crate; `cargo test` checks them too.

use super::Outcome;
use crate::{layers, red::Red, terminal::say, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    Red::unless_empty(layers::violations(workspace)?)?;
    say(format!("{} packages, no violation", workspace.packages.len()));
    Ok(Outcome::Green)
}
