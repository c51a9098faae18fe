//! Application randomness by xoshiro256++, and the operating system's entropy. Keeps
//! the two apart: the first is fast and guessable, the second neither.
#![expect(clippy::disallowed_methods, reason = "this is where the operating system is asked for entropy")]

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use wavetank_core::{EntropyProvider, RandomProvider};

/// Application randomness. Clones share one stream.
#[derive(Debug, Clone)]
pub struct TokioRandomProvider {
    stream: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl TokioRandomProvider {
    /// A stream that the operating system seeds.
    ///
    /// # Errors
    /// If it has no entropy to give.
    pub fn from_os() -> io::Result<TokioRandomProvider> {
        let mut seed = <Xoshiro256PlusPlus as SeedableRng>::Seed::default();
        OsEntropy.fill(seed.as_mut())?;
        Ok(TokioRandomProvider::from_stream(Xoshiro256PlusPlus::from_seed(seed)))
    }

    /// The stream that `seed` names: the same numbers each time.
    pub fn seeded(seed: u64) -> TokioRandomProvider {
        TokioRandomProvider::from_stream(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn from_stream(stream: Xoshiro256PlusPlus) -> TokioRandomProvider {
        TokioRandomProvider { stream: Arc::new(Mutex::new(stream)) }
    }
}

impl RandomProvider for TokioRandomProvider {
    fn next_u64(&self) -> u64 {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

/// The operating system's entropy, for keys and nonces.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl EntropyProvider for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::from)
    }
}
