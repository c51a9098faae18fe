//! The shrinker: from a red run to the fewest faults, operations and values with which
//! it is red in the same way. How a run is told is the recipe's matter, where it is
//! kept the corpus's.
//!
//! A candidate is a map of overrides; `docs/decisions/0005-shrinking.md` says which are
//! tried in which order, and why.

mod beginning;
mod cpu;
mod domains;
mod elsewhere;
mod in_time;
mod journey;
mod jury;
mod keeping;
mod loss;
mod lowering;
mod passes;
mod reduction;
mod remains;

pub use domains::{VALUES, domains};

use jury::Jury;
use passes::Passes;
use remains::remains;
use std::time::Duration;
use thiserror::Error;
use wavetank_harness::{Failure, Overrides, RunRecord, Signature, SimulationBuilder};

/// How much a shrinker may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Processor time of all threads together.
    pub cpu: Duration,
    /// Runs.
    pub runs: u64,
}

impl Default for Budget {
    /// A minute, and a million runs.
    fn default() -> Self {
        Budget { cpu: Duration::from_secs(60), runs: 1_000_000 }
    }
}

/// Reduces a red run of a simulation. Results do not depend on the number of threads,
/// unless the budget ends first.
pub struct Shrinker<'a> {
    builder: SimulationBuilder,
    seed: u64,
    start: Overrides,
    wanted: Option<Signature>,
    budget: Budget,
    threads: usize,
    cancelled: Box<dyn Fn() -> bool + 'a>,
    observe: Box<dyn Fn(&Step) + 'a>,
}

/// How far a shrinker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What it tries now.
    pub pass: &'static str,
    /// What is left so far.
    pub size: Size,
    /// Runs so far.
    pub runs: u64,
    /// Processor time so far.
    pub cpu: Duration,
}

/// How large a run is, by what a shrinker takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Faults that fire.
    pub atoms: usize,
    /// Operations of workloads.
    pub operations: usize,
    /// Records fired.
    pub events: u64,
}

impl Size {
    /// The size of a run.
    pub fn of(record: &RunRecord) -> Size {
        let (atoms, operations) = remains(record).split();
        Size { atoms, operations, events: record.events }
    }
}

/// Why a shrinker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// No pass finds anything any more.
    Minimal,
    /// Its budget is spent.
    Budget,
    /// Somebody wanted it to end.
    Cancelled,
}

/// Another failure that was met on the way.
#[derive(Debug, Clone)]
pub struct Further {
    /// Which.
    pub signature: Signature,
    /// What it said.
    pub failure: Failure,
    /// The overrides under which the seed shows it.
    pub overrides: Overrides,
}

/// What is left of a red run.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The seed.
    pub seed: u64,
    /// How it fails, before and after.
    pub signature: Signature,
    /// With these the seed's run is the small one.
    pub overrides: Overrides,
    /// The small run.
    pub record: RunRecord,
    /// The size of the run that it began with.
    pub before: Size,
    /// The size of the small run.
    pub after: Size,
    /// Why it ended. If [`Ended::Minimal`], each remaining atom and operation was set
    /// benign by itself, and the run passed or failed in another way.
    pub ended: Ended,
    /// Runs that it took.
    pub runs: u64,
    /// Processor time that it took, of all threads.
    pub cpu: Duration,
    /// Other failures that were met on the way, one of each signature.
    pub further: Vec<Further>,
}

impl Shrunk {
    /// The failure that the run was shrunk for.
    pub fn failure(&self) -> &Failure {
        let mut failures = self.record.failures.iter();
        failures.find(|failure| failure.signature() == self.signature).expect("the small run fails in the same way")
    }

    /// Whether no remaining atom and no remaining operation can go by itself.
    pub fn is_minimal(&self) -> bool {
        self.ended == Ended::Minimal
    }
}

/// Why a run cannot be shrunk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShrinkError {
    /// There is nothing to shrink.
    #[error("seed {0} is green")]
    Green(u64),
    /// It fails, but in another way than was asked for.
    #[error("seed {seed} does not fail as `{wanted}`, but as `{found}`")]
    OtherFailure {
        /// The seed.
        seed: u64,
        /// The signature that was asked for.
        wanted: Box<Signature>,
        /// The signature of its first failure.
        found: Box<Signature>,
    },
    /// Two runs of it differ.
    #[error("seed {0} is not deterministic: two runs of it differ, so that no smaller one would say anything")]
    Fickle(u64),
}

impl<'a> Shrinker<'a> {
    /// A shrinker of one seed's run, on one thread.
    pub fn new(builder: &SimulationBuilder, seed: u64) -> Shrinker<'a> {
        Shrinker {
            builder: builder.clone(),
            seed,
            start: Overrides::new(),
            wanted: None,
            budget: Budget::default(),
            threads: 1,
            cancelled: Box::new(|| false),
            observe: Box::new(|_| ()),
        }
    }

    /// Begins with these overrides.
    pub fn with_overrides(mut self, start: Overrides) -> Shrinker<'a> {
        self.start = start;
        self
    }

    /// The failure to keep, if not the run's first one.
    pub fn with_signature(mut self, wanted: Signature) -> Shrinker<'a> {
        self.wanted = Some(wanted);
        self
    }

    /// How much it may spend.
    pub fn with_budget(mut self, budget: Budget) -> Shrinker<'a> {
        self.budget = budget;
        self
    }

    /// On how many threads.
    ///
    /// # Panics
    /// At zero.
    pub fn with_threads(mut self, threads: usize) -> Shrinker<'a> {
        assert!(threads > 0, "a shrinker needs a thread to run on");
        self.threads = threads;
        self
    }

    /// Asked before each run; once it says so, what there is by then is the result.
    pub fn with_cancel(mut self, cancelled: impl Fn() -> bool + 'a) -> Shrinker<'a> {
        self.cancelled = Box::new(cancelled);
        self
    }

    /// Hears of each pass that begins and each step that succeeds.
    pub fn with_observer(mut self, observe: impl Fn(&Step) + 'a) -> Shrinker<'a> {
        self.observe = Box::new(observe);
        self
    }

    /// Shrinks.
    ///
    /// # Errors
    /// If the run does not fail, or not in the way that was asked for, or is not
    /// deterministic.
    ///
    /// # Panics
    /// If the simulation cannot be run at all.
    pub fn run(self) -> Result<Shrunk, ShrinkError> {
        let record = self.builder.run_seed(self.seed, self.start.clone(), None);
        let again = self.builder.run_seed(self.seed, self.start.clone(), None);
        if record.digest != again.digest {
            return Err(ShrinkError::Fickle(self.seed));
        }
        let first = record.failures.first().ok_or(ShrinkError::Green(self.seed))?;
        let found = first.signature();
        let signature = self.wanted.clone().unwrap_or_else(|| found.clone());
        let known: Vec<Signature> = record.failures.iter().map(Failure::signature).collect();
        if !known.contains(&signature) {
            return Err(ShrinkError::OtherFailure { seed: self.seed, wanted: signature.into(), found: found.into() });
        }
        let before = Size::of(&record);
        let builder = jury::cut(&self.builder, &record);
        #[expect(clippy::disallowed_methods, reason = "candidates run side by side, which no run sees")]
        let shrunk = std::thread::scope(|scope| {
            let mut jury = Jury::new(scope, &builder, self.seed, self.threads, &signature, &known);
            let over = |runs, cpu| self.over(runs, cpu);
            let mut passes = Passes::new(&mut jury, &over, &*self.observe, self.seed, self.start.clone(), record);
            passes.set_groups(&builder);
            let finished = passes.run();
            let (overrides, record) = passes.into_best();
            let ended = match finished {
                true => Ended::Minimal,
                false if (self.cancelled)() => Ended::Cancelled,
                false => Ended::Budget,
            };
            let (runs, cpu, further) = jury.finish();
            Shrunk {
                seed: self.seed,
                signature: signature.clone(),
                overrides,
                before,
                after: Size::of(&record),
                record,
                ended,
                runs,
                cpu,
                further,
            }
        });
        Ok(shrunk)
    }

    fn over(&self, runs: u64, cpu: Duration) -> bool {
        (self.cancelled)() || runs >= self.budget.runs || cpu >= self.budget.cpu
    }
}

/// Sets each remaining atom and operation benign by itself, in a fresh recorder.
/// Gives those without which the run still fails in the same way, and in no new one: none,
/// if the result is 1-minimal.
pub fn superfluous(builder: &SimulationBuilder, shrunk: &Shrunk) -> Vec<wavetank_harness::Address> {
    let builder = jury::cut(builder, &shrunk.record);
    let mut recorder = builder.recorder();
    let signatures = |record: &RunRecord| record.failures.iter().map(Failure::signature).collect::<Vec<_>>();
    let known = signatures(&shrunk.record);
    let mut addresses = remains(&shrunk.record).addresses();
    addresses.retain(|address| {
        let overrides = remains::without(&shrunk.overrides, &[*address]);
        let record = recorder.run(shrunk.seed, overrides, None);
        let found = signatures(&record);
        found.contains(&shrunk.signature) && found.iter().all(|signature| known.contains(signature))
    });
    addresses
}
