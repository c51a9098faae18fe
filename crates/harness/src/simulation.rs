//! The plan of a simulation: who takes part, under which conditions, and what must
//! hold. Immutable and shared by all workers; running it is theirs.

use crate::cast::is_address;
use crate::chaos::Chaos;
use crate::configuration::RunConfiguration;
use crate::context::SimContext;
use crate::count::Count;
use crate::injector::Injector;
use crate::ledger::StateRegistry;
use crate::shared::Finished;
use crate::swarm::Swarm;
use crate::tolerance::Tolerance;
use crate::workload::{Body, Factory};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;
use wavetank_engine::EngineConfig;
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

/// Members of a group at most: each is a machine in memory.
pub(crate) const MEMBERS_MOST: u32 = 1_000_000;

/// Who directs the faults of a run, on a machine of its own.
pub(crate) const DIRECTOR: &str = "director";

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

/// What must succeed whenever the world is quiet.
#[derive(Clone)]
pub(crate) struct Liveness {
    pub(crate) name: Arc<str>,
    pub(crate) within: Duration,
    pub(crate) probe: Arc<dyn Fn(SimContext) -> Body + Send + Sync>,
}

/// What makes an injector for one cycle of a run.
pub(crate) type Inject = Arc<dyn Fn(Injector) -> Body + Send + Sync>;

pub(crate) type Judge = Arc<dyn Fn(&Finished) -> Result<(), String> + Send + Sync>;

/// What judges a run that is over.
#[derive(Clone)]
pub(crate) struct Checker {
    pub(crate) name: String,
    pub(crate) judge: Judge,
}

/// What a run's world is like.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    pub(crate) engine: EngineConfig,
    pub(crate) network: NetworkConfig,
    pub(crate) storage: StorageConfiguration,
    pub(crate) chaos: Chaos,
    pub(crate) overdrawn: bool,
}

impl Group {
    pub(crate) fn is_process(&self) -> bool {
        self.role == Role::Process
    }

    /// Whether one of several members has that name.
    fn has_member(&self, name: &str) -> bool {
        let number = name.strip_prefix(&*self.name).and_then(|rest| rest.strip_prefix('-'));
        let number = number.filter(|number| *number == "0" || !number.starts_with(['0', '+']));
        self.count.high > 1
            && number.and_then(|number| number.parse().ok()).is_some_and(|number: u32| number < self.count.high)
    }
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
    /// As they were stated; a run's own may be drawn around them.
    pub(crate) conditions: Conditions,
    pub(crate) swarm: Option<Swarm>,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) liveness: Vec<Liveness>,
    pub(crate) injectors: Vec<(Arc<str>, Inject)>,
    pub(crate) checkers: Vec<Checker>,
    /// What every run is like, whatever its seed says.
    pub(crate) fixed: Option<Arc<RunConfiguration>>,
    pub(crate) leak_check: bool,
    /// How long tasks may take to end after the last workload has.
    pub(crate) grace: Duration,
}

impl Simulation {
    /// Whether a run has phases of faults and of quiet.
    pub(crate) fn has_phases(&self) -> bool {
        let is_given = self.fixed.as_ref().is_some_and(|fixed| !fixed.chaos.is_none());
        !self.conditions.chaos.is_none() || is_given || !self.liveness.is_empty()
    }

    pub(crate) fn has_workload_objects(&self) -> bool {
        self.groups.iter().any(|group| matches!(group.factory, Factory::Workload(_)))
    }

    /// Says whether it can be run.
    ///
    /// # Errors
    /// If not, in one line that says what to do.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let groups = &self.groups;
        let name = &self.name;
        if !is_readable(name) {
            return Err(format!("a simulation is named {name:?}: give it a name that can be read, in a line"));
        }
        if let Some(liveness) = self.liveness.iter().find(|liveness| liveness.within.is_zero()) {
            return Err(format!(
                "simulation `{name}` demands `{}` within no time, which nothing can meet: say within how much",
                liveness.name
            ));
        }
        if !groups.iter().any(|group| group.role == Role::Workload) {
            return Err(format!(
                "simulation `{name}` has no workload, so it would be over before it begins: add one with .workload(..)"
            ));
        }
        for (index, group) in groups.iter().enumerate() {
            if groups[..index].iter().any(|other| other.name == group.name) {
                return Err(format!(
                    "simulation `{name}` has two groups named `{}`: give them different names",
                    group.name
                ));
            }
            if !is_readable(&group.name) {
                return Err(format!(
                    "simulation `{name}` has a group {:?}: give it a name that can be read, in a line",
                    group.name
                ));
            }
            if group.count.high > MEMBERS_MOST {
                return Err(format!(
                    "simulation `{name}` has up to {} members in group `{}`: {MEMBERS_MOST} at most",
                    group.count.high, group.name
                ));
            }
            if is_address(&group.name) {
                return Err(format!(
                    "simulation `{name}` has a group `{}`, which is an address to whoever looks it up: give it another name",
                    group.name
                ));
            }
            if let Some(other) = groups.iter().find(|other| other.has_member(&group.name)) {
                return Err(format!(
                    "simulation `{name}` has a group `{}`, which is also what a member of group `{}` is called: give it another name",
                    group.name, other.name
                ));
            }
        }
        if self.has_phases() && groups.iter().any(|group| &*group.name == DIRECTOR) {
            return Err(format!(
                "simulation `{name}` has a group `{DIRECTOR}`, as who directs the faults is called: give it another name"
            ));
        }
        let fixed = self.fixed.as_deref();
        if !self.injectors.is_empty() && fixed.map_or(&self.conditions.chaos, |fixed| &fixed.chaos).is_none() {
            return Err(format!(
                "simulation `{name}` has an injector, but no time for it: say how long with Chaos::window"
            ));
        }
        let Conditions { network, storage, chaos, .. } = &self.conditions;
        // What is wrong to state is wrong to be given.
        let given = fixed.map(|fixed| (&fixed.network, &fixed.storage, &fixed.chaos));
        for (network, storage, chaos) in given.into_iter().chain([(network, storage, chaos)]) {
            chaos.validate().map_err(|error| format!("simulation `{name}`: {error}"))?;
            network.validate().map_err(|error| format!("simulation `{name}`: {error}"))?;
            storage.validate().map_err(|error| format!("simulation `{name}`: {error}"))?;
        }
        fixed.map_or(Ok(()), |fixed| fixed.validate(self))
    }
}

/// Whether a name looks like one in a report.
fn is_readable(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(char::is_control)
}
