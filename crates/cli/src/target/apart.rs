//! `apart` and `isolated`: seeds each in a process of its own, and that process. For
//! simulations that ask for it, and to see which of some seeds ended a process.

use super::witness::{Told, Witness};
use super::{COMMAND_WORD, Target};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use std::ffi::OsString;
use std::sync::Mutex;
use std::time::Duration;
use wavetank_harness::{Isolation, Progress, SimulationBuilder, SimulationResult, TestStrategy};

/// Real time that a run may take which is looked at alone, unless its simulation says another.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// The arguments with which this program comes to the one run of a process of its own.
pub(super) fn arguments(simulation: &str, bug: Option<&str>) -> Vec<OsString> {
    let mut words: Vec<OsString> = [COMMAND_WORD, "isolated", simulation].map(OsString::from).to_vec();
    words.extend(bug.iter().flat_map(|bug| ["--bug", bug]).map(OsString::from));
    words
}

/// `isolated SIMULATION [--bug NAME]`: such a process, which the environment tells what to run.
pub(super) fn isolated(target: &Target, simulation: Option<&str>, bug: Option<&str>) -> Result<Verdict, Trouble> {
    let simulation = target.find(simulation)?;
    let builder = apart(target.state(simulation, bug)?);
    builder.run_errand();
    Err(Trouble::new("`isolated` is for processes that a sweep starts: it was not told which run to do"))
}

/// `apart SIMULATION --seed S.. [--bug NAME]`: tells of each red seed, as an attended sweep does.
pub(super) fn run(
    target: &Target,
    simulation: Option<&str>,
    seeds: &[u64],
    bug: Option<&str>,
) -> Result<Verdict, Trouble> {
    let simulation = target.find(simulation)?;
    let name = target.full_name(simulation);
    let suffix = bug.map(|bug| format!(" --bug {bug}")).unwrap_or_default();
    let witness = Witness {
        name: &name,
        suffix: &suffix,
        bug,
        attended: true,
        underway: None,
        keeps_marks: false,
        told: Mutex::new(Told::default()),
    };
    let builder = apart(target.state(simulation, bug)?);
    let result = builder.run_observed(&TestStrategy::Seeds(seeds.to_vec()), &Progress::default(), &witness);
    Ok(if result.is_green() { Verdict::Green } else { Verdict::Red })
}

/// One seed in a process of its own.
pub(super) fn one(builder: &SimulationBuilder, seed: u64) -> SimulationResult {
    apart(builder.clone()).run_strategy(&TestStrategy::Seeds(vec![seed]), &Progress::default())
}

/// The simulation with a process for each seed, whether it asks for it or not.
fn apart(builder: SimulationBuilder) -> SimulationBuilder {
    match builder.isolation() {
        Isolation::Process { .. } => builder,
        Isolation::Threads => builder.with_isolation(Isolation::Process { timeout: TIMEOUT }),
    }
}
