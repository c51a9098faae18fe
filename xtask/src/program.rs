//! Runs other programs, shown before they start.
//!
//! What they are run for is the business of the step that asks.

use std::{ffi::OsStr, path::Path, process::Command};

use crate::{
    red::Red,
    terminal::{say, show},
};

/// A program to run in one folder.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

impl Program {
    /// `name` with `arguments`, to be run in `folder`.
    pub(crate) fn new(name: &str, arguments: &[&str], folder: &Path) -> Self {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(folder);
        let short = Path::new(name).file_name().and_then(OsStr::to_str).unwrap_or(name);
        Program {
            command,
            shown: std::iter::once(short).chain(arguments.iter().copied()).collect::<Vec<_>>().join(" "),
        }
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(arguments: &[&str], folder: &Path) -> Self {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        Program::new(&cargo, arguments, folder)
    }

    /// Sets an environment variable, and shows it.
    pub(crate) fn with_env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{name}={:?} {}", value.as_ref(), self.shown);
        self.command.env(name, value);
        self
    }

    /// Runs it with our own output.
    ///
    /// # Errors
    /// If it cannot be started or does not succeed.
    pub(crate) fn run(mut self) -> Result<(), Red> {
        say(format!("$ {}", self.shown));
        let status = self.command.status().map_err(|error| Red::new(format!("{}: {error}", self.shown)))?;
        if status.success() { Ok(()) } else { Err(Red::new(format!("`{}` ended with {status}", self.shown))) }
    }

    /// Runs it and takes its standard output.
    ///
    /// # Errors
    /// If it cannot be started or does not succeed; its complaints are in the error.
    pub(crate) fn output(mut self) -> Result<String, Red> {
        let output = self.command.output().map_err(|error| Red::new(format!("{}: {error}", self.shown)))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(Red::new(format!("`{}` ended with {}\n{}", self.shown, output.status, complaint.trim_end())));
        }
        String::from_utf8(output.stdout).map_err(|error| Red::new(format!("`{}`: {error}", self.shown)))
    }

    /// Runs it, shows its standard output and takes it; its exit code, -1 for a signal.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn status_and_output(mut self) -> Result<(i32, String), Red> {
        say(format!("$ {}", self.shown));
        self.command.stderr(std::process::Stdio::inherit());
        let output = self.command.output().map_err(|error| Red::new(format!("{}: {error}", self.shown)))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        show(&text);
        Ok((output.status.code().unwrap_or(-1), text))
    }

    /// Whether it can be run at all, and succeeds.
    pub(crate) fn works(mut self) -> bool {
        self.command.output().is_ok_and(|output| output.status.success())
    }
}

/// Sees to it that `probe` works, by installing the Debian package `package` where
/// we may: as root on a machine with apt-get. Says whether it works now.
pub(crate) fn ensure_package(probe: &[&str], package: &str, folder: &Path) -> bool {
    let works = || {
        let (name, arguments) = probe.split_first().expect("a probe names a program");
        Program::new(name, arguments, folder).works()
    };
    if works() {
        return true;
    }
    let root = Program::new("id", &["-u"], folder).output().is_ok_and(|user| user.trim() == "0");
    if !root || !Program::new("apt-get", &["--version"], folder).works() {
        return false;
    }
    say(format!("{package} is missing; installing it"));
    let install = ["install", "--yes", "--quiet", "--no-install-recommends", package];
    let apt =
        |arguments: &[&str]| Program::new("apt-get", arguments, folder).with_env("DEBIAN_FRONTEND", "noninteractive");
    apt(&["update", "--quiet"]).run().and_then(|()| apt(&install).run()).is_ok() && works()
}
