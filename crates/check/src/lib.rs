#![doc = include_str!("../README.md")]
//! # The crate
//!
//! Records histories of concurrent operations, and judges them. It runs nothing: it
//! knows neither simulation nor clock, and what is judged may come from anywhere.
//!
//! In reading order: [`History`] is what happened, an [`Operation`] at a time;
//! [`Model`] says what one operation after another would do; [`linearizable`] finds
//! an order in which the two agree, or says in a [`Violation`] how far one gets.
//! [`Register`], [`VersionedRegister`] and [`KeyValue`] are models ready for use.

mod configuration;
mod history;
mod linearizable;
mod model;
mod per_key;
mod register;
mod remaining;
mod search;
mod verdict;
mod versioned;
mod violation;

pub use history::{History, Moment, OpId, Operation, Outcome, Ticket};
pub use linearizable::{Limits, linearizable};
pub use model::Model;
pub use per_key::{KeyValue, Keyed, PerKey};
pub use register::{Register, RegisterOp, RegisterRet};
pub use verdict::Verdict;
pub use versioned::{Current, VersionedOp, VersionedRegister, VersionedRet, VersionedState, When};
pub use violation::{Interval, Placed, Violation};
