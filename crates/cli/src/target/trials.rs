//! The target as a test: a trial for each simulation, first of the seeds that failed
//! before, then of a few fixed ones, for `cargo test` and nextest. Sweeps are a command of
//! its own.

use super::{Target, TargetSimulation, one_line};
use crate::trouble::Trouble;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::PathBuf;
use std::process::ExitCode;
use wavetank_debug::corpus::{Corpus, FOLDER};
use wavetank_harness::{Progress, SimulationBuilder, TestStrategy};

/// The seeds of a trial, from 0 on, unless `WAVETANK_SEED` or `WAVETANK_SEEDS` says otherwise.
const SEEDS: u64 = 20;

pub(super) fn run(target: Target) -> ExitCode {
    let arguments = Arguments::from_args();
    let strategy = match TestStrategy::from_environment() {
        Ok(asked) => asked.unwrap_or(TestStrategy::Count(SEEDS)),
        Err(error) => return crate::verdict::exit(Err(Trouble::new(error.to_string()))),
    };
    // Stated here and not in the trial: trials run on threads of their own, statements need not be `Send`.
    let stated = |one: &TargetSimulation| target.state(one, None);
    let trials = target.simulations.iter().map(|one| {
        let (name, red, strategy) = (one.name.clone(), one.red, strategy.clone());
        let stated = if arguments.list { None } else { Some(stated(one)) };
        Trial::test(one.name.clone(), move || match stated {
            Some(Ok(builder)) => trial(&name, red, &strategy, builder),
            Some(Err(trouble)) => Err(Failed::from(trouble.to_string())),
            None => Ok(()),
        })
    });
    let trials = trials.collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, red: Option<&str>, strategy: &TestStrategy, builder: SimulationBuilder) -> Result<(), Failed> {
    if red.is_none() {
        repeat_failures(&builder)?;
    }
    let result = builder.with_reproduce_line(&reproduce_line(name)).run_strategy(strategy, &Progress::default());
    match red {
        None if result.is_green() => Ok(()),
        None => Err(Failed::from(result.to_string())),
        Some(words) => {
            let mut failures = result.red.iter().flat_map(|red| &red.failures).map(ToString::to_string);
            if failures.any(|failure| failure.contains(words)) {
                return Ok(());
            }
            Err(Failed::from(format!(
                "red on purpose, but no failure says {words:?}:\n{}",
                one_line(&result.to_string())
            )))
        }
    }
}

/// Runs what failed before, as the corpus has it; failures of planted bugs are none of ours.
fn repeat_failures(builder: &SimulationBuilder) -> Result<(), Failed> {
    let Some(folder) = corpus() else { return Ok(()) };
    let mut holdings = Corpus::new(folder).holdings().map_err(|error| error.to_string())?;
    for (name, entry) in std::mem::take(&mut holdings.entries) {
        if entry.simulation != builder.name() || entry.bug.is_some() {
            continue;
        }
        let record = builder.run_seed(entry.seed, entry.overrides, None);
        if !record.failures.is_empty() {
            let failures: String = record.failures.iter().map(|failure| format!("\n  {failure}")).collect();
            let (seed, reproduce) = (entry.seed, entry.reproduce);
            return Err(Failed::from(format!(
                "seed {seed}, which failed before (failures/{name}), fails again:{failures}\n  reproduce: {reproduce}"
            )));
        }
    }
    Trouble::of_broken(&holdings).map_or(Ok(()), |broken| Err(Failed::from(broken.to_string())))
}

/// The corpus of the workspace: the one in the nearest folder above the package that has
/// one, or where `WAVETANK_FAILURES` says.
fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WAVETANK_FAILURES") {
        return Some(PathBuf::from(folder));
    }
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    package.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())
}

/// The line that runs this trial again with one seed. It does not name the test
/// target: a process knows its own only with `_` for `-`.
fn reproduce_line(trial: &str) -> String {
    let package = std::env::var("CARGO_PKG_NAME").map(|name| format!(" -p {name}")).unwrap_or_default();
    format!("WAVETANK_SEED={{seed}} cargo test{package} -- --exact {trial}")
}
