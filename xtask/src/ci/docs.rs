//! The documentation step.
//!
//! Examples in the documentation are the test step's.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked"];
    Program::cargo(&arguments, &workspace.root).with_env("RUSTDOCFLAGS", "-D warnings").run()?;
    Ok(Outcome::Green)
}
