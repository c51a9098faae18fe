#![doc = include_str!("../README.md")]
//! # The crate
//!
//! What a red seed needs: its causal trace, and what is made of it. Runs nothing by
//! itself: the harness does.
//!
//! In reading order: [`trace`] is what happened in a run, event by event,
//! [`perfetto`] is that for Perfetto and Chrome; [`shrink`] makes a red run small without
//! changing its [`Signature`](wavetank_harness::Signature); a [`Recipe`] tells it in words,
//! a [`Witness`] is a test that fails because of it, the [`corpus`] keeps it; [`junit`] is
//! what machines read. A [`timeline`] is the page that people look at.

pub mod corpus;
pub mod junit;
pub mod perfetto;
mod recipe;
pub mod shrink;
pub mod timeline;
pub mod trace;
mod witness;

pub use recipe::{LINES_MOST, Recipe, fault_in_words};
pub use witness::{Stated, Witness};
