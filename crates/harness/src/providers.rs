//! The bundle of simulated providers that a process or workload gets. Each part
//! belongs to the crate that models it.

use wavetank_core::Providers;
use wavetank_engine::{Home, SimEntropy, SimRandomProvider, SimTaskProvider, SimTimeProvider};
use wavetank_network::SimNetworkProvider;
use wavetank_storage::SimStorageProvider;

/// What a simulated process has of the world.
///
/// No more than the process: async functions keep what they are given twice, and each part
/// finds its model in the world by type. (Not `Copy`: the real world's are not, and code is
/// written once.)
#[derive(Debug, Clone)]
pub struct SimProviders {
    home: Home,
}

const _: () = assert!(size_of::<SimProviders>() == 16, "each future of a process holds one or two of them");

impl SimProviders {
    /// What the process `home` has: for those who drive a [`World`](wavetank_engine::World)
    /// themselves; a [`SimContext`](crate::SimContext) has them ready. The world needs a
    /// [`Fabric`](wavetank_network::Fabric) and [`Disks`](wavetank_storage::Disks): using
    /// what is not there panics.
    pub fn new(home: Home) -> SimProviders {
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
