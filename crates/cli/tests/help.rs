//! What the command line says of itself where help is asked for.

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
    ];
    for command in commands {
        for flag in ["--help", "-h"] {
            let (code, out, err) = run(&format!("cargo xtask {command} {flag}"));
            assert_eq!((code, &*err), (Some(0), ""), "{command} {flag}");
            assert!(out.starts_with(&format!("usage: cargo xtask {command} ")), "{command} {flag}: {out}");
        }
    }
    // Whatever stands before it, and nothing of it is done.
    let (code, out, _) = run("cargo xtask sweep calm --seeds 5 --help");
    assert!(code == Some(0) && out.contains("\n  --seeds N|A..B") && !out.contains("green"), "{out}");
    let (_, out, _) = run("cargo xtask help");
    assert!(commands.iter().all(|name| out.contains(&format!("\n  {}", name.split(' ').next().expect("a word")))));
}
