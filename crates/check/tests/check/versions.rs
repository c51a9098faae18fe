//! The register with versions against all that a store could be: a set of stores, each of
//! which gave one version to each write that nobody was told of.

use crate::random::Dice;
use std::collections::BTreeSet;
use wavetank_check::{Current, Model, VersionedOp, VersionedRegister, VersionedRet, When};

/// Versions that are told are below this.
const TOLD: u64 = 6;
/// Versions in a story: those that are told, and one that is not.
const ALL: u64 = TOLD + 1;

/// A store that knows everything of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Exact {
    /// With its version.
    value: Option<(u64, u64)>,
    /// Above all versions that anybody was told of. Those that nobody was told of take no room
    /// for themselves: to count them, a search would have to tell apart which of them happened.
    next: u64,
}

impl Exact {
    fn holds(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Absent => self.value.is_none(),
            When::Version(version) => self.value.is_some_and(|(its, _)| its == version),
        }
    }

    /// The same store when a version was told, or named in a condition that held.
    fn told(self, version: u64) -> Exact {
        Exact { next: self.next.max(version + 1), ..self }
    }

    fn step(self, op: &VersionedOp<u64>, ret: Option<&VersionedRet<u64>>) -> Vec<Exact> {
        use VersionedRet::{Deleted, Found, Gone, Mismatch, NotFound, Written};
        let when = match op {
            VersionedOp::Get => When::Always,
            VersionedOp::Write { when, .. } | VersionedOp::Delete { when } => *when,
        };
        if let Some(Mismatch { current }) = ret {
            let version = self.value.map(|(version, _)| version);
            let is_so = *current == Current::Untold || *current == version.map_or(Current::Absent, Current::Version);
            let may = *op != VersionedOp::Get && !self.holds(when) && is_so;
            let after = if let Current::Version(version) = current { self.told(*version) } else { self };
            return may.then_some(after).into_iter().collect();
        }
        if ret == Some(&NotFound) {
            let may = !matches!(op, VersionedOp::Write { .. }) && self.value.is_none();
            return may.then_some(self).into_iter().collect();
        }
        if !self.holds(when) {
            return Vec::new();
        }
        let held = if let When::Version(version) = when { self.told(version) } else { self };
        let gone = Exact { value: None, ..held };
        match (op, ret) {
            (VersionedOp::Get, Some(Found { version, value })) if self.value == Some((*version, *value)) => {
                vec![self.told(*version)]
            }
            (VersionedOp::Write { value, .. }, Some(Written { version })) if *version >= held.next => {
                vec![Exact { value: Some((*version, *value)), ..held }.told(*version)]
            }
            (VersionedOp::Write { value, .. }, None) => {
                (held.next..ALL).map(|version| Exact { value: Some((version, *value)), ..held }).collect()
            }
            (VersionedOp::Delete { .. }, None | Some(Gone)) => vec![gone],
            (VersionedOp::Delete { .. }, Some(Deleted)) if self.value.is_some() => vec![gone],
            _ => Vec::new(),
        }
    }
}

fn draw(dice: &mut Dice) -> (VersionedOp<u64>, Option<VersionedRet<u64>>) {
    let (version, value) = (dice.below(TOLD), dice.below(2));
    let when = [When::Always, When::Absent, When::Version(dice.below(TOLD)), When::Version(dice.below(TOLD))];
    let when = when[dice.below(4) as usize];
    let op = match dice.below(4) {
        0 => VersionedOp::Get,
        1 | 2 => VersionedOp::Write { when, value },
        _ => VersionedOp::Delete { when },
    };
    let current = [Current::Untold, Current::Absent, Current::Version(version)][dice.below(3) as usize];
    let ret = match dice.below(8) {
        0 if op != VersionedOp::Get => None,
        0 | 1 => Some(VersionedRet::Found { version, value }),
        2 => Some(VersionedRet::NotFound),
        3 | 4 => Some(VersionedRet::Written { version }),
        5 => Some(VersionedRet::Deleted),
        6 => Some(VersionedRet::Gone),
        _ => Some(VersionedRet::Mismatch { current }),
    };
    (op, ret)
}

#[test]
fn what_is_known_is_what_could_be() {
    let model = VersionedRegister::<u64>::default();
    let mut fitted = 0;
    for seed in 0..5_000 {
        let mut dice = Dice(seed);
        let mut known = model.initial(&());
        let mut could_be = BTreeSet::from([Exact { value: None, next: 0 }]);
        let mut story = Vec::new();
        // What does not fit is left out, so that the story goes on.
        for _ in 0..30 {
            let (op, ret) = draw(&mut dice);
            let next: BTreeSet<Exact> = could_be.iter().flat_map(|store| store.step(&op, ret.as_ref())).collect();
            let step = model.step(&known, &op, ret.as_ref());
            story.push(model.words(&op, ret.as_ref()));
            assert_eq!(step.is_some(), !next.is_empty(), "seed {seed}: {story:?} leads to {} stores", next.len());
            match step {
                Some(step) => (known, could_be) = (step, next),
                None => drop(story.pop()),
            }
        }
        fitted += story.len();
    }
    assert!((20_000..30_000).contains(&fitted), "{fitted} of 150,000 steps fit: too many of one kind prove little");
}
