//! This workspace's own commands: `cargo xtask <command>`.
//!
//! What a downstream project would want too (sweeping, replaying) is not here but
//! in the library `wavetank-cli`.

#![expect(clippy::disallowed_methods, reason = "commands of the workspace live in the real world, which no run sees")]

mod ci;
mod code;
mod layers;
mod program;
mod red;
mod terminal;
mod tool;
mod workspace;

use std::{ffi::OsString, process::ExitCode};
use terminal::{complain, say};
use wavetank_cli::runner;

/// A command: its name, what it does in one line, and its body, which gets the
/// arguments after the name.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[OsString]) -> ExitCode,
}

const COMMANDS: &[Command] = &[
    Command { name: "ci", about: "every check that a change has to pass; `ci --list` names them", run: ci::command },
    Command { name: "sweep", about: runner::SWEEP, run: |arguments| runner::sweep(arguments) },
    Command { name: "replay", about: runner::REPLAY, run: |arguments| runner::replay(arguments) },
    Command { name: "shrink", about: runner::SHRINK, run: |arguments| runner::shrink(arguments) },
    Command { name: "trace", about: runner::TRACE, run: |arguments| runner::trace(arguments) },
    Command { name: "timeline", about: runner::TIMELINE, run: |arguments| runner::timeline(arguments) },
    Command { name: "corpus", about: runner::CORPUS, run: |arguments| runner::corpus(arguments) },
    Command { name: "list", about: runner::LIST, run: |arguments| runner::list(arguments) },
    Command { name: "campaign", about: runner::CAMPAIGN, run: |arguments| runner::campaign(arguments) },
    Command { name: "new", about: runner::NEW, run: |arguments| runner::new(arguments) },
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let Some((word, rest)) = arguments.split_first() else {
        return misuse(&format!("which command? known: {}", names()));
    };
    let Some(name) = word.to_str() else {
        return misuse(&format!("the command {word:?} is not text; known: {}", names()));
    };
    let is_help = matches!(name, "help" | "--help" | "-h");
    if let (true, Some(command)) = (is_help, rest.first()) {
        // `help sweep` is `sweep --help`, and `help campaign debugging` that of this.
        let words: Vec<OsString> = rest[1..].iter().cloned().chain([OsString::from("--help")]).collect();
        return one(&command.to_string_lossy(), &words);
    }
    if is_help {
        let lines: String = COMMANDS.iter().map(|one| format!("  {:<10} {}\n", one.name, one.about)).collect();
        say(format!("usage: cargo xtask <command> [arguments]\n\n{lines}"));
        say("`cargo xtask <command> --help` tells what each takes");
        return ExitCode::SUCCESS;
    }
    one(name, rest)
}

/// Does the command of a name.
fn one(name: &str, arguments: &[OsString]) -> ExitCode {
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(arguments),
        None => misuse(&format!("no command {name:?}; known: {}", names())),
    }
}

fn names() -> String {
    COMMANDS.iter().map(|command| command.name).collect::<Vec<_>>().join(", ")
}

/// Says in one line what was wrong with a call, and gives the status for it (2).
fn misuse(what: &str) -> ExitCode {
    complain(format!("xtask: {what}"));
    ExitCode::from(2)
}
