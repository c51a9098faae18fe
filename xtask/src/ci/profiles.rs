//! The profiles step: what must hold optimised as well, or not at all. Digests are the same, planted
//! points behave as documented, and planted bugs, which only a feature compiles in,
//! are found.

use std::fs;

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

const RUNS: &[&[&str]] = &[
    // Of the whole workspace, so that all they depend on has the features, and is the build, of
    // the sweep step.
    &["test", "--profile", "sim", "--workspace", "--test", "digests"],
    &[
        "test",
        "--profile",
        "sim",
        "--workspace",
        "--features",
        "counter/bugs,kv/bugs,ping-pong/bugs",
        "--test",
        "simulation",
        "--test",
        "minimum",
    ],
    // Plain release: there an `always_assert!` outside of a simulation evaluates nothing.
    &["test", "--release", "-p", "wavetank-probe", "--tests"],
    &["test", "--release", "-p", "wavetank-engine", "--test", "engine"],
];

/// With nothing optimised at all, as in the tests of who depends on us. Of the whole workspace, as
/// the tests are.
const PLAIN: &[&[&str]] = &[&["--workspace", "--test", "digests"], &["--workspace", "--test", "engine", "recycled"]];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    for run in RUNS {
        Program::cargo(run, &workspace.root).run()?;
    }
    let plain = plain(workspace)?;
    for run in PLAIN {
        let words: Vec<&str> =
            ["test"].into_iter().chain(plain.iter().map(String::as_str)).chain(run.iter().copied()).collect();
        Program::cargo(&words, &workspace.root).run()?;
    }
    Ok(Outcome::Green)
}

/// What takes back that the workspace's own crates are optimised in `[profile.dev]`. All that
/// they depend on is not, and need not be built again.
fn plain(workspace: &Workspace) -> Result<Vec<String>, Red> {
    let manifest = workspace.root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| Red::new(format!("{}: {error}", manifest.display())))?;
    let optimised = text.lines().filter_map(|line| line.strip_prefix("[profile.dev.package.")?.strip_suffix(']'));
    let words: Vec<String> =
        optimised.flat_map(|name| ["--config".to_owned(), format!("profile.dev.package.{name}.opt-level=0")]).collect();
    if words.is_empty() {
        return Err(Red::new("no crate is optimised in [profile.dev]: this check repeats what the tests have seen"));
    }
    Ok(words)
}
