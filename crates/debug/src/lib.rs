#![doc = include_str!("../README.md")]
//! # The crate
//!
//! What a red seed needs: its causal trace, and what is made of it. Runs nothing by
//! itself: the harness does.
//!
//! In reading order: [`trace`] is what happened in a run, event by event.

pub mod trace;
