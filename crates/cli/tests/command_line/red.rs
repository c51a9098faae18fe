//! Every way in which a run can be red, and that the line it prints shows the same again.

use crate::shell::{folder, run};
use std::fs;

/// A simulation is red, says so, and the line that it prints shows the same again.
fn check_red(simulation: &str, words: &[&str]) {
    let swept = run(&format!("cargo xtask sweep {simulation} --seeds 40 --profile dev")).expect(1, words);
    assert!(swept.out.contains("  RED seed "), "{}", swept.out);
    assert!(swept.out.ends_with(&format!("40 seeds, RED: {simulation}\n")), "{}", swept.out);
    let again = swept.reproduce_line();
    assert!(again.starts_with(&format!("cargo xtask replay {simulation} --seed ")), "{again}");
    run(&again).expect(1, words);
}

#[test]
fn slow_judgements_are_red() {
    check_red("red/panic", &["panicked at systems/fixtures/tests/red/judged.rs:", "the client drew the short straw"]);
    check_red("red/factory-panic", &["a factory of the simulation panicked", "the server cannot be made"]);
    check_red("red/workload-error", &["client returned an error: the answer is late"]);
    check_red("red/process-error", &["server returned an error: the disk is on fire"]);
    check_red("red/swallowed-assertion", &["client violated", "nothing is sold twice", "sold=2"]);
    check_red(
        "red/unreachable",
        &["client violated", "\"a second has passed\" (unreachable, systems/fixtures/tests/red/"],
    );
    check_red("red/injector", &["returned an error: the fuse is wet"]);
    check_red("red/check", &["auditor returned an error: the till is short"]);
    check_red("red/not-live", &["the server answers"]);
    check_red("red/checker", &["checker `the books balance`: 2 seconds are booked, and 1 was worked"]);
    check_red("red/invariant", &["invariant `stock` does not hold: 4 are sold of 3"]);
}

#[test]
fn slow_a_rare_failure_behind_common_ones_is_told_with_its_seed() {
    let out = folder("rare");
    let line = format!("cargo xtask sweep red/rare --seeds 2600 --no-shrink --profile dev --out {}", out.display());
    let words = ["RED seed 0 (2,599 times): ", "RED seed 2500: client returned an error: the dam is cracked"];
    let swept = run(&line).expect(1, &words);
    assert!(swept.out.contains("reproduce: cargo xtask replay red/rare --seed 2500 "), "{}", swept.out);
    assert!(swept.err.contains("RED red/rare seed 2500: "), "told at once:\n{}", swept.err);
    let lines = fs::read_to_string(out.join("red.rare.red.jsonl")).expect("written as they were found");
    assert!(lines.lines().count() < 2_600 && lines.contains("the dam is cracked"), "{}", lines.lines().count());
}

#[test]
fn slow_runs_without_an_end_are_red() {
    let who_waits = [
        "deadlock",
        "task `task` of client (incarnation 1), spawned at systems/fixtures/tests/red/stuck.rs:",
        "waits for a connection to accept (0.0.0.0:80)",
        "waits for the end of task `task`",
    ];
    check_red("red/deadlock", &who_waits);
    check_red("red/event-limit", &["100 events fired (Limits::events)"]);
    check_red("red/poll-limit", &["100 polls were made (Limits::polls)"]);
    check_red("red/time-limit", &["10.0 s of virtual time passed (Limits::time)"]);
    check_red("red/livelock", &["1000 polls were made while time stood still"]);
}

#[test]
fn slow_two_deadlocks_of_one_task_are_two() {
    let swept =
        run("cargo xtask sweep red/deadlocks --seeds 20 --jobs 1 --no-shrink --profile dev").expect(1, &["20 RED"]);
    let groups: Vec<&str> = swept.out.split("  RED seed ").skip(1).collect();
    let waits = ["waits for a connection to accept", "waits for something outside the engine"];
    let seeds = waits.map(|words| {
        let group = groups.iter().find(|group| group.contains(words)).unwrap_or_else(|| panic!("{}", swept.out));
        group.split(' ').next().expect("a seed").to_string()
    });
    assert!(groups.len() == 2 && seeds[0] != seeds[1], "{}", swept.out);
    for (seed, words) in seeds.iter().zip(waits) {
        assert!(swept.err.contains(&format!("RED red/deadlocks seed {seed}: ")), "told at once:\n{}", swept.err);
        run(&format!("cargo xtask replay red/deadlocks --seed {seed} --profile dev")).expect(1, &[words]);
    }
}

#[test]
fn slow_an_assertion_that_says_more_or_less_is_one_failure() {
    let swept = run("cargo xtask sweep red/wordy --seeds 20 --jobs 1 --no-shrink --profile dev")
        .expect(1, &["20 RED", "  RED seed 0 (20 times): client violated "]);
    assert_eq!(swept.out.matches("  RED seed ").count(), 1, "{}", swept.out);
    assert_eq!(swept.err.matches("RED red/wordy seed ").count(), 1, "told once:\n{}", swept.err);
}

#[test]
fn slow_leaks_are_red() {
    check_red("red/leaked-task", &["left tasks behind", "spawned at systems/fixtures/tests/red/leaks.rs:"]);
    check_red("red/leaked-handle", &["leaked: a TCP listener is open: 0.0.0.0:80"]);
    check_red("red/foreign-wake", &["used 1 times outside of their run"]);
}
