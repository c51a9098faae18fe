//! The lint step.
//!
//! What is linted against stands in Cargo.toml and clippy.toml.

use super::{Outcome, format::ensure_component};
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    ensure_component("clippy", "clippy", workspace)?;
    // All features: planted bugs and optional parts are code too.
    let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
    Program::cargo(&arguments, &workspace.root).run()?;
    Ok(Outcome::Green)
}
