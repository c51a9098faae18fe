//! A bundle of simulated providers, for tests that drive the engine's world
//! themselves. The harness's own is made by the harness only.

use wavetank_core::Providers;
use wavetank_engine::{Home, SimEntropy, SimRandomProvider, SimTaskProvider, SimTimeProvider};
use wavetank_network::SimNetworkProvider;
use wavetank_storage::SimStorageProvider;

/// What a process has of the world.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    network: SimNetworkProvider,
    time: SimTimeProvider,
    task: SimTaskProvider,
    random: SimRandomProvider,
    entropy: SimEntropy,
    storage: SimStorageProvider,
}

impl Bundle {
    pub(crate) fn new(home: Home) -> Bundle {
        Bundle {
            network: SimNetworkProvider::new(home),
            time: SimTimeProvider::new(home),
            task: SimTaskProvider::new(home),
            random: SimRandomProvider::new(home),
            entropy: SimEntropy::new(home),
            storage: SimStorageProvider::new(home),
        }
    }
}

impl Providers for Bundle {
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
        &self.time
    }

    fn task(&self) -> &SimTaskProvider {
        &self.task
    }

    fn random(&self) -> &SimRandomProvider {
        &self.random
    }

    fn entropy(&self) -> &SimEntropy {
        &self.entropy
    }

    fn storage(&self) -> &SimStorageProvider {
        &self.storage
    }
}
