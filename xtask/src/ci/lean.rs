//! The lean-tree step: a production build of a system contains no simulator.
//!
//! What a system's tests may use is the table of layers' business.

use super::Outcome;
use crate::{layers::is_simulator, program::Program, red::Red, terminal::say, workspace::Workspace};

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    // What must be seen is looked for first: a look that sees nothing proves nothing.
    if simulators(&tree(workspace, "wavetank-harness")?).is_empty() {
        return Err(Red::new("the tree of wavetank-harness shows no simulator: this check is blind"));
    }
    let mut found = Vec::new();
    let mut systems = 0;
    for package in workspace.packages.iter().filter(|package| workspace.place(package).starts_with("systems/")) {
        systems += 1;
        let inside = simulators(&tree(workspace, &package.name)?);
        found.extend(inside.iter().map(|name| format!("a production build of {} contains {name}", package.name)));
    }
    Red::unless_empty(found)?;
    if systems == 0 {
        return Err(Red::new("there is no system whose production build could be looked at"));
    }
    say(format!("{systems} systems, no simulator in their production builds"));
    Ok(Outcome::Green)
}

fn tree(workspace: &Workspace, package: &str) -> Result<String, Red> {
    let arguments = ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--package", package];
    Program::cargo(&arguments, &workspace.root).output()
}

/// The crates of the simulator in `tree`, each line of which begins with a name.
fn simulators(tree: &str) -> Vec<String> {
    let mut names: Vec<String> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| is_simulator(name))
        .map(ToOwned::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulator_is_seen_in_a_tree() {
        let lean = "counter v0.1.0 (/w/systems/counter)\nwavetank-core v0.1.0 (/w/crates/core)\ntokio v1.54.1\n";
        assert!(simulators(lean).is_empty());
        let fat = format!("{lean}wavetank-engine v0.1.0 (/w/crates/engine)\nwavetank-harness v0.1.0 (*)\n");
        assert_eq!(simulators(&fat), ["wavetank-engine", "wavetank-harness"]);
    }
}
