//! The lanes of the picture: a process for the world, for each node, and for a machine
//! where several nodes live; in each a lane per task and some of its own. What stands in
//! them is beside this file.

use crate::trace::{TraceEvent, TraceFile};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A process and a lane in it, as the format numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pid: u64,
    pub(super) tid: u64,
}

/// The process of what happens to nobody in particular.
const WORLD: u64 = 0;
/// Processes of machines come after all nodes. Perfetto takes a number beyond 32 bits for 0.
const MACHINES: u64 = 1 << 30;
/// The first lane of a task; those of a process itself come before, however many tasks there are.
const TASKS: u64 = 1 << 30;

pub(super) struct Lanes<'a> {
    trace: &'a TraceFile,
    /// What a task is called, by its structural name.
    tasks: BTreeMap<&'a str, String>,
    /// A lane's number, by its process and by what it is of.
    numbers: BTreeMap<(u64, String), u64>,
    /// Until when a lane that takes one slice at a time is taken.
    taken: BTreeMap<Place, u64>,
    /// The lane of each event.
    of: Vec<Place>,
}

impl<'a> Lanes<'a> {
    pub(super) fn new(trace: &'a TraceFile) -> Lanes<'a> {
        let spawned = trace.events.iter().filter(|event| event.kind == "task.spawn");
        let tasks = spawned.filter_map(|event| {
            let (name, site) = (event.text("name")?, event.text("site")?);
            Some((event.task.as_deref()?, format!("{name} of incarnation {} from {site}", event.inc?)))
        });
        let mut lanes =
            Lanes { trace, tasks: tasks.collect(), numbers: BTreeMap::new(), taken: BTreeMap::new(), of: Vec::new() };
        lanes.of = trace.events.iter().map(|event| lanes.place(event)).collect();
        lanes
    }

    /// The lane of an event, by its number.
    pub(super) fn of(&self, n: u64) -> Place {
        self.of[n as usize]
    }

    fn place(&mut self, event: &TraceEvent) -> Place {
        let pid = process(event);
        let tid = match &event.task {
            Some(task) => self.number(pid, task, TASKS),
            None if event.kind.starts_with("tcp.") || event.kind.starts_with("udp.") => self.number(pid, "network", 0),
            None => self.number(pid, "process", 0),
        };
        Place { pid, tid }
    }

    /// A lane of that name in the process of an event which is free from `start` to `end`.
    pub(super) fn free(&mut self, event: &TraceEvent, name: &str, start: u64, end: u64) -> Place {
        let pid = process(event);
        for nth in 1.. {
            let name = if nth == 1 { name.to_string() } else { format!("{name} {nth}") };
            let place = Place { pid, tid: self.number(pid, &name, 0) };
            let until = self.taken.entry(place).or_insert(0);
            if *until <= start {
                *until = end;
                return place;
            }
        }
        unreachable!("there is a lane for each slice at the latest")
    }

    fn number(&mut self, pid: u64, name: &str, from: u64) -> u64 {
        let next = from + 1 + self.numbers.len() as u64;
        *self.numbers.entry((pid, name.to_string())).or_insert(next)
    }

    /// The events that name processes and lanes.
    pub(super) fn names(&self) -> Vec<Value> {
        let mut processes: Vec<u64> = self.numbers.keys().map(|(pid, _)| *pid).collect();
        processes.dedup();
        let name = |what: &str, pid: u64, tid: u64, name: &str| json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": { "name": name } });
        let mut names: Vec<Value> =
            processes.iter().map(|pid| name("process_name", *pid, 0, &self.process_name(*pid))).collect();
        names.extend(self.numbers.iter().map(|((pid, lane), tid)| {
            let words = self.tasks.get(lane.as_str()).map_or(lane.as_str(), String::as_str);
            name("thread_name", *pid, *tid, words)
        }));
        names
    }

    fn process_name(&self, pid: u64) -> String {
        let header = &self.trace.header;
        let found = match pid {
            WORLD => return "the world".to_string(),
            MACHINES.. => header.machines.get((pid - MACHINES) as usize).map(|machine| machine.name.clone()),
            _ => header.nodes.get(pid as usize - 1).map(|node| node.name.clone()),
        };
        found.unwrap_or_else(|| format!("process {pid}"))
    }
}

fn process(event: &TraceEvent) -> u64 {
    match (event.node, event.machine) {
        (Some(node), _) => u64::from(node) + 1,
        (None, Some(machine)) => MACHINES + u64::from(machine),
        (None, None) => WORLD,
    }
}
