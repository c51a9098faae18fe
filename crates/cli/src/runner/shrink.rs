//! `shrink`: one red seed made small, in its target's own process. What was found is kept
//! in the workspace's folder of failures.

use super::campaign::commit;
use super::single;
use crate::manifest::{Declared, Manifest};
use crate::target::{SHRINK_FLAGS, SHRINK_USAGE};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::Parser;
use std::ffi::OsString;
use wavetank_debug::corpus::FOLDER;

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    single::command_with("shrink", &SHRINK_FLAGS, SHRINK_USAGE, parser, |built| {
        let mut words = words(built.manifest);
        words.push("--tied".into());
        words.extend(features(built.target, built.bug));
        words.extend(built.profile_words());
        words
    })
}

/// With which features a target was built, for the tests that are written there.
pub(super) fn features(target: &Declared, bug: Option<&str>) -> [OsString; 2] {
    ["--features".into(), target.features(bug.is_some()).join(",").into()]
}

/// Where a target keeps what it finds, and what it says of the sources.
pub(super) fn words(manifest: &Manifest) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--corpus".into(), manifest.root.join(FOLDER).into()];
    if let Some(revision) = commit(&manifest.root) {
        words.extend(["--revision".into(), revision.into()]);
    }
    words
}
