//! The counts step: the engine's common paths, and small simulations, take no more
//! instructions than they may.
//!
//! What they may take stands in benches/instructions, a workspace of its own; time is
//! measured elsewhere.

use super::Outcome;
use crate::{
    program::{Program, ensure_package},
    red::Red,
    terminal::say,
    tool::Tool,
    workspace::Workspace,
};

/// Of the version that gungraun has in Cargo.lock.
const RUNNER: Tool = Tool { name: "gungraun-runner", version: "0.20.0" };

/// What a fault may cost that is switched on and never strikes, in percent.
const INERT_MOST: u64 = 10;

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    if std::env::consts::ARCH != "x86_64" {
        return Ok(Outcome::Skipped("the limits are of x86-64".to_owned()));
    }
    if !ensure_package(&["valgrind", "--version"], "valgrind", &workspace.root) {
        return Ok(Outcome::Skipped("no valgrind here (apt-get install valgrind, as root)".to_owned()));
    }
    let runner = match RUNNER.build(workspace) {
        Ok(runner) => runner,
        Err(red) => return Ok(Outcome::Skipped(red.to_string())),
    };
    // Whether a limit is exceeded is what its status says.
    let text = Program::cargo(&["bench", "--locked"], &workspace.root.join("benches/instructions"))
        .with_env("CARGO_TARGET_DIR", workspace.target.join("instructions"))
        .with_env("GUNGRAUN_RUNNER", &runner)
        .with_env("GUNGRAUN_COLOR", "never")
        .output()?;
    say(text.trim_end());
    judge_inert(&text)?;
    Ok(Outcome::Green)
}

/// Compares the timers workload with and without a fault that never strikes.
fn judge_inert(text: &str) -> Result<(), Red> {
    let (plain, inert) = (count(text, "timers")?, count(text, "timers_inert")?);
    say(format!("an inert fault costs {plain} -> {inert} instructions"));
    if inert * 100 < plain * (100 + INERT_MOST) {
        return Ok(());
    }
    Err(Red::new(format!("an inert fault costs more than {INERT_MOST} %: {plain} -> {inert} instructions")))
}

/// The instructions that `text` gives for a benchmark.
fn count(text: &str, name: &str) -> Result<u64, Red> {
    let head = format!("engine::engine::{name} ");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&head));
    let line = lines.find(|line| line.trim_start().starts_with("Instructions:"));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|counts| counts.split('|').next())
        .and_then(|count| count.parse().ok())
        .ok_or_else(|| Red::new(format!("the benchmark gives no instructions for {name}: this check is blind")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plain: u64, inert: u64, green: bool) {
        let text = format!(
            "engine::engine::timers recycled:(world())\n  Instructions:   {plain}|N/A   (*********)\n\
             engine::engine::timers_inert recycled:(world())\n  Instructions:   {inert}|{inert}  (No change)\n"
        );
        assert_eq!(judge_inert(&text).is_ok(), green, "{text}");
    }

    #[test]
    fn a_fault_that_costs_too_much_is_red() {
        check(1000, 1000, true);
        check(1000, 1099, true);
        check(1000, 1100, false);
        assert!(judge_inert("").is_err());
    }
}
