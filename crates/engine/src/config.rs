//! How the engine behaves in a run: the order among ready tasks, its limits, its faults.
//! What networks and disks are like is theirs to say.

use crate::broken::Broken;
use crate::limit::Limits;
use crate::ratio::Ratio;
use crate::ready::Policy;

/// How the engine behaves in a run.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// The order among ready tasks.
    pub policy: Policy,
    /// How far the run may go.
    pub limits: Limits,
    /// How often a timer fires late.
    pub timer_late: Ratio,
    /// How late at most, in nanoseconds.
    pub timer_late_max: u64,
    /// How often a poll takes virtual time.
    pub poll_cost: Ratio,
    /// How much at most, in nanoseconds.
    pub poll_cost_max: u64,
    /// How often a `buggify!` site is active in a run; zero switches them all off.
    pub buggify_active: Ratio,
    /// How often an active site fires that names no probability of its own.
    pub buggify_fires: Ratio,
    /// Whether a panic in a task ends only that task, and its joiner is told, as tokio has
    /// it. Otherwise the first panic stops the run. A panic that nobody hears of by joining
    /// its task is a finding all the same: see [`World::unheard_panics`](crate::World::unheard_panics).
    pub survive_panics: bool,
    /// A promise to break, for tests that want to see their check of it fail.
    #[serde(skip)]
    pub broken: Option<Broken>,
}
