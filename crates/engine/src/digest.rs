//! The rolling digest of a run and its checkpoints: what two runs of one seed
//! must agree on. Decides nothing.

use crate::decision::mix;
use std::fmt;

/// 128 bits that depend on everything folded so far, in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Digest(pub u64, pub u64);

impl Digest {
    /// Before anything happened.
    pub const EMPTY: Digest = Digest(0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b);

    /// Folds two numbers in: into the factors of a product, as [`mix`] does, but without its
    /// constants. What was folded before is as random, and this is done several times an event.
    #[inline]
    pub fn fold(&mut self, one: u64, other: u64) {
        let product = u128::from(self.0 ^ one) * u128::from(self.1 ^ other);
        self.0 = self.1.rotate_left(29).wrapping_add(other);
        self.1 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Default for Digest {
    fn default() -> Self {
        Digest::EMPTY
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0, self.1)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A 64-bit hash of bytes, for folding what was delivered, written and read.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = (bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (blocks, rest) = bytes.as_chunks::<16>();
    // Lanes pay from a few hundred bytes on; a small message is through before that.
    let (groups, blocks) = if blocks.len() < LANES_FROM { (&[][..], blocks) } else { blocks.as_chunks::<4>() };
    if !groups.is_empty() {
        hash = hash_groups(hash, groups);
    }
    for block in blocks {
        hash = mix_block(hash, block);
    }
    if rest.is_empty() {
        return hash;
    }
    // The last 16 bytes once more, if there are so many: no copy, no branch on the length.
    match bytes.last_chunk::<16>() {
        Some(last) => mix_block(hash, last),
        None => {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            mix_block(hash, &last)
        }
    }
}

/// Blocks of 16 bytes from which on four lanes are used.
const LANES_FROM: usize = 16;

/// Four lanes that do not wait for one another.
#[inline]
fn hash_groups(hash: u64, groups: &[[[u8; 16]; 4]]) -> u64 {
    let mut lanes = [hash, !hash, hash.rotate_left(32), !hash.rotate_left(32)];
    for group in groups {
        for (lane, block) in lanes.iter_mut().zip(group) {
            *lane = mix_block(*lane, block);
        }
    }
    mix(mix(lanes[0], lanes[1]), mix(lanes[2], lanes[3]))
}

#[inline]
fn mix_block(hash: u64, block: &[u8; 16]) -> u64 {
    let block = u128::from_le_bytes(*block);
    mix(hash ^ block as u64, (block >> 64) as u64)
}

/// Where a run stood after so many noted events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// Events noted before it.
    pub events: u64,
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// The digest there.
    pub digest: Digest,
}

/// The checkpoints of a run: at most [`MOST`], evenly spaced over however many
/// events there were.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    list: Vec<Checkpoint>,
    spacing: u64,
}

/// How many checkpoints a run keeps; when it has more, every second one goes.
const MOST: usize = 1024;
/// Events between the checkpoints of a short run.
const SPACING: u64 = 256;

impl Checkpoints {
    pub(crate) fn new() -> Checkpoints {
        Checkpoints { list: Vec::new(), spacing: SPACING }
    }

    pub(crate) fn reset(&mut self) {
        self.list.clear();
        self.spacing = SPACING;
    }

    pub(crate) fn is_due(&self, events: u64) -> bool {
        events & (self.spacing - 1) == 0
    }

    /// The number of events of the next checkpoint.
    pub(crate) fn next(&self, events: u64) -> u64 {
        (events | (self.spacing - 1)) + 1
    }

    pub(crate) fn push(&mut self, checkpoint: Checkpoint) {
        if self.list.len() == MOST {
            let mut nth = 0;
            self.list.retain(|_| {
                nth += 1;
                nth % 2 == 0
            });
            self.spacing *= 2;
            if !self.is_due(checkpoint.events) {
                return;
            }
        }
        self.list.push(checkpoint);
    }

    pub(crate) fn as_slice(&self) -> &[Checkpoint] {
        &self.list
    }
}
