//! What the command line says of itself, and to whom: help where it is asked for, nothing to
//! who reads no further, and one line where a word is not text.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a line came to: its exit code, standard output and standard error.
fn run(line: &str) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new("bash");
    let output = command.args(["-c", line]).current_dir(root).stdin(Stdio::null()).output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line writes text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn slow_each_command_tells_of_itself() {
    let commands = [
        "sweep",
        "replay",
        "shrink",
        "trace",
        "timeline",
        "corpus",
        "list",
        "campaign",
        "campaign debugging",
        "new",
        "ci",
    ];
    for command in commands {
        for flag in ["--help", "-h"] {
            let (code, out, err) = run(&format!("cargo xtask {command} {flag}"));
            assert_eq!((code, &*err), (Some(0), ""), "{command} {flag}");
            assert!(out.starts_with(&format!("usage: cargo xtask {command} ")), "{command} {flag}: {out}");
            assert_eq!(run(&format!("cargo xtask help {command}")).1, out, "asked for in another way");
        }
    }
    let (code, _, err) = run("cargo xtask help nobody");
    assert!(code == Some(2) && err.contains("no command \"nobody\"; known: ci, sweep, "), "{err}");
    // Whatever stands before it, and nothing of it is done.
    let (code, out, _) = run("cargo xtask sweep calm --seeds 5 --help");
    assert!(code == Some(0) && out.contains("\n  --seeds N|A..B") && !out.contains("green"), "{out}");
    let (_, out, _) = run("cargo xtask help");
    assert!(commands.iter().all(|name| out.contains(&format!("\n  {}", name.split(' ').next().expect("a word")))));
}

#[test]
fn slow_who_reads_no_further_is_told_of_no_panic() {
    for command in ["help", "ci --list", "ci --help", "sweep --help", "list"] {
        let (_, _, err) = run(&format!("{{ cargo xtask {command}; echo code $? >&2; }} | true"));
        assert_eq!(err, "code 0\n", "{command}");
    }
}

#[test]
fn slow_a_word_that_is_not_text_is_one_line() {
    let invalid = "\\xFF";
    let lines = [("$'\\xff'", invalid), ("sweep $'\\xff'", invalid), ("ci $'\\xff'", invalid)];
    for (line, words) in lines.into_iter().chain([("sweep --bug $'\\xff'", "--bug is not text")]) {
        let (code, out, err) = run(&format!("cargo xtask {line}"));
        assert_eq!((code, &*out), (Some(2), ""), "{line}: {err}");
        assert!(err.trim().lines().count() == 1 && err.contains(words), "{line}: {err}");
    }
}
