//! Failures that are kept: tests and sweeps begin with them.

use crate::shell::{Ended, folder, run};
use std::fs;
use std::path::Path;

/// Has a corpus hold what `seed` says, under a name.
pub(crate) fn keep(folder: &Path, name: &str, seed: &str) {
    let entry = folder.join(name);
    fs::create_dir_all(&entry).expect("it is this test's folder");
    fs::write(entry.join("seed.json"), seed).expect("it is this test's folder");
    fs::write(entry.join("overrides.json"), "{}").expect("it is this test's folder");
}

/// A failure of `fatal/rare` as the corpus has it.
fn rare(seed: u64, bug: &str) -> String {
    format!(
        r#"{{"simulation": "fatal/rare", "seed": {seed}, {bug} "failure": "f", "signature": {{"property": "p", "message": "m", "role": "client"}},
            "reproduce": "cargo xtask replay fatal/rare --seed {seed}", "versions": {{"wavetank": "0.1.0"}}}}"#
    )
}

/// What the target `fatal` says as a test, with a corpus of one entry.
fn trial_of(folder: &Path, seed: &str) -> Ended {
    keep(folder, "fate", seed);
    run(&format!("WAVETANK_FAILURES={} cargo test --package fixtures --test fatal -- --exact rare", folder.display()))
}

#[test]
fn slow_a_test_begins_with_what_failed_before() {
    let corpus = folder("corpus");
    let words = ["seed 7777777, which failed before (failures/fate), fails again:", "the client met its fate"];
    let again = trial_of(&corpus, &rare(7_777_777, "")).expect(101, &words).reproduce_line();
    run(&format!("{again} --profile dev")).expect(1, &["the client met its fate"]);
    // What is repaired, or was planted, is no failure; what cannot be read is.
    trial_of(&corpus, &rare(7_777_778, "")).expect(0, &["1 passed"]);
    trial_of(&corpus, &rare(7_777_777, r#""bug": "fatal","#)).expect(0, &["1 passed"]);
    trial_of(&corpus, "{}").expect(101, &["seed.json: it is no entry of the corpus"]);
}

/// A sweep of `fatal/rare` over few seeds that knows of a corpus. (The runner gives a
/// fixture none: its target is asked itself.)
fn sweep_with(corpus: &Path) -> Ended {
    let words = format!("wavetank sweep rare --seeds 3 --jobs 1 --revision r1 --corpus {}", corpus.display());
    run(&format!("cargo test --quiet --package fixtures --test fatal -- {words}"))
}

#[test]
fn slow_a_sweep_begins_with_what_failed_before() {
    let corpus = folder("swept-corpus");
    keep(&corpus, "fate", &rare(7_777_777, ""));
    let words = ["fatal/rare: 3 seeds, RED\n", "RED as before, seed 7777777: ", "the client met its fate"];
    let swept = sweep_with(&corpus).expect(1, &words);
    let seeds: Vec<&str> =
        swept.out.lines().filter_map(|line| line.split_once("the client has seed ")).map(|(_, seed)| seed).collect();
    assert_eq!(seeds, ["7777777", "7777777", "0", "1", "2"], "as it was made small, as it was found, and only then");
    let line = swept.reproduce_line();
    assert!(line.ends_with(&format!(" --overrides {}/fate/overrides.json", corpus.display())), "{line}");
    run(&format!("{line} --profile dev")).expect(1, &["the client met its fate"]);
    keep(&corpus, "fate", &rare(7_777_778, ""));
    sweep_with(&corpus).expect(0, &["3 seeds, green", "green again: fate, in 1 of 50 revisions until it retires"]);
}

#[test]
fn slow_an_entry_that_cannot_be_read_hides_no_other() {
    let corpus = folder("broken-corpus");
    keep(&corpus, "broken", "{}");
    keep(&corpus, "fate", &rare(7_777_777, ""));
    let swept = sweep_with(&corpus).expect(2, &["RED as before, seed 7777777: "]);
    let errors: Vec<&str> = swept.err.lines().filter(|line| line.contains("cannot be run again")).collect();
    let [one] = errors[..] else { panic!("{errors:?}") };
    assert!(one.contains("broken/seed.json: it is no entry of the corpus"), "{one}");
    assert!(one.ends_with("mend it, or `cargo xtask corpus retire` it by the name of its folder"), "{one}");
    // Nor is what is kept of a simulation that is gone.
    keep(&corpus, "broken", &rare(7_777_777, "").replace("fatal/rare", "fatal/gone"));
    let swept = sweep_with(&corpus).expect(2, &["RED as before, seed 7777777: "]);
    assert!(
        swept.err.contains("cannot be run again: broken is of `fatal/gone`, and target `fatal` has "),
        "{}",
        swept.err
    );
}
