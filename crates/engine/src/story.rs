//! The story of a run: what happened, to whom, and which other event made it happen;
//! kept only when asked for. Folds nothing and decides nothing: a run that tells its
//! story has the digest of one that does not.

use crate::node::{MachineId, NodeId, Topology};
use std::sync::Arc;
use wavetank_core::collections::{HashMap, HashSet};

/// A value among the arguments of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A number: bytes, nanoseconds, an offset.
    Number(u64),
    /// Words.
    Text(String),
    /// Numbers, such as those of other events.
    Numbers(Vec<u64>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::Number(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Value {
        Value::Number(u64::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Value {
        Value::Number(value as u64)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_string())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

/// One event of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryEvent {
    /// Its number in the story, from 0.
    pub number: u64,
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// The machine where it happened, if it was on one.
    pub machine: Option<MachineId>,
    /// The node and its incarnation.
    pub node: Option<(NodeId, u32)>,
    /// The structural name of the task; 0 if it was none's.
    pub task: u64,
    /// What happened, such as `tcp.land`.
    pub kind: &'static str,
    /// The number of the event that made this one happen.
    pub cause: Option<u64>,
    /// The same for a message's departure and for what became of it.
    pub message: Option<Arc<str>>,
    /// What the kind says about it.
    pub args: Vec<(&'static str, Value)>,
}

impl StoryEvent {
    /// The argument of that name.
    pub fn arg(&self, name: &str) -> Option<&Value> {
        self.args.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// What a later event may refer to an earlier one by: a structural name, and which of its
/// events.
pub type Mark = (u64, u64);

/// An assertion that was hit: where, by which process, and how it came out.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hit {
    pub(crate) site: u64,
    pub(crate) node: Option<(NodeId, u32)>,
    pub(crate) holds: bool,
}

/// What woke one task before it was polled, as far as it is kept.
const WAKERS_MOST: usize = 64;

/// Events that a story holds; further ones are counted only.
const EVENTS_MOST: usize = 1 << 20;

/// All that happened in a run.
#[derive(Debug, Default)]
pub struct Story {
    events: Vec<StoryEvent>,
    untold: u64,
    /// The latest event of the step under way.
    last: Option<u64>,
    /// The poll under way.
    poll: Option<u64>,
    /// Whether any step was taken.
    begun: bool,
    marks: HashMap<Mark, u64>,
    /// Short names, by what they begin with and what they are of.
    names: HashMap<(&'static str, u64), u64>,
    named: HashMap<&'static str, u64>,
    /// What woke a task that is ready, by index: the first, and others before its poll.
    woken: HashMap<u32, Vec<u64>>,
    /// Told once each.
    pub(crate) hits: HashSet<Hit>,
}

impl Story {
    /// What it holds so far, in order; an event's place is its number.
    pub fn events(&self) -> &[StoryEvent] {
        &self.events
    }

    /// Events that were too many to keep.
    pub fn untold(&self) -> u64 {
        self.untold
    }

    /// What was told, taken out; the story goes on as if it had just begun.
    pub fn take(&mut self) -> Vec<StoryEvent> {
        std::mem::take(self).events
    }

    /// A task is polled or a record fires: nothing of the step before is a cause.
    pub(crate) fn begin_step(&mut self) {
        (self.last, self.poll, self.begun) = (None, None, true);
    }

    /// The event told last is a poll, and what follows happens in it.
    pub(crate) fn begin_poll(&mut self) {
        self.poll = self.last;
    }

    /// A task became ready in the step under way.
    pub(crate) fn wake(&mut self, task: u32) {
        self.woken.insert(task, self.last.into_iter().collect());
    }

    /// A task that is ready was woken once more.
    pub(crate) fn wake_again(&mut self, task: u32) {
        let Some(last) = self.last else { return };
        let wakers = self.woken.entry(task).or_default();
        if wakers.len() < WAKERS_MOST && !wakers.contains(&last) {
            wakers.push(last);
        }
    }

    /// What woke a task that is polled now, in order.
    pub(crate) fn wakers(&mut self, task: u32) -> Vec<u64> {
        self.woken.remove(&task).unwrap_or_default()
    }

    /// What a further event of this step is caused by, if nothing else is said: a fault that
    /// was just drawn for it, else the poll that it happens in, else what came before.
    fn cause(&self) -> Option<u64> {
        let drawn = self.last.filter(|&last| self.events[last as usize].kind == FAULT);
        drawn.or(self.poll).or(self.last)
    }

    pub(crate) fn tell(&mut self, mut event: StoryEvent, topology: &Topology, words: &mut dyn FnMut(&mut Telling<'_>)) {
        event.number = self.events.len() as u64;
        event.cause = self.cause();
        // After a poll, or before the first step, it is the harness that acts, or what a dead
        // process leaves: what happens to one node then makes nothing happen to another.
        let is_loose = event.node.is_none() && (self.poll.is_some() || !self.begun);
        let mut telling = Telling { story: self, topology, event, is_given: false, marks: Vec::new() };
        words(&mut telling);
        let Telling { mut event, is_given, marks, .. } = telling;
        if is_loose && !is_given {
            let causes = event.cause.into_iter().chain(self.poll);
            event.cause = causes.into_iter().find(|&cause| self.events[cause as usize].node == event.node);
        }
        // Why a run is red is worth more than one event more.
        if self.events.len() >= EVENTS_MOST && event.kind != FAILURE {
            self.untold += 1;
            return;
        }
        for mark in marks {
            self.marks.insert(mark, event.number);
        }
        self.last = Some(event.number);
        self.events.push(event);
    }
}

/// The kind of a fault that fired.
pub(crate) const FAULT: &str = "fault";
/// The kind of what makes a run red.
const FAILURE: &str = "failure";

/// An event that is being told: when and where it happened is filled in, its cause as far as
/// the engine knows one.
#[derive(Debug)]
pub struct Telling<'a> {
    story: &'a mut Story,
    topology: &'a Topology,
    event: StoryEvent,
    /// Its teller knows its cause.
    is_given: bool,
    marks: Vec<Mark>,
}

impl Telling<'_> {
    /// Adds an argument.
    pub fn arg(&mut self, name: &'static str, value: impl Into<Value>) -> &mut Self {
        self.event.args.push((name, value.into()));
        self
    }

    /// Calls what happened by another name.
    pub fn kind(&mut self, kind: &'static str) -> &mut Self {
        self.event.kind = kind;
        self
    }

    /// It happened on a machine, to the one node that is there, and not to the task that
    /// brought it about unless it is of that machine.
    pub fn on_machine(&mut self, machine: MachineId) -> &mut Self {
        if self.event.machine == Some(machine) {
            return self;
        }
        let mut nodes = self.topology.nodes().iter().enumerate().filter(|(_, node)| node.machine == machine);
        self.event.node = match (nodes.next(), nodes.next()) {
            (Some((index, node)), None) => Some((NodeId(index as u32), node.incarnation)),
            _ => None,
        };
        self.event.task = 0;
        self.event.machine = Some(machine);
        self
    }

    /// It happened to a node as it is now, and to none of its tasks.
    pub fn on_node(&mut self, id: NodeId) -> &mut Self {
        if let Some(node) = self.topology.nodes().get(id.0 as usize) {
            self.event.machine = Some(node.machine);
            self.event.node = Some((id, node.incarnation));
            self.event.task = 0;
        }
        self
    }

    /// It happened where another event did.
    pub fn where_was(&mut self, number: u64) -> &mut Self {
        if let Some(other) = self.story.events.get(number as usize) {
            (self.event.machine, self.event.node, self.event.task) = (other.machine, other.node, other.task);
        }
        self
    }

    pub(crate) fn on_task(&mut self, machine: MachineId, node: (NodeId, u32), task: u64) -> &mut Self {
        (self.event.machine, self.event.node, self.event.task) = (Some(machine), Some(node), task);
        self
    }

    /// The event that made it happen, by number.
    ///
    /// A fault that was drawn for it just before stays among its causes.
    pub fn caused_by(&mut self, cause: Option<u64>) -> &mut Self {
        self.is_given = true;
        self.replace_cause(cause)
    }

    fn replace_cause(&mut self, cause: Option<u64>) -> &mut Self {
        let drawn = self.event.cause.filter(|&drawn| self.story.events[drawn as usize].kind == FAULT);
        if let Some(drawn) = drawn.filter(|_| drawn != cause) {
            self.add_cause(drawn);
        }
        self.event.cause = cause;
        self
    }

    /// The event before it in this step made it happen, if there is one.
    pub(crate) fn after_the_last(&mut self) -> &mut Self {
        let last = self.story.last;
        self.replace_cause(last)
    }

    /// The message that it is about; the same words at both ends.
    pub fn message(&mut self, words: &str) -> &mut Self {
        self.event.message = Some(words.into());
        self
    }

    /// Later events may refer to it as this.
    pub fn marked(&mut self, mark: Mark) -> &mut Self {
        self.marks.push(mark);
        self
    }

    /// The event marked so made it happen, and is about the same message; nothing changes if
    /// there is none.
    pub fn after(&mut self, mark: Mark) -> &mut Self {
        if let Some(cause) = self.find(mark) {
            self.caused_by(Some(cause));
            self.event.message.clone_from(&self.story.events[cause as usize].message);
        }
        self
    }

    /// The event marked so had a part in it as well.
    pub fn also(&mut self, mark: Mark) -> &mut Self {
        if let Some(number) = self.find(mark) {
            self.add_cause(number);
        }
        self
    }

    /// A further event that had a part in it, by number.
    pub fn add_cause(&mut self, number: u64) {
        match self.event.args.iter_mut().find(|(name, _)| *name == ALSO) {
            Some((_, Value::Numbers(numbers))) => numbers.push(number),
            _ => self.event.args.push((ALSO, Value::Numbers(vec![number]))),
        }
    }

    /// The event marked so, by number.
    pub fn find(&self, mark: Mark) -> Option<u64> {
        self.story.marks.get(&mark).copied()
    }

    /// What an event said in one of its arguments.
    pub fn said(&self, number: u64, name: &str) -> Option<&Value> {
        self.story.events.get(number as usize)?.arg(name)
    }

    /// A short name for something with a structural one: `c3` is the third connection of the run.
    pub fn short(&mut self, prefix: &'static str, entity: u64) -> String {
        let next = self.story.named.entry(prefix).or_default();
        let number = *self.story.names.entry((prefix, entity)).or_insert_with(|| {
            *next += 1;
            *next
        });
        format!("{prefix}{number}")
    }
}

/// The argument that holds the numbers of further causes.
const ALSO: &str = "also";
