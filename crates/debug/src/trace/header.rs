//! The header of a trace: which run it is of, who took part and what was wrong.
//! What happened is in the events.

use serde::{Deserialize, Serialize};

/// The version of the schema that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The first line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceHeader {
    /// What marks the file: `trace`.
    pub wavetank: String,
    /// The schema: [`VERSION`].
    pub version: u32,
    /// The simulation's name, as `replay` takes it.
    pub simulation: String,
    /// The run's seed.
    pub seed: u64,
    /// The digest of all that happened in the run, in hexadecimal.
    pub digest: String,
    /// Why the run is red; empty if it is green.
    pub failures: Vec<TraceFailure>,
    /// The machines, by id.
    pub machines: Vec<TraceMachine>,
    /// The nodes, by id.
    pub nodes: Vec<TraceNode>,
    /// How many overrides the run had.
    pub overrides: u64,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceFailure {
    /// In words.
    pub message: String,
    /// What stays the same when the same failure is found with another seed.
    pub signature: String,
    /// The number of the `failure` event; absent if the trace has none.
    pub event: Option<u64>,
    /// The node that it is about, if it is about one.
    pub node: Option<u32>,
}

/// A machine of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceMachine {
    /// Its number, which events have.
    pub id: u32,
    /// Its name.
    pub name: String,
}

/// A node of the run: a slot for one process on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceNode {
    /// Its number, which events have.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The number of its machine.
    pub machine: u32,
    /// What it is for.
    pub role: TraceRole,
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceRole {
    /// A process under test.
    Process,
    /// A driver that survives.
    Workload,
    /// Who carries the planned faults out.
    Director,
}
