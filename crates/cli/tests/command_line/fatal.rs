//! Runs that end their process, and who ends it from outside.

use crate::shell::{folder, run, shell};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use wavetank_cli::{Finding, Report};

/// A simulation that ends its process: the seed is named, what came before it and what
/// comes after it are told, and the line that reproduces it does.
fn check_fatal(simulation: &str, how: &str) {
    let words = [how, &format!("RED: fatal/{simulation}; the planted bug was reported by its oracle\n")];
    let line = format!("cargo xtask sweep fatal/{simulation} --seeds 20 --bug fatal --profile dev");
    let swept = run(&line).expect(1, &words);
    assert!(swept.err.contains(&format!("RED fatal/{simulation} seed ")), "told at once:\n{}", swept.err);
    let again = swept.reproduce_line();
    run(&again).expect(1, &["is RED\n  RED the process of this run "]);
    run(&again.replace(" --bug fatal", "")).expect(0, &["is green"]);
}

#[test]
fn slow_a_run_that_ends_its_process_is_red() {
    check_fatal("abort", "the process of this run died of signal: 6 (SIGABRT)");
    check_fatal("exit", "the process of this run ended with exit code 0 before the run did");
    check_fatal("isolated-abort", "the process of this run died of signal: 6 (SIGABRT)");
    check_fatal("isolated-overflow", "fatal runtime error: stack overflow");
    check_fatal("isolated-exit", "the process of this run ended with exit code 3 before the run did");
    check_fatal("isolated-hang", "the process of this run did not end within 2.0 s");
}

#[test]
fn slow_whoever_looks_at_a_run_that_ends_its_process_is_told() {
    let line = "cargo xtask sweep fatal/exit --seeds 20 --bug fatal --no-shrink --profile dev";
    let again = run(line).expect(1, &[]).reproduce_line();
    for command in ["replay", "shrink", "trace", "timeline"] {
        let words = ["is RED\n  RED the process of this run ended with exit code 0\n"];
        run(&again.replace("replay", command)).expect(1, &words);
    }
    let again = run(&line.replace("exit", "isolated-hang")).expect(1, &[]).reproduce_line();
    for (command, what) in [("shrink", "the process of this run"), ("trace", "the run"), ("timeline", "the run")] {
        let words = [format!("is RED\n  RED {what} did not end within 2.0 s\n")];
        run(&again.replace("replay", command)).expect(1, &words.each_ref().map(String::as_str));
    }
    // A run that was changed has no process of its own.
    let kinds = folder("hang").join("overrides.json");
    fs::write(&kinds, r#"{"benign": ["network.latency"]}"#).expect("it is this test's folder");
    let line = format!("{again} --overrides {}", kinds.display());
    run(&line).expect(1, &["is RED\n  RED the run did not end within 2.0 s\n"]);
}

#[test]
fn slow_what_was_found_before_a_crash_is_kept() {
    let out = folder("crash");
    let names = "fatal/abort fatal/mixed fatal/after";
    let line =
        format!("cargo xtask sweep {names} --seeds 60 --jobs 1 --bug fatal --profile dev --out {}", out.display());
    let words = [
        "fatal/mixed with bug fatal: ",
        "returned an error: an ordinary failure",
        "its process died of signal: 6 (SIGABRT) after 30 seeds, while seed 30 was under way; the sweep went on behind that\n",
        "fatal/after with bug fatal: 60 seeds, green",
        "RED: fatal/abort, fatal/mixed; ",
    ];
    run(&line).expect(1, &words);
    let lines = fs::read_to_string(out.join("fatal.mixed.red.jsonl")).expect("written as they were found");
    let findings: Vec<Finding> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a finding a line")).collect();
    let (crash, ordinary): (Vec<_>, Vec<_>) = findings.iter().partition(|one| one.seed == 30);
    assert!(ordinary.iter().all(|one| one.failures[0].message.contains("an ordinary failure")));
    assert!(crash.len() == 1 && crash[0].failures[0].message.contains("SIGABRT"));
    let seeds: Vec<u64> = ordinary.iter().map(|one| one.seed).collect();
    assert_eq!(seeds, (1..60).step_by(4).collect::<Vec<_>>(), "before the crash and behind it");
    let json = fs::read_to_string(out.join("fatal.mixed.json")).expect("there is a report");
    let report: Report = serde_json::from_str(&json).expect("it is a report");
    assert_eq!((report.red, report.seeds, report.incomplete), (findings.len() as u64, 60, None));
    // One seed in eight: each is found.
    let json = fs::read_to_string(out.join("fatal.abort.json")).expect("there is a report");
    let report: Report = serde_json::from_str(&json).expect("it is a report");
    assert_eq!((report.seeds, report.restarts.len() as u64, report.failures.len()), (60, report.red, 1));
    assert!(report.red > 1 && report.failures[0].count == report.red, "{report:?}");
}

#[test]
fn slow_who_never_stops_crashing_is_left_alone() {
    let line = "cargo xtask sweep fatal/abort --seeds 1000 --jobs 1 --bug fatal --profile dev";
    run(line).expect(
        1,
        &["; the sweep went on behind that, 20 times in all\n", " on were not run: 20 restarts are enough\n"],
    );
}

#[test]
fn slow_who_kills_a_sweep_from_outside_is_not_the_code_under_test() {
    run("cargo xtask sweep calm --seeds 1 --profile dev").expect(0, &[]);
    let line = "exec cargo xtask sweep calm --for 10m --profile dev";
    let mut child = shell(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let mut progress = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let telling = progress.find(|line| line.as_ref().is_ok_and(|line| line.contains("seeds/s")));
    assert!(telling.is_some());
    // The target's process is a child of the one that we started.
    run(&format!("kill -KILL $(pgrep -P {})", child.id())).expect(0, &[]);
    let told: Vec<String> = progress.map(|line| line.expect("it is text")).collect();
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2), "{told:?}");
    let trouble = told
        .iter()
        .any(|line| line.starts_with("error: target `calm`: its process died of signal: 9 (SIGKILL) while seed"));
    assert!(trouble, "{told:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("incomplete: its process died of signal: 9"));
}
