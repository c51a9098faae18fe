//! `sweep`: the seeds of some of a target's simulations, each with its report. Runs on
//! all cores, and may be interrupted.

use super::aftermath::{Around, Keeping};
use super::witness::{Told, Witness};
use super::{Target, TargetSimulation, determinism::Check};
use crate::interruption::Interruption;
use crate::options::SweepOptions;
use crate::progress::Watch;
use crate::report::{Report, Shown};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::Underway;
use crate::verdict::Verdict;
use std::sync::Mutex;
use wavetank_debug::corpus::Entry;
use wavetank_harness::{Progress, SimulationBuilder};

/// What begins the line in which an attended sweep says which simulation it begins.
const BEGINS: &str = "wavetank-begins:";

#[derive(Debug, Default)]
pub(super) struct Asked {
    /// All of them, if empty.
    pub(super) simulations: Vec<String>,
    pub(super) options: SweepOptions,
    /// Whether the runner started it.
    pub(super) attended: bool,
    pub(super) keeping: Keeping,
}

/// The simulation that begins, in a line that may hold other output before it.
pub(crate) fn begins(line: &str) -> Option<(&str, &str)> {
    line.split_once(BEGINS).map(|(before, name)| (before, name.trim_end()))
}

pub(super) fn run(target: &Target, asked: &Asked) -> Result<Verdict, Trouble> {
    let chosen: Vec<&TargetSimulation> = match asked.simulations.as_slice() {
        [] => target.simulations.iter().collect(),
        names => names.iter().map(|name| target.find(Some(name))).collect::<Result<_, _>>()?,
    };
    let is_whole = target.simulations.iter().all(|one| chosen.iter().any(|chosen| chosen.name == one.name));
    let stated: Vec<(&TargetSimulation, SimulationBuilder)> = chosen
        .into_iter()
        .map(|one| target.state(one, asked.options.bug.as_deref()).map(|builder| (one, builder)))
        .collect::<Result<_, _>>()?;
    let interruption = Interruption::listen()?;
    if asked.attended {
        interruption.when_stdin_ends();
    }
    let (entries, broken) = asked.keeping.holdings();
    let names: Vec<String> = target.simulations.iter().map(|simulation| target.full_name(simulation)).collect();
    let bug = asked.options.bug.as_deref();
    let mut trouble = broken.or_else(|| Trouble::of_strangers(&entries, bug, &target.name, &names));
    let (mut verdict, mut is_interrupted) = (Verdict::Green, false);
    let mut shown = Shown::new(&target.rules);
    for (simulation, builder) in stated {
        let sweep = Sweep { target, simulation, asked, entries: &entries, interruption: &interruption };
        let (report, failed) = sweep.run(builder, &mut shown)?;
        match asked.attended {
            true => terminal::hand_over(&report.to_line())?,
            false => terminal::say(&report.painted(Paint::for_stdout()))?,
        }
        verdict = verdict.and(report.verdict());
        if let Some(failed) = failed {
            // Told at once; what is behind it may be red as well.
            failed.tell();
            trouble.get_or_insert_with(Trouble::told);
        }
        // Asked once: what comes later interrupts nothing.
        is_interrupted = interruption.is_wanted();
        if is_interrupted {
            verdict = verdict.and(Verdict::Interrupted);
            break;
        }
    }
    if asked.options.bug.is_some() {
        // A planted bug may well keep a point from being reached.
        return trouble.map_or(Ok(verdict), Err);
    }
    let coverage = shown.judge(&target.name, is_whole, is_interrupted);
    match asked.attended {
        true => terminal::hand_over(&coverage.to_line())?,
        false => terminal::say(&coverage.painted(Paint::for_stdout()))?,
    }
    trouble.map_or(Ok(verdict.and(coverage.verdict())), Err)
}

/// The sweep of one simulation.
struct Sweep<'a> {
    target: &'a Target,
    simulation: &'a TargetSimulation,
    asked: &'a Asked,
    entries: &'a [(String, Entry)],
    interruption: &'a Interruption,
}

impl Sweep<'_> {
    /// Its report, and what kept a part of it from being done after that.
    fn run(&self, builder: SimulationBuilder, shown: &mut Shown) -> Result<(Report, Option<Trouble>), Trouble> {
        let Sweep { target, simulation, asked, entries, interruption } = *self;
        let options = &asked.options;
        let name = target.full_name(simulation);
        if asked.attended {
            terminal::hand_over(&format!("{BEGINS}{name}\n"))?;
        }
        let suffix = options.replay_suffix();
        let threads = options.jobs.unwrap_or_else(cores);
        let builder = builder
            .with_reproduce_line(&crate::finding::reproduce_line(&name, "{seed}", &suffix))
            .with_threads(threads);
        let (keeping, stated) = (&asked.keeping, target.stated);
        let around = Around { keeping, entries, name: &name, options, builder: &builder, stated, interruption };
        // If nobody takes it, the report is what is left.
        let kept = around.before(|line| drop(asked.attended.then(|| terminal::hand_over(line))));
        let witness = Witness {
            name: &name,
            suffix: &suffix,
            bug: options.bug.as_deref(),
            attended: asked.attended,
            underway: asked.attended.then(|| Underway::begin(threads)).flatten(),
            keeps_marks: options.check_determinism,
            told: Mutex::new(Told::default()),
        };
        let progress = Progress::default();
        let watch = Watch { name: &name, most: options.most(), time: options.time, progress: &progress, interruption };
        let result = watch.during(|| builder.run_observed(&options.strategy(), &progress, &witness));
        shown.add(&result, builder.coverage_rules());
        let mut report = Report::new(&name, options, &result);
        let mut trouble = None;
        if options.check_determinism && !interruption.is_wanted() {
            let progress = Progress::default();
            let twice = format!("{name} twice");
            let watch = Watch { name: &twice, most: Some(report.seeds), time: None, progress: &progress, interruption };
            let marks = witness.into_marks();
            let check = Check {
                builder: &builder,
                simulation: &simulation.name,
                name: &name,
                options,
                threads,
                marks: &marks,
                progress: &progress,
            };
            match watch.during(|| check.run()) {
                Ok(determinism) => report.determinism = Some(determinism),
                Err(failed) => trouble = Some(failed),
            }
        }
        report.shrunk = around.after(&report);
        report.kept = kept;
        report.interrupted = interruption.is_wanted();
        Ok((report, trouble))
    }
}

/// Threads to use unless told otherwise.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
