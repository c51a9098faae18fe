//! The beginning cut off: the operations before those that matter go all at once, and
//! what comes after keeps its shape. Which of the rest can go is for the other passes.
//!
//! Without its beginning a run is the same run earlier: planned faults strike as much
//! earlier as the operation that they meet begins earlier, and what a crash loses has a
//! lower number among the writes. Where something must add up to a size first, the rest
//! of the operations may get there with larger arguments.

use super::domains::{ARGUMENT, is_planned, losses};
use super::journey::Journey;
use super::passes::Passes;
use super::remains::without;
use wavetank_harness::{Address, Atom, Choice, Decisions, Domain, OperationRecord, Overrides, mix};

/// Arguments of operations that are made large.
const RAISED_MOST: u64 = 4;
/// Operations of which nobody wants fewer.
const FEW: usize = 4;
/// Writes before the one that was lost, among which it is found again.
const WRITES_MOST: u64 = 64;

impl Passes<'_> {
    /// Cuts the beginning off, as much as can be, with the arguments as they are and then
    /// with each of them large.
    pub(super) fn beginning(&mut self) {
        self.begin("the beginning");
        for raised in [None].into_iter().chain((0..RAISED_MOST).map(Some)) {
            if !self.cut_beginning(raised, |back| back + 1) {
                return;
            }
        }
    }

    /// A first, quick try: what was long ago does not matter most often.
    pub(super) fn long_ago(&mut self) {
        self.begin("what was long ago");
        self.cut_beginning(None, |back| back * 2 + 1);
    }

    /// Cuts the beginning off, first all that is before the operation that the last planned
    /// fault meets, then less and less. False if there is no use in going on.
    fn cut_beginning(&mut self, raised: Option<u64>, further: impl Fn(usize) -> usize) -> bool {
        let mut operations = self.record.operations.clone();
        operations.sort_by_key(|operation| operation.begun);
        if operations.len() <= FEW || self.is_over() {
            return false;
        }
        let planned: Vec<Atom> = self.record.atoms.iter().filter(|atom| is_planned(atom.kind)).copied().collect();
        // The operation that the last planned fault meets; the last one, if there is none.
        let end = planned.last().map_or(u64::MAX, |atom| atom.time);
        let met = operations.iter().rposition(|operation| operation.begun <= end).unwrap_or(0);
        let mut back = 0;
        while back <= met && !self.is_cut(&operations, met - back, met, &planned, raised) {
            back = further(back);
        }
        true
    }

    /// Whether the first operations can go, if all that is planned strikes earlier.
    fn is_cut(
        &mut self,
        operations: &[OperationRecord],
        count: usize,
        met: usize,
        planned: &[Atom],
        raised: Option<u64>,
    ) -> bool {
        if self.is_over() || (count == 0 && raised.is_none()) {
            return false;
        }
        let gone: Vec<Address> = operations[..count].iter().map(|operation| operation.address).collect();
        let mut shorter = self.carried(without(&self.overrides, &gone));
        if let Some(argument) = raised {
            for operation in &operations[count..] {
                let entity = mix(operation.address.entity, operation.address.nth);
                shorter.set_in(ARGUMENT, entity, argument, Choice::Draw(u64::MAX));
            }
        }
        let losses: Vec<Domain> = losses().collect();
        let Some(seen) = self.jury.look(&shorter, self.over) else { return false };
        if seen.record.is_some() {
            return self.is_smaller_after(&shorter, &losses);
        }
        let before = operations[met].begun;
        let now = seen.spans.iter().find(|span| span.address == operations[met].address);
        let Some(now) = now else { return false };
        let mut moved = shorter;
        for atom in planned {
            let Some(journey) = Journey::of(self, atom) else { return false };
            match (atom.time + now.begun).checked_sub(before) {
                Some(time) if journey.reaches(time) => moved = journey.moved(&moved, time),
                Some(_) => return false,
                // It struck in what is cut off.
                None => moved = without(&moved, &[atom.address]),
            }
        }
        self.is_smaller_after(&moved, &losses)
    }

    /// The overrides, and what is lost is lost too if it is an earlier write of its file.
    fn carried(&self, mut overrides: Overrides) -> Overrides {
        let decisions = Decisions::new(self.seed, self.overrides.clone());
        for domain in losses() {
            for atom in self.record.atoms.iter().filter(|atom| atom.address.domain == domain.key()) {
                let Address { entity, nth, .. } = atom.address;
                let Some(draw) = decisions.draw(domain, entity, nth) else { continue };
                for earlier in nth.saturating_sub(WRITES_MOST)..nth {
                    let address = Address { domain: domain.key(), entity, nth: earlier };
                    // What is kept there already is another one's.
                    if overrides.get(&address) == Some(Choice::Benign) {
                        overrides.set_in(domain, entity, earlier, Choice::Draw(draw));
                    }
                }
            }
        }
        overrides
    }
}
