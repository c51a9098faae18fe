//! The plan of a simulation: who takes part, under which conditions, and what must
//! hold. Immutable and shared by all workers; running it is theirs.

use crate::chaos::Chaos;
use crate::count::Count;
use crate::ledger::StateRegistry;
use crate::workload::Factory;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;
use wavetank_engine::EngineConfig;
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Killed and restarted by faults; the run does not wait for it.
    Process,
    /// Survives; the run is over when all are done.
    Workload,
}

#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    pub(crate) count: Count,
    pub(crate) factory: Factory,
    /// Where the builder was told of it: reports name that place, not ours.
    pub(crate) site: &'static Location<'static>,
}

pub(crate) type Check = Arc<dyn Fn(&StateRegistry) -> Result<(), String> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Invariant {
    pub(crate) name: String,
    pub(crate) check: Check,
}

#[derive(Clone)]
pub(crate) struct Simulation {
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) invariants: Vec<Invariant>,
    pub(crate) engine: EngineConfig,
    pub(crate) network: NetworkConfig,
    pub(crate) storage: StorageConfiguration,
    pub(crate) chaos: Chaos,
    pub(crate) leak_check: bool,
    /// How long tasks may take to end after the last workload has.
    pub(crate) grace: Duration,
}

impl Simulation {
    pub(crate) fn has_workload_objects(&self) -> bool {
        self.groups.iter().any(|group| matches!(group.factory, Factory::Workload(_)))
    }
}
