//! `trace` and `replay --log` as a process: what happened in a run, written where it is
//! asked for, and silence where nobody asks.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wavetank_debug::trace::TraceFile;

/// What a command line came to: its exit code, standard output and standard error.
fn run(line: &str) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(root).stdin(Stdio::null());
    let output = command.output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line writes text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn slow_a_trace_is_json_lines_on_standard_output() {
    let (code, out, err) = run("cargo xtask trace red/panic --seed 0 --profile dev");
    assert_eq!(code, Some(0), "{err}");
    let trace = TraceFile::from_json_lines(&out).expect("it is a trace");
    assert_eq!((&*trace.header.simulation, trace.header.seed), ("red/panic", 0));
    assert!(trace.events.len() > 5, "{out}");
    // The same seed as `replay` has it: the same digest, and the same verdict.
    let (code, out, err) = run("cargo xtask replay red/panic --seed 0 --profile dev");
    assert!(out.contains(&trace.header.digest), "{out}{err}");
    assert_eq!(code == Some(1), !trace.header.failures.is_empty(), "{out}{err}");
}

#[test]
fn slow_a_trace_for_perfetto_is_a_file() {
    let path = file("trace.json");
    let line = format!("cargo xtask trace ping-pong/storm --seed 3 --profile dev --format perfetto --out {path:?}");
    let (code, out, err) = run(&line);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.starts_with("ping-pong/storm: seed 3 is green; ") && out.contains("events are in "), "{out}");
    let json: Value = serde_json::from_str(&fs::read_to_string(&path).expect("it was written")).expect("it is JSON");
    assert!(json["traceEvents"].as_array().is_some_and(|events| events.len() > 100));
}

#[test]
fn slow_a_trace_that_cannot_be_made_says_why_in_one_line() {
    let check = |arguments: &str, words: &str| {
        let (code, out, err) = run(&format!("cargo xtask trace {arguments} --profile dev"));
        assert_eq!((code, &*out), (Some(2), ""), "{arguments}: {err}");
        assert!(err.contains(words) && err.trim().lines().count() == 1, "{arguments}: {err}");
    };
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
    let (code, out, err) = run("RUST_LOG=trace cargo xtask sweep ping-pong/storm --seeds 5 --profile dev");
    assert_eq!(code, Some(0), "{out}{err}");
    let told: Vec<&str> = out.lines().chain(err.lines()).filter(|line| is_log(line)).collect();
    assert!(told.is_empty(), "a sweep prints logs: {told:?}");
    let (code, out, err) = run("cargo xtask replay ping-pong/storm --seed 3 --log debug --profile dev");
    assert_eq!(code, Some(0), "{out}{err}");
    let told = out.lines().filter(|line| is_log(line)).count();
    assert!(told > 10, "a replay prints logs: {out}");
    let (_, silent, _) = run("cargo xtask replay ping-pong/storm --seed 3 --profile dev");
    assert!(!silent.lines().any(is_log) && out.ends_with(&silent), "{silent}");
}
