//! The commands of a workspace: sweep, replay, list, campaign, new. They find the targets,
//! build them and start them; what happens inside a target is the target's matter.

mod attend;
mod build;
mod campaign;
mod chosen;
mod command;
mod corpus;
mod crash;
mod debugging;
mod help;
mod list;
mod new;
mod out;
mod replay;
mod roster;
mod shrink;
mod single;
mod sweep;
mod tied;
mod timeline;
mod trace;

use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::{self, Verdict};
use std::ffi::OsString;
use std::process::ExitCode;

/// What [`sweep`] does, in one line.
pub const SWEEP: &str = "run simulation targets over many seeds: all of them for 1,000 seeds if nothing is said";
/// What [`replay`] does, in one line.
pub const REPLAY: &str = "run one seed of a target again: its failure, digest and faults, and its logs with --log";
/// What [`trace`] does, in one line.
pub const TRACE: &str = "all that happened in one run and what made it happen, as JSON lines or for Perfetto";
/// What [`timeline`] does, in one line.
pub const TIMELINE: &str = "one run drawn as a page to look at, or two beside each other";
/// What [`shrink`] does, in one line.
pub const SHRINK: &str = "reduce a red seed to the faults and operations without which it is green, and keep it";
/// What [`corpus`] does, in one line.
pub const CORPUS: &str =
    "the failures that are kept and run again before each sweep; `corpus retire NAME` takes one out";
/// What [`list`] does, in one line.
pub const LIST: &str = "the simulation targets, and their planted bugs with --bugs";
/// What [`campaign`] does, in one line.
pub const CAMPAIGN: &str = "a longer sweep whose dated result is kept under docs/campaigns";
/// What `campaign debugging` does, in one line.
const DEBUGGING: &str = "find every planted bug, make its first red seeds small, and say how small they became";
/// What [`new`] does, in one line.
pub const NEW: &str = "write a project that uses Wavetank, with a simulation and a planted bug, to begin with";

/// A whole `main`: does what the process's arguments ask for.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let word = arguments.next().unwrap_or_default();
    let Some(name) = word.to_str() else {
        return verdict::exit(Err(Trouble::new(format!("the command {word:?} is not text"))));
    };
    let is_help = matches!(name, "help" | "--help" | "-h");
    if is_help && let Some(command) = arguments.next() {
        // `help sweep` is `sweep --help`, and `help campaign debugging` that of this.
        return one(&command.to_string_lossy(), arguments.chain([OsString::from("--help")]));
    }
    if is_help {
        let lines: String = command::ALL.iter().map(|one| format!("  {:<10} {}\n", one.name, one.about)).collect();
        let hint = "`cargo xtask <command> --help` tells what each takes";
        let text = format!("usage: cargo xtask <command> [arguments]\n\n{lines}\n{hint}\n");
        return verdict::exit(terminal::say(&text).map(|()| Verdict::Green));
    }
    one(name, arguments)
}

/// Does the command of a name.
fn one(name: &str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match command::ALL.iter().find(|one| one.name == name) {
        Some(command) => command.run(arguments),
        None => {
            let known = command::ALL.iter().map(|one| one.name).collect::<Vec<_>>().join(", ");
            let what = if name.is_empty() { "which command?".to_string() } else { format!("no command `{name}`;") };
            verdict::exit(Err(Trouble::new(format!("{what} there are {known}"))))
        }
    }
}

/// `sweep [NAME..] [flags]`: runs seeds, reports, and says by its exit code whether
/// they were green (0), red (1) or could not be run (2); 130 if it was interrupted
/// before anything was red.
pub fn sweep<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::SWEEP.run(arguments)
}

/// `replay NAME --seed S [flags]`: runs one seed again. Exit codes as for [`sweep`].
pub fn replay<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::REPLAY.run(arguments)
}

/// `shrink NAME --seed S [flags]`: reduces a red seed's run, and keeps it in the folder of
/// failures. 0 if that is done, 2 if the seed is green.
pub fn shrink<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::SHRINK.run(arguments)
}

/// `trace NAME --seed S [flags]`: writes the causal trace of one run. 0 if it is written,
/// whether or not the run is red.
pub fn trace<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::TRACE.run(arguments)
}

/// `timeline NAME --seed S [flags]`: draws one run as a page. Exit code 0 once it is written,
/// red run or not.
pub fn timeline<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::TIMELINE.run(arguments)
}

/// `corpus [list | retire NAME]`: the failures that are kept.
pub fn corpus<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::CORPUS.run(arguments)
}

/// `list [--bugs]`: the targets of the workspace.
pub fn list<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::LIST.run(arguments)
}

/// `campaign [sweep] [NAME..] [flags]`: a longer sweep, of 100,000 seeds if nothing is
/// said, whose dated result is written under `docs/campaigns`. Exit codes as for [`sweep`].
/// `campaign debugging [NAME..] [flags]`: finds each planted bug and makes its red seeds
/// small; 1 if they do not become small enough.
pub fn campaign<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::CAMPAIGN.run(arguments)
}

/// `new PATH [--name NAME] [--wavetank FOLDER|URL]`: writes a project that depends on the
/// crates of the checkout that this program was built from, or of another one. Exit
/// codes: 0, or 2 if the folder is not empty or cannot be written.
pub fn new<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    command::NEW.run(arguments)
}
