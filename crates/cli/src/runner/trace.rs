//! `trace`: what happened in one run, event by event, as its target's own process tells it.

use super::single;
use crate::target::{TRACE_FLAGS, TRACE_USAGE};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::Parser;

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    single::command("trace", &TRACE_FLAGS, TRACE_USAGE, parser)
}
