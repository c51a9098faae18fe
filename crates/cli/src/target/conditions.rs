//! `--config FILE`: the conditions of another run of a simulation, as a file has them,
//! looked at before anything runs. What they do to a run is the harness's business.

use super::flag::{Look, of_another};
use super::one_line;
use crate::trouble::Trouble;
use std::path::Path;
use wavetank_harness::{RunConfiguration, SimulationBuilder};

/// The simulation with the conditions of a file.
///
/// # Errors
/// If the file cannot be read, holds something else, is of another simulation, or says
/// what no run can be like.
pub(super) fn of_file(builder: SimulationBuilder, path: &Path) -> Result<SimulationBuilder, Trouble> {
    given(builder, read(path)?).map_err(|error| wrong(path, &error))
}

fn given(builder: SimulationBuilder, conditions: RunConfiguration) -> Result<SimulationBuilder, String> {
    if conditions.simulation != builder.name() {
        return Err(of_another(&conditions.simulation, builder.name()));
    }
    let builder = builder.with_configuration(conditions);
    builder.validate().map_err(|error| one_line(&error))?;
    Ok(builder)
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

    #[test]
    fn a_field_that_no_configuration_has_is_refused_wherever_it_stands() {
        let conditions = crew().run_seed(1, Overrides::new(), None).configuration;
        let json = serde_json::to_value(&conditions).expect("it is data");
        serde_json::from_value::<RunConfiguration>(json.clone()).expect("it is one");
        for place in ["", "/engine", "/engine/limits", "/network", "/storage", "/storage/read_latency", "/chaos"] {
            let mut json = json.clone();
            let object = json.pointer_mut(place).and_then(|value| value.as_object_mut());
            object.expect(place).insert("novel".into(), 1.into());
            let error = serde_json::from_value::<RunConfiguration>(json).expect_err(place).to_string();
            assert!(error.contains("unknown field `novel`"), "{place}: {error}");
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut RunConfiguration), hint: &str) {
        let mut conditions = crew().run_seed(1, Overrides::new(), None).configuration;
        change(&mut conditions);
        match given(crew(), conditions) {
            Ok(_) => assert_eq!(hint, ""),
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
            assert!(given(stormy.clone(), conditions).is_ok(), "seed {seed}");
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
        check(resize("mate", 0), "whose `sizes` says 0 for group `mate`: give a number from 1 to 10000");
        check(resize("mate", u32::MAX), "give a number from 1 to 10000");
        check(resize("cook", 2), "whose `sizes` says 2 for group `cook`: give a number from 1 to 1");
        check(resize("mate", 8), "whose `sizes` gives two nodes the name `mate-7`: make group `mate` smaller");
        check(resize("captain", 1), "has a group `captain`, and the simulation has mate-7, cook, mate");
    }
}
