//! The runner: hands seeds to workers on all cores and adds up what they find.
//! Knows nothing of what a simulation does.

use crate::result::SimulationResult;
use crate::simulation::Simulation;
use crate::strategy::TestStrategy;
use crate::worker::Worker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use wavetank_engine::Overrides;

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

pub(crate) fn sweep(
    simulation: &Arc<Simulation>,
    strategy: &TestStrategy,
    threads: usize,
    progress: &Progress,
) -> SimulationResult {
    #[expect(clippy::disallowed_methods, reason = "a sweep takes real time, which no run sees")]
    let start = Instant::now();
    let deadline = match strategy {
        TestStrategy::TimeBudget(budget) => start.checked_add(*budget),
        _ => None,
    };
    let rounds = matches!(strategy, TestStrategy::UntilAllSometimesReached(_));
    let mut result = SimulationResult::new(&simulation.name);
    let mut first = 0;
    loop {
        let last = if rounds { first + ROUND } else { u64::MAX };
        let share = Share { simulation, strategy, next: AtomicU64::new(first), last, deadline, progress };
        result.merge(share.run(threads));
        first = last;
        let over = !rounds || strategy.seed(first).is_none() || result.all_sometimes_reached();
        if over || progress.cancelled.load(Ordering::Relaxed) {
            break;
        }
    }
    result.real_time = start.elapsed();
    result
}

struct Share<'a> {
    simulation: &'a Arc<Simulation>,
    strategy: &'a TestStrategy,
    next: AtomicU64,
    last: u64,
    deadline: Option<Instant>,
    progress: &'a Progress,
}

impl Share<'_> {
    fn run(&self, threads: usize) -> SimulationResult {
        if threads <= 1 {
            return self.work();
        }
        #[expect(clippy::disallowed_methods, reason = "a sweep runs seeds side by side, which no run sees")]
        let parts: Vec<SimulationResult> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work())).collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker reports panics as failures")).collect()
        });
        let mut sum = SimulationResult::new(&self.simulation.name);
        parts.into_iter().for_each(|part| sum.merge(part));
        sum
    }

    /// One thread's work: seed after seed, until there are no more.
    fn work(&self) -> SimulationResult {
        let mut worker = Worker::new(self.simulation.clone());
        let mut result = SimulationResult::new(&self.simulation.name);
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let seed = if place < self.last { self.strategy.seed(place) } else { None };
            let Some(seed) = seed else { break };
            if self.is_over(place) {
                break;
            }
            let outcome = worker.run(seed, Overrides::new(), None);
            self.progress.done.fetch_add(1, Ordering::Relaxed);
            if !outcome.failures.is_empty() {
                self.progress.red.fetch_add(1, Ordering::Relaxed);
            }
            worker.faults(|faults| result.absorb(seed, outcome, faults));
        }
        worker.rig.world.kernel(|kernel| {
            result.coverage.merge(&kernel.coverage);
            kernel.coverage.clear();
        });
        result
    }

    fn is_over(&self, place: u64) -> bool {
        if self.progress.cancelled.load(Ordering::Relaxed) {
            return true;
        }
        #[expect(clippy::disallowed_methods, reason = "a time budget is real time, which no run sees")]
        let late = self.deadline.is_some_and(|deadline| place > 0 && Instant::now() >= deadline);
        late
    }
}

/// Threads to use unless told otherwise: as many as there are cores.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
