//! The lanes of the page: the world, then the nodes, processes before workloads. Which
//! event stands on which lane is settled here; where a lane is drawn is not.

use crate::trace::{TraceEvent, TraceHeader, TraceRole};
use serde::Serialize;

/// A lane: a node's, or the world's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Lane {
    /// The node's name, with its number if others have the same.
    pub(crate) name: String,
    /// Few letters that no other lane has.
    pub(crate) short: String,
    /// `world`, `process`, `workload` or `director`.
    pub(crate) role: &'static str,
    /// The node's number; absent for the world.
    pub(crate) node: Option<u32>,
    /// Its machine's number.
    pub(crate) machine: Option<u32>,
    /// The machine's name; empty for the world.
    pub(crate) host: String,
}

/// The lanes of a run, and whose they are.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) lanes: Vec<Lane>,
    /// By node: its lane.
    of_node: Vec<(u32, usize)>,
    /// By machine: the lane of its first node.
    of_machine: Vec<(u32, usize)>,
}

/// The lane of whatever happens nowhere.
pub(crate) const WORLD: usize = 0;

impl Lanes {
    pub(crate) fn new(header: &TraceHeader) -> Lanes {
        let world = Lane {
            name: "world".into(),
            short: "w".into(),
            role: "world",
            node: None,
            machine: None,
            host: String::new(),
        };
        let mut all = Lanes { lanes: vec![world], of_node: Vec::new(), of_machine: Vec::new() };
        let order = |role: TraceRole| match role {
            TraceRole::Process => 0,
            TraceRole::Workload => 1,
            TraceRole::Director => 2,
        };
        let mut nodes: Vec<_> = header.nodes.iter().collect();
        nodes.sort_by_key(|node| (order(node.role), node.id));
        for node in nodes {
            // The director has no life of its own: what it does, it does to the world.
            if node.role == TraceRole::Director {
                all.of_node.push((node.id, WORLD));
                continue;
            }
            let alike = header.nodes.iter().filter(|other| other.name == node.name).count() > 1;
            let nth = header.nodes.iter().filter(|other| other.name == node.name && other.id < node.id).count() + 1;
            let place = all.lanes.len();
            let machine = header.machines.iter().find(|machine| machine.id == node.machine);
            all.lanes.push(Lane {
                name: if alike { format!("{} {nth}", node.name) } else { node.name.clone() },
                short: all.short(&node.name, alike.then_some(nth)),
                role: if node.role == TraceRole::Process { "process" } else { "workload" },
                node: Some(node.id),
                machine: Some(node.machine),
                host: machine.map(|machine| machine.name.clone()).unwrap_or_default(),
            });
            all.of_node.push((node.id, place));
            if !all.of_machine.iter().any(|(machine, _)| *machine == node.machine) {
                all.of_machine.push((node.machine, place));
            }
        }
        all
    }

    /// The lane of an event.
    pub(crate) fn of(&self, event: &TraceEvent) -> usize {
        let by_node = event.node.and_then(|node| self.of_node(node));
        let by_machine = || event.machine.and_then(|machine| self.of_machine(machine));
        by_node.or_else(by_machine).unwrap_or(WORLD)
    }

    pub(crate) fn of_node(&self, node: u32) -> Option<usize> {
        self.of_node.iter().find(|(id, _)| *id == node).map(|(_, lane)| *lane)
    }

    pub(crate) fn of_machine(&self, machine: u32) -> Option<usize> {
        self.of_machine.iter().find(|(id, _)| *id == machine).map(|(_, lane)| *lane)
    }

    /// The first letter of a name, with its number among those of the same name, or the
    /// next number that is free.
    fn short(&self, name: &str, nth: Option<usize>) -> String {
        let letter = name.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('n').to_lowercase().to_string();
        let taken = |short: &str| self.lanes.iter().any(|lane| lane.short == short);
        // A name that ends in a number keeps it.
        let digits = name.rfind(|letter: char| !letter.is_ascii_digit()).map_or("", |last| &name[last..][1..]);
        let own = (!digits.is_empty()).then(|| format!("{letter}{digits}"));
        let numbered = (nth.unwrap_or(2)..).map(|number| format!("{letter}{number}"));
        let plain = nth.is_none().then(|| letter.clone());
        own.into_iter().chain(plain).chain(numbered).find(|short| !taken(short)).expect("numbers never end")
    }
}
