//! The checker against one that is too simple to be wrong: it tries every order of every
//! choice of pending operations, without memory.

use crate::intervals::{Span, history, pending, span};
use crate::random::{Dice, Recipe, Store, Versions, spans};
use wavetank_check::{
    History, Limits, Model, Operation, Outcome, Register, RegisterOp, RegisterRet, Verdict, VersionedRegister,
    linearizable,
};

/// Whether some order of the completed operations and of any of the pending ones keeps
/// real time and is what the model does.
pub(crate) fn some_order_fits<M: Model<Part = ()>>(model: &M, history: &History<M::Op, M::Ret>) -> bool {
    let mut operations: Vec<_> = history.operations().iter().filter(|operation| happened(operation)).collect();
    let initial = model.initial(&());
    any_order(model, &initial, &mut operations)
}

/// Whether it took effect, or may have.
fn happened<Op, Ret>(operation: &Operation<Op, Ret>) -> bool {
    !matches!(operation.outcome, Outcome::Failed { .. })
}

fn any_order<M: Model>(model: &M, state: &M::State, left: &mut Vec<&Operation<M::Op, M::Ret>>) -> bool {
    if left.iter().all(|operation| matches!(operation.outcome, Outcome::Pending)) {
        return true;
    }
    (0..left.len()).any(|index| {
        let next = left.remove(index);
        let waits = left
            .iter()
            .any(|other| matches!(other.outcome, Outcome::Completed { at, .. } if at.nth < next.invoked.nth));
        let ret = match &next.outcome {
            Outcome::Completed { ret, .. } => Some(ret),
            Outcome::Pending | Outcome::Failed { .. } => None,
        };
        let fits = !waits && model.step(state, &next.op, ret).is_some_and(|state| any_order(model, &state, left));
        left.insert(index, next);
        fits
    })
}

/// Judges many small histories of a store both ways; says how many were legal.
fn compare<M: Model<Part = ()>, S: Store<Op = M::Op, Ret = M::Ret> + Default>(
    model: &M,
    histories: u64,
    false_one_in: u64,
) -> u64 {
    let mut legal = 0;
    for seed in 0..histories {
        let mut dice = Dice(seed);
        let recipe = Recipe {
            clients: 2 + dice.below(3) as u32,
            operations: 3 + dice.below(5) as u32,
            lost_one_in: 4,
            false_one_in,
            values: 3,
        };
        let history = history(spans(&mut dice, &recipe, S::default()));
        let expected = some_order_fits(model, &history);
        let verdict = linearizable(model, &history, Limits::default());
        assert_eq!(verdict.is_linearizable(), expected, "seed {seed}: {verdict}\n{history:#?}");
        legal += u64::from(expected);
        if let Verdict::Violation(violation) = &verdict {
            check_the_violation(model, &history, violation.blamed, seed);
        }
    }
    legal
}

/// Until the blamed operation was answered, all was well, if what was answered later is
/// known; with its answer, it was not.
pub(crate) fn check_the_violation<M: Model<Part = ()>>(
    model: &M,
    history: &History<M::Op, M::Ret>,
    blamed: wavetank_check::OpId,
    seed: u64,
) {
    let Outcome::Completed { at, .. } = history.get(blamed).expect("it is in there").outcome else {
        panic!("seed {seed}: a pending operation is never blamed");
    };
    let mut until: Vec<_> =
        history.operations().iter().filter(|other| happened(other) && other.invoked.nth < at.nth).collect();
    let initial = model.initial(&());
    assert!(!any_until(model, &initial, &mut until, at.nth, true), "seed {seed}: {blamed} can be explained");
    assert!(any_until(model, &initial, &mut until, at.nth, false), "seed {seed}: {blamed} is not the first");
}

/// Whether some order explains all that was answered before `end`, or also at it.
fn any_until<M: Model>(
    model: &M,
    state: &M::State,
    left: &mut Vec<&Operation<M::Op, M::Ret>>,
    end: u64,
    inclusive: bool,
) -> bool {
    let due = |operation: &Operation<M::Op, M::Ret>| matches!(operation.outcome, Outcome::Completed { at, .. } if at.nth < end || inclusive && at.nth == end);
    if !left.iter().any(|operation| due(operation)) {
        return true;
    }
    (0..left.len()).any(|index| {
        let next = left.remove(index);
        let waits = left
            .iter()
            .any(|other| matches!(other.outcome, Outcome::Completed { at, .. } if at.nth < next.invoked.nth));
        let ret = match &next.outcome {
            Outcome::Completed { ret, .. } => Some(ret),
            Outcome::Pending | Outcome::Failed { .. } => None,
        };
        let fits = !waits
            && model.step(state, &next.op, ret).is_some_and(|state| any_until(model, &state, left, end, inclusive));
        left.insert(index, next);
        fits
    })
}

/// A register that does one thing at a time.
#[derive(Default)]
struct Plain(u64);

impl Store for Plain {
    type Op = RegisterOp<u64>;
    type Ret = RegisterRet<u64>;

    fn ask(&self, dice: &mut Dice, value: u64) -> RegisterOp<u64> {
        if dice.one_in(2) { RegisterOp::Read } else { RegisterOp::Write(value) }
    }

    fn act(&mut self, op: &RegisterOp<u64>) -> RegisterRet<u64> {
        match op {
            RegisterOp::Read => RegisterRet::Value(self.0),
            RegisterOp::Write(value) => {
                self.0 = *value;
                RegisterRet::Written
            }
        }
    }

    fn lie(&self, dice: &mut Dice, op: &RegisterOp<u64>, truth: RegisterRet<u64>) -> RegisterRet<u64> {
        if *op == RegisterOp::Read { RegisterRet::Value(dice.below(3)) } else { truth }
    }
}

#[test]
fn registers_are_judged_as_by_trying_everything() {
    let legal = compare::<_, Plain>(&Register { initial: 0 }, 5_000, 2);
    assert!((1_000..4_000).contains(&legal), "{legal} of 5,000 are legal: too much of one kind proves little");
}

#[test]
fn versions_are_judged_as_by_trying_everything() {
    let legal = compare::<_, Versions>(&VersionedRegister::default(), 5_000, 6);
    assert!((1_000..4_000).contains(&legal), "{legal} of 5,000 are legal: too much of one kind proves little");
}

#[test]
fn trying_everything_knows_right_from_wrong() {
    type Of = Span<RegisterOp<u64>, RegisterRet<u64>>;
    let fits = |spans: [Of; 2]| some_order_fits(&Register { initial: 0 }, &history(spans));
    let read = |value| span(1, RegisterOp::Read, 2, 3, RegisterRet::Value(value));
    assert!(fits([span(0, RegisterOp::Write(1), 0, 1, RegisterRet::Written), read(1)]));
    assert!(!fits([span(0, RegisterOp::Write(1), 0, 1, RegisterRet::Written), read(0)]));
    assert!(
        fits([pending(0, RegisterOp::Write(1), 0), read(0)]) && fits([pending(0, RegisterOp::Write(1), 0), read(1)])
    );
}

/// A log that is appended to: no two orders of its writes lead to the same state, unlike
/// those of a register.
pub(crate) struct Log;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LogOp {
    Append(u64),
    Read,
}

impl Model for Log {
    type Op = LogOp;
    type Ret = Vec<u64>;
    type State = Vec<u64>;
    type Part = ();

    fn part(&self, _: &LogOp) {}

    fn initial(&self, (): &()) -> Vec<u64> {
        Vec::new()
    }

    fn step(&self, state: &Vec<u64>, op: &LogOp, ret: Option<&Vec<u64>>) -> Option<Vec<u64>> {
        let mut state = state.clone();
        match op {
            LogOp::Append(value) => state.push(*value),
            // A read tells the last two only, so that some orders stay open.
            LogOp::Read if ret.is_some_and(|ret| !state.ends_with(ret)) => return None,
            LogOp::Read => {}
        }
        Some(state)
    }
}

impl Store for Vec<u64> {
    type Op = LogOp;
    type Ret = Vec<u64>;

    fn ask(&self, dice: &mut Dice, value: u64) -> LogOp {
        if dice.one_in(2) { LogOp::Read } else { LogOp::Append(value) }
    }

    fn act(&mut self, op: &LogOp) -> Vec<u64> {
        if let LogOp::Append(value) = op {
            self.push(*value);
        }
        self[self.len().saturating_sub(2)..].to_vec()
    }

    fn lie(&self, dice: &mut Dice, _: &LogOp, truth: Vec<u64>) -> Vec<u64> {
        truth.into_iter().map(|value| if dice.one_in(2) { dice.below(3) } else { value }).collect()
    }
}

#[test]
fn logs_are_judged_as_by_trying_everything() {
    let legal = compare::<_, Vec<u64>>(&Log, 5_000, 1);
    assert!((1_000..4_000).contains(&legal), "{legal} of 5,000 are legal: too much of one kind proves little");
}
