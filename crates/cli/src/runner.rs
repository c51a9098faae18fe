//! The commands of a workspace: sweep, replay, list, campaign, new. They find the targets,
//! build them and start them; what happens inside a target is the target's matter.

mod attend;
mod build;
mod campaign;
mod chosen;
mod corpus;
mod crash;
mod debugging;
mod list;
mod manifest;
mod new;
mod out;
mod replay;
mod roster;
mod shrink;
mod single;
mod sweep;
mod timeline;
mod trace;

use crate::verdict;
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
/// What [`new`] does, in one line.
pub const NEW: &str = "write a project that uses Wavetank, with a simulation and a planted bug, to begin with";

const COMMANDS: &[(&str, &str)] = &[
    ("sweep", SWEEP),
    ("replay", REPLAY),
    ("shrink", SHRINK),
    ("trace", TRACE),
    ("timeline", TIMELINE),
    ("corpus", CORPUS),
    ("list", LIST),
    ("campaign", CAMPAIGN),
    ("new", NEW),
];

/// A whole `main`: does what the process's arguments ask for.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    match name.as_str() {
        "sweep" => sweep(arguments),
        "replay" => replay(arguments),
        "shrink" => shrink(arguments),
        "trace" => trace(arguments),
        "timeline" => timeline(arguments),
        "corpus" => corpus(arguments),
        "list" => list(arguments),
        "campaign" => campaign(arguments),
        "new" => new(arguments),
        "help" | "--help" | "-h" => {
            let lines: String = COMMANDS.iter().map(|(name, about)| format!("  {name:<10} {about}\n")).collect();
            let told = crate::terminal::say(&format!("usage: cargo xtask <command> [arguments]\n\n{lines}"));
            verdict::exit(told.map(|()| verdict::Verdict::Green))
        }
        _ => {
            let known = COMMANDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            verdict::exit(Err(crate::trouble::Trouble::new(format!("no command `{name}`; there are {known}"))))
        }
    }
}

/// `sweep [NAME..] [flags]`: runs seeds, reports, and says by its exit code whether
/// they were green (0), red (1) or could not be run (2); 130 if it was interrupted
/// before anything was red.
pub fn sweep<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(sweep::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `replay NAME --seed S [flags]`: runs one seed again. Exit codes as for [`sweep`].
pub fn replay<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(replay::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `shrink NAME --seed S [flags]`: reduces a red seed's run, and keeps it in the folder of
/// failures. 0 if that is done, 2 if the seed is green.
pub fn shrink<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(shrink::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `trace NAME --seed S [flags]`: writes the causal trace of one run. 0 if it is written,
/// whether or not the run is red.
pub fn trace<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(trace::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `timeline NAME --seed S [flags]`: draws one run as a page. Exit code 0 once it is written,
/// red run or not.
pub fn timeline<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(timeline::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `corpus [list | retire NAME]`: the failures that are kept.
pub fn corpus<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(corpus::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `list [--bugs]`: the targets of the workspace.
pub fn list<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(list::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}

/// `campaign [sweep] [NAME..] [flags]`: a longer sweep, of 100,000 seeds if nothing is
/// said, whose dated result is written under `docs/campaigns`. Exit codes as for [`sweep`].
/// `campaign debugging [NAME..] [flags]`: finds each planted bug and makes its red seeds
/// small; 1 if they do not become small enough.
pub fn campaign<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    if arguments.first().is_some_and(|word| word == "debugging") {
        arguments.remove(0);
        return verdict::exit(debugging::command(lexopt::Parser::from_args(arguments)));
    }
    verdict::exit(campaign::command(lexopt::Parser::from_args(arguments)))
}

/// `new PATH [--name NAME] [--wavetank FOLDER|URL]`: writes a project that depends on the
/// crates of the checkout that this program was built from, or of another one. Exit
/// codes: 0, or 2 if the folder is not empty or cannot be written.
pub fn new<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    verdict::exit(new::command(lexopt::Parser::from_args(arguments.into_iter().map(Into::into))))
}
