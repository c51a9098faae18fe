//! `replay`: one seed of one simulation, in its target's own process, which tells all.

use super::single;
use crate::target::{REPLAY_FLAGS, REPLAY_USAGE};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::Parser;

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    single::command("replay", &REPLAY_FLAGS, REPLAY_USAGE, parser)
}
