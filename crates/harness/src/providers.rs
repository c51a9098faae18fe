//! The bundle of simulated providers that a process or workload gets. Each part
//! belongs to the crate that models it.

use wavetank_core::Providers;
use wavetank_engine::{Home, SimEntropy, SimRandomProvider, SimTaskProvider, SimTimeProvider};
use wavetank_network::SimNetworkProvider;
use wavetank_storage::SimStorageProvider;

/// What a simulated process has of the world.
///
/// Small, because async functions keep what they are given twice.
#[derive(Debug, Clone)]
pub struct SimProviders {
    home: Home,
}

const _: () = assert!(size_of::<SimProviders>() == 16, "each future of a process may hold one or two of them");

impl SimProviders {
    pub(crate) fn new(home: Home) -> SimProviders {
        SimProviders { home }
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
        SimNetworkProvider::of(&self.home)
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
        SimStorageProvider::of(&self.home)
    }
}
