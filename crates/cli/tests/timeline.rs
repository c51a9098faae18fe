//! `timeline` as a process: a page where it is asked for, one run or two, and one line
//! where none can be made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command line came to: its exit code, standard output and standard error.
fn run(arguments: &str) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new("cargo");
    command.args(["xtask", "timeline"]).args(arguments.split_whitespace()).args(["--profile", "dev"]);
    let output = command.current_dir(root).stdin(Stdio::null()).output().expect("there is a cargo");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line writes text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn slow_a_red_run_is_drawn() {
    let path = file("timelines/red.html");
    let (code, out, err) = run(&format!("red/workload-error --seed 0 --out {}", path.display()));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("red/workload-error: seed 0 is RED; its ") && out.contains("red.html"), "{out}");
    let page = fs::read_to_string(&path).expect("it was written, with its folder");
    assert!(
        page.contains("<title>red/workload-error · seed 0</title>")
            && page.contains("cargo xtask replay red/workload-error --seed 0 --profile dev")
    );
}

#[test]
fn slow_two_runs_are_drawn_beside_each_other() {
    let path = file("pair.html");
    for (against, differs) in [("3", false), ("4", true)] {
        let (code, _, err) = run(&format!("ping-pong/storm --seed 3 --against {against} --out {}", path.display()));
        assert_eq!(code, Some(0), "{err}");
        let page = fs::read_to_string(&path).expect("it was written");
        assert_eq!(page.contains(r#""first":["#), differs, "seed 3 against seed {against}");
    }
}

#[test]
fn slow_a_page_that_cannot_be_made_says_why_in_one_line() {
    let check = |arguments: &str, words: &str| {
        let (code, out, err) = run(arguments);
        assert_eq!((code, &*out), (Some(2), ""), "{arguments}: {err}");
        assert!(err.contains(words) && err.trim().lines().count() == 1, "{arguments}: {err}");
    };
    check("", "timeline which target?");
    check("red/panic", "timeline which seed?");
    check("red/panic --seed 0 --against yesterday", "give `clean`, a seed, or a file");
    check("red/panic --seed 0 --against nowhere.jsonl", "it cannot be read");
    check("red/panic --seed 0 --out /dev/null/page.html", "it cannot be written");
}
