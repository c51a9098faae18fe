//! Files that a run is given: conditions, overrides, a trace to be drawn beside it. What is
//! wrong in one, or of another simulation, is one line before anything runs.

use crate::shell::{run, run_xtask, tmp};
use std::fs;
use std::path::PathBuf;
use wavetank_harness::{Overrides, RunConfiguration, SimContext, SimulationBuilder};

#[track_caller]
fn check_refused(arguments: &str, words: &str) {
    run_xtask(arguments).expect_refusal(words);
}

/// A file of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = tmp("given").join(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("cargo gives tests a folder");
    fs::write(&path, text).expect("the folder was just made");
    path
}

/// The conditions of a run of the fixture `calm`, in another program and with a change.
fn conditions(name: &str, change: impl FnOnce(&mut RunConfiguration)) -> PathBuf {
    let nobody = |_: SimContext| async {};
    let calm =
        SimulationBuilder::new().with_name("calm").process("counter", 1, nobody).workload("client", 1..=3, nobody);
    let mut conditions = calm.run_seed(5, Overrides::new(), None).configuration;
    change(&mut conditions);
    file(name, &serde_json::to_string(&conditions).expect("conditions are data"))
}

#[test]
fn slow_conditions_that_no_run_can_have_are_refused() {
    let check = |path: PathBuf, words: &str| {
        let path = path.display();
        check_refused(&format!("replay calm --seed 5 --config {path}"), &format!("--config {path}: {words}"));
    };
    #[expect(clippy::reversed_empty_ranges, reason = "it is what must be noticed")]
    let crashes = conditions("crashes.json", |conditions| conditions.chaos.crashes = 5..=2);
    check(crashes, "simulation `calm`: the range of `Chaos::crashes` is empty: begin with the smaller number");
    let nobody = conditions("nobody.json", |conditions| _ = conditions.sizes.insert("client".into(), 0));
    check(
        nobody,
        "simulation `calm` was given a configuration whose `sizes` says 0 for group `client`: give a number from 1 to ",
    );
    let two = conditions("two.json", |conditions| _ = conditions.sizes.insert("counter".into(), 2));
    check(
        two,
        "simulation `calm` was given a configuration whose `sizes` says 2 for group `counter`: give a number from 1 to 1",
    );
    let other = conditions("other.json", |conditions| conditions.simulation = "red/panic".into());
    check(other, "it is of simulation `red/panic`, and `calm` was asked for: ");
}

#[test]
fn slow_overrides_of_another_simulation_are_refused() {
    let seed = r#"{"simulation": "red/panic", "seed": 3, "failure": "f", "reproduce": "", "versions": {"wavetank": "0.1.0"},
        "signature": {"property": "p", "message": "m", "role": "client"}}"#;
    file("kept/seed.json", seed);
    let path = file("kept/overrides.json", "{}");
    let path = path.display();
    let words = "it is of simulation `red/panic`, and `calm` was asked for: ";
    for command in ["replay", "trace", "timeline", "shrink"] {
        let line = format!("{command} calm --seed 5 --overrides {path}");
        check_refused(&line, &format!("--overrides {path}: {words}"));
    }
    check_refused(&format!("timeline calm --seed 5 --against {path}"), &format!("--against {path}: {words}"));
    let replayed = run_xtask(&format!("replay red/panic --seed 3 --overrides {path}"));
    assert!(replayed.out.starts_with("red/panic: seed 3 is ") && replayed.code != Some(2), "{replayed:?}");
}

#[test]
fn slow_a_trace_of_another_simulation_is_not_drawn_beside_this_one() {
    let path = file("panic.jsonl", "");
    run_xtask(&format!("trace red/panic --seed 0 --out {}", path.display())).expect(0, &[]);
    let words = format!("--against {}: it is of simulation `red/panic`, and `calm` was asked for: ", path.display());
    check_refused(&format!("timeline calm --seed 0 --against {}", path.display()), &words);
}

#[test]
fn slow_a_domain_in_which_nothing_is_decided_is_refused() {
    let path = file("misspelt.json", r#"{"benign": ["network.latncy"]}"#);
    let words = format!(
        "--overrides {}: nothing is decided in a domain `network.latncy`, of which it speaks; the nearest are `network.latency`, ",
        path.display()
    );
    for command in ["replay", "trace", "timeline", "shrink"] {
        check_refused(&format!("{command} calm --seed 5 --overrides {}", path.display()), &words);
    }
    // From a pipe, which can be read once, it is refused by the target.
    let replay = "cargo xtask replay calm --seed 5 --profile dev --overrides /dev/stdin";
    let words = "--overrides /dev/stdin: nothing is decided in a domain `latencies`";
    run(&format!("echo '{{\"benign\": [\"latencies\"]}}' | {replay}")).expect_refusal(words);
    run(&format!("echo '{{\"benign\": [\"network.latency\"]}}' | {replay}")).expect(0, &["calm: seed 5 is green"]);
}

#[test]
fn slow_what_no_target_can_use_is_told_before_one_is_built() {
    // In a profile that is not there none can be built.
    let check = |arguments: &str, words: &str| {
        run(&format!("cargo xtask {arguments} --profile nobody")).expect_refusal(words);
    };
    let misspelt = file("unbuilt.json", r#"{"drawn": {"crash": "0x1"}}"#);
    let other = conditions("unbuilt-other.json", |conditions| conditions.simulation = "red/panic".into());
    check("replay calm --seed 5 --overrides /nowhere", "--overrides /nowhere: it cannot be read");
    check("trace calm --seed 5 --overrides Cargo.toml", "--overrides Cargo.toml: these are no overrides");
    let words = "`crash`, of which it speaks; the nearest are `node.crash`, `machine.crash`, ";
    check(&format!("shrink calm --seed 5 --overrides {}", misspelt.display()), words);
    check("replay calm --seed 5 --config /nowhere", "--config /nowhere: it cannot be read");
    check("replay calm --seed 5 --config Cargo.toml", "--config Cargo.toml: this is no run's configuration");
    let words = "it is of simulation `red/panic`, and `calm` was asked for";
    check(&format!("replay calm --seed 5 --config {}", other.display()), words);
    check("replay calm --seed 5 --log a=b=c", "`a=b=c` is not a log filter");
    check("replay calm --seed 5 --faults some", "--faults some: it is each or kinds");
    check("trace calm --seed 5 --format xml", "give jsonl or perfetto");
    check("trace calm --seed 5 --out /dev/null/trace", "--out /dev/null/trace: it cannot be written");
    check("timeline calm --seed 5 --against yesterday", "give `clean`, a seed, or a file");
    check("timeline calm --seed 5 --against nowhere.jsonl", "--against nowhere.jsonl: it cannot be read");
    check("timeline calm --seed 5 --against Cargo.toml", "--against Cargo.toml: these are no overrides");
    check("timeline calm --seed 5 --out /dev/null/page", "--out /dev/null/page: it cannot be written");
    check("shrink calm --seed 5 --budget soon", "--budget soon: give a time");
    check("shrink calm --seed 5 --jobs 0", "--jobs 0: give a number of threads");
    check("shrink calm --seed 5 --out /dev/null/small", "--out /dev/null/small: it cannot be written");
}
