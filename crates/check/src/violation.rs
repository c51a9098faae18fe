//! Why a history is not linearizable, for people and for pictures: how far one gets, and
//! what does not fit there.

use crate::history::{Moment, OpId, Operation, Outcome};
use crate::model::Model;
use crate::search::DeadEnd;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many of the placed operations are shown before those that do not fit.
const SHOWN: usize = 8;

/// Why a history is not linearizable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The part that it is about, such as a key; empty if there is only one.
    pub part: String,
    /// The longest order that fits, with the state after each.
    pub prefix: Vec<Placed>,
    /// The state after that.
    pub state: String,
    /// The operation whose answer no order explains: until it came, there was one.
    pub blamed: OpId,
    /// What could come next in real time, the blamed one among it: completed operations,
    /// none of which fits, then pending ones that would change something and do not help.
    pub stuck: Vec<OpId>,
    /// All operations of the part, in the order of their invocation, but for those that failed.
    pub intervals: Vec<Interval>,
}

/// An operation that was given a place in the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Which.
    pub id: OpId,
    /// The state after it.
    pub state: String,
}

/// An operation as an interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Which.
    pub id: OpId,
    /// Who asked for it.
    pub client: u32,
    /// What was asked and answered, in words.
    pub words: String,
    /// When it was asked.
    pub invoked: Moment,
    /// When it was answered; `None` if it never was.
    pub completed: Option<Moment>,
}

impl Violation {
    /// Puts a dead end into words. `operations` are those of the part, in the order of
    /// their invocation.
    pub(crate) fn new<M: Model>(
        model: &M,
        part: &M::Part,
        operations: &[&Operation<M::Op, M::Ret>],
        dead_end: DeadEnd,
    ) -> Violation {
        let find = |id: OpId| {
            let index = operations.binary_search_by_key(&id, |operation| operation.id);
            operations[index.expect("what was placed is of this part")]
        };
        let mut state = model.initial(part);
        let mut prefix = Vec::with_capacity(dead_end.prefix.len());
        for id in dead_end.prefix {
            let operation = find(id);
            state = model.step(&state, &operation.op, answer(operation)).expect("it was placed by the same steps");
            prefix.push(Placed { id, state: model.state_words(&state) });
        }
        let part = format!("{part:?}");
        Violation {
            part: if part == "()" { String::new() } else { part },
            prefix,
            state: model.state_words(&state),
            blamed: dead_end.blamed,
            stuck: dead_end.stuck,
            intervals: operations.iter().map(|operation| Interval::new(model, operation)).collect(),
        }
    }

    /// The operation of that number.
    ///
    /// # Panics
    /// If it is not of this part.
    pub fn interval(&self, id: OpId) -> &Interval {
        let index = self.intervals.binary_search_by_key(&id, |interval| interval.id);
        &self.intervals[index.expect("a violation knows the operations of its part")]
    }

    /// The violation in one line.
    pub fn headline(&self) -> String {
        let blamed = self.interval(self.blamed);
        let part = if self.part.is_empty() { String::new() } else { format!(" of {}", self.part) };
        format!(
            "the history{part} is not linearizable: no order explains `{}` of client {} ({})",
            blamed.words, blamed.client, blamed.id
        )
    }
}

impl Interval {
    fn new<M: Model>(model: &M, operation: &Operation<M::Op, M::Ret>) -> Interval {
        let completed = match &operation.outcome {
            Outcome::Completed { at, .. } => Some(*at),
            Outcome::Pending | Outcome::Failed { .. } => None,
        };
        Interval {
            id: operation.id,
            client: operation.client,
            words: model.words(&operation.op, answer(operation)),
            invoked: operation.invoked,
            completed,
        }
    }
}

fn answer<Op, Ret>(operation: &Operation<Op, Ret>) -> Option<&Ret> {
    match &operation.outcome {
        Outcome::Completed { ret, .. } => Some(ret),
        Outcome::Pending | Outcome::Failed { .. } => None,
    }
}

/// One clear line; then the last operations that fit, in their order, and those that do
/// not, as intervals.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        let hidden = self.prefix.len().saturating_sub(SHOWN);
        let shown = &self.prefix[hidden..];
        let ids = shown.iter().map(|placed| placed.id).chain(self.stuck.iter().copied());
        let drawing = Drawing::new(ids.map(|id| self.interval(id)));
        match (hidden, shown.len()) {
            (_, 0) => {}
            (0, _) => writeln!(f, "in this order these fit:")?,
            (_, last) => writeln!(f, "{} operations fit, the last {last} in this order:", hidden + last)?,
        }
        for placed in shown {
            let width = drawing.width;
            writeln!(f, "  {:<width$}   [{}]", drawing.line(self.interval(placed.id)), placed.state)?;
        }
        writeln!(f, "there it is [{}], and none of these leads on:", self.state)?;
        for (index, id) in self.stuck.iter().enumerate() {
            let end = if index + 1 < self.stuck.len() { "\n" } else { "" };
            let mark = if *id == self.blamed { '>' } else { ' ' };
            write!(f, "{mark} {}{end}", drawing.line(self.interval(*id)))?;
        }
        Ok(())
    }
}

/// Intervals as lines of text, a column for each call and return among them.
struct Drawing {
    moments: Vec<u64>,
    id_width: usize,
    /// Of the longest line.
    width: usize,
}

impl Drawing {
    fn new<'a>(intervals: impl Iterator<Item = &'a Interval>) -> Drawing {
        let mut drawing = Drawing { moments: Vec::new(), id_width: 0, width: 0 };
        let intervals: Vec<_> = intervals.collect();
        for interval in &intervals {
            drawing.moments.push(interval.invoked.nth);
            drawing.moments.extend(interval.completed.map(|at| at.nth));
            drawing.id_width = drawing.id_width.max(interval.id.to_string().len());
        }
        drawing.moments.sort_unstable();
        let widths = intervals.iter().map(|interval| drawing.line(interval).chars().count());
        drawing.width = widths.max().unwrap_or(0);
        drawing
    }

    fn column(&self, moment: Moment) -> usize {
        self.moments.partition_point(|other| *other < moment.nth)
    }

    fn line(&self, interval: &Interval) -> String {
        let (from, width) = (self.column(interval.invoked), self.moments.len());
        let bar: String = match interval.completed {
            Some(at) => format!("|{}|", "-".repeat(self.column(at) - from - 1)),
            None => format!("|{}", "~".repeat(width - from)),
        };
        format!(
            "{:<id_width$}  client {:<2} {:<bar_width$}  {}",
            interval.id.to_string(),
            interval.client,
            format!("{}{bar}", " ".repeat(from)),
            interval.words,
            id_width = self.id_width,
            bar_width = width + 1,
        )
    }
}
