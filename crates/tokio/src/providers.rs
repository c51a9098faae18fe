//! The bundle of all production providers. Owns no behaviour.

use crate::{
    OsEntropy, TokioNetworkProvider, TokioRandomProvider, TokioStorageProvider, TokioTaskProvider, TokioTimeProvider,
};
use std::io;
use std::path::PathBuf;
use wavetank_core::Providers;

/// The real world, as tokio shows it.
#[derive(Debug, Clone)]
pub struct TokioProviders {
    network: TokioNetworkProvider,
    time: TokioTimeProvider,
    task: TokioTaskProvider,
    random: TokioRandomProvider,
    entropy: OsEntropy,
    storage: TokioStorageProvider,
}

impl TokioProviders {
    /// Providers whose files live below `root`, whose clock starts now, and whose
    /// application randomness is seeded by the operating system.
    ///
    /// `root` need not exist yet; `create_dir_all("")` of its storage creates it.
    ///
    /// # Errors
    /// If the operating system has no entropy to give.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<TokioProviders> {
        Ok(TokioProviders::with_random(root, TokioRandomProvider::from_os()?))
    }

    /// The same with application randomness of the caller's choice.
    pub fn with_random(root: impl Into<PathBuf>, random: TokioRandomProvider) -> TokioProviders {
        TokioProviders {
            network: TokioNetworkProvider,
            time: TokioTimeProvider::new(),
            task: TokioTaskProvider,
            random,
            entropy: OsEntropy,
            storage: TokioStorageProvider::new(root),
        }
    }
}

impl Providers for TokioProviders {
    type Network = TokioNetworkProvider;
    type Time = TokioTimeProvider;
    type Task = TokioTaskProvider;
    type Random = TokioRandomProvider;
    type Entropy = OsEntropy;
    type Storage = TokioStorageProvider;

    fn network(&self) -> &TokioNetworkProvider {
        &self.network
    }

    fn time(&self) -> &TokioTimeProvider {
        &self.time
    }

    fn task(&self) -> &TokioTaskProvider {
        &self.task
    }

    fn random(&self) -> &TokioRandomProvider {
        &self.random
    }

    fn entropy(&self) -> &OsEntropy {
        &self.entropy
    }

    fn storage(&self) -> &TokioStorageProvider {
        &self.storage
    }
}
