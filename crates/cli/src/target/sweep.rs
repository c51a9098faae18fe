//! `sweep`: the seeds of some of a target's simulations, each with its report. Runs on
//! all cores, and may be interrupted.

use super::{Target, TargetSimulation, determinism::Check};
use crate::interruption::Interruption;
use crate::options::SweepOptions;
use crate::progress::Watch;
use crate::report::Report;
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use wavetank_harness::{Progress, SimulationBuilder};

#[derive(Debug, Default)]
pub(super) struct Asked {
    /// All of them, if empty.
    pub(super) simulations: Vec<String>,
    pub(super) options: SweepOptions,
    /// Whether the runner started it.
    pub(super) attended: bool,
}

pub(super) fn run(target: &Target, asked: &Asked) -> Result<Verdict, Trouble> {
    let chosen: Vec<&TargetSimulation> = match asked.simulations.as_slice() {
        [] => target.simulations.iter().collect(),
        names => names.iter().map(|name| target.find(Some(name))).collect::<Result<_, _>>()?,
    };
    let stated: Vec<(&TargetSimulation, SimulationBuilder)> = chosen
        .into_iter()
        .map(|one| target.state(one, asked.options.bug.as_deref()).map(|builder| (one, builder)))
        .collect::<Result<_, _>>()?;
    let interruption = Interruption::listen()?;
    if asked.attended {
        interruption.when_stdin_ends();
    }
    let mut verdict = Verdict::Green;
    for (simulation, builder) in stated {
        let report = sweep(target, simulation, builder, &asked.options, &interruption)?;
        match asked.attended {
            true => terminal::say(&report.to_line())?,
            false => terminal::say(&report.painted(Paint::for_stdout()))?,
        }
        verdict = verdict.and(report.verdict());
        if interruption.is_wanted() {
            return Ok(verdict.and(Verdict::Interrupted));
        }
    }
    Ok(verdict)
}

fn sweep(
    target: &Target,
    simulation: &TargetSimulation,
    builder: SimulationBuilder,
    options: &SweepOptions,
    interruption: &Interruption,
) -> Result<Report, Trouble> {
    let name = target.full_name(simulation);
    let suffix = options.replay_suffix();
    let mut builder = builder.with_reproduce_line(&format!("cargo xtask replay {name} --seed {{seed}}{suffix}"));
    if let Some(jobs) = options.jobs {
        builder = builder.with_threads(jobs);
    }
    let progress = Progress::default();
    let watch = Watch { name: &name, most: options.most(), time: options.time, progress: &progress, interruption };
    let result = watch.during(|| builder.run_strategy(&options.strategy(), &progress));
    let mut report = Report::new(&name, options, &result);
    if options.check_determinism && !interruption.is_wanted() {
        let progress = Progress::default();
        let twice = format!("{name} twice");
        let watch = Watch { name: &twice, most: Some(report.seeds), time: None, progress: &progress, interruption };
        let first = options.range().start;
        // The seeds that were swept, however many a time limit allowed.
        let seeds = first..first + report.seeds;
        let check =
            Check { builder: &builder, simulation: &simulation.name, name: &name, options, seeds, progress: &progress };
        report.determinism = Some(watch.during(|| check.run())?);
    }
    report.interrupted = interruption.is_wanted();
    Ok(report)
}
