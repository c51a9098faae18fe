//! What a sweep must show beside its seeds: a planted bug by its oracle, points reached, faults
//! felt.

use crate::shell::{folder, run};
use std::fs;
use wavetank_cli::{CoverageReport, Report};

#[test]
fn slow_a_planted_bug_is_found() {
    run("cargo xtask sweep calm --profile dev").expect(0, &["calm: 1,000 seeds, green", "1 of 1 always"]);
    let words = ["violated", "every message is counted once"];
    let swept = run("cargo xtask sweep calm --profile dev --bug miscount").expect(1, &words);
    let again = swept.reproduce_line();
    run(&again).expect(1, &words);
    run(&again.replace(" --bug miscount", "")).expect(0, &["is green"]);
    run("cargo xtask list --bugs").expect(0, &["calm (package fixtures", "--bug miscount: counts a message twice"]);
}

#[test]
fn slow_a_planted_bug_must_be_reported_by_its_oracle() {
    let words =
        ["bug miscount: reported by \"every message is counted once\", as it must be", "reported by its oracle\n"];
    let out = folder("oracle");
    let line = format!("cargo xtask sweep calm --seeds 10 --profile dev --bug miscount --out {}", out.display());
    run(&line).expect(1, &words);
    let json = fs::read_to_string(out.join("calm.json")).expect("there is a report");
    let oracle = serde_json::from_str::<Report>(&json).expect("it is a report").oracle.expect("the manifest names one");
    assert!(oracle.count > 0 && oracle.words == "every message is counted once");
    let words = ["RED bug dawdle: \"every message is counted once\" must report it, and did not"];
    run("cargo xtask sweep calm --seeds 10 --profile dev --bug dawdle").expect(1, &words);
}

#[test]
fn slow_a_whole_target_that_shows_too_little_is_red() {
    let blind = "systems/fixtures/tests/blind.rs:";
    let words = [
        "blind/points: 1,000 seeds, green",
        &format!("RED by rule `reached`: never reached: blind: \"an owl calls\" (reachable, {blind}"),
        &format!("RED by rule `true`: never true: blind: \"the stars are out\" (sometimes, {blind}"),
        "RED by rule `felt`: never felt: network.datagram-duplicate was asked for 1000 times and fired 1000 times",
        "exempt: it never is by day",
        "show it in any simulation of the target, or say why none can: `CoverageRules::exempt_site`, `exempt_fault`",
        "RED: coverage of blind\n",
    ];
    let out = folder("blind");
    let junit = out.join("junit.xml");
    let line = format!("cargo xtask sweep blind --profile dev --out {} --junit {}", out.display(), junit.display());
    let swept = run(&line).expect(1, &words);
    assert!(!swept.out.contains("it rains elsewhere"), "another simulation of the target reaches it:\n{}", swept.out);
    let json = fs::read_to_string(out.join("blind.coverage.json")).expect("it is data, too");
    let coverage: CoverageReport = serde_json::from_str(&json).expect("it is a report");
    assert_eq!(coverage.misses.iter().filter(|miss| miss.red).count(), 3);
    let junit = fs::read_to_string(junit).expect("it is written");
    let broken = junit.matches("<failure ").count();
    assert!(broken == 3 && junit.contains("<testsuite name=\"coverage of blind\""), "red where the sweep is:\n{junit}");
    // Fewer seeds prove nothing about points, and one simulation nothing about its target.
    let words = ["never reached: blind: \"an owl calls\"", "RED by rule `felt`", "asked for 999 times"];
    let short = run("cargo xtask sweep blind --seeds 999 --profile dev").expect(1, &words);
    assert!(!short.out.contains("RED by rule `reached`"), "{}", short.out);
    run("cargo xtask sweep blind/points --profile dev").expect(0, &["1,000 seeds, green"]);
    let few = "cargo xtask sweep blind/unfelt --seeds 19 --profile dev";
    run(few)
        .expect(0, &["network.datagram-duplicate         19         19          0          0         19          0"]);
}

#[test]
fn slow_coverage_that_is_not_reached_is_red() {
    let line = "cargo xtask sweep calm --seeds 200 --profile dev --until-covered";
    let site = "never reached: reachable \"a client is gone before its answer\" at systems/fixtures/tests/calm.rs:";
    run(line).expect(1, &["RED: not covered after 200 seeds", site]);
}
