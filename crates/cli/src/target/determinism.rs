//! The determinism check: each seed of a sweep runs a second time, in a fresh process,
//! and where the two part is told from both sides.

use super::witness::Mark;
use super::{COMMAND_WORD, print};
use crate::options::SweepOptions;
use crate::report::{Determinism, DivergenceReport};
use crate::trouble::Trouble;
use std::io;
use std::ops::Range;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use wavetank_harness::{Isolation, Overrides, Progress, RunPrint, SimulationBuilder};

/// Seeds that share a fresh process: starting one costs more than a small run.
const BATCH: usize = 32;
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
    pub(super) threads: usize,
    /// The first runs, by seed.
    pub(super) marks: &'a [Mark],
    pub(super) progress: &'a Progress,
}

/// The prints of a process, or how it ended without them.
type Prints = Result<Vec<RunPrint>, String>;

/// A seed whose two runs differ, with both: of the second its print, or how its process
/// ended before the run did.
type Pair = (Mark, Result<RunPrint, String>);

impl Check<'_> {
    pub(super) fn run(&self) -> Result<Determinism, Trouble> {
        let (next, compared) = (AtomicU64::new(0), AtomicU64::new(0));
        #[expect(clippy::disallowed_methods, reason = "runs do not see the threads that compare them")]
        let found: Vec<Result<Vec<Pair>, Trouble>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads).map(|_| scope.spawn(|| self.work(&next, &compared))).collect();
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
        // A simulation whose runs have a process each has one for each second run, too.
        let batch = if self.is_isolated() { 1 } else { BATCH };
        let mut pairs = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed) as usize;
            let batch = self.marks.chunks(batch).nth(nth).unwrap_or_default();
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(pairs) };
            if self.progress.cancelled.load(Ordering::Relaxed) {
                return Ok(pairs);
            }
            let fresh = match self.in_fresh_process(first.seed..last.seed.saturating_add(1), None)? {
                Ok(fresh) => fresh,
                // The first run came to its end, in a process that was its own as well.
                Err(how) if self.is_isolated() => {
                    self.note(compared, true);
                    pairs.push((*first, Err(how)));
                    continue;
                }
                Err(how) => return Err(self.failed(&how)),
            };
            for mark in batch {
                let Some(second) = fresh.iter().find(|print| print.seed == mark.seed) else { continue };
                let differs = (mark.digest, mark.noted) != (second.digest, second.noted);
                self.note(compared, differs);
                if differs {
                    pairs.push((*mark, Ok(second.clone())));
                }
            }
        }
    }

    fn note(&self, compared: &AtomicU64, differs: bool) {
        compared.fetch_add(1, Ordering::Relaxed);
        self.progress.done.fetch_add(1, Ordering::Relaxed);
        self.progress.red.fetch_add(u64::from(differs), Ordering::Relaxed);
    }

    fn is_isolated(&self) -> bool {
        self.timeout().is_some()
    }

    /// Real time that a run may take, if each has a process of its own.
    fn timeout(&self) -> Option<Duration> {
        match self.builder.isolation() {
            Isolation::Threads => None,
            Isolation::Process { timeout } => Some(timeout),
        }
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
        Ok(self.in_fresh_process(seed..seed + 1, window)?.map(|mut prints| prints.remove(0)))
    }

    /// The prints of some seeds' runs in a process that has run nothing else.
    fn in_fresh_process(&self, seeds: Range<u64>, window: Option<(u64, u64)>) -> Result<Prints, Trouble> {
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
        let Range { start, end } = seeds;
        let Some(output) = output(command, self.timeout()).map_err(failed)? else {
            let most = crate::report::seconds(self.timeout().unwrap_or_default().as_secs_f64());
            return Ok(Err(format!("the process for seeds {start}..{end} did not end within {most}")));
        };
        let prints = print::read(&String::from_utf8_lossy(&output.stdout));
        if prints.len() as u64 != end - start {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let last = complaint.lines().last().unwrap_or("without a word");
            return Ok(Err(format!("the process for seeds {start}..{end} ended with {}: {last}", output.status)));
        }
        Ok(Ok(prints))
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

/// What a process says until it ends; [`None`] if it does not in time. It ends by itself
/// then, as its standard input does.
fn output(mut command: Command, timeout: Option<Duration>) -> io::Result<Option<Output>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // Held until the answer is there.
    let _stdin = child.stdin.take();
    let Some(timeout) = timeout else { return child.wait_with_output().map(Some) };
    let (tell, told) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "it waits for a process of the real world; no run sees it")]
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    match told.recv_timeout(timeout) {
        Ok(output) => output.map(Some),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
    }
}
