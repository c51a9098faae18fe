//! What clients asked for, as intervals. Whether an answer was right is the checkers'
//! business.

use crate::trace::TraceEvent;

/// An operation: where it began and ended, as places among the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) begin: usize,
    /// Absent if it never ended.
    pub(crate) end: Option<usize>,
}

/// The operations, by when they began. An end belongs to the last beginning with the
/// same address, or of the same client where there is no address.
pub(crate) fn operations(events: &[TraceEvent]) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        match event.kind.as_str() {
            "op.begin" => operations.push(Operation { begin: place, end: None }),
            "op.end" => {
                let name = identity(event);
                let open = operations.iter_mut().rev().find(|one| {
                    one.end.is_none() && events[one.begin].node == event.node && identity(&events[one.begin]) == name
                });
                if let Some(operation) = open {
                    operation.end = Some(place);
                }
            }
            _ => {}
        }
    }
    operations
}

fn identity(event: &TraceEvent) -> Option<String> {
    let named = event.args.get("address").or_else(|| event.args.get("client"));
    named.map(|value| value.to_string())
}
