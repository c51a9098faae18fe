//! Runs single seeds with their details, for those who compare runs. Sweeps of many seeds
//! are the runner's.

use crate::record::RunRecord;
use crate::simulation::Simulation;
use crate::worker::Worker;
use std::sync::Arc;
use wavetank_engine::{Decisions, Overrides, Trace};

/// Runs single seeds of a simulation, one after another, and keeps each one's details.
pub struct Recorder {
    pub(crate) worker: Worker,
}

impl Recorder {
    pub(crate) fn new(simulation: Arc<Simulation>) -> Recorder {
        let mut worker = Worker::new(simulation);
        worker.recorded = true;
        Recorder { worker }
    }

    /// Runs one seed under overrides, keeping the events of a window if asked to.
    pub fn run(&mut self, seed: u64, overrides: Overrides, window: Option<(u64, u64)>) -> RunRecord {
        let trace = window.map(|(from, to)| Trace::window(from, to));
        let outcome = self.worker.run(Decisions::new(seed, overrides), trace);
        self.worker.record(seed, outcome)
    }
}
