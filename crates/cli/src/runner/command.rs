//! The commands of a workspace, as a table: what each is called, what it takes, and what does
//! it. Each tells of itself when it is asked for help.

use super::{campaign, corpus, debugging, help, list, new, replay, shrink, sweep, timeline, trace};
use crate::options::SweepOptions;
use crate::target::{REPLAY_USAGE, SHRINK_USAGE, TIMELINE_USAGE, TRACE_USAGE};
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::{self, Verdict};
use lexopt::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// A command.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// What it does, in one line.
    pub(super) about: &'static str,
    /// What stands behind `cargo xtask`, in parts.
    usage: &'static [&'static str],
    body: fn(Parser) -> Result<Verdict, Trouble>,
}

/// All that are found by one word.
pub(super) const ALL: &[&Command] = &[&SWEEP, &REPLAY, &SHRINK, &TRACE, &TIMELINE, &CORPUS, &LIST, &CAMPAIGN, &NEW];

pub(super) const SWEEP: Command = Command {
    name: "sweep",
    about: super::SWEEP,
    usage: &["sweep [NAME..]", SweepOptions::USAGE, sweep::JUNIT],
    body: sweep::command,
};
pub(super) const REPLAY: Command =
    Command { name: "replay", about: super::REPLAY, usage: &["replay NAME", REPLAY_USAGE], body: replay::command };
pub(super) const SHRINK: Command =
    Command { name: "shrink", about: super::SHRINK, usage: &["shrink NAME", SHRINK_USAGE], body: shrink::command };
pub(super) const TRACE: Command =
    Command { name: "trace", about: super::TRACE, usage: &["trace NAME", TRACE_USAGE], body: trace::command };
pub(super) const TIMELINE: Command = Command {
    name: "timeline",
    about: super::TIMELINE,
    usage: &["timeline NAME", TIMELINE_USAGE],
    body: timeline::command,
};
pub(super) const CORPUS: Command =
    Command { name: "corpus", about: super::CORPUS, usage: &[corpus::USAGE], body: corpus::command };
pub(super) const LIST: Command =
    Command { name: "list", about: super::LIST, usage: &[list::USAGE], body: list::command };
pub(super) const CAMPAIGN: Command = Command {
    name: "campaign",
    about: super::CAMPAIGN,
    usage: &["campaign [sweep] [NAME..]", SweepOptions::USAGE, sweep::JUNIT],
    body: campaign::command,
};
/// What `campaign` is if the word behind it says so.
pub(super) const DEBUGGING: Command = Command {
    name: "debugging",
    about: super::DEBUGGING,
    usage: &["campaign debugging", debugging::USAGE],
    body: debugging::command,
};
pub(super) const NEW: Command = Command { name: "new", about: super::NEW, usage: &[new::USAGE], body: new::command };

impl Command {
    /// Does it with the words behind its name, or tells of it if they ask for help.
    pub(super) fn run<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> ExitCode {
        let mut arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut command = self;
        if self.name == CAMPAIGN.name && arguments.first().is_some_and(|word| word == DEBUGGING.name) {
            arguments.remove(0);
            command = &DEBUGGING;
        }
        if help::is_wanted(&arguments) {
            let told = terminal::say(&help::text(&command.usage(), command.about));
            return verdict::exit(told.map(|()| Verdict::Green));
        }
        verdict::exit((command.body)(Parser::from_args(arguments)))
    }

    pub(super) fn usage(&self) -> String {
        self.usage.join(" ")
    }
}
