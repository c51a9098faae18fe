//! The determinism check: each seed runs twice, the second time in a fresh process,
//! and where the two part is told from both sides.

use super::{COMMAND_WORD, print};
use crate::options::SweepOptions;
use crate::report::{Determinism, DivergenceReport};
use crate::trouble::Trouble;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use wavetank_harness::{Overrides, Progress, RunPrint, SimulationBuilder};

/// Seeds that share a fresh process: starting one costs more than a small run.
const BATCH: u64 = 32;
/// Divergent seeds whose first differing event is looked for.
const EXPLAINED: usize = 3;
/// Pairs of runs that are compared to find that event: what differs is not the same every time.
const PAIRS_MOST: usize = 8;

/// What is to be compared.
pub(super) struct Check<'a> {
    pub(super) builder: &'a SimulationBuilder,
    /// The simulation's name in its target.
    pub(super) simulation: &'a str,
    /// Its name for the runner.
    pub(super) name: &'a str,
    pub(super) options: &'a SweepOptions,
    pub(super) seeds: Range<u64>,
    pub(super) progress: &'a Progress,
}

/// A seed whose two runs differ, with both.
type Pair = (RunPrint, RunPrint);

impl Check<'_> {
    pub(super) fn run(&self) -> Result<Determinism, Trouble> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.options.jobs.unwrap_or(cores);
        let (next, compared) = (AtomicU64::new(self.seeds.start), AtomicU64::new(0));
        #[expect(clippy::disallowed_methods, reason = "runs do not see the threads that compare them")]
        let found: Vec<Result<Vec<Pair>, Trouble>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work(&next, &compared))).collect();
            workers.into_iter().map(|worker| worker.join().expect("a run's panic is a finding of its seed")).collect()
        });
        let mut pairs: Vec<Pair> = found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        pairs.sort_by_key(|(first, _)| first.seed);
        let divergent = pairs.iter().map(|(first, _)| first.seed).collect();
        let divergences = pairs.into_iter().take(EXPLAINED).map(|pair| self.explain(pair)).collect::<Result<_, _>>()?;
        Ok(Determinism { seeds: compared.into_inner(), divergent, divergences })
    }

    /// One thread's work: batch after batch, until there are no more.
    fn work(&self, next: &AtomicU64, compared: &AtomicU64) -> Result<Vec<Pair>, Trouble> {
        let mut recorder = self.builder.recorder();
        let mut pairs = Vec::new();
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let batch = start..self.seeds.end.min(start.saturating_add(BATCH));
            if batch.is_empty() || self.progress.cancelled.load(Ordering::Relaxed) {
                return Ok(pairs);
            }
            for fresh in self.in_fresh_process(batch, None)? {
                let ours = recorder.run(fresh.seed, Overrides::new(), None).print();
                compared.fetch_add(1, Ordering::Relaxed);
                self.progress.done.fetch_add(1, Ordering::Relaxed);
                if ours.window_of_divergence(&fresh).is_some() {
                    self.progress.red.fetch_add(1, Ordering::Relaxed);
                    pairs.push((ours, fresh));
                }
            }
        }
    }

    /// The prints of some seeds' runs in a process that has run nothing else.
    fn in_fresh_process(&self, seeds: Range<u64>, window: Option<(u64, u64)>) -> Result<Vec<RunPrint>, Trouble> {
        let failed = |what: String| Trouble::new(format!("the second run of {} failed: {what}", self.name));
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.args([COMMAND_WORD, "print", self.simulation]);
        command.args(["--seeds", &format!("{}..{}", seeds.start, seeds.end)]);
        if let Some(bug) = &self.options.bug {
            command.args(["--bug", bug]);
        }
        if let Some((from, to)) = window {
            command.args(["--window", &format!("{from}..{to}")]);
        }
        let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
        let prints = print::read(&String::from_utf8_lossy(&output.stdout));
        if prints.len() as u64 != seeds.end - seeds.start {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let last = complaint.lines().last().unwrap_or("without a word");
            let Range { start, end } = seeds;
            return Err(failed(format!("the process for seeds {start}..{end} ended with {}: {last}", output.status)));
        }
        Ok(prints)
    }

    /// Finds the first event in which two runs of the seed differ, by running both
    /// sides again with the events of the window kept.
    fn explain(&self, (first, fresh): Pair) -> Result<DivergenceReport, Trouble> {
        let seed = first.seed;
        let reproduce = self.reproduce_line(seed);
        let mut report = DivergenceReport {
            seed,
            first: format!("digest {} after {} notes", first.digest, first.noted),
            second: format!("digest {} after {} notes; further pairs of runs agreed", fresh.digest, fresh.noted),
            reproduce,
        };
        let mut window = first.window_of_divergence(&fresh).expect("the pair differs");
        for _ in 0..PAIRS_MOST {
            let ours = self.builder.run_seed(seed, Overrides::new(), Some(window)).print();
            let theirs = self.in_fresh_process(seed..seed + 1, Some(window))?.remove(0);
            let Some(differs) = ours.window_of_divergence(&theirs) else { continue };
            if let Some(divergence) = ours.first_divergence(&theirs) {
                (report.first, report.second) = (divergence.first, divergence.second);
                // What differs before the window would make its first event look guilty.
                if differs.0 >= window.0 {
                    break;
                }
            }
            window = (window.0.min(differs.0), window.1.max(differs.1));
        }
        Ok(report)
    }

    fn reproduce_line(&self, seed: u64) -> String {
        let suffix = self.options.replay_suffix();
        format!("cargo xtask sweep {} --seeds {seed}..{} --check-determinism{suffix}", self.name, seed + 1)
    }
}
