//! The expanded configuration of a run: everything that was drawn before it began, as
//! data that can be kept, changed and run again.

use crate::chaos::Chaos;
use crate::simulation::{Conditions, Simulation};
use std::collections::BTreeMap;
use wavetank_engine::{Decisions, Domain, EngineConfig};
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

/// Everything that a run's seed decided before it began.
///
/// With [`SimulationBuilder::with_configuration`](crate::SimulationBuilder::with_configuration)
/// any seed is run under it; its own seed then gives the same run again.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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
