//! The determinism check: each seed of a sweep runs a second time, in a fresh process,
//! and where the two part is told from both sides.

use super::COMMAND_WORD;
use super::apart::TIMEOUT;
use super::fresh::{self, Early, Fresh};
use super::witness::Mark;
use crate::options::SweepOptions;
use crate::report::{Determinism, DivergenceReport};
use crate::trouble::Trouble;
use std::io;
use std::ops::Range;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wavetank_harness::{Isolation, Overrides, Progress, RunPrint, SimulationBuilder};

/// Seeds that share a fresh process: starting one costs more than a small run.
const BATCH: usize = 32;
/// Divergent seeds whose first differing event is looked for.
const EXPLAINED: usize = 3;
/// Pairs of runs that are compared to find that event: what differs is not the same every time.
const PAIRS_MOST: usize = 8;
/// Second runs that do not come to their end, after which no more are begun: each may take
/// all the time that it is given.
const HUNG_MOST: u64 = 3;

/// What is to be compared.
pub(super) struct Check<'a> {
    pub(super) builder: &'a SimulationBuilder,
    /// The simulation's name in its target.
    pub(super) simulation: &'a str,
    /// Its name for the runner.
    pub(super) name: &'a str,
    pub(super) options: &'a SweepOptions,
    pub(super) threads: usize,
    /// The first runs, by seed.
    pub(super) marks: &'a [Mark],
    pub(super) progress: &'a Progress,
}

/// What all threads have done together.
#[derive(Default)]
struct Tally {
    compared: AtomicU64,
    /// Second runs that did not come to their end.
    hung: AtomicU64,
}

/// A seed whose two runs differ, with both: of the second its print, or how its process
/// ended before the run did.
type Pair = (Mark, Result<RunPrint, String>);

impl Check<'_> {
    pub(super) fn run(&self) -> Result<Determinism, Trouble> {
        let (next, tally) = (AtomicU64::new(0), Tally::default());
        let found: Vec<Result<Vec<Pair>, Trouble>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads).map(|_| scope.spawn(|| self.work(&next, &tally))).collect();
            workers.into_iter().map(|worker| worker.join().expect("a run's panic is a finding of its seed")).collect()
        });
        let mut pairs: Vec<Pair> = found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        pairs.sort_by_key(|(first, _)| first.seed);
        let divergent = pairs.iter().map(|(first, _)| first.seed).collect();
        let divergences = pairs.into_iter().take(EXPLAINED).map(|pair| self.explain(pair)).collect::<Result<_, _>>()?;
        Ok(Determinism { seeds: tally.compared.into_inner(), divergent, divergences })
    }

    /// One thread's work: batch after batch, until there are no more.
    fn work(&self, next: &AtomicU64, tally: &Tally) -> Result<Vec<Pair>, Trouble> {
        // A simulation whose runs have a process each has one for each second run, too.
        let batch = if self.is_isolated() { 1 } else { BATCH };
        let mut pairs = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed) as usize;
            let batch = self.marks.chunks(batch).nth(nth).unwrap_or_default();
            if batch.is_empty() || self.progress.cancelled.load(Ordering::Relaxed) {
                return Ok(pairs);
            }
            self.compare(batch, tally, &mut pairs)?;
        }
    }

    /// Runs some seeds again. Behind one that does not come to its end the others go on in
    /// another process.
    fn compare(&self, mut batch: &[Mark], tally: &Tally, pairs: &mut Vec<Pair>) -> Result<(), Trouble> {
        while let (Some(first), Some(last)) = (batch.first(), batch.last()) {
            if tally.hung.load(Ordering::Relaxed) >= HUNG_MOST {
                return Ok(());
            }
            let seeds = first.seed..last.seed.saturating_add(1);
            let Fresh { prints, early } = self.in_fresh_process(seeds.clone(), None)?;
            let told = first.seed.saturating_add(prints.len() as u64);
            for mark in batch {
                let Some(second) = prints.iter().find(|print| print.seed == mark.seed) else { continue };
                let differs = (mark.digest, mark.noted) != (second.digest, second.noted);
                self.note(tally, differs);
                if differs {
                    pairs.push((*mark, Ok(second.clone())));
                }
            }
            let how = match early {
                None => return Ok(()),
                Some(Early::Hung) => {
                    tally.hung.fetch_add(1, Ordering::Relaxed);
                    self.hung(told)
                }
                // The first run came to its end, in a process that was its own as well.
                Some(Early::Ended(how)) if self.is_isolated() => self.ended(&(told..told.saturating_add(1)), &how),
                Some(Early::Ended(how)) => return Err(self.failed(&self.ended(&seeds, &how))),
            };
            batch = &batch[batch.partition_point(|mark| mark.seed < told)..];
            // A seed whose first run had no end is none of those that are compared.
            if let Some((mark, rest)) = batch.split_first().filter(|(mark, _)| mark.seed == told) {
                self.note(tally, true);
                pairs.push((*mark, Err(how)));
                batch = rest;
            }
        }
        Ok(())
    }

    fn note(&self, tally: &Tally, differs: bool) {
        tally.compared.fetch_add(1, Ordering::Relaxed);
        self.progress.done.fetch_add(1, Ordering::Relaxed);
        self.progress.red.fetch_add(u64::from(differs), Ordering::Relaxed);
    }

    fn is_isolated(&self) -> bool {
        self.builder.isolation() != Isolation::Threads
    }

    /// Real time that a second run may take.
    fn timeout(&self) -> Duration {
        match self.builder.isolation() {
            Isolation::Threads => TIMEOUT,
            Isolation::Process { timeout } => timeout,
        }
    }

    /// How a seed's second run went that had no end, in words.
    fn hung(&self, seed: u64) -> String {
        let most = crate::report::seconds(self.timeout().as_secs_f64());
        format!("the process for seeds {seed}..{} did not end within {most}", seed.saturating_add(1))
    }

    fn ended(&self, seeds: &Range<u64>, how: &str) -> String {
        format!("the process for seeds {}..{} {how}", seeds.start, seeds.end)
    }

    /// The print of a run in this process, or in a fresh one if runs must not share any.
    fn again(&self, seed: u64, window: Option<(u64, u64)>) -> Result<Result<RunPrint, String>, Trouble> {
        if self.is_isolated() {
            return self.in_one(seed, window);
        }
        Ok(Ok(self.builder.run_seed(seed, Overrides::new(), window).print()))
    }

    /// The print of one seed's run in a process that has run nothing else.
    fn in_one(&self, seed: u64, window: Option<(u64, u64)>) -> Result<Result<RunPrint, String>, Trouble> {
        let seeds = seed..seed.saturating_add(1);
        let Fresh { mut prints, early } = self.in_fresh_process(seeds.clone(), window)?;
        Ok(match early {
            None => Ok(prints.remove(0)),
            Some(Early::Hung) => Err(self.hung(seed)),
            Some(Early::Ended(how)) => Err(self.ended(&seeds, &how)),
        })
    }

    /// The prints of some seeds' runs in a process that has run nothing else.
    fn in_fresh_process(&self, seeds: Range<u64>, window: Option<(u64, u64)>) -> Result<Fresh, Trouble> {
        let failed = |error: io::Error| self.failed(&error.to_string());
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args([COMMAND_WORD, "print", self.simulation]);
        command.args(["--seeds", &format!("{}..{}", seeds.start, seeds.end)]);
        if let Some(bug) = &self.options.bug {
            command.args(["--bug", bug]);
        }
        if let Some((from, to)) = window {
            command.args(["--window", &format!("{from}..{to}")]);
        }
        fresh::run(&mut command, seeds.end - seeds.start, self.timeout()).map_err(failed)
    }

    fn failed(&self, what: &str) -> Trouble {
        Trouble::new(format!("the second run of {} failed: {what}", self.name))
    }

    /// Finds the first event in which two runs of the seed differ, by running both
    /// sides again with the events of the window kept.
    fn explain(&self, (first, second): Pair) -> Result<DivergenceReport, Trouble> {
        let seed = first.seed;
        let second_words = match &second {
            Ok(fresh) => {
                format!("digest {} after {} notes; further pairs of runs agreed", fresh.digest, fresh.noted)
            }
            Err(how) => how.clone(),
        };
        let mut report = DivergenceReport {
            seed,
            first: format!("digest {} after {} notes", first.digest, first.noted),
            second: second_words,
            reproduce: self.reproduce_line(seed),
        };
        let Ok(fresh) = second else { return Ok(report) };
        // Of the first run no more than its mark was kept.
        let Ok(first) = self.again(seed, None)? else { return Ok(report) };
        let mut window = first.window_of_divergence(&fresh);
        for _ in 0..PAIRS_MOST {
            // What does not come to its end every time has no event to be compared.
            let (Ok(ours), Ok(theirs)) = (self.again(seed, window)?, self.in_one(seed, window)?) else { break };
            let Some(differs) = ours.window_of_divergence(&theirs) else { continue };
            let Some(shown) = window else {
                window = Some(differs);
                continue;
            };
            if let Some(divergence) = ours.first_divergence(&theirs) {
                (report.first, report.second) = (divergence.first, divergence.second);
                // What differs before the window would make its first event look guilty.
                if differs.0 >= shown.0 {
                    break;
                }
            }
            window = Some((shown.0.min(differs.0), shown.1.max(differs.1)));
        }
        Ok(report)
    }

    fn reproduce_line(&self, seed: u64) -> String {
        let suffix = self.options.replay_suffix();
        format!("cargo xtask sweep {} --seeds {seed}..{} --check-determinism{suffix}", self.name, seed + 1)
    }
}
