//! What a run keeps of what happens when it is asked to: a window of the events that
//! the digest folds, a record each, or the whole [`Story`]. The digest folds the very same
//! events whether or not anybody looks.

use crate::decision::name_key;
use crate::node::NodeId;
use crate::story::Story;
use std::fmt;

/// A kind of event, named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    name: &'static str,
    key: u64,
}

impl EventKind {
    /// The kind of that name, such as `tcp.land`.
    pub const fn new(name: &'static str) -> EventKind {
        EventKind { name, key: name_key(name) }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    pub(crate) const fn key(self) -> u64 {
        self.key
    }
}

/// One event of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Its number in the run, from 0.
    pub number: u64,
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// The node whose task was being polled, and its incarnation, if any was.
    pub node: Option<(NodeId, u32)>,
    /// The structural name of that task; 0 if none was polled.
    pub task: u64,
    /// What happened.
    pub kind: EventKind,
    /// Whom it happened to.
    pub entity: u64,
    /// What the kind says about it: a hash of bytes, a drawn value.
    pub detail: u64,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {}.{:09}s ", self.number, self.time / 1_000_000_000, self.time % 1_000_000_000)?;
        match self.node {
            Some((node, incarnation)) => write!(f, "node {}.{incarnation} task {:016x} ", node.0, self.task)?,
            None => write!(f, "world ")?,
        }
        write!(f, "{} entity {:016x} detail {:016x}", self.kind.name, self.entity, self.detail)
    }
}

/// The events of a window of a run, and its story.
#[derive(Debug, Default)]
pub struct Trace {
    events: Vec<Event>,
    from: u64,
    to: u64,
    story: Option<Box<Story>>,
}

impl Trace {
    /// A trace of the events with numbers from `from` up to, not including, `to`.
    pub fn window(from: u64, to: u64) -> Trace {
        Trace { events: Vec::new(), from, to, story: None }
    }

    /// This trace with the story of the run as well.
    pub fn with_story(mut self) -> Trace {
        self.story = Some(Box::default());
        self
    }

    /// The story, if it is kept.
    pub fn story(&self) -> Option<&Story> {
        self.story.as_deref()
    }

    pub(crate) fn story_mut(&mut self) -> Option<&mut Story> {
        self.story.as_deref_mut()
    }

    /// What it holds so far, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    #[cold]
    pub(crate) fn push(&mut self, event: Event) {
        if (self.from..self.to).contains(&event.number) {
            self.events.push(event);
        }
    }
}
