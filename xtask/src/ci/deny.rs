//! The dependency policy step.
//!
//! The policy is deny.toml.

use super::Outcome;
use crate::{program::Program, red::Red, tool::Tool, workspace::Workspace};

/// What is built where there is none.
const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let check = |program: &str, first: &[&str]| {
        let arguments = [first, &["check", "bans", "licenses", "sources"]].concat();
        Program::new(program, &arguments, &workspace.root).run().map(|()| Outcome::Green)
    };
    if Program::cargo(&["deny", "--version"], &workspace.root).works() {
        return check("cargo", &["deny"]);
    }
    match CARGO_DENY.build(workspace) {
        Ok(program) => check(&program.display().to_string(), &[]),
        Err(red) => Ok(Outcome::Skipped(red.to_string())),
    }
}
