//! `replay`: one seed again, with its failure, its digest and its faults, and with the
//! logs of that run if they are asked for.

use super::trace::read_overrides;
use super::{Target, apart};
use crate::report::{grouped, seconds};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::Underway;
use crate::verdict::Verdict;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use wavetank_harness::{Atom, Failure, Isolation, Overrides, RunConfiguration, RunRecord, with_logs};

pub(crate) const USAGE: &str =
    "--seed S [--bug NAME] [--overrides FILE] [--config FILE] [--log FILTER] [--profile NAME]";

/// Flags with a value that only the target reads.
pub(crate) const FLAGS: [&str; 3] = ["config", "log", "overrides"];

/// Atoms that are listed; further ones are counted.
const ATOMS_SHOWN: usize = 200;

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
}

pub(super) fn run(target: &Target, asked: &Asked) -> Result<Verdict, Trouble> {
    let simulation = target.find(asked.simulation.as_deref())?;
    let mut builder = target.state(simulation, asked.bug.as_deref())?;
    if let Some(path) = &asked.config {
        let configuration = read_configuration(path)?;
        builder = builder.with_configuration(configuration);
        builder.validate().map_err(|error| Trouble::new(format!("--config {}: {error}", path.display())))?;
    }
    let overrides = asked.overrides.as_deref().map_or(Ok(Overrides::new()), read_overrides)?;
    let bug = asked.bug.as_ref().map(|bug| format!(" with bug {bug}")).unwrap_or_default();
    let name = format!("{}{bug}", target.full_name(simulation));
    if matches!(builder.isolation(), Isolation::Process { .. }) && overrides.is_empty() && asked.config.is_none() {
        // What would end this process, or keep it for ever, is told of a process of its own.
        let alone = apart::one(&builder, asked.seed);
        let failures: Vec<&Failure> = alone.red.iter().flat_map(|red| &red.failures).collect();
        if failures.iter().any(|failure| matches!(failure, Failure::Process { .. })) {
            let red = Paint::for_stdout().red("RED");
            let lines: String = failures.iter().map(|failure| format!("  {red} {failure}\n")).collect();
            terminal::say(&format!("{name}: seed {} is {red}\n{lines}", asked.seed))?;
            return Ok(Verdict::Red);
        }
    }
    // What ends this process while the run is under way is a failure of that run.
    let underway = Underway::begin(1);
    let body = || {
        underway.iter().for_each(|underway| underway.begins(0, asked.seed));
        let record = builder.run_seed(asked.seed, overrides, None);
        underway.iter().for_each(|underway| underway.rests(0));
        record
    };
    let record = match &asked.log {
        Some(filter) => {
            with_logs(filter, io::stdout(), body).map_err(|error| Trouble::new(format!("--log: {error}")))?
        }
        None => body(),
    };
    terminal::say(&text(&name, &record, Paint::for_stdout()))?;
    Ok(if record.failures.is_empty() { Verdict::Green } else { Verdict::Red })
}

fn read_configuration(path: &Path) -> Result<RunConfiguration, Trouble> {
    let failed = |error: String| Trouble::new(format!("--config {}: {error}", path.display()));
    let json = std::fs::read_to_string(path).map_err(|error| failed(format!("it cannot be read: {error}")))?;
    serde_json::from_str(&json).map_err(|error| failed(format!("this is no run's configuration: {error}")))
}

fn text(name: &str, record: &RunRecord, paint: Paint) -> String {
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
    for atom in record.atoms.iter().take(ATOMS_SHOWN) {
        line(format!("    {}", atom_line(atom)));
    }
    if record.atoms.len() > ATOMS_SHOWN {
        line(format!("    and {} more", grouped((record.atoms.len() - ATOMS_SHOWN) as u64)));
    }
    text
}

fn atom_line(atom: &Atom) -> String {
    let (whole, rest) = (atom.time / 1_000_000_000, atom.time % 1_000_000_000);
    let [first, second] = atom.parameters;
    format!("{whole}.{rest:09}s {} on {} ({first}, {second})", atom.kind.name(), atom.target)
}
