//! `timeline`: one run as a page to look at, or two beside each other. What the page
//! shows, and how, is `wavetank-debug`'s.

use super::flag::{Flag, Look, of_another};
use super::{Target, TargetSimulation, overrides, watched};
use crate::finding::reproduce_line;
use crate::options::{path, seed, value};
use crate::report::grouped;
use crate::terminal;
use crate::trouble::Trouble;
use crate::typed::{from_here, with_overrides};
use crate::verdict::Verdict;
use crate::written;
use lexopt::{Arg, Parser, ValueExt};
use std::path::{Path, PathBuf};
use wavetank_debug::Recipe;
use wavetank_debug::timeline::{Story, Timeline};
use wavetank_debug::trace::TraceFile;
use wavetank_harness::{Overrides, RunRecord};

pub(crate) const USAGE: &str =
    "--seed S [--bug NAME] [--overrides FILE] [--against clean|SEED|FILE] [--out FILE] [--profile NAME]";
/// Flags with a value that go on to the target.
pub(crate) const FLAGS: [Flag; 3] = [
    Flag::new("overrides", overrides::look),
    Flag::new("against", look_against),
    Flag::new("out", |look| written::claim_file(look.flag, Path::new(look.value))),
];

/// Faults and operations of a run that its recipe can tell of; of more it would be a list.
const TOLD_MOST: usize = 40;

/// Which run is drawn.
#[derive(Debug, Clone)]
struct Asked {
    seed: u64,
    bug: Option<String>,
    /// The file of its overrides, behind the flag that it was given with.
    overrides: Option<(&'static str, PathBuf)>,
    /// With which this program was built, if not with the usual one.
    profile: Option<String>,
}

/// A run that was drawn: its trace, and what is told beside it.
struct Told {
    record: RunRecord,
    trace: TraceFile,
    story: Story,
}

pub(super) fn command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let (mut simulation, mut wanted, mut against, mut out, mut into) = (None, None, None, None, None);
    let mut asked = Asked { seed: 0, bug: None, overrides: None, profile: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if simulation.is_none() => simulation = Some(name.string()?),
            Arg::Long("seed") => wanted = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => asked.bug = Some(value("bug", &mut parser)?),
            Arg::Long("overrides") => {
                asked.overrides = Some(("overrides", PathBuf::from(value("overrides", &mut parser)?)));
            }
            Arg::Long("profile") => asked.profile = Some(value("profile", &mut parser)?),
            Arg::Long("against") => against = Some(value("against", &mut parser)?),
            // For the runner.
            Arg::Long("into") => into = Some(path("into", &mut parser)?),
            Arg::Long("out") => out = Some(PathBuf::from(value("out", &mut parser)?)),
            Arg::Long(flag) => return Err(Trouble::new(format!("no flag --{flag}; there are {USAGE}"))),
            other => return Err(other.unexpected().into()),
        }
    }
    asked.seed = wanted.ok_or_else(|| Trouble::new("timeline needs --seed S"))?;
    let simulation = target.find(simulation.as_deref())?;
    let told = tell(target, simulation, &asked)?;
    let other = against.as_deref().map(Against::read).transpose()?;
    let other = other.map(|other| tell_other(target, simulation, &asked, other)).transpose()?;
    let mut page = Timeline::new(&told.trace, told.story.clone());
    if let (Some((trace, story)), Some(words)) = (&other, against) {
        page = page.against(trace, story.clone(), words);
    }
    let html = page.to_html();
    let path = out.unwrap_or_else(|| place(into, &told.trace.header.simulation, &asked, other.is_some()));
    written::write("out", &path, &html)?;
    terminal::say(&summary(&target.full_name(simulation), &told, html.len(), &path))?;
    Ok(Verdict::Green)
}

/// Runs once more what was asked for, and keeps what happens.
fn tell(target: &Target, simulation: &TargetSimulation, asked: &Asked) -> Result<Told, Trouble> {
    let builder = target.state(simulation, asked.bug.as_deref())?;
    let read = |(flag, path): &(&str, PathBuf)| overrides::read(flag, path, builder.name());
    let overrides = asked.overrides.as_ref().map_or(Ok(Overrides::new()), read)?;
    let name = target.full_name(simulation);
    let record = watched::run(&name, &builder, asked.seed, || builder.recorder().tell(asked.seed, overrides));
    let trace = TraceFile::of(&record).expect("a run that was told has a trace");
    let told = record.atoms.len() + trace.events.iter().filter(|event| event.kind == "op.begin").count();
    let recipe = Some(Recipe::of(&record, None)).filter(|_| told <= TOLD_MOST && !record.failures.is_empty());
    let story = Story {
        bug: asked.bug.clone(),
        command: Some(command_line(&name, asked)),
        recipe: recipe.map(|recipe| recipe.lines().collect()).unwrap_or_default(),
        histories: Vec::new(),
    };
    Ok(Told { record, trace, story })
}

/// The run to show beside.
enum Against {
    /// Without the bug.
    Clean,
    Seed(u64),
    /// Under the overrides of a file.
    Overrides(PathBuf),
    /// As a trace has it that was written before.
    Trace(PathBuf),
}

impl Against {
    fn read(words: &str) -> Result<Against, Trouble> {
        match words {
            "clean" => Ok(Against::Clean),
            _ if words.ends_with(".jsonl") => Ok(Against::Trace(PathBuf::from(words))),
            _ if Path::new(words).is_file() => Ok(Against::Overrides(PathBuf::from(words))),
            _ => seed(words).map(Against::Seed).map_err(|_| {
                Trouble::new(format!("--against {words}: give `clean`, a seed, or a file of overrides or a trace"))
            }),
        }
    }
}

fn look_against(look: &Look<'_>) -> Result<(), Trouble> {
    match Against::read(look.value)? {
        Against::Clean | Against::Seed(_) => Ok(()),
        Against::Overrides(_) => overrides::look(look),
        Against::Trace(_) => {
            let Some(path) = look.file() else { return Ok(()) };
            look.same_simulation(&read_trace(path)?.header.simulation)
        }
    }
}

fn tell_other(
    target: &Target,
    simulation: &TargetSimulation,
    asked: &Asked,
    other: Against,
) -> Result<(TraceFile, Story), Trouble> {
    let mut beside = asked.clone();
    match other {
        Against::Clean => beside.bug = None,
        Against::Seed(seed) => beside.seed = seed,
        Against::Overrides(path) => beside.overrides = Some(("against", path)),
        Against::Trace(path) => {
            let trace = read_trace(&path)?;
            let (theirs, asked) = (&trace.header.simulation, target.full_name(simulation));
            if *theirs != asked {
                return Err(no_trace(&path, &of_another(theirs, &asked)));
            }
            return Ok((trace, Story::default()));
        }
    }
    let told = tell(target, simulation, &beside)?;
    Ok((told.trace, told.story))
}

fn read_trace(path: &Path) -> Result<TraceFile, Trouble> {
    let text = std::fs::read_to_string(path).map_err(|error| no_trace(path, &format!("it cannot be read: {error}")))?;
    TraceFile::from_json_lines(&text).map_err(|error| no_trace(path, &format!("it is no trace: {error}")))
}

fn no_trace(path: &Path, error: &str) -> Trouble {
    Trouble::new(format!("--against {}: {error}", path.display()))
}

/// The line that shows the run again.
fn command_line(name: &str, asked: &Asked) -> String {
    let bug = asked.bug.as_ref().map(|bug| format!(" --bug {bug}")).unwrap_or_default();
    let profile = asked.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
    let line = reproduce_line(name, asked.seed, &(bug + &profile));
    asked.overrides.as_ref().map_or(line.clone(), |(_, path)| with_overrides(&line, path))
}

/// Where a page goes if nobody says: that of a planted bug beside that without, and so with one
/// of a run that was changed, and of two runs.
fn place(into: Option<PathBuf>, simulation: &str, asked: &Asked, is_pair: bool) -> PathBuf {
    let bug = asked.bug.as_ref().map(|bug| format!("-{bug}")).unwrap_or_default();
    let changed = if asked.overrides.is_some() { "-overridden" } else { "" };
    let pair = if is_pair { "-against" } else { "" };
    let name = format!("{}{bug}-{}{changed}{pair}.html", simulation.replace('/', "-"), asked.seed);
    into.unwrap_or_else(|| PathBuf::from("target/timelines")).join(name)
}

fn summary(name: &str, told: &Told, bytes: usize, path: &Path) -> String {
    let verdict = if told.record.failures.is_empty() { "green" } else { "RED" };
    let events = grouped(told.trace.events.len() as u64);
    format!(
        "{name}: seed {} is {verdict}; its {events} events are drawn in {} ({} KiB)\n",
        told.record.seed,
        from_here(path).display(),
        grouped(bytes.div_ceil(1024) as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_a_page_of_its_own() {
        let page = |bug: Option<&str>, file: Option<&str>, is_pair| {
            let (bug, overrides) = (bug.map(str::to_string), file.map(|file| ("overrides", PathBuf::from(file))));
            let asked = Asked { seed: 7, bug, overrides, profile: None };
            place(Some("built".into()), "kv/storm", &asked, is_pair).display().to_string()
        };
        assert_eq!(page(None, None, false), "built/kv-storm-7.html");
        assert_eq!(page(Some("early-ack"), None, false), "built/kv-storm-early-ack-7.html");
        assert_eq!(page(None, Some("overrides.json"), false), "built/kv-storm-7-overridden.html");
        assert_eq!(page(None, Some("overrides.json"), true), "built/kv-storm-7-overridden-against.html");
    }
}
