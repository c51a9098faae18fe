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
        verdict::exit(command.attempt(Parser::from_args(arguments)))
    }

    fn attempt(&self, parser: Parser) -> Result<Verdict, Trouble> {
        (self.body)(parser).map_err(|trouble| trouble.with_usage(&self.usage()))
    }

    pub(super) fn usage(&self) -> String {
        self.usage.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_bad(command: &Command, arguments: &[&str], words: &str) {
        let trouble = command.attempt(Parser::from_args(arguments)).expect_err(words).to_string();
        assert!(trouble.starts_with(words) && !trouble.contains('\n'), "{arguments:?}: {trouble}");
    }

    #[test]
    fn a_word_too_many_is_told_with_what_is_taken() {
        check_bad(&REPLAY, &["kv", "40"], "unexpected argument \"40\"; usage: replay NAME --seed S [--bug NAME]");
        check_bad(&SWEEP, &["-x"], "invalid option '-x'; usage: sweep [NAME..] [--seeds N|A..B]");
        check_bad(&NEW, &["here", "there"], "unexpected argument \"there\"; usage: new PATH");
        check_bad(
            &SWEEP,
            &["--until-covered=yes"],
            "unexpected argument for option '--until-covered': \"yes\"; usage: ",
        );
        check_bad(&DEBUGGING, &["-j"], "invalid option '-j'; usage: campaign debugging [NAME..]");
        // One that has told how it is called does so once.
        let trouble = SWEEP.attempt(Parser::from_args(["--seed"])).expect_err("no such flag").to_string();
        assert_eq!(trouble.matches("usage: ").count(), 1, "{trouble}");
    }

    #[test]
    fn the_page_has_each_command_as_it_is_called() {
        let page = include_str!("../../README.md");
        let calls = page.split("```text").nth(1).and_then(|rest| rest.split("```").next()).expect("they are there");
        let calls = calls.split_whitespace().collect::<Vec<_>>().join(" ") + " cargo xtask ";
        for command in ALL.iter().copied().chain([&DEBUGGING]).filter(|command| command.name != CAMPAIGN.name) {
            let call = format!("cargo xtask {} cargo xtask ", command.usage());
            assert!(calls.contains(&call), "crates/cli/README.md lacks {call:?}");
        }
    }

    #[test]
    fn a_bad_number_is_told_with_its_own_flag() {
        check_bad(&DEBUGGING, &["--each", "0"], "--each 0: give a number from 1 to ");
        check_bad(&DEBUGGING, &["--replays", "many"], "--replays many: give a number from 1 to ");
        check_bad(&DEBUGGING, &["--jobs", "0"], "--jobs 0: give a number of threads from 1 to ");
    }
}
