//! What a process or workload is given: its providers, and who else there is.

use crate::count::Count;
use crate::ledger::StateRegistry;
use crate::operations::Operations;
use crate::phase::{self, Phase};
use crate::providers::SimProviders;
use crate::setting::Setting;
use crate::shared::Shared;
use crate::topology::{Peer, WorkloadTopology};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use wavetank_engine::{Control, Home};

/// A process's or workload's view of its run. Cloning it copies nothing.
#[derive(Debug, Clone)]
pub struct SimContext {
    /// Shared, because async functions keep what they are given twice.
    view: Arc<View>,
}

/// What there is to see.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) setting: Arc<Setting>,
    pub(crate) home: Home,
    pub(crate) ip: IpAddr,
    pub(crate) number: u32,
    pub(crate) whom: Whom,
    pub(crate) state: StateRegistry,
    pub(crate) seed: u64,
    pub(crate) control: Control,
}

/// Whose view it is.
#[derive(Debug)]
pub(crate) enum Whom {
    /// The member of a group whose node it is.
    Member,
    /// Something of the harness's own, by name.
    Harness(Arc<str>),
}

impl SimContext {
    pub(crate) fn new(view: View) -> SimContext {
        SimContext { view: Arc::new(view) }
    }

    pub(crate) fn name_shared(&self) -> &Arc<str> {
        match &self.view.whom {
            Whom::Member => &self.view.setting.peer(self.view.home.node).name,
            Whom::Harness(name) => name,
        }
    }

    /// The name of its group; its own if it belongs to none.
    fn group(&self) -> &str {
        match &self.view.whom {
            Whom::Member => &self.view.setting.group(self.view.home.node).expect("a member belongs to a group").name,
            Whom::Harness(name) => name,
        }
    }

    /// The world as this process sees it: what generic code takes as `P: Providers`.
    pub fn providers(&self) -> SimProviders {
        SimProviders::new(self.view.home)
    }

    /// Its number within its group, from 0.
    pub fn number(&self) -> u32 {
        self.view.number
    }

    /// Its name, such as `server-2`.
    pub fn name(&self) -> &str {
        self.name_shared()
    }

    /// The address of its machine.
    pub fn ip(&self) -> IpAddr {
        self.view.ip
    }

    /// How often this process was booted: 1 for the first time.
    pub fn incarnation(&self) -> u32 {
        self.view.home.incarnation
    }

    /// Everybody in the run.
    pub fn topology(&self) -> &WorkloadTopology {
        &self.view.setting.cast.topology
    }

    /// State for invariants to read.
    pub fn state(&self) -> StateRegistry {
        self.view.state
    }

    /// A value that all workloads of this run share with each other and with its
    /// checkers: one of each type, made by [`Default`] when it is first asked for. For what
    /// a test gathers, such as a history; processes under test talk over the network.
    pub fn shared<T: Default + 'static>(&self) -> Shared<T> {
        Shared::new(self.view.state.ledger)
    }

    /// This workload's operations in this run.
    ///
    /// How many is drawn from the range. Which verb each has is drawn from an alphabet that
    /// all members of its group have in common: with a [`Swarm`](crate::Swarm) a verb is
    /// missing from it in a quarter of all runs, and is up to eight times as frequent as
    /// another; without one all are equal. Each operation, and each number that is drawn
    /// from it, is a decision of its own: taking one out changes no other.
    ///
    /// Call [`Operation::begin`](crate::Operation::begin) on each: recipes and timelines show what it says.
    ///
    /// # Panics
    /// Without a verb.
    pub fn operations(&self, count: impl Into<Count>, verbs: &'static [&'static str]) -> Operations {
        Operations::new(
            self.view.control,
            self.view.state.ledger,
            self.name_shared().clone(),
            self.group(),
            count.into(),
            verbs,
        )
    }

    /// Waits until the last fault is over and the world has been quiet for
    /// [`Chaos::settle`](crate::Chaos): from then on every fault is benign. At once if the
    /// simulation plans none.
    pub async fn quiet(&self) {
        phase::wait(self.view.state.ledger).await;
    }

    /// What the run is doing.
    pub fn phase(&self) -> Phase {
        self.view.state.ledger.with(|ledger, _| ledger.phase)
    }

    /// Whether faults go beyond the declared tolerance in this run, on purpose: nothing is
    /// to be demanded then but that no answer is wrong.
    pub fn is_overdrawn(&self) -> bool {
        self.view.state.ledger.with(|ledger, _| ledger.overdrawn)
    }

    /// Processes that are left dead or cut off, in one direction or both, now that the
    /// world is quiet. Before the last check everybody is back.
    pub fn left_behind(&self) -> Vec<Peer> {
        let left = self.view.state.ledger.with(|ledger, _| ledger.left.clone());
        let peers = self.view.setting.cast.topology.processes.iter().flat_map(|group| &group.members);
        peers.filter(|peer| left.contains(&peer.node)).cloned().collect()
    }

    /// How much virtual time has passed in the run, whatever the machine's own clock says: for
    /// the histories that a checker judges, never for the system under test.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.view.home.with(|kernel| kernel.now()))
    }

    /// The run's seed: for messages. Decisions come from [`RandomProvider`](wavetank_core::RandomProvider).
    pub fn seed(&self) -> u64 {
        self.view.seed
    }
}
