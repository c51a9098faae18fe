//! The checker over models that nobody would write: tables that are drawn, in which
//! anything may lead anywhere. What a search may leave out must hold in these, too.

use crate::brute_force::{check_the_violation, some_order_fits};
use crate::random::Dice;
use std::time::Duration;
use wavetank_check::{
    History, Keyed, Limits, Model, OpId, Outcome, PerKey, Placed, Ticket, Verdict, Violation, linearizable,
};

const STATES: u64 = 5;
const OPS: u64 = 4;
const RETS: u64 = 3;

/// Where each operation leads from each state with each answer, and without one.
struct Table(Vec<Option<u8>>);

impl Table {
    fn draw(dice: &mut Dice) -> Table {
        let dense = 2 + dice.below(4);
        let entries = STATES * OPS * (RETS + 1);
        Table((0..entries).map(|_| (!dice.one_in(dense)).then(|| dice.below(STATES) as u8)).collect())
    }
}

impl Model for Table {
    type Op = u8;
    type Ret = u8;
    type State = u8;
    type Part = ();

    fn part(&self, _: &u8) {}

    fn initial(&self, (): &()) -> u8 {
        0
    }

    fn step(&self, state: &u8, op: &u8, ret: Option<&u8>) -> Option<u8> {
        let answer = ret.map_or(RETS, |ret| u64::from(*ret));
        self.0[((u64::from(*state) * OPS + u64::from(*op)) * (RETS + 1) + answer) as usize]
    }
}

/// Operations that begin and end in any order, with any answers; some refused, some never answered.
fn draw(dice: &mut Dice, operations: u64) -> History<u8, u8> {
    draw_with(dice, operations, |dice| dice.below(OPS) as u8)
}

fn draw_with<Op>(dice: &mut Dice, operations: u64, op: impl Fn(&mut Dice) -> Op) -> History<Op, u8> {
    let mut history = History::default();
    let mut open: Vec<Ticket> = Vec::new();
    let lost = 2 + dice.below(5);
    for nth in 0..operations {
        open.push(history.invoke(nth as u32, op(dice), Duration::ZERO));
        while !open.is_empty() && dice.one_in(2) {
            let ticket = open.swap_remove(dice.below(open.len() as u64) as usize);
            if dice.one_in(lost) {
                drop(ticket);
            } else if dice.one_in(8) {
                history.fail(ticket, Duration::ZERO);
            } else {
                history.complete(ticket, dice.below(RETS) as u8, Duration::ZERO);
            }
        }
    }
    for ticket in open {
        if !dice.one_in(lost) {
            history.complete(ticket, dice.below(RETS) as u8, Duration::ZERO);
        }
    }
    history
}

/// That an operation could come next in real time, of those that are not placed.
fn is_next(history: &History<u8, u8>, placed: &[Placed], id: OpId) -> bool {
    let invoked = history.get(id).expect("it is of this history").invoked;
    let left = history.operations().iter().filter(|other| placed.iter().all(|one| one.id != other.id));
    left.into_iter().all(|other| !matches!(other.outcome, Outcome::Completed { at, .. } if at.nth < invoked.nth))
}

/// Each step of the order that a violation shows is one in real time and of the model, and
/// nothing that is completed and could come next fits.
fn check_the_prefix(model: &Table, history: &History<u8, u8>, violation: &Violation) {
    let step = |state: u8, id: OpId| {
        let operation = history.get(id).expect("it is of this history");
        let Outcome::Completed { ret, .. } = &operation.outcome else { return model.step(&state, &operation.op, None) };
        model.step(&state, &operation.op, Some(ret))
    };
    let mut state = 0;
    for (index, placed) in violation.prefix.iter().enumerate() {
        assert!(is_next(history, &violation.prefix[..index], placed.id), "{violation}");
        state = step(state, placed.id).unwrap_or_else(|| panic!("{} does not fit: {violation}", placed.id));
        assert_eq!(placed.state, state.to_string());
    }
    assert_eq!(violation.state, state.to_string());
    let failed = |id: OpId| matches!(history.get(id).expect("it is of this history").outcome, Outcome::Failed { .. });
    assert!(violation.intervals.iter().all(|interval| !failed(interval.id)), "{violation}");
    assert!(violation.stuck.contains(&violation.blamed), "{violation}");
    for id in &violation.stuck {
        assert!(is_next(history, &violation.prefix, *id), "{violation}");
        let is_pending = violation.interval(*id).completed.is_none();
        assert!(is_pending || step(state, *id).is_none(), "{id} fits: {violation}");
    }
}

#[test]
fn tables_are_judged_as_by_trying_everything() {
    let mut legal = 0;
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let (model, operations) = (Table::draw(&mut dice), 2 + dice.below(6));
        let history = draw(&mut dice, operations);
        let expected = some_order_fits(&model, &history);
        let verdict = linearizable(&model, &history, Limits::default());
        assert_eq!(verdict.is_linearizable(), expected, "seed {seed}: {verdict}\n{history:#?}");
        legal += u64::from(expected);
        if let Verdict::Violation(violation) = &verdict {
            check_the_violation(&model, &history, violation.blamed, seed);
            check_the_prefix(&model, &history, violation);
        }
        let limit = 1 + dice.below(12);
        match linearizable(&model, &history, Limits { configurations: limit }) {
            Verdict::Linearizable { explored } => assert!(expected && explored <= limit, "seed {seed}"),
            Verdict::Violation(_) => assert!(!expected, "seed {seed}"),
            Verdict::Unknown { explored } => assert_eq!(explored, limit, "seed {seed}: it had not looked so far"),
        }
    }
    assert!((1_000..3_000).contains(&legal), "{legal} of 4,000 are legal: too much of one kind proves little");
}

/// Three tables of one kind as one model, which knows nothing of parts.
struct Three(Table);

impl Model for Three {
    type Op = Keyed<u8, u8>;
    type Ret = u8;
    type State = [u8; 3];
    type Part = ();

    fn part(&self, _: &Keyed<u8, u8>) {}

    fn initial(&self, (): &()) -> [u8; 3] {
        [0; 3]
    }

    fn step(&self, state: &[u8; 3], op: &Keyed<u8, u8>, ret: Option<&u8>) -> Option<[u8; 3]> {
        let mut state = *state;
        let one = &mut state[usize::from(op.key)];
        *one = self.0.step(one, &op.op, ret)?;
        Some(state)
    }
}

#[test]
fn parts_are_judged_as_the_whole_is() {
    let mut legal = 0;
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let three = Three(Table::draw(&mut dice));
        let history = draw_with(&mut dice, 7, |dice| Keyed::new(dice.below(3) as u8, dice.below(OPS) as u8));
        let expected = some_order_fits(&three, &history);
        let verdict = linearizable(&PerKey::<u8, Table>::new(three.0), &history, Limits::default());
        assert_eq!(verdict.is_linearizable(), expected, "seed {seed}: {verdict}\n{history:#?}");
        legal += u64::from(expected);
    }
    assert!((500..1_500).contains(&legal), "{legal} of 2,000 are legal: too much of one kind proves little");
}
