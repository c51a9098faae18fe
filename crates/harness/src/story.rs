//! The story of one run, for those who look at it: what happened, who took part, and
//! which event each failure is. How it is written down is others' business.

use crate::failure::Failure;
use crate::log;
use crate::record::RunRecord;
use crate::recorder::Recorder;
use crate::worker::Worker;
use tracing_subscriber::filter::LevelFilter;
use wavetank_engine::{Decisions, Kernel, MachineId, NodeId, Overrides, StoryEvent, Trace, Value};

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoryRole {
    /// A process under test.
    Process,
    /// A driver that survives.
    Workload,
    /// Who carries the planned faults out.
    Director,
}

/// A node of a told run; its place in the list is its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryNode {
    /// Its name.
    pub name: String,
    /// The machine that it runs on.
    pub machine: MachineId,
    /// What it is for.
    pub role: StoryRole,
}

/// What a failure is in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryFailure {
    /// The number of its event.
    pub event: u64,
    /// The node that it is about, if it is about one.
    pub node: Option<NodeId>,
}

/// All that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStory {
    /// The simulation's name.
    pub simulation: String,
    /// The machines' names, by id.
    pub machines: Vec<String>,
    /// The nodes, by id.
    pub nodes: Vec<StoryNode>,
    /// What happened; an event's place is its number.
    pub events: Vec<StoryEvent>,
    /// Events that were too many to keep.
    pub untold: u64,
    /// The failures of the record, in the same order.
    pub failures: Vec<StoryFailure>,
    /// How many overrides the run had.
    pub overrides: usize,
}

/// Which `tracing` events a story holds.
const LOGS: LevelFilter = LevelFilter::DEBUG;

impl Recorder {
    /// Runs one seed under overrides and keeps its story, [`RunRecord::story`]: what happened,
    /// what made it happen, and what the system under test logged meanwhile. The digest is
    /// that of the same run untold.
    pub fn tell(&mut self, seed: u64, overrides: Overrides) -> RunRecord {
        let count = overrides.len();
        let trace = Trace::window(0, 0).with_story();
        let decisions = Decisions::new(seed, overrides);
        let outcome = log::with_told_logs(LOGS, || self.worker.run(decisions, Some(trace)));
        let mut record = self.worker.record(seed, outcome);
        record.story = Some(self.worker.story(&record.failures, count));
        record
    }
}

impl Worker {
    /// The story of the run that was run last, ended by its failures.
    fn story(&mut self, failures: &[Failure], overrides: usize) -> RunStory {
        let cast = self.cast();
        let (processes, workloads) = (cast.processes, cast.parts.len() as u32);
        let simulation = self.simulation.name.clone();
        self.rig.world.kernel(|kernel| {
            let told = failures.iter().map(|failure| tell_failure(kernel, failure)).collect();
            let role = |node: u32| match node {
                node if node < processes => StoryRole::Process,
                node if node < workloads => StoryRole::Workload,
                _ => StoryRole::Director,
            };
            let nodes = (0..).zip(kernel.topology.nodes()).map(|(id, node)| StoryNode {
                name: node.name.to_string(),
                machine: node.machine,
                role: role(id),
            });
            let nodes = nodes.collect();
            let machines = kernel.topology.machines().iter().map(|machine| machine.name.to_string()).collect();
            let story = kernel.story_mut().expect("the run was begun with a story");
            let untold = story.untold();
            RunStory { simulation, machines, nodes, events: story.take(), untold, failures: told, overrides }
        })
    }
}

/// Tells a failure as the last that happened, and which event it comes of.
fn tell_failure(kernel: &mut Kernel, failure: &Failure) -> StoryFailure {
    let events = kernel.story().expect("the run was begun with a story").events();
    let cause = cause(events, kernel, failure);
    // A checker is nobody: then it is about the node that its cause is about.
    let causes = std::iter::successors(cause, |&number| events[number as usize].cause);
    let node = causes.into_iter().find_map(|number| events[number as usize].node).map(|(node, _)| node);
    let event = events.len() as u64;
    let (message, signature) = (failure.to_string(), failure.signature().to_string());
    kernel.tell("failure", |telling| {
        if let Some(node) = node {
            telling.on_node(node);
        }
        telling.caused_by(cause).arg("message", message).arg("signature", signature);
    });
    StoryFailure { event, node }
}

/// The event that a failure comes of, as well as its kind lets one say: the panic, the
/// assertion, the last thing that its node did; else the last thing that a workload did.
fn cause(events: &[StoryEvent], kernel: &Kernel, failure: &Failure) -> Option<u64> {
    let last = |is_it: &dyn Fn(&StoryEvent) -> bool| events.iter().rev().find(|event| is_it(event));
    let says = |event: &StoryEvent, name: &str, words: &str| matches!(event.arg(name), Some(Value::Text(text)) if text == words);
    let of_node = |name: &str| {
        let place = kernel.topology.nodes().iter().position(|node| &*node.name == name);
        let node = place.map(|place| NodeId(place as u32))?;
        last(&|event| event.node.is_some_and(|(id, _)| id == node) && event.kind != "failure")
    };
    let found = match failure {
        Failure::Panic { message, .. } | Failure::Invariant { message, .. } => {
            last(&|event| event.kind == "task.panic" && says(event, "message", message))
        }
        Failure::Violated { assertion, .. } => last(&|event| {
            let is_it = matches!(event.arg("site"), Some(Value::Text(site)) if assertion.starts_with(site.as_str()));
            event.kind == "assert" && event.arg("holds") == Some(&Value::Bool(false)) && is_it
        }),
        Failure::Checker { message, .. } => last(&|event| {
            let is_it = matches!(event.arg("words"), Some(Value::Text(words)) if message.starts_with(words.as_str()));
            event.kind == "history" && is_it
        }),
        Failure::Error { who, .. } => of_node(who),
        Failure::Deadlock { tasks }
        | Failure::Limit { tasks, .. }
        | Failure::LeakedTasks { tasks }
        | Failure::NotLive { tasks, .. } => {
            let node = tasks.first().map(|task| task.node);
            last(&|event| event.node.is_some_and(|(id, _)| Some(id) == node))
        }
        _ => None,
    };
    let found = found.or_else(|| last(&|event| event.kind == "op.end"));
    found.or_else(|| last(&|event| event.kind != "failure")).map(|event| event.number)
}
