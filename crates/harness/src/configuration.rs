//! The expanded configuration of a run: everything that was drawn before it began, as
//! data that can be kept, changed and run again.

use crate::chaos::Chaos;
use crate::simulation::{Conditions, Simulation};
use std::collections::{BTreeMap, BTreeSet};
use wavetank_engine::{Decisions, Domain, EngineConfig};
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

/// Everything that a run's seed decided before it began.
///
/// With [`SimulationBuilder::with_configuration`](crate::SimulationBuilder::with_configuration)
/// any seed of the same simulation is run under it; its own seed then gives the same run again.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfiguration {
    /// The simulation's name.
    pub simulation: String,
    /// The run's seed.
    pub seed: u64,
    /// Members of each group, by name.
    pub sizes: BTreeMap<String, u32>,
    /// How the engine behaves.
    pub engine: EngineConfig,
    /// How the network behaves.
    pub network: NetworkConfig,
    /// How disks behave.
    pub storage: StorageConfiguration,
    /// What is planned.
    pub chaos: Chaos,
    /// Whether the declared tolerance is overdrawn on purpose.
    pub overdrawn: bool,
}

const OVERDRAFT: Domain = Domain::new("tolerance.overdraft");
/// Members of a group that a configuration may have where fewer were stated: each takes memory,
/// whether or not the machine has it.
const GIVEN_MEMBERS_MOST: u32 = 10_000;

impl RunConfiguration {
    /// Says whether runs of a simulation can have it.
    ///
    /// # Errors
    /// If not, in one line that says what to do.
    pub(crate) fn validate(&self, simulation: &Simulation) -> Result<(), String> {
        let name = &simulation.name;
        if self.simulation != *name {
            return Err(format!(
                "simulation `{name}` was given the configuration of a run of `{0}`: give it one of its own, or call it so with .with_name({0:?})",
                self.simulation
            ));
        }
        self.validate_sizes(simulation)
            .map_err(|error| format!("simulation `{name}` was given a configuration whose `sizes` {error}"))
    }

    fn validate_sizes(&self, simulation: &Simulation) -> Result<(), String> {
        let groups = || simulation.groups.iter().map(|group| (&*group.name, group.count));
        if let Some(unknown) = self.sizes.keys().find(|name| groups().all(|(group, _)| group != *name)) {
            let known = groups().map(|(group, _)| group).collect::<Vec<_>>().join(", ");
            return Err(format!("has a group `{unknown}`, and the simulation has {known}"));
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        for (group, count) in groups() {
            let Some(&size) = self.sizes.get(group) else { continue };
            let most = if count.high == 1 { 1 } else { count.high.max(GIVEN_MEMBERS_MOST) };
            if !(1..=most).contains(&size) {
                return Err(format!("says {size} for group `{group}`: give a number from 1 to {most}"));
            }
            // As a cast is named: who is always alone has the group's own name.
            let name = |number: u32| if count.high == 1 { group.to_string() } else { format!("{group}-{number}") };
            if let Some(twice) = (0..size).map(name).find(|name| !names.insert(name.clone())) {
                return Err(format!("gives two nodes the name `{twice}`: make group `{group}` smaller"));
            }
        }
        Ok(())
    }
}

impl Simulation {
    /// The conditions of a run; none of its own if it has those that were stated, as all runs
    /// then have.
    pub(crate) fn expand(&self, decisions: &Decisions) -> Option<Conditions> {
        if let Some(fixed) = &self.fixed {
            return Some(Conditions::of(fixed));
        }
        if self.is_uniform() {
            return None;
        }
        let mut conditions = self.conditions.clone();
        if let Some(swarm) = &self.swarm {
            swarm.draw(decisions, &mut conditions);
        }
        if let Some(tolerance) = &self.tolerance {
            conditions.overdrawn = decisions.chance(OVERDRAFT, 0, 0, tolerance.overdraft);
        }
        Some(conditions)
    }

    /// Whether every run has the conditions that were stated.
    pub(crate) fn is_uniform(&self) -> bool {
        self.fixed.is_none() && self.swarm.is_none() && self.tolerance.is_none()
    }
}

impl Conditions {
    fn of(fixed: &RunConfiguration) -> Conditions {
        Conditions {
            engine: fixed.engine.clone(),
            network: fixed.network.clone(),
            storage: fixed.storage.clone(),
            chaos: fixed.chaos.clone(),
            overdrawn: fixed.overdrawn,
        }
    }
}
