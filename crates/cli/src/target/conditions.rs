//! `--config FILE`: the conditions of another run of a simulation, as a file has them,
//! looked at before anything runs. What they do to a run is the harness's business.

use super::flag::{Look, of_another};
use super::one_line;
use crate::trouble::Trouble;
use std::collections::BTreeSet;
use std::path::Path;
use wavetank_harness::{RunConfiguration, SimulationBuilder};

/// Members of a group at most: each takes memory, whether or not the machine has it.
const MEMBERS_MOST: u32 = 10_000;

/// The simulation with the conditions of a file.
///
/// # Errors
/// If the file cannot be read, holds something else, is of another simulation, or says
/// what no run can be like.
pub(super) fn of_file(builder: SimulationBuilder, path: &Path) -> Result<SimulationBuilder, Trouble> {
    let conditions = read(path)?;
    validate(&builder, &conditions).map_err(|error| wrong(path, &error))?;
    Ok(builder.with_configuration(conditions))
}

/// Looks at such a file before there is a target.
///
/// # Errors
/// As [`of_file`], as far as it can be known.
pub(super) fn look(look: &Look<'_>) -> Result<(), Trouble> {
    let Some(path) = look.file() else { return Ok(()) };
    look.same_simulation(&read(path)?.simulation)
}

fn read(path: &Path) -> Result<RunConfiguration, Trouble> {
    let json = std::fs::read_to_string(path).map_err(|error| wrong(path, &format!("it cannot be read: {error}")))?;
    serde_json::from_str(&json).map_err(|error| wrong(path, &format!("this is no run's configuration: {error}")))
}

fn wrong(path: &Path, error: &str) -> Trouble {
    Trouble::new(format!("--config {}: {error}", path.display()))
}

/// Says what is wrong with the conditions of a run of the simulation.
fn validate(builder: &SimulationBuilder, conditions: &RunConfiguration) -> Result<(), String> {
    let RunConfiguration { simulation, network, storage, chaos, .. } = conditions;
    if simulation != builder.name() {
        return Err(of_another(simulation, builder.name()));
    }
    // What is wrong to state is wrong to be given.
    let stated = builder.clone().with_network_config(network.clone()).with_storage_config(storage.clone());
    stated.with_chaos(chaos.clone()).validate().map_err(|error| one_line(&error))?;
    validate_sizes(builder, conditions)
}

fn validate_sizes(builder: &SimulationBuilder, conditions: &RunConfiguration) -> Result<(), String> {
    let groups = || builder.groups();
    if let Some(unknown) = conditions.sizes.keys().find(|name| groups().all(|(group, _)| group != *name)) {
        let known = groups().map(|(group, _)| group).collect::<Vec<_>>().join(", ");
        return Err(format!("its `sizes` has a group `{unknown}`, and the simulation has {known}"));
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (group, count) in groups() {
        let Some(&size) = conditions.sizes.get(group) else { continue };
        let most = if count.high == 1 { 1 } else { count.high.max(MEMBERS_MOST) };
        if !(1..=most).contains(&size) {
            return Err(format!("its `sizes` says {size} for group `{group}`: give a number from 1 to {most}"));
        }
        // As a cast is named: who is always alone has the group's own name.
        let name = |number: u32| if count.high == 1 { group.to_string() } else { format!("{group}-{number}") };
        if let Some(twice) = (0..size).map(name).find(|name| !names.insert(name.clone())) {
            return Err(format!("its `sizes` gives two nodes the name `{twice}`: make group `{group}` smaller"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wavetank_harness::{Chaos, NetworkConfig, Overrides, SimContext, StorageConfiguration, Swarm};

    fn crew() -> SimulationBuilder {
        let nobody = |_: SimContext| async {};
        let crew = SimulationBuilder::new().with_name("crew").process("mate-7", 1, nobody).process("cook", 1, nobody);
        crew.workload("mate", 1..=3, nobody)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut RunConfiguration), hint: &str) {
        let mut conditions = crew().run_seed(1, Overrides::new(), None).configuration;
        change(&mut conditions);
        match validate(&crew(), &conditions) {
            Ok(()) => assert_eq!(hint, ""),
            Err(trouble) => assert!(!hint.is_empty() && trouble.contains(hint) && !trouble.contains('\n'), "{trouble}"),
        }
    }

    fn resize<'a>(group: &'a str, size: u32) -> impl FnOnce(&mut RunConfiguration) + 'a {
        move |conditions| _ = conditions.sizes.insert(group.to_string(), size)
    }

    #[test]
    fn whatever_a_run_had_a_run_can_have() {
        let stormy = crew()
            .with_network_config(NetworkConfig::hostile())
            .with_storage_config(StorageConfiguration::hostile())
            .with_chaos(Chaos::storm(Duration::from_secs(1)))
            .with_swarm(Swarm::default());
        for seed in 0..100 {
            let conditions = stormy.run_seed(seed, Overrides::new(), None).configuration;
            assert_eq!(validate(&stormy, &conditions), Ok(()), "seed {seed}");
        }
    }

    #[test]
    fn conditions_that_no_run_can_have_are_told_in_a_line() {
        check(|_| (), "");
        check(resize("mate", 5), "");
        check(
            |conditions| conditions.simulation = "deck".into(),
            "it is of simulation `deck`, and `crew` was asked for",
        );
        #[expect(clippy::reversed_empty_ranges, reason = "it is what must be noticed")]
        let crashes = |conditions: &mut RunConfiguration| conditions.chaos.crashes = 5..=2;
        check(crashes, "the range of `Chaos::crashes` is empty: begin with the smaller number");
        check(|conditions| conditions.chaos.crashes = 1..=2, "but `Chaos::window` is zero");
        check(|conditions| conditions.network.latency_min = u64::MAX, "simulation `crew`: ");
        check(resize("mate", 0), "its `sizes` says 0 for group `mate`: give a number from 1 to 10000");
        check(resize("mate", u32::MAX), "give a number from 1 to 10000");
        check(resize("cook", 2), "its `sizes` says 2 for group `cook`: give a number from 1 to 1");
        check(resize("mate", 8), "its `sizes` gives two nodes the name `mate-7`: make group `mate` smaller");
        check(resize("captain", 1), "has a group `captain`, and the simulation has mate-7, cook, mate");
    }
}
