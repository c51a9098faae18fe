#![doc = include_str!("../README.md")]
//! # The crate
//!
//! Runs simulations: builds the tank, runs seeds over all cores, judges each run,
//! and says how to repeat what failed. The crate that a test depends on.
//!
//! In reading order: [`SimulationBuilder`] states a simulation; [`SimContext`] is
//! what its processes and workloads get; [`TestStrategy`] says which seeds,
//! [`Chaos`] what goes wrong; [`SimulationResult`] is what comes out, with each
//! [`Failure`], and the [`Signature`] by which two are the same.

#[doc(hidden)]
pub mod attribute;
mod builder;
mod cast;
mod chaos;
mod clock_step;
mod configuration;
mod context;
mod count;
mod course;
mod coverage_rules;
mod cut;
mod director;
mod explanation;
mod failure;
mod injector;
mod isolation;
mod lasting;
mod launch;
mod ledger;
mod left;
mod log;
mod metrics;
mod names;
mod observer;
mod operations;
mod outcome;
mod panic_site;
mod past;
mod phase;
mod plan;
mod providers;
mod record;
mod recorder;
mod reproduce;
mod restart;
mod result;
mod rig;
mod runner;
mod setting;
mod shared;
mod signature;
mod simulation;
mod starter;
mod story;
mod strategy;
mod strike;
mod swarm;
mod tank;
mod tank_error;
mod tolerance;
mod topology;
mod worker;
mod workload;

pub use async_trait::async_trait;
pub use builder::SimulationBuilder;
pub use chaos::{Chaos, ChaosError};
pub use clock_step::ClockStep;
pub use configuration::RunConfiguration;
pub use context::SimContext;
pub use count::Count;
pub use coverage_rules::{CoverageRules, Exemption, Miss, Standing};
pub use cut::Cut;
pub use failure::Failure;
pub use injector::Injector;
pub use isolation::Isolation;
pub use ledger::StateRegistry;
pub use log::with_logs;
pub use metrics::SimulationMetrics;
pub use names::Names;
pub use observer::{FinishedRun, Observer};
pub use operations::{ARGUMENT, OPERATION, OPERATION_COUNT, Operation, OperationRecord, Operations, WAIT};
pub use outcome::{Ended, Outcome};
pub use phase::Phase;
pub use plan::{DURATION, EXTENT, PLAN};
pub use providers::SimProviders;
pub use record::{Divergence, RunPrint, RunRecord};
pub use recorder::Recorder;
pub use result::{FirstFailure, RedRun, SimulationResult, all_kinds};
pub use runner::Progress;
pub use shared::{Finished, Shared};
pub use signature::Signature;
pub use story::{RunStory, StoryFailure, StoryNode, StoryRole};
pub use strategy::{SeedsError, TestStrategy};
pub use swarm::Swarm;
pub use tank::Tank;
pub use tank_error::TankError;
pub use tolerance::Tolerance;
pub use topology::{Peer, PeerGroup, WorkloadTopology};
pub use wavetank_engine::{
    Address, Atom, Choice, CrashKind, Decisions, Digest, Domain, EngineConfig, FaultKind, Limits, MachineId, NodeId,
    Overrides, Policy, Ratio, Tally, Target, mix, name_key, scale,
};
pub use wavetank_macros::test;
pub use wavetank_network::NetworkConfig;
pub use wavetank_probe::Coverage;
pub use wavetank_storage::StorageConfiguration;
pub use workload::{BoxError, Process, Workload};

/// The example of the project's README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

/// The guide's chapter about the tank, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/stories.md")]
mod stories {}
