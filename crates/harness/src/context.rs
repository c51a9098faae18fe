//! What a process or workload is given: its providers, and who else there is.

use crate::ledger::StateRegistry;
use crate::providers::SimProviders;
use crate::topology::WorkloadTopology;
use std::net::IpAddr;
use std::sync::Arc;
use wavetank_engine::Home;

/// A process's or workload's view of its run.
#[derive(Debug, Clone)]
pub struct SimContext {
    pub(crate) providers: SimProviders,
    pub(crate) home: Home,
    pub(crate) ip: IpAddr,
    pub(crate) number: u32,
    pub(crate) name: Arc<str>,
    pub(crate) topology: Arc<WorkloadTopology>,
    pub(crate) state: StateRegistry,
    pub(crate) seed: u64,
}

impl SimContext {
    /// The world as this process sees it: what generic code takes as `P: Providers`.
    pub fn providers(&self) -> SimProviders {
        self.providers.clone()
    }

    /// Its number within its group, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its name, such as `server-2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its machine.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// How often this process was booted: 1 for the first time.
    pub fn incarnation(&self) -> u32 {
        self.home.incarnation
    }

    /// Everybody in the run.
    pub fn topology(&self) -> &WorkloadTopology {
        &self.topology
    }

    /// State for invariants to read.
    pub fn state(&self) -> StateRegistry {
        self.state
    }

    /// The run's seed: for messages. Decisions come from [`RandomProvider`](wavetank_core::RandomProvider).
    pub fn seed(&self) -> u64 {
        self.seed
    }
}
