//! A project of one's own whose runs abort or hang where its environment says: what is kept is
//! run again first, and whoever interrupts is told what is waited for.

use crate::kept::keep;
use crate::shell::{folder, run, run_in};
use std::fs;
use std::path::{Path, PathBuf};

const STORM: &str = r#"
use std::process::ExitCode;
use wavetank_harness::{SimContext, SimulationBuilder};

fn main() -> ExitCode {
    wavetank_cli::Target::new("storm").simulation("storm", |_| simulation()).main()
}

fn is(name: &str, seed: u64) -> bool {
    std::env::var(name).is_ok_and(|text| text.parse() == Ok(seed))
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().workload("client", 1, |context: SimContext| async move {
        let seed = context.seed();
        if is("ABORT", seed) {
            std::process::abort();
        }
        if is("RING", seed) {
            return Err("the client rang\r\x07");
        }
        if is("EXIT", seed) {
            std::process::exit(0);
        }
        while is("HANG", seed) {
            std::hint::spin_loop();
        }
        if is("SLOW", seed) {
            println!("the client takes its time");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let asked = context.operations(100, &["ask"]).map(|operation| operation.begin(|| "asks".into())).count();
        if is("FAIL", seed) && asked > 0 { Err("the client met its fate") } else { Ok(()) }
    })
}
"#;

/// Such a project, made by one test.
fn project(name: &str) -> PathBuf {
    let project = folder(name).join("fate");
    run(&format!("cargo xtask new '{}'", project.display())).expect(0, &["cargo xtask sweep"]);
    fs::write(project.join("tests/storm.rs"), STORM).expect("it was just made");
    project
}

fn keep_seed(project: &Path, name: &str, seed: u64) {
    let entry = format!(
        r#"{{"simulation": "storm", "seed": {seed}, "failure": "f", "signature": {{"property": "p", "message": "m", "role": "client"}},
            "reproduce": "cargo xtask replay storm --seed {seed}", "versions": {{"wavetank": "0.1.0"}}}}"#
    );
    keep(&project.join("failures"), name, &entry);
}

#[test]
fn slow_what_is_kept_and_ends_the_process_keeps_no_seed_from_being_swept() {
    let project = project("fate/kept");
    keep_seed(&project, "a-first", 7000);
    keep_seed(&project, "b-fatal", 7001);
    keep_seed(&project, "c-last", 7002);
    let sweep = |flags: &str| run_in(&project, &format!("{flags} --jobs 1 --no-shrink --profile dev"));
    let words = [
        "its process died of signal: 6 (SIGABRT) while it ran again what is kept as b-fatal; the sweep went on behind that",
        "RED as before, seed 7001: the process of this run died of signal: 6 (SIGABRT)\n    \
         reproduce: cargo xtask replay storm --seed 7001 --profile dev --overrides failures/b-fatal/overrides.json\n",
        "RED as before, seed 7002: ",
        "1 simulation, 20 seeds, RED: storm\n",
    ];
    let swept = sweep("FAIL=7002 ABORT=7001 cargo xtask sweep --seeds 20").expect(1, &words);
    assert!(swept.err.contains("RED storm seed 7001: the process of this run died"), "told at once: {}", swept.err);
    assert_eq!(swept.out.matches("green again: a-first").count(), 1, "each is run again once: {}", swept.out);
    run_in(&project, &format!("ABORT=7001 {}", swept.reproduce_line())).expect(1, &["(SIGABRT)"]);
    // What was run again is told where a seed ends the process, and nothing goes on behind that.
    let line = "FAIL=7002 ABORT=3 cargo xtask sweep --seeds 20 --for 10m";
    let swept = sweep(line).expect(1, &["RED as before, seed 7002: ", "while seed 3 was under way"]);
    assert!(swept.out.contains("storm: 4 seeds, 1 RED"), "{}", swept.out);
    // Nobody has what is kept of a target that was renamed, or is gone.
    let seed = project.join("failures/c-last/seed.json");
    let gone = fs::read_to_string(&seed).expect("it is kept").replace("\"storm\"", "\"calm\"");
    fs::write(&seed, gone).expect("it is this test's");
    let swept = sweep("cargo xtask sweep --seeds 20").expect(2, &["1 simulation, 20 seeds, incomplete\n"]);
    assert!(swept.err.contains("again: c-last is of `calm`, and this workspace has storm; "), "{}", swept.err);
    sweep("cargo xtask sweep storm --seeds 20").expect(0, &["green"]);
}

#[test]
fn slow_what_is_kept_and_ends_the_process_is_told_by_the_tests_too() {
    let project = project("fate/tests");
    keep_seed(&project, "a-first", 7000);
    keep_seed(&project, "b-fatal", 7001);
    let test = |fate: &str| run_in(&project, &format!("{fate} cargo test --test storm"));
    let check = |fate: &str, how: &str| {
        let words = format!(
            "seed 7001, which failed before (failures/b-fatal), fails again:\n  the process of this run {how}\n  \
             reproduce: cargo xtask replay storm --seed 7001\n"
        );
        let again = test(fate).expect(101, &[&words]).reproduce_line();
        run_in(&project, &format!("{fate} {again} --profile dev")).expect(1, &[how]);
    };
    check("ABORT=7001", "died of signal: 6 (SIGABRT)");
    // It would end the tests, too, as if all were well.
    check("EXIT=7001", "ended with exit code 0");
    test("FAIL=7001").expect(101, &["fails again:\n  client returned an error: the client met its fate\n"]);
    test("RING=7001").expect(101, &["fails again:\n  client returned an error: the client rang\\r\\u{7}\n"]);
    test("RING=7").expect(101, &["an error: the client rang\\r\\u{7}\n"]);
    test("FAIL=7002").expect(0, &["1 passed"]);
}

#[test]
fn slow_who_interrupts_is_told_what_is_waited_for() {
    let project = project("fate/hung");
    run_in(&project, "cargo xtask sweep --seeds 1 --no-shrink --profile dev").expect(0, &[]);
    let sweep = "HANG=5 cargo xtask sweep --seeds 20 --jobs 1 --profile dev 2> told & sweep=$!";
    let heard = |words: &str| format!("for i in $(seq 600); do grep -q '{words}' told && break; sleep 0.1; done");
    // In the end what hangs is ended: it would outlive whoever started it.
    let lines = [
        sweep,
        &heard("seeds/s"),
        "kill -TERM $sweep",
        &heard("interrupted: "),
        "kill -KILL $(pgrep -P $sweep)",
        "wait $sweep",
        "cat told >&2",
    ];
    let ended = run_in(&project, &lines.join("\n"));
    let words = "interrupted: the sweep reports and ends as soon as seed 5 is over; a second Ctrl-C ends it now, \
                 without a report\n";
    assert!(ended.err.contains(words), "{ended:?}");
    assert!(ended.out.contains("storm: 6 seeds, "), "what was done is told: {ended:?}");
}

#[test]
fn slow_who_interrupts_a_shrinker_or_ends_its_runner_is_told_what_it_has() {
    let project = project("fate/small");
    run_in(&project, "cargo xtask sweep --seeds 1 --no-shrink --profile dev").expect(0, &[]);
    // Whether the target hears of it, as of Ctrl-C, or not.
    for signal in ["-INT $small $(pgrep -P $small)", "-TERM $small"] {
        let lines = [
            "FAIL=5 SLOW=5 cargo xtask shrink storm --seed 5 --jobs 1 --profile dev > told & small=$!",
            "for i in $(seq 600); do test $(grep -c 'takes its time' told) -gt 3 && break; sleep 0.1; done",
            &format!("kill {signal}"),
            "wait $small",
            "code=$?",
            "cat told",
            "exit $code",
        ];
        let words = ["storm: seed 5 made small\n", "  interrupted before it was minimal\n", "  more is in failures/"];
        run_in(&project, &lines.join("\n")).expect(130, &words);
    }
    // What is larger than what was found before does not take its place, in edited sources either.
    let whole = "FAIL=5 cargo xtask shrink storm --seed 5 --profile dev";
    run_in(&project, whole).expect(0, &[" -> 0 faults, 1 operation; "]);
    let again = "FAIL=5 cargo xtask shrink storm --seed 5 --budget 1ms --profile dev";
    run_in(&project, again).expect(0, &["it is not kept: a smaller run of the same failure is in failures/"]);
}
