//! The command line as a process: every way in which a run can be red, misuse, and
//! what is kept when something goes wrong. The fixtures in `systems/fixtures` are what
//! it sweeps; they are built in the profile that the tests are built in anyway.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use wavetank_cli::{CoverageReport, Finding, Report};
use wavetank_harness::{Overrides, RunConfiguration, SimContext, SimulationBuilder};

/// What a command line came to.
struct Ended {
    line: String,
    code: Option<i32>,
    out: String,
    err: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a line as somebody would type it.
fn run(line: &str) -> Ended {
    let Output { status, stdout, stderr } = shell(line).output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line writes text");
    Ended { line: line.to_string(), code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32, words: &[&str]) -> Ended {
        for word in words {
            assert!(self.out.contains(word), "`{}` does not say {word:?}:\n{}{}", self.line, self.out, self.err);
        }
        assert_eq!(self.code, Some(code), "`{}`:\n{}{}", self.line, self.out, self.err);
        self
    }

    /// The line behind the first `reproduce: `.
    fn reproduce_line(&self) -> String {
        let lines = self.out.lines().find_map(|line| line.trim_start().strip_prefix("reproduce: "));
        lines.unwrap_or_else(|| panic!("`{}` says how to reproduce it:\n{}", self.line, self.out)).to_string()
    }
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("cargo gives tests a folder");
    folder
}

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

/// A seed that gives two runs passes a sweep, and not the check.
fn check_fickle(simulation: &str) {
    run(&format!("cargo xtask sweep {simulation} --seeds 8 --profile dev")).expect(0, &["8 seeds, green"]);
    let words = ["did not run the same in a fresh process", "the first event that differs"];
    let line = format!("cargo xtask sweep {simulation} --seeds 8 --profile dev --check-determinism");
    let checked = run(&line).expect(1, &words);
    let side = |name: &str| checked.out.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
    let (first, second) = (side("first run:"), side("second run:"));
    assert!(first.is_some() && second.is_some() && first != second, "{}", checked.out);
    let events = [first, second].into_iter().flatten().filter(|event| event.starts_with('#')).count();
    assert!(events > 0, "an event is shown, not only digests:\n{}", checked.out);
    let again = checked.reproduce_line();
    assert!(again.contains("--check-determinism"), "{again}");
    run(&again).expect(1, &words);
}

#[test]
fn slow_two_runs_of_a_seed_must_agree() {
    check_fickle("fickle/hash-map");
    check_fickle("fickle/wall-clock");
    check_fickle("fickle/address");
    check_fickle("fickle/thread");
    let line = "cargo xtask sweep calm --seeds 100 --profile dev --check-determinism";
    run(line).expect(0, &["determinism: 100 seeds ran the same in a fresh process", "100 seeds, green"]);
}

#[test]
fn slow_a_second_run_without_an_end_is_a_finding() {
    // What its process did not survive has no end to be compared with.
    for simulation in ["fatal/isolated-abort", "fatal/isolated-hang"] {
        let line = format!("cargo xtask sweep {simulation} --seeds 20 --bug fatal --profile dev --check-determinism");
        run(&line).expect(1, &["the process of this run ", "determinism: 18 seeds ran the same"]);
    }
    let words = [
        "determinism: 2 of 2 seeds did not run the same",
        "second run: the process for seeds 0..1 did not end within 2.0 s",
    ];
    run("cargo xtask sweep fickle/endless --seeds 2 --profile dev --check-determinism").expect(1, &words);
    run("cargo xtask sweep fickle/endless --seeds 2 --profile dev").expect(0, &["2 seeds, green"]);
}

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
    // Where it cannot be written, it is told all the same.
    let nowhere = line.replace(&out.display().to_string(), "/dev/null/small");
    let told = run(&nowhere).expect(2, &["calm with bug miscount: seed 0 made small", "--seed 0 --bug miscount"]);
    assert!(told.err.contains("it cannot be kept: /dev/null/small"), "{}", told.err);
}

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

/// Has a corpus hold what `seed` says, under a name.
fn keep(folder: &Path, name: &str, seed: &str) {
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
    run(&format!("{} --profile dev", swept.reproduce_line())).expect(1, &["the client met its fate"]);
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

/// A wrong call is exit code 2, one line, and that line helps.
fn check_misuse(arguments: &str, hint: &str) {
    let Ended { code, out, err, .. } = run(&format!("cargo xtask {arguments}"));
    assert_eq!((code, out.as_str()), (Some(2), ""), "`{arguments}`: {err}");
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with("error")).collect();
    assert!(lines.len() == 1 && lines[0].contains(hint), "`{arguments}`: {err}");
}

#[test]
fn slow_misuse_is_one_line() {
    check_misuse("sweep --seed 3", "no flag --seed; usage: sweep");
    check_misuse("sweep --seeds 9..3", "its end must be greater than its start");
    check_misuse("sweep --seeds 0", "empty");
    check_misuse("sweep nobody", "no target `nobody`; there are ");
    check_misuse("sweep red/nobody --profile dev", "no simulation `nobody`; it has red/panic");
    check_misuse("sweep calm --bug nobody", "target `calm` has no bug `nobody`; it has miscount");
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

#[test]
fn slow_what_was_found_is_told_though_it_cannot_be_written() {
    let words = ["RED seed ", "reproduce: cargo xtask replay red/panic --seed "];
    // In the place of the report is a folder.
    let out = folder("no-place");
    fs::create_dir(out.join("red.panic.json")).expect("the folder is empty");
    let line = format!("cargo xtask sweep red/panic --seeds 40 --profile dev --out {}", out.display());
    let ended = run(&line).expect(2, &words);
    assert!(ended.err.contains("red.panic.json: it cannot be written"), "{}", ended.err);
    // The disk is full: what standard output does not take goes to standard error.
    let ended = run("cargo xtask sweep red/panic --seeds 40 --profile dev > /dev/full").expect(2, &[]);
    assert!(words.iter().all(|word| ended.err.contains(word)), "{}", ended.err);
    assert!(ended.err.contains("error: standard output cannot be written"), "{}", ended.err);
}

/// A disk that is full: nothing may grow beyond so many blocks of 512 bytes. (Cargo's
/// own notes stay below that.)
#[test]
fn slow_what_was_found_is_told_though_the_disk_is_full() {
    run("cargo xtask sweep red/panic --seeds 1 --profile dev").expect(0, &[]);
    let out = folder("full");
    let sweep = format!("cargo xtask sweep red/panic --seeds 2000 --profile dev --out {}", out.display());
    let ended = run(&format!("trap '' XFSZ; ulimit -f 64; {sweep}"));
    let ended = ended.expect(2, &["RED seed ", "reproduce: cargo xtask replay red/panic --seed ", "RED: red/panic"]);
    let errors: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("error")).collect();
    assert!(matches!(errors[..], [one] if one.contains("it cannot be written: File too large")), "{errors:?}");
}

#[test]
fn slow_a_report_is_data() {
    let out = folder("reports");
    let line = format!("cargo xtask sweep red/panic calm --seeds 7..47 --jobs 1 --profile dev --out {}", out.display());
    run(&line).expect(1, &["2 simulations, 80 seeds, RED: red/panic"]);
    let read = |name: &str| {
        let json = fs::read_to_string(out.join(name)).expect("a report for each simulation");
        serde_json::from_str::<Report>(&json).expect("it is a report")
    };
    let (calm, panic) = (read("calm.json"), read("red.panic.json"));
    assert!(!calm.is_red() && calm.seeds == 40 && calm.metrics["messages"] >= 40 * 8);
    assert!(panic.is_red() && panic.red == panic.red_seeds.len() as u64 && panic.failures.len() == 1);
    assert_eq!(panic.failures[0].count, panic.red);
    // The number of threads changes nothing.
    run(&line.replace("--jobs 1", "--jobs 3")).expect(1, &[]);
    assert_eq!((read("calm.json").digest, read("red.panic.json").red_seeds), (calm.digest, panic.red_seeds));
}

#[test]
fn slow_an_interrupted_sweep_tells_what_it_has() {
    check_interrupted("TERM");
    check_interrupted("INT");
}

fn check_interrupted(signal: &str) {
    let out = folder("interrupted");
    // Built before, so that what is interrupted is the sweep.
    run("cargo xtask sweep calm --seeds 1 --profile dev").expect(0, &[]);
    let line = format!("exec cargo xtask sweep calm --for 10m --profile dev --out {}", out.display());
    let mut child = shell(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let mut progress = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let telling = progress.find(|line| line.as_ref().is_ok_and(|line| line.contains("seeds/s")));
    assert!(telling.is_some(), "a sweep tells how far it is where there is no terminal");
    run(&format!("kill -{signal} {}", child.id())).expect(0, &[]);
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("green, interrupted") && told.contains("interrupted, nothing red so far"), "{told}");
    let json = fs::read_to_string(out.join("calm.json")).expect("it was written, too");
    let report: Report = serde_json::from_str(&json).expect("it is a report");
    assert!(report.interrupted && report.seeds > 0);
    let json = fs::read_to_string(out.join("calm.coverage.json")).expect("so was what it did not show");
    let coverage: CoverageReport = serde_json::from_str(&json).expect("it is a report");
    assert_eq!((coverage.interrupted, coverage.is_red(), coverage.seeds), (true, false, report.seeds));
    let site = "a client is gone before its answer";
    assert!(coverage.misses.iter().any(|miss| miss.what.contains(site)), "{coverage:?}");
}
