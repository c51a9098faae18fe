//! Many of one model, one for each key. It needs operations that are about one key each:
//! what lists or moves several is a model of its own, with a map as its state.

use crate::model::Model;
use crate::versioned::VersionedRegister;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::marker::PhantomData;

/// A key-value store: a [`VersionedRegister`] for each key.
pub type KeyValue<K, V> = PerKey<K, VersionedRegister<V>>;

/// One `M` for each key, each judged on its own. That is enough: a history is
/// linearizable if and only if its part about each key is (Herlihy and Wing, 1990).
#[derive(Debug, Clone)]
pub struct PerKey<K, M> {
    /// The model of what is under each key.
    pub each: M,
    key: PhantomData<fn() -> K>,
}

/// An operation on what is under a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Keyed<K, Op> {
    /// The key.
    pub key: K,
    /// What is asked of it.
    pub op: Op,
}

impl<K, M> PerKey<K, M> {
    /// One `each` per key.
    pub fn new(each: M) -> PerKey<K, M> {
        PerKey { each, key: PhantomData }
    }
}

impl<K, M: Default> Default for PerKey<K, M> {
    fn default() -> Self {
        PerKey::new(M::default())
    }
}

impl<K, Op> Keyed<K, Op> {
    /// An operation on what is under `key`.
    pub fn new(key: K, op: Op) -> Keyed<K, Op> {
        Keyed { key, op }
    }
}

impl<K: Clone + Ord + Debug, M: Model<Part = ()>> Model for PerKey<K, M> {
    type Op = Keyed<K, M::Op>;
    type Ret = M::Ret;
    type State = M::State;
    type Part = K;

    fn part(&self, op: &Self::Op) -> K {
        op.key.clone()
    }

    fn initial(&self, _: &K) -> M::State {
        self.each.initial(&())
    }

    fn step(&self, state: &M::State, op: &Self::Op, ret: Option<&M::Ret>) -> Option<M::State> {
        self.each.step(state, &op.op, ret)
    }

    fn words(&self, op: &Self::Op, ret: Option<&M::Ret>) -> String {
        self.each.words(&op.op, ret)
    }

    fn state_words(&self, state: &M::State) -> String {
        self.each.state_words(state)
    }
}
