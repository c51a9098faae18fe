//! The search for an order: Wing and Gong's (1993) with Lowe's memory of configurations
//! (2017), over one part of a history. Words for people are made elsewhere.

use crate::configuration::{Placed, Reached};
use crate::history::{OpId, Operation, Outcome};
use crate::model::Model;
use crate::remaining::{Event, Node, Remaining};
use fixedbitset::FixedBitSet;

/// How a search ended.
pub(crate) enum Found {
    /// There is an order.
    Order,
    /// There is none.
    DeadEnd(DeadEnd),
    /// The limit was reached.
    GaveUp,
}

/// How far one gets, where there is no order.
pub(crate) struct DeadEnd {
    /// The longest order that fits.
    pub(crate) prefix: Vec<OpId>,
    /// The operation whose return nothing gets past.
    pub(crate) blamed: OpId,
    /// What could come next in real time: completed ones, none of which fits, then pending
    /// ones that would change something.
    pub(crate) stuck: Vec<OpId>,
}

/// An operation as the search sees it.
struct Candidate<'a, M: Model> {
    id: OpId,
    invoked: u64,
    op: &'a M::Op,
    ret: Option<&'a M::Ret>,
}

/// Which operation: its index among the completed or the pending ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Completed(usize),
    Pending(usize),
}

/// Where to look for the next operation to try. Completed ones come first: they have to
/// be placed anyway, while a pending one is needed only where nothing else fits.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Completed(Node),
    Pending { index: usize, before: u64 },
}

/// An operation that is placed, and how to take it back.
struct Step<S> {
    which: Which,
    state_before: S,
    /// Where to look on when it is taken back.
    cursor: Cursor,
}

/// The search over one part of a history.
pub(crate) struct Search<'a, M: Model> {
    model: &'a M,
    completed: Vec<Candidate<'a, M>>,
    pending: Vec<Candidate<'a, M>>,
    remaining: Remaining,
    placed: Placed,
    used: FixedBitSet,
    state: M::State,
    steps: Vec<Step<M::State>>,
    reached: Reached<M::State>,
    best: Option<Best>,
}

struct Best {
    /// The moment of the first return that is not placed, then how many are.
    reach: (u64, usize),
    dead_end: DeadEnd,
}

impl<'a, M: Model> Search<'a, M> {
    /// A search over `operations`, which are in the order of their invocation.
    pub(crate) fn new(
        model: &'a M,
        initial: M::State,
        operations: impl IntoIterator<Item = &'a Operation<M::Op, M::Ret>>,
    ) -> Search<'a, M> {
        let (mut completed, mut pending, mut moments) = (Vec::new(), Vec::new(), Vec::new());
        for Operation { id, op, invoked, outcome, .. } in operations {
            let (id, invoked) = (*id, invoked.nth);
            match outcome {
                Outcome::Completed { ret, at } => {
                    moments.push((invoked, at.nth));
                    completed.push(Candidate { id, invoked, op, ret: Some(ret) });
                }
                Outcome::Pending => pending.push(Candidate { id, invoked, op, ret: None }),
                Outcome::Failed { .. } => {}
            }
        }
        Search {
            model,
            remaining: Remaining::new(&moments),
            placed: Placed::new(completed.len()),
            used: FixedBitSet::with_capacity(pending.len()),
            completed,
            pending,
            state: initial,
            steps: Vec::new(),
            reached: Reached::new(),
            best: None,
        }
    }

    /// How many configurations were reached so far.
    pub(crate) fn explored(&self) -> u64 {
        self.reached.count()
    }

    /// Searches until there is an order, or surely none, or `limit` configurations were reached.
    pub(crate) fn run(&mut self, limit: u64) -> Found {
        let mut cursor = Cursor::Completed(self.remaining.first());
        while !self.remaining.is_empty() {
            if let Some(which) = self.next(&mut cursor) {
                if self.place(which, cursor) {
                    cursor = Cursor::Completed(self.remaining.first());
                }
                if self.explored() >= limit && !self.remaining.is_empty() {
                    return Found::GaveUp;
                }
                continue;
            }
            self.remember_if_best();
            match self.take_back() {
                Some(back) => cursor = back,
                None => {
                    return Found::DeadEnd(self.best.take().expect("each dead end is compared with the best").dead_end);
                }
            }
        }
        Found::Order
    }

    /// The next operation to try, and moves `cursor` past it.
    fn next(&self, cursor: &mut Cursor) -> Option<Which> {
        if let Cursor::Completed(node) = *cursor {
            match self.remaining.event(node) {
                Event::Call(operation) => {
                    *cursor = Cursor::Completed(self.remaining.after(node));
                    return Some(Which::Completed(operation));
                }
                Event::Return(_) | Event::End => {
                    *cursor = Cursor::Pending { index: 0, before: self.remaining.moment(node) };
                }
            }
        }
        let Cursor::Pending { index, before } = cursor else { unreachable!("it was just moved there") };
        while self.pending.get(*index).is_some_and(|candidate| candidate.invoked < *before) {
            *index += 1;
            if !self.used.contains(*index - 1) {
                return Some(Which::Pending(*index - 1));
            }
        }
        None
    }

    /// Places an operation, if it fits here and that leads somewhere new.
    fn place(&mut self, which: Which, cursor: Cursor) -> bool {
        let candidate = self.candidate(which);
        let Some(state) = self.model.step(&self.state, candidate.op, candidate.ret) else { return false };
        if let Some(Step { which: Which::Pending(last), state_before, .. }) = self.steps.last()
            && self.is_better_without(state_before, *last, which, &state)
        {
            return false;
        }
        match which {
            Which::Completed(operation) => {
                self.remaining.take(operation);
                self.placed.insert(operation);
            }
            Which::Pending(pending) if !self.enables(pending, &state) => return false,
            Which::Pending(pending) => self.used.insert(pending),
        }
        let state_before = std::mem::replace(&mut self.state, state);
        self.steps.push(Step { which, state_before, cursor });
        let new = self.reached.insert(&self.placed, self.first_missing(), &self.used, self.state.clone());
        if !new {
            self.take_back();
        }
        new
    }

    /// Whether a pending operation that would lead to `after` opens a way for another one.
    /// If not, it may as well happen later, or never.
    fn enables(&self, pending: usize, after: &M::State) -> bool {
        let mut cursor = Cursor::Completed(self.remaining.first());
        while *after != self.state
            && let Some(which) = self.next(&mut cursor)
        {
            let then = self.candidate(which);
            let state = match which {
                Which::Pending(other) if other == pending => None,
                _ => self.model.step(after, then.op, then.ret),
            };
            if state.is_some_and(|state| !self.is_better_without(&self.state, pending, which, &state)) {
                return true;
            }
        }
        false
    }

    /// Whether going from `before` by `pending` and then by `then` to `after` is a detour:
    /// `then` alone leads there, or `pending` can as well follow it. What is reached
    /// otherwise is reached in any case, and what needed fewer pending operations is better.
    ///
    /// It asks that of a completed `then` only, as two pending ones would each wait for the other.
    fn is_better_without(&self, before: &M::State, pending: usize, then: Which, after: &M::State) -> bool {
        let candidate = self.candidate(then);
        match self.model.step(before, candidate.op, candidate.ret) {
            None => false,
            Some(without) if without == *after => true,
            Some(without) => {
                matches!(then, Which::Completed(_))
                    && self.model.step(&without, self.pending[pending].op, None).as_ref() == Some(after)
            }
        }
    }

    /// Takes the last operation back; says where to look on.
    fn take_back(&mut self) -> Option<Cursor> {
        let Step { which, state_before, cursor } = self.steps.pop()?;
        match which {
            Which::Completed(operation) => {
                self.remaining.put_back(operation);
                self.placed.remove(operation);
            }
            Which::Pending(pending) => self.used.set(pending, false),
        }
        self.state = state_before;
        Some(cursor)
    }

    /// The first completed operation that is not placed: its call is the first event
    /// that remains, as its return comes later.
    fn first_missing(&self) -> usize {
        match self.remaining.event(self.remaining.first()) {
            Event::Call(operation) => operation,
            Event::End => self.completed.len(),
            Event::Return(_) => unreachable!("an operation returns after it was called"),
        }
    }

    fn candidate(&self, which: Which) -> &Candidate<'a, M> {
        match which {
            Which::Completed(operation) => &self.completed[operation],
            Which::Pending(pending) => &self.pending[pending],
        }
    }

    /// At a dead end: keeps it if none got further. Further is past more returns, then
    /// with more operations.
    fn remember_if_best(&mut self) {
        let first_return = self.remaining.first_return();
        let reach = (self.remaining.moment(first_return), self.placed.count());
        if self.best.as_ref().is_some_and(|best| best.reach >= reach) {
            return;
        }
        let Event::Return(blamed) = self.remaining.event(first_return) else {
            unreachable!("a dead end has operations that remain");
        };
        let mut stuck = Vec::new();
        let mut cursor = Cursor::Completed(self.remaining.first());
        while let Some(which) = self.next(&mut cursor) {
            let candidate = self.candidate(which);
            let changes = || self.model.step(&self.state, candidate.op, candidate.ret).is_some_and(|s| s != self.state);
            if matches!(which, Which::Completed(_)) || changes() {
                stuck.push(candidate.id);
            }
        }
        let prefix = self.steps.iter().map(|step| self.candidate(step.which).id).collect();
        let dead_end = DeadEnd { prefix, blamed: self.completed[blamed].id, stuck };
        self.best = Some(Best { reach, dead_end });
    }
}
