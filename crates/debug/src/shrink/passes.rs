//! The passes: which candidates are tried in which order, until none of them fails in
//! the same way any more. Running them is the jury's work.

use super::jury::{Jury, Trial};
use super::remains::remains;
use super::{Size, Step};
use std::sync::Arc;
use std::time::Duration;
use wavetank_harness::{Count, Overrides, RunRecord, SimulationBuilder};

/// How often all passes are repeated at most; each time one of them has changed something.
const ROUNDS_MOST: usize = 1000;
/// Atoms and operations with which nobody looks for fewer in another order.
const SMALL: usize = 4;

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
        Passes { jury, over, observe, seed, overrides, record, pass: "", groups: Vec::new() }
    }

    /// Which groups may become smaller.
    pub(super) fn set_groups(&mut self, builder: &SimulationBuilder) {
        let drawn = builder.groups().filter(|(_, count)| count.low < count.high);
        self.groups = drawn.map(|(name, count)| (name.to_string(), count)).collect();
    }

    pub(super) fn into_best(self) -> (Overrides, RunRecord) {
        (self.overrides, self.record)
    }

    /// Shrinks in one order, and in the other if that may pay; the smaller result stays.
    /// False if it was over before the result was found to be minimal.
    pub(super) fn run(&mut self) -> bool {
        self.keep_what_fires();
        let start = (self.overrides.clone(), self.record.clone());
        let mut finished = self.passes();
        if remains(&self.record).count() > SMALL {
            let values_first = (self.overrides.clone(), self.record.clone());
            (self.overrides, self.record) = start;
            self.faults_first();
            let finished_too = self.passes();
            let better = remains(&self.record).count() < remains(&values_first.1).count();
            match better {
                true => finished = finished_too,
                false => (self.overrides, self.record) = values_first,
            }
        }
        finished
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
            self.elsewhere();
            if self.overrides == before || self.is_over() {
                return;
            }
        }
    }

    /// Repeats all passes until none finds anything; false if it was over before.
    fn passes(&mut self) -> bool {
        for _ in 0..ROUNDS_MOST {
            let before = self.overrides.clone();
            self.bold();
            self.kinds();
            self.values();
            self.sizes();
            self.atoms();
            self.operations();
            self.one_by_one();
            if remains(&self.record).count() > SMALL {
                self.long_ago();
            }
            self.lower();
            let searches: [fn(&mut Self); 4] = [Self::pairs, Self::beginning, Self::elsewhere, Self::tidy];
            for search in searches {
                if self.overrides == before {
                    search(self);
                }
            }
            if self.is_over() {
                return false;
            }
            if self.overrides == before {
                return true;
            }
        }
        false
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
