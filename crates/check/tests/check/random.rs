//! Random histories from fixed seeds: clients against a store that does one thing at a
//! time, some of whose answers are lost, late or falsified.

use crate::intervals::{Span, pending, span};
use wavetank_check::{Current, Model, VersionedOp, VersionedRegister, VersionedRet};

/// Splitmix64: good enough to vary tests.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(crate) fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }
}

/// How a history is made.
pub(crate) struct Recipe {
    pub(crate) clients: u32,
    pub(crate) operations: u32,
    /// One in so many answers is lost; none at 0.
    pub(crate) lost_one_in: u64,
    /// One in so many answers is falsified; none at 0.
    pub(crate) false_one_in: u64,
    /// From how many values is written; few make confusion.
    pub(crate) values: u64,
}

pub(crate) type VersionedSpan = Span<VersionedOp<u64>, VersionedRet<u64>>;

/// Something that answers one operation after another, and can lie.
pub(crate) trait Store {
    type Op: Clone;
    type Ret;
    fn ask(&self, dice: &mut Dice, value: u64) -> Self::Op;
    fn act(&mut self, op: &Self::Op) -> Self::Ret;
    fn lie(&self, dice: &mut Dice, op: &Self::Op, truth: Self::Ret) -> Self::Ret;
}

/// Clients that ask `store` one thing at a time each: each operation is asked, takes effect
/// and is answered at three points in time that are drawn. With a lost answer, the effect
/// may come at any time later, or never.
pub(crate) fn spans<S: Store>(dice: &mut Dice, recipe: &Recipe, mut store: S) -> Vec<Span<S::Op, S::Ret>> {
    enum Stage<Op, Ret> {
        Idle,
        Asked(usize, Op, u64),
        Done(usize, Op, u64, Ret),
    }
    let mut stages: Vec<Stage<S::Op, S::Ret>> = (0..recipe.clients).map(|_| Stage::Idle).collect();
    let mut late: Vec<S::Op> = Vec::new();
    let mut spans = Vec::new();
    let (mut asked, mut now) = (0, 0u64);
    while asked < recipe.operations || stages.iter().any(|stage| !matches!(stage, Stage::Idle)) {
        now += 1;
        if !late.is_empty() && dice.one_in(4) {
            let index = dice.below(late.len() as u64) as usize;
            store.act(&late.swap_remove(index));
        }
        let client = dice.below(u64::from(recipe.clients)) as usize;
        stages[client] = match std::mem::replace(&mut stages[client], Stage::Idle) {
            Stage::Idle if asked < recipe.operations => {
                asked += 1;
                let value = dice.below(recipe.values);
                Stage::Asked(client, store.ask(dice, value), now)
            }
            Stage::Idle => Stage::Idle,
            Stage::Asked(client, op, from) => {
                if recipe.lost_one_in > 0 && dice.one_in(recipe.lost_one_in) {
                    spans.push(pending(client as u32, op.clone(), from));
                    late.push(op);
                    Stage::Idle
                } else {
                    let truth = store.act(&op);
                    let falsified = recipe.false_one_in > 0 && dice.one_in(recipe.false_one_in);
                    let ret = if falsified { store.lie(dice, &op, truth) } else { truth };
                    Stage::Done(client, op, from, ret)
                }
            }
            Stage::Done(client, op, from, ret) => {
                spans.push(span(client as u32, op, from, now, ret));
                Stage::Idle
            }
        };
    }
    spans
}

/// A store with versions, as the model is used by systems.
#[derive(Default)]
pub(crate) struct Versions {
    value: Option<(u64, u64)>,
    last: u64,
}

impl Store for Versions {
    type Op = VersionedOp<u64>;
    type Ret = VersionedRet<u64>;

    fn ask(&self, dice: &mut Dice, value: u64) -> VersionedOp<u64> {
        match dice.below(8) {
            0..3 => VersionedOp::Get,
            3..5 => VersionedOp::put(value),
            // A version that is, or was, or will be.
            5 => VersionedOp::cas((self.last + 1).saturating_sub(dice.below(3)).max(1), value),
            6 => VersionedOp::create(value),
            _ => VersionedOp::delete(),
        }
    }

    fn act(&mut self, op: &VersionedOp<u64>) -> VersionedRet<u64> {
        use wavetank_check::When;
        match op {
            VersionedOp::Get => match self.value {
                Some((version, value)) => VersionedRet::Found { version, value },
                None => VersionedRet::NotFound,
            },
            VersionedOp::Write { when, value } => {
                let current = self.value.map(|(version, _)| version);
                let holds = match when {
                    When::Always => true,
                    When::Absent => current.is_none(),
                    When::Version(version) => current == Some(*version),
                };
                if !holds {
                    return VersionedRet::Mismatch { current: current.map_or(Current::Absent, Current::Version) };
                }
                self.last += 1;
                self.value = Some((self.last, *value));
                VersionedRet::Written { version: self.last }
            }
            VersionedOp::Delete { .. } => match self.value.take() {
                Some(_) => VersionedRet::Deleted,
                None => VersionedRet::NotFound,
            },
        }
    }

    fn lie(&self, dice: &mut Dice, op: &VersionedOp<u64>, _: VersionedRet<u64>) -> VersionedRet<u64> {
        let version = (self.last + 1).saturating_sub(dice.below(3));
        match (op, dice.below(2)) {
            (VersionedOp::Get | VersionedOp::Delete { .. }, 0) => VersionedRet::NotFound,
            (VersionedOp::Get, _) => VersionedRet::Found { version, value: dice.below(3) },
            (VersionedOp::Delete { .. }, _) => VersionedRet::Deleted,
            (VersionedOp::Write { .. }, 0) => VersionedRet::Written { version },
            (VersionedOp::Write { .. }, _) => VersionedRet::Mismatch { current: Current::Untold },
        }
    }
}

#[test]
fn the_store_without_faults_is_the_model() {
    let mut dice = Dice(1);
    let (mut store, model) = (Versions::default(), VersionedRegister::default());
    let mut state = model.initial(&());
    for _ in 0..10_000 {
        let value = dice.below(3);
        let op = store.ask(&mut dice, value);
        let ret = store.act(&op);
        state = model.step(&state, &op, Some(&ret)).unwrap_or_else(|| panic!("{}", model.words(&op, Some(&ret))));
    }
}
