//! The passes: which candidates are tried in which order, until none of them fails in
//! the same way any more. Running them is the jury's work.

use super::domains::{ARGUMENT, DURATION, EXTENT, OPERATION, SIZE, VALUES};
use super::jury::{Jury, Trial};
use super::remains::{remains, without};
use super::{Size, Step};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wavetank_harness::{
    Address, Choice, Count, Domain, Overrides, RunRecord, SimulationBuilder, all_kinds, mix, name_key,
};

/// Atoms and operations among which pairs are tried: more would take too many runs.
const PAIRED_MOST: usize = 20;
/// How often all passes are repeated at most; each time one of them has changed something.
const ROUNDS_MOST: usize = 1000;
/// Atoms and operations with which nobody looks for fewer in another order.
const SMALL: usize = 3;
/// Arguments of an operation that are lowered one by one.
const ARGUMENTS_MOST: u64 = 8;

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
    groups: Vec<(String, Count)>,
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
        self.long_ago();
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
    fn take_if_it_matters(&mut self, low: &Overrides) {
        let trial = self.jury.try_one(low, self.over);
        if trial.is_some_and(|trial| trial.digest != self.record.digest) {
            self.take(1, |_| low.clone());
        }
    }

    fn adopt(&mut self, overrides: Overrides, trial: &Arc<Trial>) {
        self.record = trial.record.clone().expect("only what fails in the same way is adopted");
        self.overrides = overrides;
        self.forget_what_is_gone();
        self.tell();
    }

    /// Decisions that were kept and do not come about any more are kept no longer.
    fn forget_what_is_gone(&mut self) {
        let left = remains(&self.record);
        let gone: Vec<Address> = self
            .overrides
            .iter()
            .filter(|(address, choice)| **choice == Choice::Kept && !left.contains(address))
            .map(|(address, _)| *address)
            .collect();
        if gone.is_empty() {
            return;
        }
        let mut fewer = self.overrides.clone();
        gone.iter().for_each(|address| fewer.clear(address));
        self.replace_if_same(fewer);
    }

    /// From "all but these" to "only these": fault by fault, what fired is kept, and all
    /// else of its kind is benign. What is taken away then brings no other in its place.
    fn keep_what_fires(&mut self) {
        self.begin("keep what fires");
        let domains: Vec<Domain> = all_kinds().map(|kind| kind.domain()).chain([OPERATION]).collect();
        let all = self.only(&domains);
        if self.keeps(all) {
            return;
        }
        for domain in domains {
            let one = self.only(&[domain]);
            self.keeps(one);
        }
    }

    /// Takes overrides that keep what fires, also if the run is the very same one.
    pub(super) fn keeps(&mut self, only: Overrides) -> bool {
        let Some(trial) = self.jury.try_one(&only, self.over) else { return false };
        let record = trial.record.as_ref().expect("the jury found that it fails in the same way");
        let fits = remains(record).count() <= remains(&self.record).count();
        if fits {
            self.adopt(only, &trial);
        }
        fits
    }

    pub(super) fn only(&self, domains: &[Domain]) -> Overrides {
        let mut overrides = self.overrides.clone();
        let left = remains(&self.record);
        for domain in domains {
            if overrides.is_domain_benign(*domain) {
                continue;
            }
            overrides.set_domain_benign(*domain);
            for address in left.addresses().into_iter().filter(|address| address.domain == domain.key()) {
                overrides.set_in(*domain, address.entity, address.nth, Choice::Kept);
            }
        }
        overrides
    }

    /// Much at once: no fault at all, no operation at all, all values low.
    fn bold(&mut self) {
        self.begin("all at once");
        let left = remains(&self.record);
        let atoms: Vec<Address> = left.atoms.iter().map(|atom| atom.address).collect();
        let operations: Vec<Address> = left.operations.iter().map(|operation| operation.address).collect();
        let base = self.overrides.clone();
        let low = |overrides: Overrides| VALUES.iter().fold(overrides, lowered);
        let candidates = [
            low(without(&without(&base, &atoms), &operations)),
            without(&without(&base, &atoms), &operations),
            low(without(&base, &atoms)),
            without(&base, &atoms),
            low(without(&base, &operations)),
            without(&base, &operations),
            low(base.clone()),
        ];
        self.take(candidates.len(), |nth| candidates[nth].clone());
    }

    /// Whole kinds of fault.
    fn kinds(&mut self) {
        self.begin("kinds of fault");
        let mut domains: Vec<u64> = remains(&self.record).atoms.iter().map(|atom| atom.address.domain).collect();
        domains.sort_unstable();
        domains.dedup();
        for domain in domains {
            let of_kind = remains(&self.record).addresses().into_iter().filter(|address| address.domain == domain);
            let of_kind: Vec<Address> = of_kind.collect();
            let fewer = without(&self.overrides, &of_kind);
            self.take(1, |_| fewer.clone());
        }
    }

    /// Whole domains of values.
    fn values(&mut self) {
        self.begin("values");
        for domain in &VALUES {
            let low = lowered(self.overrides.clone(), domain);
            self.take_if_it_matters(&low);
        }
    }

    /// Fewer nodes and clients, the fewest first.
    fn sizes(&mut self) {
        self.begin("nodes and clients");
        if self.overrides.is_domain_benign(SIZE) {
            return;
        }
        for (name, count) in self.groups.clone() {
            let entity = name_key(&name);
            let now = self.size(entity, count);
            let base = self.overrides.clone();
            self.take((now - count.low) as usize, |nth| {
                let mut smaller = base.clone();
                let choice = match nth {
                    0 => Choice::Benign,
                    _ => Choice::Draw(draw_of(count, nth as u32)),
                };
                smaller.set_in(SIZE, entity, 0, choice);
                smaller
            });
        }
    }

    /// How large a group is under the overrides so far.
    fn size(&self, entity: u64, count: Count) -> u32 {
        let decisions = wavetank_harness::Decisions::new(self.seed, self.overrides.clone());
        decisions.within(SIZE, entity, 0, u64::from(count.low), u64::from(count.high)) as u32
    }

    fn atoms(&mut self) {
        self.begin("faults");
        let units = remains(&self.record).units();
        self.reduce(units);
    }

    fn operations(&mut self) {
        self.begin("operations");
        let left = remains(&self.record);
        let mut clients: BTreeSet<&str> = BTreeSet::new();
        let per_client = left.operations.iter().filter(|operation| clients.insert(&operation.client));
        let per_client: Vec<Vec<Address>> = per_client
            .map(|first| {
                let of_client = left.operations.iter().filter(|operation| operation.client == first.client);
                of_client.map(|operation| operation.address).collect()
            })
            .collect();
        self.reduce(per_client);
        let single = remains(&self.record).operations.iter().map(|operation| vec![operation.address]).collect();
        self.reduce(single);
    }

    fn one_by_one(&mut self) {
        self.begin("one by one");
        let left = remains(&self.record).addresses();
        self.reduce(left.into_iter().map(|address| vec![address]).collect());
    }

    /// Delta debugging: takes units away, many at once first, and fewer and fewer of them,
    /// until no single one can go.
    pub(super) fn reduce(&mut self, mut units: Vec<Vec<Address>>) {
        let mut chunk = units.len();
        while chunk > 0 && !self.is_over() {
            let (mut place, mut found) = (0, false);
            loop {
                let base = self.overrides.clone();
                let starts: Vec<usize> = (place..units.len()).step_by(chunk).collect();
                let part = |start: usize| units[start..(start + chunk).min(units.len())].concat();
                let Some(nth) = self.take(starts.len(), |nth| without(&base, &part(starts[nth]))) else { break };
                found = true;
                place = starts[nth];
                units.drain(place..(place + chunk).min(units.len()));
                // What went with it need not be tried.
                let left = remains(&self.record);
                let gone = |unit: &Vec<Address>| !unit.iter().any(|address| left.contains(address));
                let before = units[..place].iter().filter(|unit| gone(unit)).count();
                units.retain(|unit| !gone(unit));
                place -= before;
            }
            chunk = match chunk {
                1 if found => 1,
                1 => 0,
                larger => larger.div_ceil(2).min(units.len().max(1)),
            };
            if units.is_empty() {
                break;
            }
        }
    }

    /// Values of what is left, one by one: durations, extents, arguments.
    fn lower(&mut self) {
        self.begin("single values");
        let left = remains(&self.record);
        let mut lower: Vec<Vec<(Domain, u64, u64)>> = Vec::new();
        for atom in left.atoms {
            let entity = mix(atom.address.domain, atom.address.entity);
            lower.push(vec![(DURATION, entity, atom.address.nth)]);
            lower.push(vec![(EXTENT, entity, atom.address.nth)]);
        }
        for operation in left.operations {
            let entity = mix(operation.address.entity, operation.address.nth);
            let arguments: Vec<(Domain, u64, u64)> = (0..ARGUMENTS_MOST).map(|nth| (ARGUMENT, entity, nth)).collect();
            lower.push(arguments.clone());
            lower.extend(arguments.into_iter().map(|one| vec![one]));
        }
        for addresses in lower {
            let mut low = self.overrides.clone();
            for (domain, entity, nth) in addresses {
                let address = Address { domain: domain.key(), entity, nth };
                if low.get(&address) != Some(Choice::Benign) {
                    low.set_in(domain, entity, nth, Choice::Benign);
                }
            }
            self.take_if_it_matters(&low);
        }
    }

    /// Two things at once that do not go alone: one may be there only to undo the other.
    fn pairs(&mut self) {
        self.begin("pairs");
        let left = remains(&self.record).addresses();
        if left.len() > PAIRED_MOST {
            return;
        }
        let pairs: Vec<[Address; 2]> = left
            .iter()
            .enumerate()
            .flat_map(|(nth, one)| left[nth + 1..].iter().map(move |other| [*one, *other]))
            .collect();
        let base = self.overrides.clone();
        self.take(pairs.len(), |nth| without(&base, &pairs[nth]));
    }

    /// Takes overrides of values away that change nothing. That whole kinds of fault are
    /// benign stays: it says so about faults too that other code would meet.
    fn tidy(&mut self) {
        self.begin("tidy");
        for domain in &VALUES {
            if self.overrides.is_domain_benign(*domain) {
                let mut fewer = self.overrides.clone();
                fewer.clear_domain(*domain);
                self.replace_if_same(fewer);
            }
        }
        let single: Vec<Address> = self.overrides.iter().map(|(address, _)| *address).collect();
        for address in single {
            let mut fewer = self.overrides.clone();
            fewer.clear(&address);
            self.replace_if_same(fewer);
        }
    }

    /// Takes other overrides under which the very same run happens.
    fn replace_if_same(&mut self, overrides: Overrides) {
        let trial = self.jury.try_one(&overrides, self.over);
        if trial.is_some_and(|trial| trial.digest == self.record.digest) {
            self.overrides = overrides;
        }
    }
}

/// The overrides, and a domain benign, also where it was overridden by itself.
fn lowered(mut overrides: Overrides, domain: &Domain) -> Overrides {
    clear_single(&mut overrides, domain);
    overrides.set_domain_benign(*domain);
    overrides
}

pub(super) fn clear_single(overrides: &mut Overrides, domain: &Domain) {
    let single: Vec<Address> =
        overrides.iter().map(|(address, _)| *address).filter(|address| address.domain == domain.key()).collect();
    single.iter().for_each(|address| overrides.clear(address));
}

/// A draw that gives a group `more` members than the fewest.
fn draw_of(count: Count, more: u32) -> u64 {
    let span = u128::from(count.high - count.low) + 1;
    (((u128::from(more) << 64) / span) as u64).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::scale;

    #[test]
    fn a_draw_gives_the_size_that_it_was_made_for() {
        let count = Count::from(2..=9);
        for more in 0..=7 {
            assert_eq!(scale(draw_of(count, more), 2, 9), u64::from(2 + more));
        }
    }
}
