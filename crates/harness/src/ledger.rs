//! What the harness keeps of a run inside its world: published state, who is not
//! done yet, what ended how. A device so that handles can reach it safely; it queues
//! nothing but the tank's alarm and the late beginning of workloads.

use crate::cut::Cut;
use crate::metrics::SimulationMetrics;
use crate::operations::OperationRecord;
use crate::outcome::Ended;
use crate::phase::{Phase, Quiet};
use crate::shared::Values;
use crate::workload::Workload;
use serde_json::Value;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use wavetank_engine::{Address, CrashKind, Device, Kernel, Local, NodeId, Scope};

/// The slot of a record that does nothing: time passes up to it.
pub(crate) const ALARM: u32 = 0;

/// The slot of a record that lets a workload begin.
pub(crate) fn wake_up(node: NodeId) -> u32 {
    node.0 + 1
}

/// The harness's own book of a run.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) state: BTreeMap<String, Value>,
    pub(crate) remaining: u32,
    pub(crate) errors: Vec<(String, String)>,
    pub(crate) metrics: SimulationMetrics,
    pub(crate) workloads: Vec<(usize, Box<dyn Workload>)>,
    /// What the workloads share, by type.
    pub(crate) shared: Values,
    /// What workloads said that they ask.
    pub(crate) operations: Vec<OperationRecord>,
    /// What they drew, whether they say so or not.
    pub(crate) drawn: Vec<OperationRecord>,
    /// Who was cut off from whom by a partition that fired; kept if the run is recorded.
    pub(crate) cuts: BTreeMap<Address, Cut>,
    /// When all that was planned was over, cycle by cycle; kept if the run is recorded.
    pub(crate) calm: Vec<u64>,
    /// Whether anybody will read what operations say of themselves.
    pub(crate) recorded: bool,
    /// Whether the run's conditions were drawn, and so are alphabets.
    pub(crate) swarm: bool,
    pub(crate) overdrawn: bool,
    pub(crate) phase: Phase,
    pub(crate) quiet: Quiet,
    /// Whether the last fault is over and progress was seen after it.
    pub(crate) concluded: bool,
    /// Which demand for progress was not met in time.
    pub(crate) not_live: Option<usize>,
    /// Who was not healed for good.
    pub(crate) left: Vec<NodeId>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("remaining", &self.remaining)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Enters how somebody ended.
    #[inline]
    pub(crate) fn enter(&mut self, name: impl FnOnce() -> String, ended: Ended) {
        match ended {
            Ok(metrics) => self.metrics.merge(&metrics),
            Err(error) => self.errors.push((name(), error)),
        }
    }

    /// What was asked, in the order in which it was begun: of a workload that says so at all, what
    /// it said, and else what it drew.
    pub(crate) fn take_operations(&mut self) -> Vec<OperationRecord> {
        let mut operations = std::mem::take(&mut self.operations);
        let saying: BTreeSet<String> = operations.iter().map(|one| one.client.clone()).collect();
        let drawn = std::mem::take(&mut self.drawn);
        operations.extend(drawn.into_iter().filter(|one| !saying.contains(&one.client)));
        operations.sort_by_key(|one| one.begun);
        operations
    }

    /// Keeps who is cut off from whom, for those who read of the run.
    pub(crate) fn keep_cut(&mut self, address: Address, cut: &Cut) {
        if self.recorded {
            self.cuts.insert(address, cut.clone());
        }
    }
}

impl Device for Ledger {
    fn fire(&mut self, slot: u32, kernel: &mut Kernel) {
        if let Some(node) = slot.checked_sub(wake_up(NodeId(0))) {
            kernel.resume(Scope::Node(NodeId(node)));
        }
    }

    fn crash(&mut self, _: Scope, _: CrashKind, _: &mut Kernel) {}

    fn reset(&mut self, _: &mut Kernel) {
        // To clear a map is to take it apart, an empty one too.
        if !self.state.is_empty() {
            self.state.clear();
        }
        self.remaining = 0;
        self.errors.clear();
        self.metrics = SimulationMetrics::default();
        self.workloads.clear();
        self.operations.clear();
        self.drawn.clear();
        self.cuts = BTreeMap::new();
        self.calm.clear();
        self.phase = Phase::default();
        self.concluded = false;
        self.not_live = None;
        self.left.clear();
    }

    fn name(&self, slot: u32) -> u64 {
        u64::from(slot)
    }

    fn describe(&self, _: u32) -> String {
        "the world is not quiet yet".to_string()
    }

    fn leaks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// State that processes and workloads register by name, for invariants to read.
///
/// Clones see the same state; it is forgotten when the run ends.
#[derive(Debug, Clone, Copy)]
pub struct StateRegistry {
    pub(crate) ledger: Local<Ledger>,
}

impl StateRegistry {
    pub(crate) fn new(ledger: Local<Ledger>) -> StateRegistry {
        StateRegistry { ledger }
    }

    /// Registers a value under a name, in place of the one before.
    pub fn register(&self, name: impl Into<String>, value: Value) {
        let name = name.into();
        self.ledger.with(|ledger, _| ledger.state.insert(name, value));
    }

    /// The value registered last under a name.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.ledger.with(|ledger, _| ledger.state.get(name).cloned())
    }

    /// An integer in the value registered under a name, at a key of its object;
    /// zero if there is none.
    pub fn count(&self, name: &str, key: &str) -> u64 {
        self.ledger.with(|ledger, _| {
            ledger.state.get(name).and_then(|value| value.get(key)).and_then(Value::as_u64).unwrap_or(0)
        })
    }

    /// The sum of an integer over all that is registered under names that begin with a prefix.
    pub fn sum(&self, prefix: &str, key: &str) -> u64 {
        self.ledger.with(|ledger, _| {
            let range = ledger.state.range(prefix.to_string()..);
            let named = range.take_while(|(name, _)| name.starts_with(prefix));
            named.filter_map(|(_, value)| value.get(key).and_then(Value::as_u64)).sum()
        })
    }

    /// What product code published last under a name (`wavetank_probe::publish!`): a value of
    /// each process that did, by its last incarnation, dead or alive, in the order of their
    /// first times. One that was published in several modules is there for each of them; values
    /// of another type are not. In a run without an invariant nobody publishes anything.
    pub fn published<T: Copy + 'static>(&self, name: &str) -> Vec<T> {
        self.ledger.with(|_, kernel| {
            let mut last: Vec<(Option<NodeId>, u64, T)> = Vec::new();
            for one in kernel.publications().iter().filter(|one| one.site.name() == Some(name)) {
                let (node, site) = (one.node.map(|(node, _)| node), one.site.address());
                let value: &dyn Any = &*one.value;
                let Some(&value) = value.downcast_ref::<T>() else { continue };
                match last.iter_mut().find(|old| (old.0, old.1) == (node, site)) {
                    Some(old) => old.2 = value,
                    None => last.push((node, site, value)),
                }
            }
            last.into_iter().map(|(_, _, value)| value).collect()
        })
    }

    /// All names with their values.
    pub fn all(&self) -> BTreeMap<String, Value> {
        self.ledger.with(|ledger, _| ledger.state.clone())
    }
}
