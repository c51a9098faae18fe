//! `timeline`: one run drawn as a page, as its target's own process tells it.

use super::single;
use crate::target::{TIMELINE_FLAGS, TIMELINE_USAGE};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::Parser;

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    single::command_with("timeline", &TIMELINE_FLAGS, TIMELINE_USAGE, parser, |built| {
        let mut words = built.profile_words();
        // With what else was built here, whichever folder it is called from.
        words.extend(["--into".into(), built.manifest.built.join("timelines").into()]);
        words
    })
}
