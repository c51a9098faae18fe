//! House rules that no compiler knows and that a look at the files settles.
//!
//! The rest of the house style is for readers to judge.

use std::fs;

use super::{Outcome, locks};
use crate::{program::Program, red::Red, workspace::Workspace};

/// The README's two commands: one to see it work, one to test it.
const README_COMMANDS: &[&str] = &["cargo xtask sweep", "cargo test --workspace"];

/// File names that name no noun.
const NOUNLESS: &[&str] = &["utils.rs", "util.rs", "helpers.rs", "misc.rs", "types.rs", "common.rs"];

/// What no file of ours may contain, each with the reason. Put together, so that this
/// file does not contain it either.
const BANNED: &[(&str, &str)] = &[
    (concat!("..", "/shared"), "the project stands alone"),
    (concat!("#[ign", "ore"), "a test that is not run is no test"),
    (concat!("tod", "o!("), "what is not there yet says so with an error"),
    (concat!("unimplem", "ented!("), "what is not there yet says so with an error"),
    (concat!("db", "g!("), "left over from debugging"),
    (concat!("<<<<", "<<< "), "left over from a merge"),
];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let mut found = Vec::new();
    let files = Program::new("git", &["ls-files", "-z"], &workspace.root).output()?;
    // A file may be deleted and not yet committed as such.
    let files = files.split('\0').filter(|place| !place.is_empty() && workspace.root.join(place).is_file());
    for place in files {
        // What is not text has no words to check.
        if let Ok(text) = fs::read_to_string(workspace.root.join(place)) {
            found.extend(in_file(place, &text));
        }
    }
    for package in &workspace.packages {
        let place = workspace.place(package);
        let manifest = fs::read_to_string(&package.manifest_path).unwrap_or_default();
        if !manifest.replace(' ', "").contains("[lints]\nworkspace=true") {
            found.push(format!("{place}/Cargo.toml: [lints] workspace = true is missing"));
        }
        if place != "xtask" && !package.folder().join("README.md").exists() {
            found.push(format!("{place}: no README.md"));
        }
    }
    let readme = fs::read_to_string(workspace.root.join("README.md")).unwrap_or_default();
    let lacking = README_COMMANDS.iter().filter(|command| !readme.contains(**command));
    found.extend(lacking.map(|command| format!("README.md: does not show `{command}`")));
    found.extend(locks::stale(workspace));
    Red::unless_empty(found)?;
    Ok(Outcome::Green)
}

fn in_file(place: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name = place.rsplit('/').next().unwrap_or(place);
    if NOUNLESS.contains(&name) {
        found.push(format!("{place}: a file is named by its noun"));
    }
    let is_ours = (place.starts_with("crates/") || place.starts_with("systems/") || place.starts_with("xtask/"))
        && place.contains("/src/")
        && place.ends_with(".rs");
    // A README or a page may say it in the file's stead.
    if is_ours && !text.starts_with("//!") && !text.starts_with("#![doc = include_str!(") {
        found.push(format!("{place}: begins without a //! that says what the file owns"));
    }
    for (at, line) in text.lines().enumerate() {
        for (banned, reason) in BANNED.iter().filter(|(banned, _)| line.contains(banned)) {
            found.push(format!("{place}:{}: {banned} ({reason})", at + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, text: &str, expected: usize) {
        assert_eq!(in_file(place, text).len(), expected, "{place}: {text}");
    }

    #[test]
    fn each_rule_is_seen_broken() {
        check("crates/engine/src/queue.rs", "//! Owns the queue.\n", 0);
        check("crates/engine/src/queue.rs", "struct Queue;\n", 1);
        check("crates/engine/src/utils.rs", "//! Owns nothing.\n", 1);
        check("benches/peers/common/src/lib.rs", "struct Queue;\n", 0);
        for (banned, _) in BANNED {
            check("docs/guide.md", &format!("one line\nand {banned} here\n"), 1);
        }
    }
}
