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
    // Workspaces of their own. The counts step builds the first one's crates into the same folder: 48 s
    // of a core where nothing is there yet, 1 s where nothing changed.
    lint(&["--all-targets"], "instructions", workspace)?;
    // The other simulators' programs would take a build of them all; ours takes 18 s of a core.
    lint(&["--package", "peer-wavetank", "--package", "peer-common", "--all-targets"], "peers", workspace)?;
    Ok(Outcome::Green)
}

/// Lints what is chosen of a workspace in `benches`, into a target folder of its name.
fn lint(choice: &[&str], bench: &str, workspace: &Workspace) -> Result<(), Red> {
    let arguments = [&["clippy", "--locked"][..], choice, &["--", "-D", "warnings"]].concat();
    Program::cargo(&arguments, &workspace.root.join("benches").join(bench))
        .with_env("CARGO_TARGET_DIR", workspace.target.join(bench))
        .run()
}
