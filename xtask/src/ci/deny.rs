//! The dependency policy step.
//!
//! The policy is deny.toml.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let check = |program: &str, first: &[&str]| {
        let arguments = [first, &["check", "bans", "licenses", "sources"]].concat();
        Program::new(program, &arguments, &workspace.root).run().map(|()| Outcome::Green)
    };
    if Program::cargo(&["deny", "--version"], &workspace.root).works() {
        return check("cargo", &["deny"]);
    }
    // Built once, in two minutes, and kept with what else cargo built here.
    let tools = workspace.target.join("tools");
    let own = tools.join("bin/cargo-deny").display().to_string();
    if !Program::new(&own, &["--version"], &workspace.root).works() {
        println!("cargo-deny is missing; building it into {}", tools.display());
        let (root, version) = (tools.display().to_string(), format!("cargo-deny@{VERSION}"));
        if let Err(red) =
            Program::cargo(&["install", "--quiet", "--locked", "--root", &root, &version], &workspace.root).run()
        {
            return Ok(Outcome::Skipped(format!("cargo-deny cannot be built here: {red}")));
        }
    }
    check(&own, &[])
}
