//! The bundle of simulated providers that a process or workload gets. Each part
//! belongs to the crate that models it.

use crate::rig::Handles;
use wavetank_core::Providers;
use wavetank_engine::{Home, SimEntropy, SimRandomProvider, SimTaskProvider, SimTimeProvider};
use wavetank_network::SimNetworkProvider;
use wavetank_storage::SimStorageProvider;

/// What a simulated process has of the world.
///
/// Small, because async functions keep what they are given twice.
#[derive(Debug, Clone)]
pub struct SimProviders {
    /// All that there is to its clocks, tasks, randomness and entropy.
    home: Home,
    network: SimNetworkProvider,
    storage: SimStorageProvider,
}

const _: () = assert!(size_of::<SimProviders>() <= 96, "each future of a process may hold one or two of them");

impl SimProviders {
    pub(crate) fn new(handles: &Handles, home: Home) -> SimProviders {
        SimProviders {
            home,
            network: SimNetworkProvider::new(handles.fabric, home),
            storage: SimStorageProvider::new(handles.disks, home),
        }
    }
}

impl Providers for SimProviders {
    type Network = SimNetworkProvider;
    type Time = SimTimeProvider;
    type Task = SimTaskProvider;
    type Random = SimRandomProvider;
    type Entropy = SimEntropy;
    type Storage = SimStorageProvider;

    fn network(&self) -> &SimNetworkProvider {
        &self.network
    }

    fn time(&self) -> &SimTimeProvider {
        SimTimeProvider::of(&self.home)
    }

    fn task(&self) -> &SimTaskProvider {
        SimTaskProvider::of(&self.home)
    }

    fn random(&self) -> &SimRandomProvider {
        SimRandomProvider::of(&self.home)
    }

    fn entropy(&self) -> &SimEntropy {
        SimEntropy::of(&self.home)
    }

    fn storage(&self) -> &SimStorageProvider {
        &self.storage
    }
}
