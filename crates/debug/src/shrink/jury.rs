//! The jury: runs candidates on several threads and says which fail in the same way,
//! each once. Which candidates there are, and what is done with a verdict, is for the
//! passes.

use super::Further;
use super::cpu::Watch;
use std::hash::BuildHasher;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::Duration;
use wavetank_core::collections::{FixedState, HashMap};
use wavetank_harness::{Address, Digest, Failure, Limits, Overrides, RunRecord, Signature, SimulationBuilder};

/// A simulation whose runs end soon after the time and the number of events at which a
/// run of it failed: a candidate that goes on for much longer is not worth the wait.
pub(super) fn cut(builder: &SimulationBuilder, record: &RunRecord) -> SimulationBuilder {
    let is_limit = |failure: &Failure| matches!(failure, Failure::Limit { .. });
    if record.failures.iter().any(is_limit) {
        return builder.clone();
    }
    let plain = builder.limits();
    let time = Duration::from_nanos(record.virtual_time);
    builder.clone().with_limits(Limits {
        events: plain.events.min(record.events.saturating_mul(4).saturating_add(100_000)),
        polls: plain.polls.min(record.polls.saturating_mul(4).saturating_add(100_000)),
        time: plain.time.min(time.saturating_mul(2).saturating_add(Duration::from_secs(60))),
        ..plain
    })
}

/// When an operation was drawn, began and ended, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) address: Address,
    pub(super) given: u64,
    pub(super) begun: u64,
    pub(super) ended: u64,
}

/// What became of a candidate.
pub(super) struct Trial {
    pub(super) digest: Digest,
    /// When its operations began and ended.
    pub(super) spans: Box<[Span]>,
    /// The run, if it failed in the same way and in no new one.
    pub(super) record: Option<RunRecord>,
}

struct Verdict {
    number: usize,
    trial: Trial,
    cpu: Duration,
    /// Failures that the run to be shrunk does not have.
    others: Vec<Failure>,
}

pub(super) struct Jury {
    asked: Sender<(usize, Overrides)>,
    told: Receiver<Verdict>,
    threads: usize,
    /// By a hash: a map of overrides may be long, and there are many.
    memo: HashMap<u64, Arc<Trial>>,
    runs: u64,
    cpu: Duration,
    further: Vec<Further>,
}

impl Jury {
    /// Starts the threads; they end when the jury is dropped.
    pub(super) fn new<'scope>(
        scope: &'scope Scope<'scope, '_>,
        builder: &'scope SimulationBuilder,
        seed: u64,
        threads: usize,
        wanted: &'scope Signature,
        known: &'scope [Signature],
    ) -> Jury {
        let (asked, jobs) = mpsc::channel::<(usize, Overrides)>();
        let (tell, told) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let (jobs, tell) = (jobs.clone(), tell.clone());
            scope.spawn(move || {
                let mut recorder = builder.recorder();
                loop {
                    let job = jobs.lock().expect("nobody panics while he waits for work").recv();
                    let Ok((number, overrides)) = job else { break };
                    let watch = Watch::start();
                    let record = recorder.run(seed, overrides, None);
                    let verdict = judge(number, record, watch.elapsed(), wanted, known);
                    if tell.send(verdict).is_err() {
                        break;
                    }
                }
            });
        }
        Jury { asked, told, threads, memo: HashMap::default(), runs: 0, cpu: Duration::ZERO, further: Vec::new() }
    }

    /// Of so many candidates, in order, the first that fails in the same way. Runs
    /// some of those behind it meanwhile, for nothing if it is found; so the answer is
    /// the same for any number of threads. [`None`] too when `over` says so.
    pub(super) fn first(
        &mut self,
        count: usize,
        candidate: impl Fn(usize) -> Overrides,
        over: &dyn Fn(u64, Duration) -> bool,
    ) -> Option<(usize, Overrides, Arc<Trial>)> {
        let mut trials: Vec<Asked> = Vec::new();
        let (mut settled, mut under_way) = (0, 0);
        let mut found = None;
        loop {
            while found.is_none()
                && let Some(Asked::Settled(trial)) = trials.get_mut(settled)
            {
                match trial {
                    Some(_) => found = Some(settled),
                    None => settled += 1,
                }
            }
            let wanted = found.is_none() && trials.len() < count && under_way < self.threads;
            if wanted && !over(self.runs, self.cpu) {
                let overrides = candidate(trials.len());
                let one = match self.memo.get(&key(&overrides)) {
                    Some(known) => settle(overrides, known),
                    None => {
                        let job = (trials.len(), overrides.clone());
                        self.asked.send(job).expect("the threads live as long as the jury");
                        under_way += 1;
                        Asked::UnderWay(overrides)
                    }
                };
                trials.push(one);
                continue;
            }
            if under_way == 0 {
                break;
            }
            let verdict = self.told.recv().expect("a thread of the jury does not panic");
            under_way -= 1;
            let place = verdict.number;
            let Asked::UnderWay(overrides) = std::mem::replace(&mut trials[place], Asked::Settled(None)) else {
                unreachable!("a verdict is told once");
            };
            let trial = self.note(&overrides, verdict);
            trials[place] = settle(overrides, &trial);
        }
        let number = found?;
        let Asked::Settled(Some((overrides, trial))) = trials.swap_remove(number) else {
            unreachable!("it was settled");
        };
        Some((number, overrides, trial))
    }

    /// One candidate's trial, if it fails in the same way.
    pub(super) fn try_one(
        &mut self,
        overrides: &Overrides,
        over: &dyn Fn(u64, Duration) -> bool,
    ) -> Option<Arc<Trial>> {
        self.first(1, |_| overrides.clone(), over).map(|(_, _, trial)| trial)
    }

    /// One candidate's trial, however it fails or passes; [`None`] if it is over before.
    pub(super) fn look(&mut self, overrides: &Overrides, over: &dyn Fn(u64, Duration) -> bool) -> Option<Arc<Trial>> {
        self.try_one(overrides, over);
        self.memo.get(&key(overrides)).cloned()
    }

    pub(super) fn spent(&self) -> (u64, Duration) {
        (self.runs, self.cpu)
    }

    pub(super) fn finish(self) -> (u64, Duration, Vec<Further>) {
        (self.runs, self.cpu, self.further)
    }

    fn note(&mut self, overrides: &Overrides, verdict: Verdict) -> Arc<Trial> {
        self.runs += 1;
        self.cpu += verdict.cpu;
        for failure in verdict.others {
            let signature = failure.signature();
            if !self.further.iter().any(|further| further.signature == signature) {
                self.further.push(Further { signature, failure, overrides: overrides.clone() });
            }
        }
        let trial = Arc::new(verdict.trial);
        self.memo.insert(key(overrides), trial.clone());
        trial
    }
}

fn judge(number: usize, record: RunRecord, cpu: Duration, wanted: &Signature, known: &[Signature]) -> Verdict {
    let signatures: Vec<Signature> = record.failures.iter().map(Failure::signature).collect();
    let is_other = |signature: &Signature| !known.contains(signature);
    // A run that also fails in another way is another finding, not a smaller one.
    let same = signatures.contains(wanted) && !signatures.iter().any(is_other);
    let others = record.failures.iter().zip(&signatures);
    // That a candidate goes on for too long is our own limit's doing.
    let others = others.filter(|(failure, other)| is_other(other) && !matches!(failure, Failure::Limit { .. }));
    let others = others.map(|(failure, _)| failure.clone()).collect();
    let digest = record.digest;
    let end = record.virtual_time;
    let spans = record.operations.iter().map(|operation| Span {
        address: operation.address,
        given: operation.given,
        begun: operation.begun,
        ended: operation.ended.unwrap_or(end),
    });
    let spans = spans.collect();
    Verdict { number, trial: Trial { digest, spans, record: same.then_some(record) }, cpu, others }
}

/// A candidate that was asked about.
enum Asked {
    UnderWay(Overrides),
    /// With what fails in the same way.
    Settled(Option<(Overrides, Arc<Trial>)>),
}

fn settle(overrides: Overrides, trial: &Arc<Trial>) -> Asked {
    Asked::Settled(trial.record.is_some().then(|| (overrides, trial.clone())))
}

fn key(overrides: &Overrides) -> u64 {
    FixedState::default().hash_one(overrides)
}
