//! The builder's other half: what was stated is checked, and run.

use super::SimulationBuilder;
use crate::log::with_printed_logs;
use crate::observer::Observer;
use crate::record::RunRecord;
use crate::recorder::Recorder;
use crate::reproduce;
use crate::result::SimulationResult;
use crate::runner::{self, Progress, Sweep};
use crate::strategy::TestStrategy;
use wavetank_engine::Overrides;

impl SimulationBuilder {
    /// Runs the seeds: those that `WAVETANK_SEED` or `WAVETANK_SEEDS` names, if one is set. Of
    /// the single run of `WAVETANK_SEED` the `tracing` events are printed that `RUST_LOG` asks
    /// for, as [`with_logs`](crate::with_logs) has them, unless it has a process of its own.
    ///
    /// # Panics
    /// If `WAVETANK_SEED` or `WAVETANK_SEEDS` is set to nonsense, the strategy has no seed,
    /// or the simulation cannot be run at all: nobody is in it, two groups share a name, a
    /// configuration is invalid. No fault and no bug of the code under test panics
    /// here: that is in the result.
    pub fn run(&self) -> SimulationResult {
        match TestStrategy::from_environment() {
            Ok(Some(replay @ TestStrategy::Seeds(_))) => {
                // On this thread, whose output is the test's.
                let here = self.clone().with_threads(1);
                with_printed_logs(|| here.run_strategy(&replay, &Progress::default()))
            }
            Ok(asked) => self.run_strategy(asked.as_ref().unwrap_or(&self.strategy), &Progress::default()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs the seeds of a strategy, whatever the environment says, and shows how far it is.
    ///
    /// # Panics
    /// If the simulation cannot be run at all, see [`validate`](Self::validate), or the
    /// strategy has no seed.
    pub fn run_strategy(&self, strategy: &TestStrategy, progress: &Progress) -> SimulationResult {
        self.run_observed(strategy, progress, &())
    }

    /// As [`run_strategy`](Self::run_strategy), telling somebody of each run as it begins and ends.
    ///
    /// # Panics
    /// As [`run_strategy`](Self::run_strategy).
    pub fn run_observed(
        &self,
        strategy: &TestStrategy,
        progress: &Progress,
        observer: &dyn Observer,
    ) -> SimulationResult {
        self.expect_valid();
        if let Err(error) = strategy.validate() {
            panic!("{error}");
        }
        let (simulation, strategy) = (&self.simulation, &strategy.distinct());
        let launch = match self.errands {
            None => None,
            Some(errands) => match errands.begin(simulation, self.arguments.as_deref()) {
                None => return SimulationResult::new(self.name()),
                launch => launch,
            },
        };
        let threads = self.threads.unwrap_or_else(runner::cores);
        let sweep = Sweep { simulation, strategy, threads, progress, observer, launch: launch.as_deref() };
        sweep.run().with_reproduce_lines(|seed| self.reproduce_line(seed))
    }

    /// Where a run has a process of its own, does what this one is there for, and ends it.
    /// Comes back if that is no run of this simulation.
    ///
    /// # Panics
    /// If the simulation cannot be run at all; see [`validate`](Self::validate).
    pub fn run_errand(&self) {
        self.expect_valid();
        if let Some(errands) = self.errands {
            drop(errands.begin(&self.simulation, self.arguments.as_deref()));
        }
    }

    /// Runs one seed under overrides, keeping the events of a window if asked to.
    ///
    /// # Panics
    /// If the simulation cannot be run at all; see [`validate`](Self::validate).
    pub fn run_seed(&self, seed: u64, overrides: Overrides, window: Option<(u64, u64)>) -> RunRecord {
        self.recorder().run(seed, overrides, window)
    }

    /// Something that runs seed after seed on this thread, for those who compare runs.
    ///
    /// # Panics
    /// If the simulation cannot be run at all; see [`validate`](Self::validate).
    pub fn recorder(&self) -> Recorder {
        self.expect_valid();
        Recorder::new(self.simulation.clone())
    }

    /// Says whether the simulation can be run.
    ///
    /// # Errors
    /// If not, in one line that says what to do.
    pub fn validate(&self) -> Result<(), String> {
        self.simulation.validate()?;
        wavetank_probe::catalogue().check().map_err(|error| error.to_string())
    }

    fn expect_valid(&self) {
        if let Err(error) = self.validate() {
            panic!("{error}");
        }
    }

    fn reproduce_line(&self, seed: u64) -> String {
        let line = self.reproduce.as_deref().map_or_else(reproduce::line, str::to_string);
        line.replace("{seed}", &seed.to_string())
    }
}
