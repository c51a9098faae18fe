//! Decisions: what the simulator chose, by address. A value is a hash of the seed
//! and its address, so that a draw more in one place moves nothing elsewhere; who
//! asks, and what the choice does, is the caller's business.

use crate::overrides::{Choice, Overrides};
use crate::ratio::Ratio;
use std::fmt;
use std::sync::Arc;

/// A family of decisions, named; the name alone makes its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain {
    name: &'static str,
    key: u64,
}

impl Domain {
    /// The family of that name, such as `network.latency`.
    pub const fn new(name: &'static str) -> Domain {
        Domain { name, key: name_key(name) }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The number that stands for it in an [`Address`].
    pub const fn key(self) -> u64 {
        self.key
    }
}

/// A 64-bit hash of a name (FNV-1a, mixed), the same in every build.
pub const fn name_key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    mix(hash, 0x9e37_79b9_7f4a_7c15)
}

/// Folds two numbers into one that depends on every bit of both: the 128-bit
/// product, its halves added together by exclusive or, as in Wang Yi's wyhash.
#[inline]
pub const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ 0x2d35_8dcc_aa6c_78a5) as u128 * (b ^ 0x8bb8_4b93_962e_acc9) as u128;
    (product as u64) ^ (product >> 64) as u64
}

/// The address of one decision. Chosen so that it survives change: `entity` is
/// structural (a parent and its number there), never an index or a global count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Address {
    /// The [`Domain`]'s key.
    pub domain: u64,
    /// Whom it concerns.
    pub entity: u64,
    /// Which use of that entity.
    pub nth: u64,
}

impl fmt::Display for Address {
    /// Its three numbers, the first two in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}.{:016x}.{}", self.domain, self.entity, self.nth)
    }
}

/// The seed and its overrides, asked for one decision at a time.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    seed: u64,
    key: u64,
    /// Nothing if nothing is overridden: most runs have none, and are begun by the million.
    overrides: Option<Arc<Overrides>>,
}

impl Decisions {
    /// The decisions of a seed.
    #[inline]
    pub fn of(seed: u64) -> Decisions {
        Decisions { seed, key: mix(seed, 0x5741_5645_5441_4e4b), overrides: None }
    }

    /// The decisions of a seed, but for those that are overridden.
    #[inline]
    pub fn new(seed: u64, overrides: Overrides) -> Decisions {
        let overrides = (!overrides.is_empty()).then(|| Arc::new(overrides));
        Decisions { overrides, ..Decisions::of(seed) }
    }

    /// The seed.
    #[inline]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The same seed's decisions without the overrides: for plans in which what was taken
    /// out must not make room for something else.
    pub fn plain(&self) -> Decisions {
        Decisions { overrides: None, ..*self }
    }

    /// The raw draw at an address: 64 uniform bits. [`None`] if it was overridden to be benign.
    #[inline]
    pub fn draw(&self, domain: Domain, entity: u64, nth: u64) -> Option<u64> {
        if let Some(overrides) = &self.overrides {
            return self.draw_overridden(overrides, Address { domain: domain.key, entity, nth });
        }
        Some(self.hash(domain.key, entity, nth))
    }

    /// As [`draw`](Self::draw), with the benign choice given.
    #[inline]
    pub fn draw_or(&self, domain: Domain, entity: u64, nth: u64, benign: u64) -> u64 {
        match &self.overrides {
            None => self.hash(domain.key, entity, nth),
            Some(overrides) => {
                self.draw_overridden(overrides, Address { domain: domain.key, entity, nth }).unwrap_or(benign)
            }
        }
    }

    /// Whether nothing is overridden.
    #[inline]
    pub fn are_plain(&self) -> bool {
        self.overrides.is_none()
    }

    /// What an override draws at an address: nothing by the seed alone, and nothing if it is benign.
    pub fn given(&self, domain: Domain, entity: u64, nth: u64) -> Option<u64> {
        match self.overrides.as_ref()?.get(&Address { domain: domain.key, entity, nth })? {
            Choice::Draw(value) => Some(value),
            Choice::Benign | Choice::Kept => None,
        }
    }

    /// Whether a thing of probability `ratio` happens. Benign: no.
    #[inline]
    pub fn chance(&self, domain: Domain, entity: u64, nth: u64, ratio: Ratio) -> bool {
        // A probability of zero draws nothing, so that a fault that is off costs a comparison.
        !ratio.is_zero() && self.draw(domain, entity, nth).is_some_and(|draw| ratio.holds(draw))
    }

    /// A number from `low` to `high`, both included. Benign: `low`.
    #[inline]
    pub fn within(&self, domain: Domain, entity: u64, nth: u64, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        // A draw of zero is the lowest number.
        scale(self.draw_or(domain, entity, nth, 0), low, high)
    }

    #[inline]
    fn hash(&self, domain: u64, entity: u64, nth: u64) -> u64 {
        // Spread first: neighbouring numbers would change the product by a constant, and
        // the draws of one entity would walk instead of jump.
        mix(mix(self.key ^ domain, entity), nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    #[cold]
    fn draw_overridden(&self, overrides: &Overrides, address: Address) -> Option<u64> {
        match overrides.get(&address) {
            Some(Choice::Benign) => None,
            Some(Choice::Draw(value)) => Some(value),
            Some(Choice::Kept) | None => Some(self.hash(address.domain, address.entity, address.nth)),
        }
    }
}

/// Spreads 64 uniform bits over `low..=high`. The bias is below (high - low) / 2^64.
#[inline]
pub fn scale(draw: u64, low: u64, high: u64) -> u64 {
    // Times the distance and once more, for the number of values may not fit 64 bits.
    let product = u128::from(draw) * u128::from(high - low);
    let (_, carry) = (product as u64).overflowing_add(draw);
    low + (product >> 64) as u64 + u64::from(carry)
}
