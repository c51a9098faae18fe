//! `trace` and `replay --log` as a process: what happened in a run, written where it is
//! asked for, and silence where nobody asks.

use crate::shell::{run, run_xtask, tmp};
use serde_json::Value;
use std::fs;
use wavetank_debug::trace::TraceFile;

#[test]
fn slow_a_trace_is_json_lines_on_standard_output() {
    let out = run_xtask("trace red/panic --seed 0").expect(0, &[]).out;
    let trace = TraceFile::from_json_lines(&out).expect("it is a trace");
    assert_eq!((&*trace.header.simulation, trace.header.seed), ("red/panic", 0));
    assert!(trace.events.len() > 5, "{out}");
    // The same seed as `replay` has it: the same digest, and the same verdict.
    let replayed = run_xtask("replay red/panic --seed 0");
    assert!(replayed.out.contains(&trace.header.digest), "{replayed:?}");
    assert_eq!(replayed.code == Some(1), !trace.header.failures.is_empty(), "{replayed:?}");
}

#[test]
fn slow_a_trace_for_perfetto_is_a_file() {
    let path = tmp("trace.json");
    let line = format!("trace ping-pong/storm --seed 3 --format perfetto --out {}", path.display());
    let out = run_xtask(&line).expect(0, &[]).out;
    assert!(out.starts_with("ping-pong/storm: seed 3 is green; ") && out.contains("events are in "), "{out}");
    let json: Value = serde_json::from_str(&fs::read_to_string(&path).expect("it was written")).expect("it is JSON");
    assert!(json["traceEvents"].as_array().is_some_and(|events| events.len() > 100));
}

#[test]
fn slow_a_trace_that_cannot_be_made_says_why_in_one_line() {
    let check = |arguments: &str, words: &str| run_xtask(&format!("trace {arguments}")).expect_refusal(words);
    check("", "trace which target?");
    check("red/panic", "trace which seed?");
    check("red/panic --seed 1 --format xml", "give jsonl or perfetto");
    check("red/panic --seed 1 --overrides /nowhere", "it cannot be read");
    check("red/panic --seed 1 --window 3", "no flag --window");
}

/// Whether a line is a log's: time, node and incarnation, level.
fn is_log(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_time =
        |word: &str| word.split_once('.').is_some_and(|(whole, rest)| whole.parse::<u64>().is_ok() && rest.len() == 9);
    let is_place =
        |word: &str| word.rsplit_once('.').is_some_and(|(_, incarnation)| incarnation.parse::<u32>().is_ok());
    words.next().is_some_and(is_time)
        && words.next().is_some_and(is_place)
        && words.next().is_some_and(|word| ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&word))
}

#[test]
fn slow_logs_are_told_of_a_replay_and_of_no_sweep() {
    let swept = run("RUST_LOG=trace cargo xtask sweep ping-pong/storm --seeds 5 --profile dev").expect(0, &[]);
    let told: Vec<&str> = swept.out.lines().chain(swept.err.lines()).filter(|line| is_log(line)).collect();
    assert!(told.is_empty(), "a sweep prints logs: {told:?}");
    let out = run_xtask("replay ping-pong/storm --seed 3 --log debug").expect(0, &[]).out;
    let told = out.lines().filter(|line| is_log(line)).count();
    assert!(told > 10, "a replay prints logs: {out}");
    let silent = run_xtask("replay ping-pong/storm --seed 3").expect(0, &[]).out;
    assert!(!silent.lines().any(is_log) && out.ends_with(&silent), "{silent}");
}
