//! The register with versions: compare-and-swap by version, deletes, and what is known
//! after a write whose answer was lost. Of keys it knows nothing.

use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

/// One value that may be absent; each write gives it a version above all that it had
/// before, across deletes too. By how much, and from which number on, 0 too, is the
/// system's business.
///
/// Versions that nobody was told of are not counted: where 3 and 4 are the last that were
/// told, it may be that a write whose answer was lost lies between, for which there is no
/// number. A search that counted them would have to tell apart which of them happened.
#[derive(Debug, Clone)]
pub struct VersionedRegister<V> {
    value: PhantomData<fn() -> V>,
}

/// What a [`VersionedRegister`] can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VersionedOp<V> {
    /// What is the value, and its version?
    Get,
    /// Let this be the value.
    Write {
        /// Under which condition.
        when: When,
        /// The value.
        value: V,
    },
    /// Let there be no value.
    Delete {
        /// Under which condition.
        when: When,
    },
}

/// A condition on a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum When {
    /// Whatever is there.
    Always,
    /// If nothing is there.
    Absent,
    /// If this version is there.
    Version(u64),
}

/// What a [`VersionedRegister`] answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VersionedRet<V> {
    /// To a get: the value and its version.
    Found {
        /// Its version.
        version: u64,
        /// The value.
        value: V,
    },
    /// To a get or delete: there is nothing.
    NotFound,
    /// To a write: it was written.
    Written {
        /// The version that the value got.
        version: u64,
    },
    /// To a delete: there was something, and it is gone.
    Deleted,
    /// To a delete: it is gone; the answer does not tell whether it was there.
    Gone,
    /// To a write or delete: its condition did not hold.
    Mismatch {
        /// What was there instead, as far as the answer told.
        current: Current,
    },
}

/// What an answer told about what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Current {
    /// It did not tell.
    Untold,
    /// Nothing is there.
    Absent,
    /// A value of this version is there.
    Version(u64),
}

/// What is known of a [`VersionedRegister`] after some operations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionedState<V> {
    /// The value, if there is one.
    pub value: Option<V>,
    /// The last version that anybody was told of.
    pub version: Option<u64>,
    /// Whether the value was written after that by somebody who was never answered: its
    /// version is above it, and unknown.
    pub untold: bool,
    /// Versions that an answer said the unknown one is not.
    pub refuted: BTreeSet<u64>,
}

impl<V> Default for VersionedRegister<V> {
    fn default() -> Self {
        VersionedRegister { value: PhantomData }
    }
}

impl<V> VersionedOp<V> {
    /// Writes whatever is there.
    pub fn put(value: V) -> VersionedOp<V> {
        VersionedOp::Write { when: When::Always, value }
    }

    /// Writes if nothing is there.
    pub fn create(value: V) -> VersionedOp<V> {
        VersionedOp::Write { when: When::Absent, value }
    }

    /// Writes if the version that is there is `expected`.
    pub fn cas(expected: u64, value: V) -> VersionedOp<V> {
        VersionedOp::Write { when: When::Version(expected), value }
    }

    /// Deletes whatever is there.
    pub fn delete() -> VersionedOp<V> {
        VersionedOp::Delete { when: When::Always }
    }
}

impl<V: Clone + Eq> VersionedState<V> {
    fn known(value: Option<V>, version: Option<u64>) -> VersionedState<V> {
        VersionedState { value, version, untold: false, refuted: BTreeSet::new() }
    }

    /// Whether the value that is there may be of this version.
    fn may_be(&self, version: u64) -> bool {
        let is_open = self.untold && Some(version) > self.version && !self.refuted.contains(&version);
        self.value.is_some() && (is_open || !self.untold && Some(version) == self.version)
    }

    fn may_hold(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Absent => self.value.is_none(),
            When::Version(version) => self.may_be(version),
        }
    }

    /// Whether a condition may fail here. An unknown version may be any of those above what
    /// was told, so whatever is asked for, it may be another.
    fn may_fail(&self, when: When) -> bool {
        match when {
            When::Always => false,
            When::Absent => self.value.is_some(),
            When::Version(version) => self.untold || !self.may_be(version),
        }
    }

    fn told(&self, version: u64) -> VersionedState<V> {
        VersionedState::known(self.value.clone(), Some(version))
    }

    /// The last version that anybody was told of, or named in a condition that holds.
    fn told_by(&self, when: When) -> Option<u64> {
        match when {
            // It is there, so it is not below what was told.
            When::Version(expected) => Some(expected),
            When::Always | When::Absent => self.version,
        }
    }

    /// A write under a condition that holds; `version` is what it got, if it was told.
    fn write(&self, when: When, value: V, version: Option<u64>) -> Option<VersionedState<V>> {
        let floor = self.told_by(when);
        let value = Some(value);
        match version {
            Some(version) => (Some(version) > floor).then(|| VersionedState::known(value, Some(version))),
            None => Some(VersionedState { value, version: floor, untold: true, refuted: BTreeSet::new() }),
        }
    }

    /// A delete under a condition that holds.
    fn delete(&self, when: When) -> VersionedState<V> {
        // Nothing is there to be of a version; the next write is above what was told.
        VersionedState::known(None, self.told_by(when))
    }

    /// The same where a condition has failed: an unknown version is not the one asked for.
    fn without(&self, when: When) -> VersionedState<V> {
        let mut state = self.clone();
        if let When::Version(version) = when
            && self.untold
            && self.may_be(version)
        {
            state.refuted.insert(version);
        }
        state
    }

    fn mismatch(&self, when: When, current: Current) -> Option<VersionedState<V>> {
        match current {
            _ if !self.may_fail(when) => None,
            Current::Untold => Some(self.without(when)),
            Current::Absent => self.value.is_none().then(|| self.clone()),
            Current::Version(version) => {
                (self.may_be(version) && when != When::Version(version)).then(|| self.told(version))
            }
        }
    }
}

impl<V: Clone + Eq + Hash + Debug> Model for VersionedRegister<V> {
    type Op = VersionedOp<V>;
    type Ret = VersionedRet<V>;
    type State = VersionedState<V>;
    type Part = ();

    fn part(&self, _: &VersionedOp<V>) {}

    fn initial(&self, (): &()) -> VersionedState<V> {
        VersionedState::known(None, None)
    }

    fn step(
        &self,
        state: &VersionedState<V>,
        op: &VersionedOp<V>,
        ret: Option<&VersionedRet<V>>,
    ) -> Option<VersionedState<V>> {
        use VersionedRet::{Deleted, Found, Gone, Mismatch, NotFound, Written};
        match (op, ret) {
            (VersionedOp::Get, None) => None,
            (VersionedOp::Get, Some(Found { version, value })) => {
                (state.value.as_ref() == Some(value) && state.may_be(*version)).then(|| state.told(*version))
            }
            (VersionedOp::Get, Some(NotFound)) => state.value.is_none().then(|| state.clone()),

            (VersionedOp::Write { when, .. } | VersionedOp::Delete { when }, Some(Mismatch { current })) => {
                state.mismatch(*when, *current)
            }
            (VersionedOp::Write { when, .. } | VersionedOp::Delete { when }, _) if !state.may_hold(*when) => {
                match (op, ret) {
                    // A delete of what is not there may say so, whatever it asked for.
                    (VersionedOp::Delete { .. }, Some(NotFound)) if state.value.is_none() => Some(state.clone()),
                    _ => None,
                }
            }

            (VersionedOp::Write { when, value }, None) => state.write(*when, value.clone(), None),
            (VersionedOp::Write { when, value }, Some(Written { version })) => {
                state.write(*when, value.clone(), Some(*version))
            }
            (VersionedOp::Delete { when }, None | Some(Gone)) => Some(state.delete(*when)),
            (VersionedOp::Delete { when }, Some(Deleted)) => state.value.is_some().then(|| state.delete(*when)),
            (VersionedOp::Delete { .. }, Some(NotFound)) => state.value.is_none().then(|| state.clone()),

            // An answer to another question.
            (VersionedOp::Get, Some(_)) | (VersionedOp::Write { .. } | VersionedOp::Delete { .. }, Some(_)) => None,
        }
    }

    fn words(&self, op: &VersionedOp<V>, ret: Option<&VersionedRet<V>>) -> String {
        let asked = match op {
            VersionedOp::Get => "get".to_owned(),
            VersionedOp::Write { when: When::Always, value } => format!("put({value:?})"),
            VersionedOp::Write { when: When::Absent, value } => format!("create({value:?})"),
            VersionedOp::Write { when: When::Version(version), value } => format!("cas(version {version}, {value:?})"),
            VersionedOp::Delete { when: When::Always } => "delete".to_owned(),
            VersionedOp::Delete { when: When::Absent } => "delete(if absent)".to_owned(),
            VersionedOp::Delete { when: When::Version(version) } => format!("delete(version {version})"),
        };
        let answered = match ret {
            None => "?".to_owned(),
            Some(VersionedRet::Found { version, value }) => format!("{value:?}, version {version}"),
            Some(VersionedRet::NotFound) => "not found".to_owned(),
            Some(VersionedRet::Written { version }) => format!("version {version}"),
            Some(VersionedRet::Deleted) => "deleted".to_owned(),
            Some(VersionedRet::Gone) => "gone".to_owned(),
            Some(VersionedRet::Mismatch { current: Current::Untold }) => "mismatch".to_owned(),
            Some(VersionedRet::Mismatch { current: Current::Absent }) => "mismatch, nothing is there".to_owned(),
            Some(VersionedRet::Mismatch { current: Current::Version(version) }) => {
                format!("mismatch, version {version} is there")
            }
        };
        format!("{asked} -> {answered}")
    }

    fn state_words(&self, state: &VersionedState<V>) -> String {
        let Some(value) = &state.value else { return "nothing".to_owned() };
        let words = match state.version {
            Some(version) if !state.untold => return format!("{value:?}, version {version}"),
            Some(version) => format!("{value:?}, a version above {version}"),
            None => format!("{value:?}, a version that nobody was told"),
        };
        if state.refuted.is_empty() {
            return words;
        }
        let refuted: Vec<String> = state.refuted.iter().map(u64::to_string).collect();
        format!("{words}, not {}", refuted.join(" or "))
    }
}
