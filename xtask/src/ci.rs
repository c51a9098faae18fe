//! `cargo xtask ci`: every check that a change has to pass, one after the other.
//!
//! What a step checks is in its own file; the order and the clock are here.

mod alone;
mod browser;
mod chromium;
mod clippy;
mod deny;
mod docs;
mod format;
mod guide;
mod house;
mod instructions;
mod layers;
mod lean;
mod locks;
mod memory;
mod nix;
mod picture;
mod profiles;
mod shrunk;
mod sweep;
mod tests;

use std::{
    ffi::OsString,
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    misuse,
    red::Red,
    terminal::{complain, say},
    workspace::Workspace,
};

/// How a step ended that is not red.
enum Outcome {
    Green,
    /// Not run, because this machine lacks something that we may not install. Where every
    /// change is judged that is red: what nobody looked at was not checked.
    Skipped(String),
}

/// One check.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<Outcome, Red>,
}

/// All of them, the quick ones first.
const STEPS: &[Step] = &[
    Step { name: "format", about: "rustfmt changes nothing", run: format::step },
    Step { name: "house", about: "house rules that no compiler knows", run: house::step },
    Step { name: "layers", about: "arrows between crates point down only", run: layers::step },
    Step { name: "nix", about: "flake.nix evaluates, offline, against a stub", run: nix::step },
    Step { name: "deny", about: "bans, licences and sources of what we depend on", run: deny::step },
    Step { name: "clippy", about: "no warning, nothing nondeterministic", run: clippy::step },
    Step { name: "tests", about: "the README's own command, doc tests included", run: tests::step },
    Step { name: "sweep", about: "the main job: every target, 1,000 seeds, green", run: sweep::step },
    Step { name: "guide", about: "the walk from a red sweep to the fix does what its page says", run: guide::step },
    Step { name: "profiles", about: "the same digests optimised, and planted bugs found", run: profiles::step },
    Step { name: "shrunk", about: "each planted bug made as small as is promised", run: shrunk::step },
    Step { name: "counts", about: "no common path of engine and harness takes more of them", run: instructions::step },
    Step { name: "memory", about: "unsafe code under AddressSanitizer", run: memory::step },
    Step { name: "browser", about: "timelines opened in Chromium and used with keys", run: browser::step },
    Step { name: "docs", about: "documentation without warnings", run: docs::step },
    Step { name: "lean", about: "production builds contain no simulator", run: lean::step },
    Step { name: "alone", about: "crates used one by one, outside the workspace", run: alone::step },
];

/// `ci [--list] [STEP ...]`: all steps, or those named. Status 1 with the first red
/// step's name, 2 for a wrong call. With `CI` in the environment a step that is skipped is red.
pub(crate) fn command(arguments: &[OsString]) -> ExitCode {
    if arguments.iter().any(|word| word == "--help" || word == "-h") {
        say(
            "usage: cargo xtask ci [--list] [STEP ..]\n\nevery step, or those named; one after the other, until one is red:\n",
        );
    }
    if arguments.iter().any(|word| word == "--list" || word == "--help" || word == "-h") {
        STEPS.iter().for_each(|step| say(format!("{:<8} {}", step.name, step.about)));
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = arguments.iter().find(|word| !STEPS.iter().any(|step| *word == step.name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return misuse(&format!("ci has no step {unknown:?}; known: {}", known.join(", ")));
    }
    let chosen = STEPS.iter().filter(|step| arguments.is_empty() || arguments.iter().any(|word| word == step.name));
    match Workspace::read() {
        Ok(workspace) => run(&workspace, chosen),
        Err(red) => {
            complain(format!("xtask: {red}"));
            ExitCode::FAILURE
        }
    }
}

fn run(workspace: &Workspace, steps: impl Iterator<Item = &'static Step>) -> ExitCode {
    let mut lines = Vec::new();
    let mut total = Duration::ZERO;
    let mut red = None;
    let is_judging = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    for step in steps {
        say(format!("== {}: {}", step.name, step.about));
        let start = Instant::now();
        let result = judged((step.run)(workspace), is_judging);
        let took = start.elapsed();
        total += took;
        let (word, note) = match result {
            Ok(Outcome::Green) => ("green", String::new()),
            Ok(Outcome::Skipped(reason)) => ("SKIPPED", format!(": {reason}")),
            Err(findings) => {
                complain(findings);
                red = Some(step.name);
                ("RED", String::new())
            }
        };
        lines.push(format!("{:>6.2} min  {:<8} {word}{note}", minutes(took), step.name));
        if red.is_some() {
            break;
        }
    }
    say("== minutes");
    for line in lines {
        say(line);
    }
    say(format!("{:>6.2} min  in all", minutes(total)));
    match red {
        Some(name) => {
            complain(format!("xtask: ci is red at step {name}; again: cargo xtask ci {name}"));
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

/// How a step ended, by the one rule for all that was skipped.
fn judged(result: Result<Outcome, Red>, is_judging: bool) -> Result<Outcome, Red> {
    match result {
        Ok(Outcome::Skipped(reason)) if is_judging => {
            Err(Red::new(format!("skipped, which is red where CI is set: {reason}")))
        }
        other => other,
    }
}

fn minutes(duration: Duration) -> f64 {
    duration.as_secs_f64() / 60.0
}

#[cfg(test)]
mod skipping {
    use super::*;

    #[test]
    fn what_is_skipped_is_red_where_every_change_is_judged() {
        let skipped = || Ok(Outcome::Skipped("no nix-instantiate here".to_owned()));
        assert!(matches!(judged(skipped(), false), Ok(Outcome::Skipped(_))));
        let red = judged(skipped(), true).map(|_| ()).expect_err("nobody looked").to_string();
        assert!(red.contains("no nix-instantiate here"), "{red}");
        assert!(matches!(judged(Ok(Outcome::Green), true), Ok(Outcome::Green)));
    }
}
