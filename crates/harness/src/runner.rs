//! The runner: hands seeds to workers on all cores and adds up what they find.
//! Knows nothing of what a simulation does.

use crate::isolation::{Apart, ToldRun};
use crate::observer::{FinishedRun, Observer};
use crate::result::SimulationResult;
use crate::simulation::Simulation;
use crate::strategy::TestStrategy;
use crate::worker::Worker;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use wavetank_engine::Decisions;

/// How far a sweep is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Runs that are done.
    pub done: AtomicU64,
    /// Runs that were red.
    pub red: AtomicU64,
    /// Set to end the sweep after the runs that are under way.
    pub cancelled: AtomicBool,
}

/// Seeds between two looks at what has been reached, for strategies that end when
/// everything was. Fixed, so that the number of threads does not change when they end.
const ROUND: u64 = 64;

/// What to sweep, how, and who looks on.
pub(crate) struct Sweep<'a> {
    pub(crate) simulation: &'a Arc<Simulation>,
    pub(crate) strategy: &'a TestStrategy,
    pub(crate) threads: usize,
    pub(crate) progress: &'a Progress,
    pub(crate) observer: &'a dyn Observer,
    /// How a run gets a process of its own, if it does.
    pub(crate) launch: Option<&'a dyn Apart>,
}

impl Sweep<'_> {
    pub(crate) fn run(&self) -> SimulationResult {
        #[expect(clippy::disallowed_methods, reason = "a sweep takes real time, which no run sees")]
        let start = Instant::now();
        let deadline = match self.strategy {
            TestStrategy::TimeBudget(budget) => start.checked_add(*budget),
            _ => None,
        };
        let rounds = matches!(self.strategy, TestStrategy::UntilAllSometimesReached(_));
        let share = |first, last| Share { sweep: self, next: AtomicU64::new(first), last, deadline }.run();
        let mut last = if rounds { ROUND } else { u64::MAX };
        let mut result = share(0, last);
        while rounds
            && self.strategy.seed(last).is_some()
            && !result.all_sometimes_reached()
            && !self.progress.cancelled.load(Ordering::Relaxed)
        {
            result.merge(share(last, last + ROUND));
            last += ROUND;
        }
        result.real_time = start.elapsed();
        result
    }
}

struct Share<'a> {
    sweep: &'a Sweep<'a>,
    next: AtomicU64,
    last: u64,
    deadline: Option<Instant>,
}

/// Where a thread's runs happen.
enum Place<'a> {
    Here(Box<Worker>),
    Apart(&'a dyn Apart),
}

impl Share<'_> {
    fn run(&self) -> SimulationResult {
        // One that gets no seed would be there for nothing.
        let most = self.sweep.strategy.most().and_then(|most| usize::try_from(most).ok());
        let threads = self.sweep.threads.min(most.unwrap_or(usize::MAX));
        if threads <= 1 {
            return self.work(0);
        }
        #[expect(clippy::disallowed_methods, reason = "a sweep runs seeds side by side, which no run sees")]
        let parts: Vec<SimulationResult> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|number| scope.spawn(move || self.work(number))).collect();
            // What code under test panics with is a failure of its run; what is left is ours, and tells itself.
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let mut parts = parts.into_iter();
        let mut sum = parts.next().expect("there are several threads");
        parts.for_each(|part| sum.merge(part));
        sum
    }

    /// One thread's work: seed after seed, until there are no more.
    fn work(&self, number: usize) -> SimulationResult {
        let Sweep { simulation, strategy, progress, observer, launch, .. } = *self.sweep;
        let mut place = match launch {
            Some(launch) => Place::Apart(launch),
            None => Place::Here(Box::new(Worker::new(simulation.clone()))),
        };
        let mut result = SimulationResult::new(&simulation.name);
        let mut red = BTreeSet::new();
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let seed = if turn < self.last { strategy.seed(turn) } else { None };
            let Some(seed) = seed else { break };
            if self.is_over(turn) {
                break;
            }
            observer.begins(number, seed);
            let run = match &mut place {
                Place::Here(worker) => run_here(worker, seed),
                Place::Apart(launch) => launch.run(seed),
            };
            observer.ended(&FinishedRun {
                thread: number,
                seed,
                digest: run.outcome.digest,
                noted: run.noted,
                failures: &run.outcome.failures,
            });
            progress.done.fetch_add(1, Ordering::Relaxed);
            if !run.outcome.failures.is_empty() {
                red.insert(seed);
                progress.red.fetch_add(1, Ordering::Relaxed);
            }
            run.coverage.iter().for_each(|(site, count)| result.coverage.add(site, *count));
            match &mut place {
                Place::Here(worker) => {
                    worker.faults(|faults| result.absorb(seed, run.outcome, faults.tallies().iter()))
                }
                Place::Apart(_) => {
                    let tallies = run.tallies.iter().map(|(kind, tally)| (*kind, tally));
                    result.absorb(seed, run.outcome, tallies);
                }
            }
        }
        observer.rests(number);
        if let Place::Here(worker) = &mut place {
            result.coverage.merge(&worker.take_coverage());
            for (seed, uses) in worker.late_uses() {
                let was_red = red.contains(&seed);
                result.absorb_late(seed, uses, was_red);
                progress.red.fetch_add(u64::from(!was_red), Ordering::Relaxed);
            }
        }
        result.trim();
        result
    }

    fn is_over(&self, turn: u64) -> bool {
        if self.sweep.progress.cancelled.load(Ordering::Relaxed) {
            return true;
        }
        #[expect(clippy::disallowed_methods, reason = "a time budget is real time, which no run sees")]
        let late = self.deadline.is_some_and(|deadline| turn > 0 && Instant::now() >= deadline);
        late
    }
}

/// Runs a seed on this thread. What a worker adds up itself is not in the answer.
fn run_here(worker: &mut Worker, seed: u64) -> ToldRun {
    let outcome = worker.run(Decisions::of(seed), None);
    ToldRun { outcome, noted: worker.noted(), tallies: Vec::new(), coverage: Vec::new() }
}

/// Threads to use unless told otherwise: as many as there are cores.
#[expect(clippy::disallowed_methods, reason = "a sweep runs seeds side by side, which no run sees")]
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
