//! A new project: it compiles, its sweep is green, and red with its planted bug; and what
//! `new` refuses. The project is built without the network, in a target folder that is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command line came to: its exit code, and what it wrote.
struct Ended {
    line: String,
    code: Option<i32>,
    out: String,
    err: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tmp() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new")
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = tmp().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("cargo gives tests a folder");
    folder
}

fn run(mut command: Command, line: &str) -> Ended {
    command.args(["-c", line]).stdin(Stdio::null());
    for seeds in ["WAVETANK_SEED", "WAVETANK_SEEDS"] {
        command.env_remove(seeds);
    }
    let output = command.output().expect("there is a shell");
    let text = |bytes| String::from_utf8(bytes).expect("the command line writes text");
    Ended { line: line.to_owned(), code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a line in the checkout.
fn run_here(line: &str) -> Ended {
    let mut shell = Command::new("sh");
    shell.current_dir(root());
    run(shell, line)
}

/// Runs a line as somebody would in a project.
fn run_in(project: &Path, line: &str) -> Ended {
    let mut shell = Command::new("sh");
    shell.current_dir(project).env("CARGO_TARGET_DIR", tmp().join("target")).env("CARGO_NET_OFFLINE", "true");
    // What this test's own cargo says of its package is not about the project's.
    shell.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
    run(shell, line)
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32, words: &str) -> Ended {
        let Ended { line, out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "`{line}`:\n{out}{err}");
        assert!(out.contains(words), "`{line}` does not say {words:?}:\n{out}{err}");
        self
    }
}

#[test]
fn slow_a_new_project_sweeps_green_and_red_with_its_bug() {
    let project = folder("made").join("deep/tide-gauge");
    run_here(&format!("cargo xtask new '{}'", project.display())).expect(0, "cargo xtask sweep");
    run_in(&project, "cargo xtask sweep --profile dev").expect(0, "1,000 seeds, green");
    run_in(&project, "cargo xtask list --bugs").expect(0, "--bug early-ack: answers before the count is on the disk");

    let lost = "no count that was told is lost";
    let red = run_in(&project, "cargo xtask sweep --bug early-ack --profile dev").expect(1, lost);
    let again = red.out.lines().find_map(|line| line.trim_start().strip_prefix("reproduce: "));
    let again = again.unwrap_or_else(|| panic!("a red sweep says how to reproduce it:\n{}", red.out));
    assert!(again.starts_with("cargo xtask replay storm --seed "), "{again}");
    run_in(&project, again).expect(1, lost);
    run_in(&project, &again.replace(" --bug early-ack", "")).expect(0, "is green");

    // As a test, and with everything that is in it built without a warning.
    let tested = run_in(&project, "cargo test --workspace").expect(0, "test storm ");
    assert!(!tested.err.contains("warning"), "{}", tested.err);
    let files = |folder: &Path| fs::read_dir(folder).expect("it is there").count();
    assert_eq!(files(&project.join("failures")), 1, "the red run is kept, and nothing else was red");
    assert_eq!((files(&project), files(&project.join("src"))), (10, 2), "nothing else is left beside what was written");
}

#[test]
fn slow_what_is_there_is_left_alone() {
    let full = folder("full");
    fs::write(full.join("notes"), "precious").expect("the folder was just made");
    fs::create_dir(full.join("empty")).expect("the folder was just made");
    for (arguments, hint) in [
        (full.display().to_string(), "is not empty: a new project wants a folder of its own"),
        (full.join("notes").display().to_string(), "notes: "),
        (full.join("notes/below").display().to_string(), "notes/below: "),
        ("/proc/nowhere".to_owned(), "cannot be written: "),
        (String::new(), "where to? usage: new PATH"),
        (format!("{}/Big --colour", full.display()), "no flag --colour"),
        (format!("{}/Big", full.display()), "`Big` cannot name a package"),
    ] {
        let ended = run_here(&format!("cargo xtask new {arguments}")).expect(2, "");
        assert!(ended.err.contains(hint) && ended.err.lines().count() == 1, "{arguments}: {}", ended.err);
    }
    assert_eq!(fs::read_to_string(full.join("notes")).expect("it is still there"), "precious");
    run_here(&format!("cargo xtask new {}/empty", full.display())).expect(0, "wrote empty; next:");
}
