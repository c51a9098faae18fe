//! The dependency policy step.
//!
//! The policy is deny.toml.

use super::Outcome;
use crate::{program::Program, red::Red, tool::Tool, workspace::Workspace};

/// What is built where there is none.
const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// The workspaces that it holds for. It does not for the comparison with other simulators:
/// nothing of ours depends on that, and each of the 480 packages that they bring would have to
/// be fetched for nothing but this look at it.
const FOLDERS: &[&str] = &[".", "benches/instructions"];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let policy = workspace.root.join("deny.toml").display().to_string();
    let check = |program: &str, first: &[&str]| {
        for folder in FOLDERS {
            let arguments = [first, &["--config", &policy, "check", "bans", "licenses", "sources"]].concat();
            Program::new(program, &arguments, &workspace.root.join(folder)).run()?;
        }
        Ok(Outcome::Green)
    };
    if Program::cargo(&["deny", "--version"], &workspace.root).works() {
        return check("cargo", &["deny"]);
    }
    match CARGO_DENY.build(workspace) {
        Ok(program) => check(&program.display().to_string(), &[]),
        Err(red) => Ok(Outcome::Skipped(red.to_string())),
    }
}
