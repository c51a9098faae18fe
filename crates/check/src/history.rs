//! The history: which operations clients asked for, when, and what came of each. It
//! judges nothing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What clients asked for, and what came back, in the order of both.
///
/// The order is that of the calls on this value: an operation that was completed
/// before another was invoked came before it. Times are for people, and decide nothing.
///
/// ```
/// use std::time::Duration;
/// use wavetank_check::{History, Outcome};
///
/// let mut history = History::default();
/// let asked = history.invoke(0, "write 1", Duration::from_millis(1));
/// let lost = history.invoke(1, "write 2", Duration::from_millis(2));
/// history.complete(asked, "written", Duration::from_millis(3));
/// drop(lost); // Its answer never came: it may have happened, or may yet.
/// assert!(matches!(history.operations()[1].outcome, Outcome::Pending));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<Op, Ret> {
    operations: Vec<Operation<Op, Ret>>,
    /// How many calls there were.
    calls: u64,
}

/// One operation of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation<Op, Ret> {
    /// Its number.
    pub id: OpId,
    /// Who asked for it.
    pub client: u32,
    /// What was asked.
    pub op: Op,
    /// When it was asked.
    pub invoked: Moment,
    /// What came of it.
    pub outcome: Outcome<Ret>,
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome<Ret> {
    /// It was not answered, or not clearly: it may have taken effect at any time after
    /// it was invoked, may still do so, or may never.
    Pending,
    /// It took effect, and was answered.
    Completed {
        /// The answer.
        ret: Ret,
        /// When the answer came.
        at: Moment,
    },
    /// It took no effect, and never will: it was refused.
    Failed {
        /// When that was known.
        at: Moment,
    },
}

/// A point in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// Its place in the order of all calls; this is what decides.
    pub nth: u64,
    /// The time that the caller gave, in nanoseconds since the start.
    pub nanos: u64,
}

/// An operation's number in its history: they are numbered as they are invoked, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(
    /// The number.
    pub u32,
);

/// The right to say, once, what came of an operation. Dropped, it leaves the operation
/// pending.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an operation that is never completed is judged as one that may or may not have happened"]
pub struct Ticket {
    id: OpId,
}

impl<Op, Ret> History<Op, Ret> {
    /// A client asks for something at `time` since the start.
    ///
    /// # Panics
    /// At the 2^32nd operation.
    pub fn invoke(&mut self, client: u32, op: Op, time: Duration) -> Ticket {
        let id = OpId(u32::try_from(self.operations.len()).expect("a history has fewer than 2^32 operations"));
        let invoked = self.moment(time);
        self.operations.push(Operation { id, client, op, invoked, outcome: Outcome::Pending });
        Ticket { id }
    }

    /// Its answer came: it took effect at some instant since it was invoked.
    ///
    /// # Panics
    /// If the ticket is of another history and that shows: this one has no such operation, or
    /// it has ended.
    pub fn complete(&mut self, ticket: Ticket, ret: Ret, time: Duration) {
        let at = self.moment(time);
        self.settle(ticket, Outcome::Completed { ret, at });
    }

    /// As [`complete`](Self::complete), of an operation whose answer says what it was about:
    /// whoever takes from a queue asks for anything, and is told what it got. `op` stands in
    /// place of what was asked, so that it is judged with its own [`part`](crate::Model::part).
    ///
    /// # Panics
    /// As `complete`.
    pub fn complete_as(&mut self, ticket: Ticket, op: Op, ret: Ret, time: Duration) {
        let OpId(id) = ticket.id;
        self.complete(ticket, ret, time);
        self.operations[id as usize].op = op;
    }

    /// It is certain that it took no effect, and never will. An answer that never came
    /// is no such certainty: then do nothing.
    ///
    /// # Panics
    /// If the ticket is of another history and that shows: this one has no such operation, or
    /// it has ended.
    pub fn fail(&mut self, ticket: Ticket, time: Duration) {
        let at = self.moment(time);
        self.settle(ticket, Outcome::Failed { at });
    }

    /// All operations, by their numbers.
    pub fn operations(&self) -> &[Operation<Op, Ret>] {
        &self.operations
    }

    /// The operation of that number, if there is one.
    pub fn get(&self, id: OpId) -> Option<&Operation<Op, Ret>> {
        self.operations.get(id.0 as usize)
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    fn moment(&mut self, time: Duration) -> Moment {
        let nth = self.calls;
        self.calls += 1;
        Moment { nth, nanos: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) }
    }

    fn settle(&mut self, ticket: Ticket, outcome: Outcome<Ret>) {
        let operation = self.operations.get_mut(ticket.id.0 as usize).expect("a ticket is used on its own history");
        assert!(matches!(operation.outcome, Outcome::Pending), "{} ended before: the ticket is another's", ticket.id);
        operation.outcome = outcome;
    }
}

/// Without a bound on `Op` and `Ret`, so that any history can be made by default.
impl<Op, Ret> Default for History<Op, Ret> {
    fn default() -> Self {
        History { operations: Vec::new(), calls: 0 }
    }
}

impl Ticket {
    /// Which operation it is of.
    pub fn id(&self) -> OpId {
        self.id
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl Moment {
    /// The time that the caller gave.
    pub fn time(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }
}
