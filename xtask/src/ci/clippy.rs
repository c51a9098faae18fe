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
    // A workspace of its own, into the folder where the counts step builds it: 48 s of a core
    // where nothing is there yet, 1 s where nothing changed. The comparison with other
    // simulators is not linted: it would take a build of them all.
    let arguments = ["clippy", "--all-targets", "--locked", "--", "-D", "warnings"];
    Program::cargo(&arguments, &workspace.root.join("benches/instructions"))
        .with_env("CARGO_TARGET_DIR", workspace.target.join("instructions"))
        .run()?;
    Ok(Outcome::Green)
}
