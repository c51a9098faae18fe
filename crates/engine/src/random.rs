//! The streams of application randomness and of entropy, one each per process.
//! No fault and no schedule draws from them.

use crate::broken::Broken;
use crate::decision::{mix, name_key};
use crate::home::Home;
use crate::kernel::Kernel;
use crate::node::{Node, NodeId};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use ref_cast::RefCast;
use std::io;
use wavetank_core::{EntropyProvider, RandomProvider};

/// A process's application randomness.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimRandomProvider {
    home: Home,
}

impl SimRandomProvider {
    /// The stream of a process.
    pub fn new(home: Home) -> SimRandomProvider {
        SimRandomProvider { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimRandomProvider {
        SimRandomProvider::ref_cast(home)
    }
}

impl RandomProvider for SimRandomProvider {
    fn next_u64(&self) -> u64 {
        let Home { node, .. } = self.home;
        self.home.with(|kernel| {
            if !self.home.is_alive(kernel) {
                return kernel.dead_number();
            }
            if kernel.config.broken.is_some() {
                return kernel.broken_number(node, |kernel| kernel.next_number(self.home));
            }
            kernel.next_number(self.home)
        })
    }
}

impl Kernel {
    /// A number for a process that is dead and still finishes its poll: another each
    /// time, so that a loop over it ends, and nothing that shifts what the living draw.
    #[cold]
    fn dead_number(&mut self) -> u64 {
        self.dead_draws += 1;
        mix(mix(self.seed(), name_key("the dead")), self.dead_draws.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number of a living process.
    #[inline]
    fn next_number(&mut self, Home { node, incarnation, .. }: Home) -> u64 {
        let (seed, broken) = (self.seed(), self.config.broken);
        let stream = &mut self.topology.node_mut(node).random;
        let generator = || match broken {
            Some(Broken::Hosts) => generator(seed, NodeId(0), 0, "application"),
            _ => generator(seed, node, incarnation, "application"),
        };
        stream.get_or_insert_with(generator).next_u64()
    }
}

/// A process's entropy: repeatable, and as unguessable to the code as the real one.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimEntropy {
    home: Home,
}

impl SimEntropy {
    /// The stream of a process.
    pub fn new(home: Home) -> SimEntropy {
        SimEntropy { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimEntropy {
        SimEntropy::ref_cast(home)
    }
}

impl EntropyProvider for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let Home { node, incarnation, .. } = self.home;
        self.home.with(|kernel| {
            let seed = kernel.seed();
            if !self.home.is_alive(kernel) {
                return bytes.iter_mut().for_each(|byte| *byte = kernel.dead_number() as u8);
            }
            let stream = &mut kernel.topology.node_mut(node).entropy;
            stream.get_or_insert_with(|| generator(seed, node, incarnation, "entropy")).fill_bytes(bytes);
            if kernel.breaks(Broken::Entropy)
                && let Some(last) = bytes.last_mut()
            {
                *last = 0;
            }
        });
        Ok(())
    }
}

fn generator(seed: u64, node: NodeId, incarnation: u32, stream: &str) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(mix(mix(seed, name_key(stream)), Node::entity(node, incarnation)))
}
