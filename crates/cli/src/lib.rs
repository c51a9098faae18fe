#![doc = include_str!("../README.md")]
//! # The crate
//!
//! The command line as a library: for a workspace's xtask, and for each simulation
//! target. It judges nothing: the harness does.
//!
//! In reading order: [`target()`] and [`Target`] make a test binary a simulation
//! target, [`TargetOptions`] is what it is asked for, a
//! [`SeedRun`] one of its red seeds as a test; [`runner`] is what an xtask
//! forwards to; a [`Report`] is what a sweep leaves.

#![expect(clippy::disallowed_methods, reason = "a command line lives in the real world, which no run sees")]

mod ending;
mod finding;
mod interruption;
mod manifest;
mod options;
mod progress;
mod report;
mod roster;
pub mod runner;
mod shrunk;
mod target;
mod terminal;
mod trouble;
mod typed;
mod underway;
mod verdict;
mod written;

pub use finding::{Finding, FoundFailure};
pub use report::{
    AssertionCount, CoverageReport, Determinism, DivergenceReport, FailureGroup, KeptReport, MissReport, OracleReport,
    Report,
};
pub use runner::main;
pub use shrunk::ShrunkReport;
pub use target::{SeedRun, Target, TargetOptions, target};
