//! The profiles step: what must hold optimised as well, or not at all. Digests are the same, planted
//! points behave as documented, and planted bugs, which only a feature compiles in,
//! are found.

use super::Outcome;
use crate::{program::Program, red::Red, workspace::Workspace};

const RUNS: &[&[&str]] = &[
    // In the profile of the sweeps, whose build the sweep step needs anyway.
    &["test", "--profile", "sim", "-p", "wavetank-harness", "--test", "digests"],
    // With nothing optimised at all, as in the tests of who depends on us.
    &["test", "--profile", "plain", "-p", "wavetank-harness", "--test", "digests"],
    &["test", "--profile", "plain", "-p", "wavetank-engine", "--test", "engine", "recycled"],
    // All at once, as `shrunk` builds them: what they depend on is then built once.
    &[
        "test",
        "--profile",
        "sim",
        "--package",
        "counter",
        "--package",
        "kv",
        "--package",
        "ping-pong",
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

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    for run in RUNS {
        Program::cargo(run, &workspace.root).run()?;
    }
    Ok(Outcome::Green)
}
