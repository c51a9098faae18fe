//! The flake step: flake.nix is evaluated, not built.
//!
//! What that leaves untested is said in docs/nix.md.

use super::Outcome;
use crate::{
    program::{Program, ensure_package},
    red::Red,
    terminal::say,
    workspace::Workspace,
};

/// A shell that the flake must offer.
struct Shell {
    name: &'static str,
    /// What it must contain everywhere.
    packages: &'static [&'static str],
    /// What it must contain besides where there is Linux.
    on_linux: &'static [&'static str],
}

const SHELLS: &[Shell] = &[
    Shell {
        name: "default",
        packages: &["rustup", "git", "cargo-nextest", "cargo-deny", "python3"],
        on_linux: &["valgrind"],
    },
    // What steps install with apt-get where they may.
    Shell { name: "ci", packages: &["rustup", "git"], on_linux: &["chromium", "nodejs", "valgrind"] },
];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    if !ensure_package(&["nix-instantiate", "--version"], "nix-bin", &workspace.root) {
        return Ok(Outcome::Skipped("no nix-instantiate here (apt-get install nix-bin, as root)".to_owned()));
    }
    // The dummy store keeps nothing: evaluating needs no store, and no daemon.
    let arguments = ["--eval", "--strict", "--json", "--store", "dummy://", "nix/check.nix"];
    let text = Program::new("nix-instantiate", &arguments, &workspace.root).output()?;
    Red::unless_empty(missing(&text)?)?;
    say(format!("the shells evaluate: {}", text.trim()));
    Ok(Outcome::Green)
}

/// What the evaluated flake, as JSON, lacks of [`SHELLS`] on any system.
fn missing(text: &str) -> Result<Vec<String>, Red> {
    let systems: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Vec<String>>> =
        serde_json::from_str(text).map_err(|error| Red::new(format!("nix/check.nix: {error} in {text}")))?;
    let mut found = Vec::new();
    if !systems.contains_key("x86_64-linux") {
        found.push("flake.nix: no shells for x86_64-linux".to_owned());
    }
    for (system, shells) in &systems {
        for Shell { name: shell, packages, on_linux } in SHELLS {
            let Some(present) = shells.get(*shell) else {
                found.push(format!("flake.nix: no devShells.{system}.{shell}"));
                continue;
            };
            let beside = if system.ends_with("-linux") { *on_linux } else { &[] };
            let lacking = packages.iter().chain(beside).filter(|package| !present.iter().any(|name| name == *package));
            found.extend(lacking.map(|package| format!("flake.nix: devShells.{system}.{shell} lacks {package}")));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: usize) {
        assert_eq!(missing(text).expect("it is JSON").len(), expected, "{text}");
    }

    #[test]
    fn what_a_flake_lacks_is_named() {
        let full = r#""default": ["rustup", "git", "cargo-nextest", "cargo-deny", "python3", "valgrind"]"#;
        let judging = r#""ci": ["rustup", "git", "chromium", "nodejs", "valgrind"]"#;
        check(&format!(r#"{{"x86_64-linux": {{{full}, {judging}}}}}"#), 0);
        check(&format!(r#"{{"x86_64-linux": {{{full}, "ci": ["rustup", "git"]}}}}"#), 3);
        let elsewhere = format!(r#""aarch64-darwin": {{{full}, "ci": ["rustup", "git"]}}"#);
        check(&format!(r#"{{"x86_64-linux": {{{full}, {judging}}}, {elsewhere}}}"#), 0);
        check(&format!(r#"{{"x86_64-linux": {{{full}}}}}"#), 1);
        check(&format!(r#"{{"x86_64-linux": {{{full}, "ci": ["git"]}}}}"#), 4);
        check("{}", 1);
        assert!(missing("no JSON").is_err());
    }
}
