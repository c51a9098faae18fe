//! `corpus`: the failures that are kept, and taking one out by hand. A sweep runs them
//! again by itself.

use crate::manifest::Manifest;
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser, ValueExt};
use std::fmt::Write;
use wavetank_debug::corpus::{CLEAN_REVISIONS, Corpus, CorpusError, FOLDER, Holdings};

/// How it is called.
pub(super) const USAGE: &str = "corpus [list | retire NAME]";

pub(super) fn command(mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut words: Vec<String> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) => words.push(word.string()?),
            Arg::Long(flag) => return Err(Trouble::new(format!("no flag --{flag}; usage: {USAGE}"))),
            other => return Err(other.unexpected().into()),
        }
    }
    let corpus = Corpus::new(Manifest::read()?.root.join(FOLDER));
    let failed = |error: CorpusError| Trouble::new(error.to_string());
    let mut broken = None;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        [] | ["list"] => {
            let holdings = corpus.holdings().map_err(failed)?;
            broken = Trouble::of_broken(&holdings);
            list(&corpus, &holdings)
        }
        ["retire", name] => {
            corpus.retire(name).map_err(failed)?;
            format!("retired: {name}\n")
        }
        _ => return Err(Trouble::new(format!("usage: {USAGE}"))),
    };
    terminal::say(&text)?;
    broken.map_or(Ok(Verdict::Green), Err)
}

fn list(corpus: &Corpus, holdings: &Holdings) -> String {
    if holdings.entries.is_empty() && holdings.broken.is_empty() {
        return format!("no failure is kept in {}\n", corpus.root().display());
    }
    let mut text = String::new();
    for (name, entry) in &holdings.entries {
        let clean = entry.clean.len();
        let clean =
            if clean == 0 { String::new() } else { format!(", green in {clean} of {CLEAN_REVISIONS} revisions") };
        let failure = entry.failure.lines().next().unwrap_or_default();
        writeln!(text, "{name}: {} seed {}{clean}\n  {failure}\n  {}", entry.simulation, entry.seed, entry.reproduce)
            .expect("a string takes all that fits into memory");
    }
    text
}
