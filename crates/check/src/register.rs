//! The register: one value that is written and read. Versions are in
//! [`versioned`](crate::versioned).

use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::hash::Hash;

/// One value that is overwritten and read.
#[derive(Debug, Clone, Default)]
pub struct Register<V> {
    /// What is read before anything was written.
    pub initial: V,
}

/// What a [`Register`] can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RegisterOp<V> {
    /// What is the value?
    Read,
    /// Let this be the value.
    Write(V),
}

/// What a [`Register`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RegisterRet<V> {
    /// The value that was read.
    Value(V),
    /// It was written.
    Written,
}

impl<V: Clone + Eq + Hash + Debug> Model for Register<V> {
    type Op = RegisterOp<V>;
    type Ret = RegisterRet<V>;
    type State = V;
    type Part = ();

    fn part(&self, _: &RegisterOp<V>) {}

    fn initial(&self, (): &()) -> V {
        self.initial.clone()
    }

    fn step(&self, state: &V, op: &RegisterOp<V>, ret: Option<&RegisterRet<V>>) -> Option<V> {
        match (op, ret) {
            (RegisterOp::Read, None) => None,
            (RegisterOp::Read, Some(RegisterRet::Value(value))) => (value == state).then(|| state.clone()),
            (RegisterOp::Write(value), None | Some(RegisterRet::Written)) => Some(value.clone()),
            (RegisterOp::Read, Some(RegisterRet::Written)) | (RegisterOp::Write(_), Some(RegisterRet::Value(_))) => {
                None
            }
        }
    }

    fn words(&self, op: &RegisterOp<V>, ret: Option<&RegisterRet<V>>) -> String {
        let asked = match op {
            RegisterOp::Read => "read".to_owned(),
            RegisterOp::Write(value) => format!("write({value:?})"),
        };
        match ret {
            Some(RegisterRet::Value(value)) => format!("{asked} -> {value:?}"),
            Some(RegisterRet::Written) => asked,
            None => format!("{asked} -> ?"),
        }
    }
}
