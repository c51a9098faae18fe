//! Taking faults and operations away: all at once, by kind, in chunks, one by one, in
//! pairs. What stays may become lower elsewhere.

use super::domains::VALUES;
use super::lowering::lowered;
use super::passes::Passes;
use super::remains::{remains, without};
use std::collections::BTreeSet;
use wavetank_harness::{Address, Overrides};

/// Atoms and operations among which pairs are tried: more would take too many runs.
const PAIRED_MOST: usize = 20;

impl Passes<'_> {
    /// Much at once: no fault at all, no operation at all, all values low.
    pub(super) fn bold(&mut self) {
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
    pub(super) fn kinds(&mut self) {
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

    pub(super) fn atoms(&mut self) {
        self.begin("faults");
        let units = remains(&self.record).units();
        self.reduce(units);
    }

    pub(super) fn operations(&mut self) {
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

    pub(super) fn one_by_one(&mut self) {
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

    /// Two things at once that do not go alone: one may be there only to undo the other.
    pub(super) fn pairs(&mut self) {
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
}
