//! The formatting step.
//!
//! It changes no file; `cargo fmt --all` does.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    ensure_component("fmt", "rustfmt", workspace)?;
    Program::cargo(&["fmt", "--all", "--check"], &workspace.root).run()?;
    for apart in ["benches/instructions", "benches/peers"] {
        Program::cargo(&["fmt", "--all", "--check"], &workspace.root.join(apart)).run()?;
    }
    Ok(Outcome::Green)
}

/// Installs a component of the toolchain where `cargo <command>` lacks it: the
/// toolchain file asks for none, so that whoever only uses the crates gets none.
pub(super) fn ensure_component(command: &str, component: &str, workspace: &Workspace) -> Result<(), Red> {
    if Program::cargo(&[command, "--version"], &workspace.root).works() {
        return Ok(());
    }
    Program::new("rustup", &["component", "add", component], &workspace.root).run()
}
