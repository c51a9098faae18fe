//! The judge of linearizability: takes a history apart, has each part searched, and
//! says what came out. The search itself is in [`search`](crate::search).

use crate::history::{History, Operation, Outcome};
use crate::model::Model;
use crate::search::{Found, Search};
use crate::verdict::Verdict;
use crate::violation::Violation;
use std::collections::BTreeMap;

/// How far a check may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many configurations (sets of placed operations with a state) may be reached in
    /// each part of the history; each takes some hundred bytes, and what its state has
    /// allocated.
    pub configurations: u64,
}

impl Default for Limits {
    /// A million configurations: some hundred megabytes, and seconds.
    fn default() -> Self {
        Limits { configurations: 1_000_000 }
    }
}

/// Operations of one part, in the order of their invocation.
type Operations<'a, M> = Vec<&'a Operation<<M as Model>::Op, <M as Model>::Ret>>;

/// Says whether a history is linearizable: whether each operation can be given an instant
/// between its invocation and its completion at which it took effect all at once, such
/// that one after another they do what `model` does (Herlihy and Wing, 1990).
///
/// A pending operation may be given an instant any time after its invocation, or none.
///
/// It is a search that may be exponential in how many operations overlap, and is close to
/// linear in the length of the history where few do.
pub fn linearizable<M: Model>(model: &M, history: &History<M::Op, M::Ret>, limits: Limits) -> Verdict {
    let mut parts: BTreeMap<M::Part, Operations<'_, M>> = BTreeMap::new();
    for operation in history.operations() {
        if !matches!(operation.outcome, Outcome::Failed { .. }) {
            parts.entry(model.part(&operation.op)).or_default().push(operation);
        }
    }
    let mut explored = 0;
    let mut gave_up = false;
    for (part, operations) in &parts {
        let mut search = Search::new(model, model.initial(part), operations.iter().copied());
        let found = search.run(limits.configurations);
        explored += search.explored();
        match found {
            Found::Order => {}
            // Another part may yet be surely wrong, which says more.
            Found::GaveUp => gave_up = true,
            Found::DeadEnd(dead_end) => {
                return Verdict::Violation(Box::new(Violation::new(model, part, operations, dead_end)));
            }
        }
    }
    if gave_up { Verdict::Unknown { explored } } else { Verdict::Linearizable { explored } }
}
