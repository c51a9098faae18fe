//! What the environment asks of a plain test, and the line that a red one prints: each
//! seen from outside, by running this very binary again.

#![expect(clippy::disallowed_methods, reason = "a process of its own is looked at")]

use std::io::{self, Write};
use std::process::Command;
use wavetank_harness::{SimContext, SimulationBuilder, TestStrategy, with_logs};

/// Set for the process that is looked at: it runs the simulation of that name and no checks.
const INSIDE: &str = "WAVETANK_TEST_INSIDE";

/// The simulation that a process inside runs: red at some seeds only, if asked to be.
fn simulation(is_red: bool) -> SimulationBuilder {
    SimulationBuilder::new()
        .workload("teller", 1, move |context: SimContext| async move {
            println!("seed {} ran", context.seed());
            tracing::info!(target: "teller", "telling");
            assert!(!is_red || !context.seed().is_multiple_of(7) || context.seed() < 14, "unlucky {}", context.seed());
        })
        .with_threads(1)
        .with_strategy(TestStrategy::Count(20))
}

/// True in the process that is looked at, which has done its work then.
fn is_inside(is_red: bool) -> bool {
    let is_inside = std::env::var_os(INSIDE).is_some();
    if is_inside {
        simulation(is_red).run().assert_green();
    }
    is_inside
}

struct Outcome {
    success: bool,
    text: String,
}

impl Outcome {
    fn seeds(&self) -> Vec<u64> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("seed ")?.strip_suffix(" ran"));
        lines.map(|seed| seed.parse().expect("it was printed as a number")).collect()
    }
}

/// Runs a test of this binary in a process of its own, as cargo would.
fn outside(test: &str, variables: &[(&str, &str)]) -> Outcome {
    let mut command = Command::new(std::env::current_exe().expect("a test has a binary"));
    command.args([test, "--nocapture"]).env(INSIDE, "yes").env_remove("WAVETANK_SEED").env_remove("WAVETANK_SEEDS");
    command.env_remove("RUST_LOG");
    command.env("CARGO_PKG_NAME", env!("CARGO_PKG_NAME")).env_remove("RUST_BACKTRACE").envs(variables.iter().copied());
    let output = command.output().expect("a test binary can be run again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Outcome { success: output.status.success(), text }
}

#[test]
fn the_environment_says_which_seeds() {
    const NAME: &str = "the_environment_says_which_seeds";
    if is_inside(false) {
        return;
    }
    let seeds = |variables: &[(&str, &str)]| {
        let outcome = outside(NAME, variables);
        assert!(outcome.success, "{}", outcome.text);
        outcome.seeds()
    };
    assert_eq!(seeds(&[]), (0..20).collect::<Vec<_>>(), "the test's own, unless it says something");
    assert_eq!(seeds(&[("WAVETANK_SEED", "77")]), [77]);
    assert_eq!(seeds(&[("WAVETANK_SEEDS", "3")]), [0, 1, 2]);
    assert_eq!(seeds(&[("WAVETANK_SEEDS", "50..53")]), [50, 51, 52]);
    assert_eq!(seeds(&[("WAVETANK_SEED", "77"), ("WAVETANK_SEEDS", "3")]), [77], "one seed goes before many");
}

#[test]
fn nonsense_in_the_environment_is_one_clear_line() {
    const NAME: &str = "nonsense_in_the_environment_is_one_clear_line";
    if is_inside(false) {
        return;
    }
    let cases = [
        ("WAVETANK_SEED", "lucky", "`lucky` is not a seed: give a whole number from 0 to 2^64 - 1"),
        ("WAVETANK_SEEDS", "all", "`all` is neither a number of seeds nor a range such as 100..200"),
        ("WAVETANK_SEEDS", "9..3", "the range of seeds 9..3 is empty: its end must be greater than its start"),
    ];
    for (variable, value, line) in cases {
        let outcome = outside(NAME, &[(variable, value)]);
        assert!(!outcome.success && outcome.seeds().is_empty(), "nothing runs on nonsense: {}", outcome.text);
        assert!(outcome.text.lines().any(|one| one == format!("{variable}: {line}")), "{}", outcome.text);
    }
}

#[test]
fn a_red_test_prints_the_line_that_repeats_it() {
    const NAME: &str = "a_red_test_prints_the_line_that_repeats_it";
    if is_inside(true) {
        return;
    }
    let outcome = outside(NAME, &[]);
    assert!(!outcome.success, "{}", outcome.text);
    assert!(outcome.text.contains("20 seeds, 1 of them RED"), "{}", outcome.text);
    assert!(outcome.text.contains("unlucky 14"), "{}", outcome.text);
    let line = outcome.text.lines().find_map(|line| line.trim().strip_prefix("reproduce: ")).expect("it is printed");
    // VARIABLE=seed cargo test -p package --test file test -- --exact --include-ignored
    let words: Vec<&str> = line.split(' ').collect();
    let own = ["cargo", "test", "-p", env!("CARGO_PKG_NAME"), "--test", "environment", NAME];
    assert_eq!(words[1..8], own, "{line}");
    assert_eq!(words[8..], ["--", "--exact", "--include-ignored"], "{line}");
    let (variable, seed) = words[0].split_once('=').expect("it sets a variable");
    let again = outside(words[7], &[(variable, seed)]);
    assert_eq!(again.seeds(), [14], "{}", again.text);
    assert!(!again.success && again.text.contains("1 seeds, 1 of them RED") && again.text.contains("unlucky 14"));
}

#[test]
fn a_red_run_in_the_log_is_only_its_report() {
    const NAME: &str = "a_red_run_in_the_log_is_only_its_report";
    if is_inside(true) {
        return;
    }
    let outcome = outside(NAME, &[]);
    // The panic inside the run is a finding, not noise; that of the test itself is the report.
    assert_eq!(outcome.text.matches("panicked at").count(), 2, "{}", outcome.text);
    assert_eq!(outcome.text.matches("unlucky 14").count(), 1, "{}", outcome.text);
}

#[test]
fn a_seed_that_is_given_tells_its_logs_to_who_asks() {
    const NAME: &str = "a_seed_that_is_given_tells_its_logs_to_who_asks";
    if is_inside(false) {
        return;
    }
    let told = |variables: &[(&str, &str)]| {
        let outcome = outside(NAME, variables);
        assert!(outcome.success, "{}", outcome.text);
        outcome.text.lines().filter(|line| line.contains("telling")).map(str::to_string).collect::<Vec<_>>()
    };
    let (seed, log) = (("WAVETANK_SEED", "77"), ("RUST_LOG", "teller=info"));
    assert_eq!(told(&[seed, log]), ["    0.000000000 teller.1 INFO  teller: telling"]);
    assert_eq!(told(&[seed, ("RUST_LOG", "teller=warn")]), [""; 0]);
    assert_eq!(told(&[seed, ("RUST_LOG", "")]), [""; 0]);
    assert_eq!(told(&[seed]), [""; 0]);
    // A sweep keeps no log.
    assert_eq!(told(&[log]), [""; 0]);
    assert_eq!(told(&[("WAVETANK_SEEDS", "77..78"), log]), [""; 0]);
    // A level that is none, and a span, of which a filter knows nothing.
    for (unknown, words) in [
        ("teller=loudly", "RUST_LOG: `teller=loudly` is not a log filter such as `debug`"),
        ("teller[request]=info", "RUST_LOG: the log filter `teller[request]=info` asks for spans: say levels"),
    ] {
        let outcome = outside(NAME, &[seed, ("RUST_LOG", unknown)]);
        assert!(outcome.success && outcome.seeds() == [77], "it is run all the same: {}", outcome.text);
        assert!(outcome.text.contains(words), "{}", outcome.text);
    }
}

/// Says that it was written to, and not what.
struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        println!("heard");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_has_a_subscriber_keeps_it() {
    const NAME: &str = "who_has_a_subscriber_keeps_it";
    if with_logs("teller=info", Ear, || is_inside(false)).expect("it is a filter") {
        return;
    }
    let text = outside(NAME, &[("WAVETANK_SEED", "77"), ("RUST_LOG", "teller=info")]).text;
    assert!(text.contains("heard") && !text.contains("telling"), "{text}");
}
