//! `trace`: the causal trace of one run, as JSON lines or for Perfetto. What is in it is
//! said in `docs/trace.md`.

use super::flag::Flag;
use super::{Target, overrides, watched};
use crate::options::{seed, value};
use crate::report::grouped;
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use crate::written;
use lexopt::{Arg, Parser, ValueExt};
use std::path::{Path, PathBuf};
use wavetank_debug::perfetto;
use wavetank_debug::trace::TraceFile;
use wavetank_harness::{Overrides, RunRecord};

pub(crate) const USAGE: &str =
    "--seed S [--bug NAME] [--overrides FILE] [--format jsonl|perfetto] [--out FILE] [--profile NAME]";
/// Flags with a value that go on to the target.
pub(crate) const FLAGS: [Flag; 3] = [
    Flag::new("overrides", overrides::look),
    Flag::new("format", |look| read_format(look.value).map(drop)),
    Flag::new("out", |look| written::claim_file(look.flag, Path::new(look.value))),
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    #[default]
    JsonLines,
    Perfetto,
}

pub(super) fn command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let (mut simulation, mut wanted, mut bug, mut overridden, mut out) = (None, None, None, None, None);
    let mut format = Format::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if simulation.is_none() => simulation = Some(name.string()?),
            Arg::Long("seed") => wanted = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => bug = Some(value("bug", &mut parser)?),
            Arg::Long("overrides") => overridden = Some(PathBuf::from(value("overrides", &mut parser)?)),
            Arg::Long("format") => format = read_format(&value("format", &mut parser)?)?,
            Arg::Long("out") => out = Some(PathBuf::from(value("out", &mut parser)?)),
            Arg::Long(flag) => return Err(Trouble::new(format!("no flag --{flag}; there are {USAGE}"))),
            other => return Err(other.unexpected().into()),
        }
    }
    let seed = wanted.ok_or_else(|| Trouble::new("trace needs --seed S"))?;
    let simulation = target.find(simulation.as_deref())?;
    let builder = target.state(simulation, bug.as_deref())?;
    let read = |path: PathBuf| overrides::read("overrides", &path, builder.name());
    let overrides = overridden.map_or(Ok(Overrides::new()), read)?;
    let name = target.full_name(simulation);
    let record = watched::run(&name, &builder, seed, || builder.recorder().tell(seed, overrides));
    let trace = TraceFile::of(&record).expect("a run that was told has a trace");
    let text = match format {
        Format::JsonLines => trace.to_json_lines(),
        Format::Perfetto => perfetto::export(&trace),
    };
    match out {
        None => terminal::hand_over(&text)?,
        Some(path) => {
            written::write("out", &path, &text)?;
            terminal::say(&summary(&name, &record, &trace, &path))?;
        }
    }
    Ok(Verdict::Green)
}

fn read_format(word: &str) -> Result<Format, Trouble> {
    match word {
        "jsonl" => Ok(Format::JsonLines),
        "perfetto" => Ok(Format::Perfetto),
        _ => Err(Trouble::new(format!("--format {word}: give jsonl or perfetto"))),
    }
}

fn summary(name: &str, record: &RunRecord, trace: &TraceFile, path: &Path) -> String {
    let verdict = if record.failures.is_empty() { "green" } else { "RED" };
    let untold = record.story.as_ref().map_or(0, |story| story.untold);
    let untold = if untold == 0 { String::new() } else { format!(", and {} too many to keep", grouped(untold)) };
    let events = grouped(trace.events.len() as u64);
    format!("{name}: seed {} is {verdict}; {events} events{untold} are in {}\n", record.seed, path.display())
}
