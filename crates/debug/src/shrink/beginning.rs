//! The beginning cut off: the operations before those that matter go all at once, and
//! what comes after keeps its shape. Which of the rest can go is for the other passes.
//!
//! Without its beginning a run is the same run earlier: planned faults strike as much
//! earlier as the operation that they meet begins earlier, and what a crash loses is lost
//! alike, whatever file that is in now. Where something must add up to a size first, the
//! rest of the operations may get there with larger arguments.

use super::domains::{ARGUMENT, TORN, is_planned, losses};
use super::journey::Journey;
use super::loss::Loss;
use super::passes::Passes;
use super::remains::without;
use wavetank_harness::{Address, Atom, Choice, Domain, OperationRecord, Overrides, mix};

/// Arguments of operations that are made large.
const RAISED_MOST: u64 = 4;
/// Operations of which nobody wants fewer.
const FEW: usize = 4;
/// Planned faults that may be what matters.
const SCENES_MOST: usize = 6;
/// Ways to tear a write that are tried: which sectors stay depends on where they lie.
const TEARS_MOST: u32 = 4;
/// How often the moments between moments are looked at.
const ROUNDS: usize = 2;

/// What a run may be about.
struct Scene {
    /// All operations, in order.
    operations: Vec<OperationRecord>,
    /// The place of the one that the last planned fault meets.
    met: usize,
    planned: Vec<Atom>,
    /// Planned faults that come too late.
    later: Vec<Address>,
}

/// What is cut off, and what is changed besides.
struct Cut {
    /// The first so many operations.
    count: usize,
    /// The argument of all others that is made large.
    raised: Option<u64>,
    loss: Loss,
    /// Whether all faults but the last planned one go too.
    alone: bool,
    /// Whether that one is also tried at other moments.
    search: bool,
}

impl Passes<'_> {
    /// Cuts the beginning off, as much as can be, with the arguments as they are and then
    /// with each of them large.
    pub(super) fn beginning(&mut self) {
        self.begin("the beginning");
        for raised in [None].into_iter().chain((0..RAISED_MOST).map(Some)) {
            let Some(scenes) = self.scenes(1) else { return };
            for scene in &scenes {
                self.cut_beginning(scene, raised, |back| back + 1);
            }
        }
    }

    /// A quick try with little of it: what was long ago does not matter most often, nor
    /// what is yet to come. Which of the planned faults brings the failure is not known.
    pub(super) fn long_ago(&mut self) {
        self.begin("what was long ago");
        let scenes = self.scenes(SCENES_MOST).unwrap_or_default();
        let is_found = scenes.iter().any(|scene| self.cut_beginning(scene, None, |back| back * 2 + 1));
        if is_found {
            return;
        }
        let is_torn = self.record.atoms.iter().any(|atom| atom.address.domain == TORN.key());
        let alike = (0..if is_torn { TEARS_MOST } else { 1 }).map(Loss::Alike);
        for loss in alike.chain([Loss::All]) {
            for scene in &scenes {
                for (back, alone) in [(0, true), (0, false), (1, true), (1, false)] {
                    let Some(count) = scene.met.checked_sub(back) else { continue };
                    if self.is_cut(scene, &Cut { count, raised: None, loss, alone, search: true }) {
                        return;
                    }
                }
            }
        }
    }

    /// What may be the end of it: the last planned faults, each with those before it, and
    /// all operations. Nothing if there is no use in having fewer.
    fn scenes(&self, most: usize) -> Option<Vec<Scene>> {
        let mut operations = self.record.operations.clone();
        operations.sort_by_key(|operation| operation.begun);
        if operations.len() <= FEW || self.is_over() {
            return None;
        }
        let planned: Vec<Atom> = self.record.atoms.iter().filter(|atom| is_planned(atom.kind)).copied().collect();
        let fewest = planned.len().saturating_sub(most - 1).max(1).min(planned.len());
        let scene = |count: usize| {
            // The operation that the last of them meets; the last one, if there is none.
            let end = planned[..count].last().map_or(u64::MAX, |atom| atom.time);
            let met = operations.iter().rposition(|operation| operation.begun <= end).unwrap_or(0);
            let (planned, later) = planned.split_at(count);
            Scene { operations: operations.clone(), met, planned: planned.to_vec(), later: addresses(later) }
        };
        Some((fewest..=planned.len()).rev().map(scene).collect())
    }

    /// Cuts the beginning off, first all that is before the operation that the last planned
    /// fault meets, then less and less; whether that went well.
    fn cut_beginning(&mut self, scene: &Scene, raised: Option<u64>, further: impl Fn(usize) -> usize) -> bool {
        let mut back = 0;
        while back <= scene.met {
            let cut = Cut { count: scene.met - back, raised, loss: Loss::Alike(0), alone: false, search: false };
            if self.is_cut(scene, &cut) {
                return true;
            }
            back = further(back);
        }
        false
    }

    /// Whether the first operations can go, if all that is planned strikes earlier.
    fn is_cut(&mut self, scene: &Scene, cut: &Cut) -> bool {
        if self.is_over() || (cut.count == 0 && cut.raised.is_none() && !cut.search) {
            return false;
        }
        let Scene { operations, met, planned, .. } = scene;
        let losses: Vec<Domain> = losses().collect();
        let shorter = self.shorter(scene, cut);
        let Some(seen) = self.jury.look(&shorter, self.over) else { return false };
        if seen.record.is_some() {
            return self.is_smaller_after(&shorter, &losses);
        }
        let span = |operation: &OperationRecord| seen.spans.iter().find(|span| span.address == operation.address);
        let Some(now) = span(&operations[*met]) else { return false };
        let before = operations[*met].begun;
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
        if self.is_smaller_after(&moved, &losses) {
            return true;
        }
        let Some(journey) = planned.last().filter(|_| cut.search).and_then(|atom| Journey::of(self, atom)) else {
            return false;
        };
        let spans: Vec<(u64, u64)> =
            operations[cut.count..=*met].iter().filter_map(span).map(|span| (span.begun, span.ended)).collect();
        spans.into_iter().any(|span| self.meets(&journey, &moved, span, &losses, ROUNDS))
    }

    /// The overrides without what is cut off; what is lost is lost alike.
    fn shorter(&self, scene: &Scene, cut: &Cut) -> Overrides {
        let mut gone = scene.later.clone();
        gone.extend(scene.operations[..cut.count].iter().map(|operation| operation.address));
        if cut.alone {
            let last = scene.planned.last().map(|atom| atom.address);
            gone.extend(self.record.atoms.iter().map(|atom| atom.address).filter(|address| Some(*address) != last));
        }
        let mut shorter = self.losing(without(&self.overrides, &gone), cut.loss);
        if let Some(argument) = cut.raised {
            for operation in &scene.operations[cut.count..] {
                let entity = mix(operation.address.entity, operation.address.nth);
                shorter.set_in(ARGUMENT, entity, argument, Choice::Draw(u64::MAX));
            }
        }
        shorter
    }
}

fn addresses(atoms: &[Atom]) -> Vec<Address> {
    atoms.iter().map(|atom| atom.address).collect()
}
