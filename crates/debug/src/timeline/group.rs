//! The groups that the kinds of event fall into: what a reader filters by. How a group
//! is drawn is the page's matter.

use crate::trace::TraceEvent;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// The run became red.
    Failure,
    /// A client asks, or is answered.
    Operation,
    /// A fault strikes.
    Fault,
    /// A node starts, dies, stops or goes on.
    Node,
    /// A message leaves, lands or is lost.
    Message,
    /// A disk is asked, or answers.
    Disk,
    /// The system under test says something.
    Log,
    /// An assertion was passed, or a history judged.
    Assertion,
    /// The run enters a phase.
    Phase,
    /// The simulator's own business: polls, wakes, timers, tasks.
    Step,
}

impl Group {
    /// All of them, in the order in which the page offers them and numbers them.
    pub(crate) const ALL: [(Group, &'static str); 10] = [
        (Group::Failure, "failure"),
        (Group::Operation, "operations"),
        (Group::Fault, "faults"),
        (Group::Node, "nodes"),
        (Group::Message, "messages"),
        (Group::Disk, "disk"),
        (Group::Log, "logs"),
        (Group::Assertion, "assertions"),
        (Group::Phase, "phases"),
        (Group::Step, "steps"),
    ];

    /// The group of an event, by the prefix of its kind.
    pub(crate) fn of(event: &TraceEvent) -> Group {
        let prefix = event.kind.split('.').next().unwrap_or_default();
        match prefix {
            "failure" => Group::Failure,
            "op" => Group::Operation,
            "fault" => Group::Fault,
            "node" | "machine" => Group::Node,
            "tcp" | "udp" | "network" => Group::Message,
            "storage" => Group::Disk,
            "log" => Group::Log,
            "assert" | "history" => Group::Assertion,
            "phase" => Group::Phase,
            _ => Group::Step,
        }
    }

    /// Its place in [`Group::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_where_its_number_says() {
        for (place, (group, _)) in Group::ALL.iter().enumerate() {
            assert_eq!(group.index(), place);
        }
    }
}
