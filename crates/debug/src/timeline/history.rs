//! A history that no order explains, as the page draws it: the operations on one object,
//! and the longest prefix of them that can be put in order. Finding it is the checker's
//! work.

use crate::trace::TraceFile;
use serde::{Deserialize, Serialize};
use wavetank_check::Violation;

/// The kind of event that tells of such a history, and its argument that holds it.
pub(super) const KIND: &str = "history";
pub(crate) const ARGUMENT: &str = "violation";

/// The operations on one object whose history is not linearizable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// What they were asked of, such as a key; empty if there is only one.
    pub object: String,
    /// What it holds after the longest order that works.
    pub state: String,
    /// By when they began.
    pub operations: Vec<HistoryOperation>,
}

/// One operation of a [`History`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HistoryOperation {
    /// Who asked.
    pub client: String,
    /// What was asked and answered, in words.
    pub words: String,
    /// Nanoseconds of virtual time at which it began.
    pub begun: u64,
    /// The same for its end; absent if it never ended.
    pub ended: Option<u64>,
    /// Its place in the longest order that works, from 1; absent if it has none.
    pub place: Option<u32>,
    /// What the object holds after it, in that order; absent if it has no place.
    pub state: Option<String>,
    /// Whether it could come next in real time, and does not fit.
    pub stuck: bool,
    /// Whether it is the one whose answer no order explains.
    pub blamed: bool,
}

impl From<&Violation> for History {
    fn from(violation: &Violation) -> History {
        let operation = |interval: &wavetank_check::Interval| {
            let place = violation.prefix.iter().position(|placed| placed.id == interval.id);
            HistoryOperation {
                client: format!("client {}", interval.client),
                words: interval.words.clone(),
                begun: interval.invoked.nanos,
                ended: interval.completed.map(|at| at.nanos),
                place: place.and_then(|place| u32::try_from(place + 1).ok()),
                state: place.map(|place| violation.prefix[place].state.clone()),
                stuck: violation.stuck.contains(&interval.id),
                blamed: violation.blamed == interval.id,
            }
        };
        History {
            object: violation.part.clone(),
            state: violation.state.clone(),
            operations: violation.intervals.iter().map(operation).collect(),
        }
    }
}

impl History {
    /// Those that a trace tells of: its events of kind `history`, whose argument
    /// `violation` holds a [`Violation`] as JSON.
    pub fn of(trace: &TraceFile) -> Vec<History> {
        let told = trace.events.iter().filter(|event| event.kind == KIND);
        let violations = told.filter_map(|event| serde_json::from_str::<Violation>(event.text(ARGUMENT)?).ok());
        violations.map(|violation| History::from(&violation)).collect()
    }

    /// The operation whose answer no order explains.
    pub(crate) fn blamed(&self) -> Option<&HistoryOperation> {
        self.operations.iter().find(|one| one.blamed)
    }
}
