//! Wrong calls and targets that are none: one line that helps, and nothing that is red is
//! hidden by it.

use crate::shell::{folder, run};
use std::fs;

/// A wrong call is exit code 2, one line, and that line helps.
#[track_caller]
fn check_misuse(arguments: &str, hint: &str) {
    run(&format!("cargo xtask {arguments}")).expect_refusal(hint);
}

#[test]
fn slow_misuse_is_one_line() {
    check_misuse("sweep --seed 3", "no flag --seed; usage: sweep");
    check_misuse("sweep --seeds 9..3", "its end must be greater than its start");
    check_misuse("sweep --seeds 0", "empty");
    check_misuse("sweep nobody", "no target `nobody`; there are ");
    check_misuse("sweep red/nobody --profile dev", "no simulation `nobody`; it has red/panic");
    check_misuse("sweep calm --bug nobody", "target `calm` has no bug `nobody`; it has miscount");
    check_misuse(
        "sweep blind --bug late",
        "target `blind` has no bug `late`; it has none: `bugs` names them in its manifest",
    );
    check_misuse("sweep --bug nobody", "no target has a bug `nobody`");
    check_misuse(
        "sweep calm --bug unstated --profile dev",
        "cannot be stated: it panicked at systems/fixtures/tests/calm.rs:",
    );
    check_misuse("sweep calm --bug unpeopled --profile dev", "has no workload");
    check_misuse("replay calm --bug unstated --seed 1 --profile dev", "cannot be stated: it panicked");
    check_misuse(
        "replay calm --seed 1 --profile dev --overrides Cargo.toml",
        "--overrides Cargo.toml: these are no overrides",
    );
    check_misuse("replay calm --seed 1 --profile dev --overrides nowhere", "--overrides nowhere: it cannot be read");
    check_misuse(
        "replay calm --seed 1 --profile dev --config Cargo.toml",
        "--config Cargo.toml: this is no run's configuration",
    );
    check_misuse("replay calm --seed 1 --profile dev --config nowhere", "--config nowhere: it cannot be read");
    check_misuse("replay calm --seed -1", "`-1` is not a seed");
    check_misuse("sweep calm --seeds 3..3", "empty");
    check_misuse("sweep calm --out /dev/null/reports", "--out /dev/null/reports: it cannot be written");
    check_misuse("sweep calm --junit /dev/null/junit.xml", "--junit /dev/null/junit.xml: it cannot be written");
    check_misuse("replay calm", "replay which seed?");
    check_misuse("replay calm --seed 1 --profile dev --log a=b=c", "`a=b=c` is not a log filter");
    check_misuse("replay red --seed 1 --profile dev", "which simulation of target `red`?");
    check_misuse("replay calm --seed 1 --profile dev --faults some", "--faults some: it is each or kinds");
    check_misuse("list --all", "usage: list [--bugs]");
}

#[test]
fn slow_a_sweep_that_ran_nothing_is_not_green() {
    check_misuse("sweep empty --seeds 5 --profile dev", "target `empty` has no simulation: give it one");
    let hint = "its process ended with exit code 0 and has not swept silent/leaves, silent/red";
    check_misuse("sweep silent --seeds 5 --profile dev", hint);
    // What can be swept beside it is.
    let line = "cargo xtask sweep silent calm --seeds 5 --profile dev";
    let both = run(line).expect(2, &["calm: 5 seeds, green", "1 simulation, 5 seeds, incomplete\n"]);
    assert!(both.err.contains(hint), "{}", both.err);
}

#[test]
fn slow_trouble_hides_nothing_that_is_red() {
    let junit = folder("troubled").join("junit.xml");
    let line = format!("cargo xtask sweep red/panic silent empty --seeds 40 --profile dev --junit {}", junit.display());
    let swept = run(&line).expect(2, &["  RED seed ", "1 simulation, 40 seeds, RED: red/panic; incomplete\n"]);
    let hints = ["has not swept silent/leaves, silent/red", "target `empty` has no simulation"];
    assert!(hints.iter().all(|hint| swept.err.contains(hint)), "{}", swept.err);
    let junit = fs::read_to_string(junit).expect("it is written");
    let told = ["the client drew the short straw", hints[0]].iter().all(|words| junit.contains(words));
    assert!(junit.matches("<failure ").count() == 2 && told, "{junit}");
    // A check that cannot be done keeps nobody from the simulations behind it.
    let line = "cargo xtask sweep fickle/leaves fickle/hash-map --seeds 8 --profile dev --check-determinism";
    let checked = run(line).expect(2, &["16 seeds, RED: fickle/hash-map; incomplete\n"]);
    assert!(checked.err.contains("error: the second run of fickle/leaves failed: "), "{}", checked.err);
}

#[test]
fn slow_a_target_that_cargo_takes_for_a_list_of_tests_says_which_line_is_missing() {
    let hint = "target `harnessed`: cargo never calls its `main`: give [[test]] of name = \"harnessed\" the line \
        `harness = false` in /";
    check_misuse("sweep harnessed --seeds 5 --profile dev", hint);
    check_misuse("replay harnessed --seed 5 --profile dev", "systems/fixtures/Cargo.toml");
}

#[test]
fn slow_a_name_that_no_line_can_repeat_is_refused() {
    let hint = "target `misnamed`: its program calls itself `nobody`: give `Target::new` the manifest's name";
    check_misuse("sweep misnamed --seeds 5 --profile dev", hint);
    check_misuse("replay misnamed --seed 5 --profile dev", hint);
    let hint = "simulation `two words` of target `two words`: its name must be one word";
    check_misuse("sweep unspeakable --seeds 5 --profile dev", hint);
}
