//! `replay`: one seed again, with its failure, its digest and its faults, and with the
//! logs of that run if they are asked for.

use super::flag::{Flag, Look};
use super::{Target, conditions, overrides, watched};
use crate::report::{grouped, seconds};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::io;
use std::path::PathBuf;
use wavetank_debug::fault_in_words;
use wavetank_harness::{Atom, Overrides, RunRecord, with_logs};

pub(crate) const USAGE: &str =
    "--seed S [--bug NAME] [--overrides FILE] [--config FILE] [--log FILTER] [--faults each|kinds] [--profile NAME]";

/// Flags with a value that go on to the target.
pub(crate) const FLAGS: [Flag; 4] = [
    Flag::new("config", conditions::look),
    Flag::new("faults", |look| Faults::read(look.value).map(drop)),
    Flag::new("log", look_at_filter),
    Flag::new("overrides", overrides::look),
];

/// Faults that are told one by one unless `--faults` says how; more are told by their kinds.
const EACH_MOST: usize = 12;
/// Faults of a kind that are told one by one in its line.
const OF_A_KIND_MOST: usize = 3;

/// How the faults that fired are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Faults {
    /// A line each.
    Each,
    /// A line for each kind.
    Kinds,
}

impl Faults {
    /// Reads the value of `--faults`.
    pub(super) fn read(word: &str) -> Result<Faults, Trouble> {
        match word {
            "each" => Ok(Faults::Each),
            "kinds" => Ok(Faults::Kinds),
            _ => Err(Trouble::new(format!("--faults {word}: it is each or kinds"))),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) simulation: Option<String>,
    pub(super) seed: u64,
    pub(super) bug: Option<String>,
    /// The file with what is overridden of its decisions, as JSON.
    pub(super) overrides: Option<PathBuf>,
    /// The file with the conditions of a run, as JSON.
    pub(super) config: Option<PathBuf>,
    /// Which logs, as `RUST_LOG` has it.
    pub(super) log: Option<String>,
    /// How faults are told, if not by how many there are.
    pub(super) faults: Option<Faults>,
}

pub(super) fn run(target: &Target, asked: &Asked) -> Result<Verdict, Trouble> {
    let simulation = target.find(asked.simulation.as_deref())?;
    let mut builder = target.state(simulation, asked.bug.as_deref())?;
    if let Some(path) = &asked.config {
        builder = conditions::of_file(builder, path)?;
    }
    let read = |path: &PathBuf| overrides::read("overrides", path, builder.name());
    let overrides = asked.overrides.as_ref().map_or(Ok(Overrides::new()), read)?;
    let bug = asked.bug.as_ref().map(|bug| format!(" with bug {bug}")).unwrap_or_default();
    let name = format!("{}{bug}", target.full_name(simulation));
    // What would end this process is told of a process of its own.
    if overrides.is_empty() && asked.config.is_none() && watched::is_fatal(&name, &builder, asked.seed)? {
        return Ok(Verdict::Red);
    }
    let body = || watched::run(&name, &builder, asked.seed, || builder.run_seed(asked.seed, overrides, None));
    let record = match &asked.log {
        Some(filter) => with_logs(filter, io::stdout(), body).map_err(|error| no_filter(&error))?,
        None => body(),
    };
    terminal::say(&text(&name, &record, asked.faults, Paint::for_stdout()))?;
    Ok(if record.failures.is_empty() { Verdict::Green } else { Verdict::Red })
}

fn look_at_filter(look: &Look<'_>) -> Result<(), Trouble> {
    with_logs(look.value, io::sink(), || ()).map_err(|error| no_filter(&error))
}

fn no_filter(error: &impl Display) -> Trouble {
    Trouble::new(format!("--log: {error}"))
}

fn text(name: &str, record: &RunRecord, faults: Option<Faults>, paint: Paint) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("a string takes all that fits into memory");
    let verdict = if record.failures.is_empty() { paint.green("green") } else { paint.red("RED") };
    line(format!("{name}: seed {} is {verdict}", record.seed));
    for failure in &record.failures {
        line(format!("  {} {failure}", paint.red("RED")));
    }
    line(format!(
        "  {} events, {} polls, {} of virtual time",
        grouped(record.events),
        grouped(record.polls),
        seconds(record.virtual_time as f64 / 1e9)
    ));
    line(format!("  digest {} over {} notes", record.digest, grouped(record.noted)));
    line(format!("  faults that fired: {}", grouped(record.atoms.len() as u64)));
    let few = if record.atoms.len() > EACH_MOST { Faults::Kinds } else { Faults::Each };
    match faults.unwrap_or(few) {
        Faults::Each => record.atoms.iter().for_each(|atom| line(format!("    {}", atom_line(record, atom)))),
        Faults::Kinds => kind_lines(record).into_iter().for_each(|words| line(format!("    {words}"))),
    }
    if faults.is_none() && few == Faults::Kinds {
        line("    --faults each tells them one by one".to_string());
    }
    text
}

/// A line for each kind of fault, the rarest first: what strikes seldom says most.
fn kind_lines(record: &RunRecord) -> Vec<String> {
    let mut kinds: BTreeMap<&str, Vec<&Atom>> = BTreeMap::new();
    for atom in &record.atoms {
        kinds.entry(atom.kind.name()).or_default().push(atom);
    }
    let widest = kinds.keys().map(|name| name.len()).max().unwrap_or_default();
    let mut kinds: Vec<(&str, Vec<&Atom>)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, of)| of.len());
    let told = kinds.into_iter().map(|(name, of)| {
        let at = |atom: &&Atom| format!("{} on {}", time(atom), record.names.who(atom.target));
        let when = if of.len() <= OF_A_KIND_MOST {
            of.iter().map(at).collect::<Vec<_>>().join(", ")
        } else {
            format!("from {} to {}", time(of[0]), time(of[of.len() - 1]))
        };
        format!("{:>6} {name:widest$}  {when}", grouped(of.len() as u64))
    });
    told.collect()
}

fn atom_line(record: &RunRecord, atom: &Atom) -> String {
    format!("{} {}: {}", time(atom), atom.kind.name(), fault_in_words(record, atom))
}

fn time(atom: &Atom) -> String {
    format!("{}.{:09}s", atom.time / 1_000_000_000, atom.time % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wavetank_harness::{Chaos, SimContext, SimulationBuilder};

    /// A run in which much went wrong.
    fn stormy() -> RunRecord {
        let chaos =
            Chaos { crashes: 6..=6, power_losses: 2..=2, partitions: 9..=9, ..Chaos::storm(Duration::from_secs(5)) };
        let simulation = SimulationBuilder::new()
            .process("server", 3, |_: SimContext| std::future::pending::<()>())
            .workload("client", 1, |context: SimContext| async move {
                context.quiet().await;
            })
            .with_chaos(chaos);
        simulation.run_seed(7, Overrides::new(), None)
    }

    #[test]
    fn many_faults_are_told_by_their_kinds() {
        let record = stormy();
        let faults = |how| {
            let told = text("stormy", &record, how, Paint::PLAIN);
            let lines = told.lines().skip_while(|line| !line.contains("faults that fired")).skip(1);
            lines.map(str::to_string).collect::<Vec<_>>()
        };
        assert!(record.atoms.len() > EACH_MOST, "{}", record.atoms.len());
        assert_eq!(faults(Some(Faults::Each)).len(), record.atoms.len());
        let kinds = faults(Some(Faults::Kinds));
        let counts: Vec<usize> = kinds
            .iter()
            .map(|line| line.split_whitespace().next().map_or(0, |n| n.parse().expect("a count")))
            .collect();
        assert_eq!(counts.iter().sum::<usize>(), record.atoms.len(), "{kinds:#?}");
        assert!(counts.is_sorted() && kinds.len() < EACH_MOST, "{kinds:#?}");
        for (line, count) in kinds.iter().zip(counts) {
            let told = if count <= OF_A_KIND_MOST { count } else { 0 };
            assert_eq!(line.matches(" on ").count(), told, "{line}");
        }
        let unasked = faults(None);
        assert_eq!(unasked.split_last(), Some((&"    --faults each tells them one by one".to_string(), &kinds[..])));
    }
}
