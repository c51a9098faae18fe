//! The bundle of simulated providers that a process or workload gets. Each part
//! belongs to the crate that models it.

use crate::rig::Handles;
use std::sync::Arc;
use wavetank_core::Providers;
use wavetank_engine::{Home, SimEntropy, SimRandomProvider, SimTaskProvider, SimTimeProvider};
use wavetank_network::SimNetworkProvider;
use wavetank_storage::SimStorageProvider;

/// What a simulated process has of the world. Cloning it copies nothing.
#[derive(Debug, Clone)]
pub struct SimProviders {
    /// Shared, because async functions keep what they are given twice.
    bundle: Arc<Bundle>,
}

#[derive(Debug)]
struct Bundle {
    network: SimNetworkProvider,
    time: SimTimeProvider,
    task: SimTaskProvider,
    random: SimRandomProvider,
    entropy: SimEntropy,
    storage: SimStorageProvider,
}

impl SimProviders {
    pub(crate) fn new(handles: &Handles, home: Home) -> SimProviders {
        let bundle = Bundle {
            network: SimNetworkProvider::new(handles.fabric, home),
            time: SimTimeProvider::new(home),
            task: SimTaskProvider::new(home),
            random: SimRandomProvider::new(home),
            entropy: SimEntropy::new(home),
            storage: SimStorageProvider::new(handles.disks, home),
        };
        SimProviders { bundle: Arc::new(bundle) }
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
        &self.bundle.network
    }

    fn time(&self) -> &SimTimeProvider {
        &self.bundle.time
    }

    fn task(&self) -> &SimTaskProvider {
        &self.bundle.task
    }

    fn random(&self) -> &SimRandomProvider {
        &self.bundle.random
    }

    fn entropy(&self) -> &SimEntropy {
        &self.bundle.entropy
    }

    fn storage(&self) -> &SimStorageProvider {
        &self.bundle.storage
    }
}
