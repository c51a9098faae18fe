//! The passes: which candidates are tried in which order, until none of them fails in
//! the same way any more. Running them is the jury's work.

use super::jury::{Jury, Trial};
use super::remains::remains;
use super::{Size, Step};
use std::sync::Arc;
use std::time::Duration;
use wavetank_harness::{Address, Count, Overrides, RunRecord, SimulationBuilder};

/// How often all passes are repeated at most; each time one of them has changed something.
const ROUNDS_MOST: usize = 1000;
/// Atoms and operations with which nobody looks for fewer in another order.
const SMALL: usize = 4;
/// With more than these the other order is tried before a long search.
const MANY: usize = 8;

/// How far from what is there fewer faults and operations are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Quickly.
    Near,
    /// At other times, with other losses, too, which takes most of all runs.
    Far,
}

type Over<'a> = dyn Fn(u64, Duration) -> bool + 'a;

pub(super) struct Passes<'a> {
    pub(super) jury: &'a mut Jury,
    pub(super) over: &'a Over<'a>,
    observe: &'a dyn Fn(&Step),
    pub(super) seed: u64,
    pub(super) overrides: Overrides,
    pub(super) record: RunRecord,
    pass: &'static str,
    /// Groups whose size is drawn.
    pub(super) groups: Vec<(String, Count)>,
    /// What was left when what was long ago was looked for.
    seen: Vec<Address>,
}

impl<'a> Passes<'a> {
    pub(super) fn new(
        jury: &'a mut Jury,
        over: &'a Over<'a>,
        observe: &'a dyn Fn(&Step),
        seed: u64,
        overrides: Overrides,
        record: RunRecord,
    ) -> Passes<'a> {
        Passes { jury, over, observe, seed, overrides, record, pass: "", groups: Vec::new(), seen: Vec::new() }
    }

    /// Which groups may become smaller.
    pub(super) fn set_groups(&mut self, builder: &SimulationBuilder) {
        let drawn = builder.groups().filter(|(_, count)| count.low < count.high);
        self.groups = drawn.map(|(name, count)| (name.to_string(), count)).collect();
    }

    pub(super) fn into_best(self) -> (Overrides, RunRecord) {
        (self.overrides, self.record)
    }

    /// Shrinks in one order, and in the other if that may pay; then searches far from the smaller
    /// result. False if it was over before the result was found to be minimal.
    pub(super) fn run(&mut self) -> bool {
        self.keep_what_fires();
        let start = (self.overrides.clone(), self.record.clone());
        self.passes(Search::Near);
        if remains(&self.record).count() > MANY {
            self.try_faults_first(start);
            return self.passes(Search::Far);
        }
        let finished = self.passes(Search::Far);
        if remains(&self.record).count() <= SMALL {
            return finished;
        }
        match self.try_faults_first(start) {
            true => self.passes(Search::Far),
            false => finished,
        }
    }

    /// Shrinks from the beginning in the other order; whether the result is the smaller one.
    fn try_faults_first(&mut self, start: (Overrides, RunRecord)) -> bool {
        let values_first =
            (std::mem::replace(&mut self.overrides, start.0), std::mem::replace(&mut self.record, start.1));
        self.faults_first();
        let is_better = remains(&self.record).count() < remains(&values_first.1).count();
        if !is_better {
            (self.overrides, self.record) = values_first;
        }
        is_better
    }

    /// Lower values make a run plainer, but the window in which a crash must strike
    /// smaller: with the values as they are, more of what was before it can go.
    fn faults_first(&mut self) {
        loop {
            let before = self.overrides.clone();
            self.kinds();
            self.atoms();
            self.operations();
            self.one_by_one();
            self.in_time();
            self.elsewhere();
            if self.overrides == before || self.is_over() {
                return;
            }
        }
    }

    /// Repeats the passes until none finds anything; false if it was over before.
    fn passes(&mut self, search: Search) -> bool {
        for _ in 0..ROUNDS_MOST {
            let before = self.overrides.clone();
            self.bold();
            self.kinds();
            self.values();
            self.sizes();
            self.atoms();
            self.operations();
            self.one_by_one();
            if remains(&self.record).count() > SMALL && self.is_another() {
                self.long_ago();
            }
            let searches: [fn(&mut Self); 6] =
                [Self::lower, Self::hurry, Self::pairs, Self::in_time, Self::beginning, Self::elsewhere];
            let searches = match search {
                Search::Near => &searches[..5],
                Search::Far => &searches[..],
            };
            for search in searches {
                if self.overrides == before {
                    search(self);
                }
            }
            if self.overrides == before && (search == Search::Near || self.is_tidy()) {
                return !self.is_over();
            }
            if self.is_over() {
                return false;
            }
        }
        false
    }

    /// Whether other faults and operations are left than when that was asked last.
    fn is_another(&mut self) -> bool {
        let left = remains(&self.record).addresses();
        let is_another = left != self.seen;
        self.seen = left;
        is_another
    }

    /// Takes what says nothing from the overrides. Whether the run is minimal without that, too:
    /// the same run may have other neighbours then.
    fn is_tidy(&mut self) -> bool {
        self.tidy();
        let tidied = self.overrides.clone();
        self.one_by_one();
        self.overrides == tidied
    }

    pub(super) fn is_over(&self) -> bool {
        let (runs, cpu) = self.jury.spent();
        (self.over)(runs, cpu)
    }

    pub(super) fn begin(&mut self, pass: &'static str) {
        self.pass = pass;
        self.tell();
    }

    fn tell(&self) {
        let (runs, cpu) = self.jury.spent();
        (self.observe)(&Step { pass: self.pass, size: Size::of(&self.record), runs, cpu });
    }

    /// Takes the first of some candidates that fails in the same way and is not larger.
    pub(super) fn take(&mut self, count: usize, candidate: impl Fn(usize) -> Overrides) -> Option<usize> {
        let mut from = 0;
        while from < count {
            let (place, overrides, trial) = self.jury.first(count - from, |nth| candidate(from + nth), self.over)?;
            let record = trial.record.as_ref().expect("the jury found that it fails in the same way");
            // Where faults are denied one by one, others may come in their place. The very
            // same run is no step: what tidies up would take it back, without end.
            let (now, before) = (remains(record).count(), remains(&self.record).count());
            if now < before || (now == before && trial.digest != self.record.digest) {
                self.adopt(overrides, &trial);
                return Some(from + place);
            }
            from += place + 1;
        }
        None
    }

    /// As [`take`](Self::take), of one candidate. A value that nobody asks for, or that is
    /// low by chance, needs no override.
    pub(super) fn take_if_it_matters(&mut self, low: &Overrides) {
        let trial = self.jury.try_one(low, self.over);
        if trial.is_some_and(|trial| trial.digest != self.record.digest) {
            self.take(1, |_| low.clone());
        }
    }

    pub(super) fn adopt(&mut self, overrides: Overrides, trial: &Arc<Trial>) {
        self.record = trial.record.clone().expect("only what fails in the same way is adopted");
        self.overrides = overrides;
        self.forget_what_is_gone();
        self.tell();
    }
}
