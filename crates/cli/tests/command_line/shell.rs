//! Lines as somebody types them, in this checkout or in a project of their own, and what they
//! came to. What they ought to come to is said beside each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

/// What a line came to: its exit code, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    line: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).expect("this package is there")
}

/// A folder below the one that cargo gives these tests, whether or not it is there.
pub(crate) fn tmp(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// An empty folder of a test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = tmp(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("cargo gives tests a folder");
    folder
}

/// A line in the checkout, to be started.
pub(crate) fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(root()).stdin(Stdio::null());
    for seeds in ["WAVETANK_SEED", "WAVETANK_SEEDS"] {
        command.env_remove(seeds);
    }
    command
}

/// Runs a line in the checkout.
pub(crate) fn run(line: &str) -> Ended {
    end(shell(line), line)
}

/// Runs a command of the checkout, with targets in the profile that tests are built in anyway.
pub(crate) fn run_xtask(arguments: &str) -> Ended {
    run(&format!("cargo xtask {arguments} --profile dev"))
}

/// Runs a line in a project that is not of this checkout, without the network. All of them
/// share a target folder that is kept, where each leaves an `xtask`: one at a time.
pub(crate) fn run_in(project: &Path, line: &str) -> Ended {
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = shell(line);
    command.current_dir(project).env("CARGO_TARGET_DIR", tmp("new/target")).env("CARGO_NET_OFFLINE", "true");
    // What this test's own cargo says of its package is not about the project's.
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
    end(command, line)
}

fn end(mut command: Command, line: &str) -> Ended {
    let Output { status, stdout, stderr } = command.output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line writes text");
    Ended { line: line.to_string(), code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Ended {
    /// It ended with this code, and said these words on standard output.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Ended {
        let Ended { line, out, err, .. } = &self;
        for word in words {
            assert!(out.contains(word), "`{line}` does not say {word:?}:\n{out}{err}");
        }
        assert_eq!(self.code, Some(code), "`{line}`:\n{out}{err}");
        self
    }

    /// It was refused, and why stands in one line on standard error.
    #[track_caller]
    pub(crate) fn expect_refusal(self, words: &str) {
        let Ended { line, code, out, err } = &self;
        assert_eq!((*code, out.as_str()), (Some(2), ""), "`{line}`: {err}");
        assert!(err.contains(words) && err.trim().lines().count() == 1, "`{line}` does not say {words:?}: {err}");
    }

    /// The line behind the first `reproduce: `.
    pub(crate) fn reproduce_line(&self) -> String {
        let lines = self.out.lines().find_map(|line| line.trim_start().strip_prefix("reproduce: "));
        lines.unwrap_or_else(|| panic!("`{}` says how to reproduce it:\n{}", self.line, self.out)).to_string()
    }
}
