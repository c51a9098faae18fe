//! The standard library's hash maps and sets with a fixed hasher. Changes nothing
//! else about them.
//!
//! `std`'s default hasher takes its keys from the operating system, so the order of
//! iteration differs from run to run. These hash by the key alone: the same
//! insertions and removals give the same order, in each run of a seed. The order
//! itself means nothing, and may change with the compiler or the architecture; where
//! an order matters, use a `BTreeMap`.
//!
//! The hash is not keyed: do not fill these maps with keys that an attacker may
//! choose without a bound on their number.
//!
//! `new` and `with_capacity` exist only for `std`'s own hasher. Instead:
//!
//! ```
//! use wavetank_core::collections::{HashMap, HashSet, hash_map, hash_set};
//!
//! let mut ports: HashMap<&str, u16> = HashMap::default();
//! ports.insert("echo", 7);
//! let sized = hash_map::<String, u16>(64);
//! assert!(sized.capacity() >= 64);
//! let collected: HashMap<_, _> = [("echo", 7)].into_iter().collect();
//! assert_eq!(ports, collected);
//! let seen: HashSet<u16> = ports.into_values().collect();
//! assert!(seen.contains(&7) && hash_set::<u16>(64).capacity() >= 64);
//! ```
//!
//! A map whose keys are pointers, or hash by address, is still in another order in
//! each process.

/// The hasher: [foldhash] with a fixed seed.
pub type FixedState = foldhash::fast::FixedState;

/// A hash map whose order depends on nothing but its history.
#[allow(clippy::disallowed_types, reason = "the ban is on std's random keys, which this replaces")]
pub type HashMap<K, V> = std::collections::HashMap<K, V, FixedState>;

/// A hash set whose order depends on nothing but its history.
#[allow(clippy::disallowed_types, reason = "the ban is on std's random keys, which this replaces")]
pub type HashSet<T> = std::collections::HashSet<T, FixedState>;

/// An empty map with room for `capacity` entries.
pub fn hash_map<K, V>(capacity: usize) -> HashMap<K, V> {
    HashMap::with_capacity_and_hasher(capacity, FixedState::default())
}

/// An empty set with room for `capacity` elements.
pub fn hash_set<T>(capacity: usize) -> HashSet<T> {
    HashSet::with_capacity_and_hasher(capacity, FixedState::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_history_gives_the_same_order() {
        let history = |capacity| {
            let mut map = hash_map::<String, u32>(capacity);
            for key in 0..1_000 {
                map.insert(format!("key {key}"), key);
            }
            for key in (0..1_000).step_by(3) {
                map.remove(&format!("key {key}"));
            }
            map.into_values().collect::<Vec<_>>()
        };
        assert_eq!(history(0), history(0));
        assert!(!history(0).is_sorted(), "a hash map that iterates in order of insertion proves nothing");
    }

    #[test]
    fn the_hash_is_the_same_in_every_process() {
        use std::hash::BuildHasher;
        // Recorded once; a change of it changes which run a seed names.
        assert_eq!(FixedState::default().hash_one(7u64), RECORDED);
    }

    const RECORDED: u64 = 1_980_524_245_637_793_224;
}
