//! Configurations that were reached: which operations are placed, and the state after
//! them. How they are reached is the search's business.

use fixedbitset::FixedBitSet;
use foldhash::fast::FixedState;
use std::hash::Hash;

#[allow(clippy::disallowed_types, reason = "with a fixed hasher, and nothing depends on its order")]
type HashMap<K, V> = std::collections::HashMap<K, V, FixedState>;

/// Which completed operations are placed, numbered in the order of their calls.
///
/// All of them before some point, but for a few: so the point and those few beyond it are
/// a key of a handful of words, however long the history is.
pub(crate) struct Placed {
    bits: FixedBitSet,
    count: usize,
}

/// The operations of a [`Placed`] as a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key<S> {
    /// The first operation that is not placed.
    first_missing: u32,
    /// Those after it that are, counted from it; up to the last one, so that equal sets
    /// are equal keys.
    beyond: FixedBitSet,
    state: S,
}

/// The configurations that were reached.
///
/// Pending operations need not be placed; so of two configurations that differ in nothing
/// but those that they used up, the one that used a subset can go wherever the other can.
/// Only configurations that no other covers in this way are kept.
pub(crate) struct Reached<S> {
    seen: HashMap<Key<S>, Vec<FixedBitSet>>,
    count: u64,
}

impl Placed {
    pub(crate) fn new(operations: usize) -> Placed {
        Placed { bits: FixedBitSet::with_capacity(operations), count: 0 }
    }

    pub(crate) fn insert(&mut self, operation: usize) {
        assert!(!self.bits.put(operation), "an operation is placed once");
        self.count += 1;
    }

    pub(crate) fn remove(&mut self, operation: usize) {
        assert!(self.bits.contains(operation), "what is taken back was placed");
        self.bits.set(operation, false);
        self.count -= 1;
    }

    /// How many are placed.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn key<S>(&self, first_missing: usize, state: S) -> Key<S> {
        let mut missing = self.count - first_missing;
        let mut beyond = FixedBitSet::new();
        let mut operation = first_missing;
        while missing > 0 {
            operation += 1;
            if self.bits.contains(operation) {
                beyond.grow_and_insert(operation - first_missing);
                missing -= 1;
            }
        }
        let first_missing = u32::try_from(first_missing).expect("a history has fewer than 2^31 completed operations");
        Key { first_missing, beyond, state }
    }
}

impl<S: Eq + Hash> Reached<S> {
    pub(crate) fn new() -> Reached<S> {
        Reached { seen: HashMap::default(), count: 0 }
    }

    /// How many configurations were reached.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Whether this one was not reached before, and no better one was; it is now.
    /// `first_missing` is the first operation that is not in `placed`.
    pub(crate) fn insert(&mut self, placed: &Placed, first_missing: usize, used: &FixedBitSet, state: S) -> bool {
        let covers = self.seen.entry(placed.key(first_missing, state)).or_default();
        if covers.iter().any(|other| other.is_subset(used)) {
            return false;
        }
        covers.retain(|other| !used.is_subset(other));
        covers.push(used.clone());
        self.count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(operations: &[usize]) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(4);
        set.extend(operations.iter().copied());
        set
    }

    #[test]
    fn a_set_is_one_key_however_it_came_about() {
        let mut one = Placed::new(100);
        let mut other = Placed::new(100);
        for operation in [0, 1, 3, 4] {
            one.insert(operation);
        }
        for operation in [70, 4, 3, 1, 0] {
            other.insert(operation);
        }
        other.remove(70);
        assert_eq!(one.key(2, ()), other.key(2, ()));
        other.insert(70);
        assert_ne!(one.key(2, ()), other.key(2, ()));
        assert_eq!((one.count(), other.count()), (4, 5));
    }

    #[test]
    fn what_used_up_more_is_covered() {
        let mut reached = Reached::new();
        let placed = Placed::new(4);
        assert!(reached.insert(&placed, 0, &set(&[1, 2]), 'a'));
        assert!(!reached.insert(&placed, 0, &set(&[1, 2, 3]), 'a'), "it can do nothing more");
        assert!(reached.insert(&placed, 0, &set(&[1, 2, 3]), 'b'), "another state can");
        assert!(reached.insert(&placed, 0, &set(&[0, 3]), 'a'), "neither contains the other");
        assert!(reached.insert(&placed, 0, &set(&[1]), 'a'), "this one covers the first");
        assert!(!reached.insert(&placed, 0, &set(&[1, 2]), 'a'));
        let kept: Vec<_> = reached.seen[&placed.key(0, 'a')].iter().map(|set| set.ones().collect::<Vec<_>>()).collect();
        assert_eq!(kept, [vec![0, 3], vec![1]], "what is covered takes no room");
    }
}
