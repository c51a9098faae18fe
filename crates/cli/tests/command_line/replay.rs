//! `replay`: the log of a run, the line that shrinking prints, and runs that are changed by
//! what they are given.

use crate::shell::{Ended, folder, run};
use std::fs;
use wavetank_harness::{Overrides, RunConfiguration, SimContext, SimulationBuilder};

#[test]
fn slow_a_replay_shows_the_log_of_its_run() {
    let line = "cargo xtask replay calm --seed 5 --profile dev";
    let plain = run(line).expect(0, &["calm: seed 5 is green", "digest ", "faults that fired: 0"]);
    assert!(!plain.out.contains("answering"), "{}", plain.out);
    let logged = run(&format!("{line} --log calm=info")).expect(0, &[" counter.1 INFO ", "answering counted=8"]);
    let digest = |ended: &Ended| ended.out.lines().find(|line| line.contains("digest")).map(str::to_string);
    assert_eq!(digest(&plain), digest(&logged), "a log changes no run");
}

#[test]
fn slow_what_is_made_small_is_run_again_by_its_line() {
    let out = folder("small");
    let line = format!("cargo xtask shrink calm --seed 0 --bug miscount --profile dev --out {}", out.display());
    let small = run(&line).expect(0, &["calm with bug miscount: seed 0 made small"]);
    let again = small.out.lines().find(|line| line.starts_with("  cargo xtask replay ")).expect("it says how").trim();
    assert!(again.starts_with("cargo xtask replay calm --seed 0 --bug miscount --profile dev --overrides "), "{again}");
    run(again).expect(1, &["every message is counted once"]);
    // Where it turns out that it cannot be written, it is told all the same.
    let taken = folder("taken");
    fs::create_dir(taken.join("overrides.json")).expect("it is this test's folder");
    let nowhere = line.replace(&out.display().to_string(), &taken.display().to_string());
    let told = run(&nowhere).expect(2, &["calm with bug miscount: seed 0 made small", "--seed 0 --bug miscount"]);
    let why = format!("it cannot be kept: {}", taken.join("overrides.json").display());
    assert!(told.err.contains(&why), "{}", told.err);
}

#[test]
fn slow_a_replay_takes_overrides_and_the_conditions_of_another_run() {
    let line = "cargo xtask replay calm --seed 5 --profile dev";
    let digest = |line: &str| {
        let ended = run(line).expect(0, &["calm: seed 5 is green"]);
        ended.out.lines().find(|line| line.contains("digest ")).expect("a replay says its digest").to_string()
    };
    let (files, plain) = (folder("replay"), digest(line));
    let with = |flag: &str, json: &str| {
        let path = files.join(format!("{flag}.json"));
        fs::write(&path, json).expect("it is this test's folder");
        digest(&format!("{line} --{flag} {}", path.display()))
    };
    assert_eq!(with("overrides", "{}"), plain);
    assert_ne!(with("overrides", r#"{"benign": ["network.latency"]}"#), plain);
    // The same cast under the same conditions, in another program.
    let nobody = |_: SimContext| async {};
    let calm =
        SimulationBuilder::new().with_name("calm").process("counter", 1, nobody).workload("client", 1..=3, nobody);
    let mut conditions = calm.run_seed(5, Overrides::new(), None).configuration;
    let json = |conditions: &RunConfiguration| serde_json::to_string(conditions).expect("conditions are data");
    assert_eq!(with("config", &json(&conditions)), plain);
    let clients = conditions.sizes.get_mut("client").expect("it has clients");
    *clients = *clients % 3 + 1;
    assert_ne!(with("config", &json(&conditions)), plain);
}
