//! How the kernel tells the story of a run that keeps one: what is asked of it by
//! devices and the harness, and its own events. A run that keeps none pays one test of
//! a pointer, or nothing where an event is noted anyway.

use crate::choice::FIRE;
use crate::fault::{Atom, Target};
use crate::hook::Violation;
use crate::kernel::{Kernel, POLL, TIMERS};
use crate::local;
use crate::node::NodeId;
use crate::story::{FAULT, Hit, Story, StoryEvent, Telling};
use crate::task::End;
use crate::trace::EventKind;
use wavetank_probe::{Kind, Site};

/// Tells of an event from anywhere in a run, such as a layer for logs; outside of a run, or
/// inside of a device, nothing is told.
pub fn tell(kind: &'static str, words: impl FnOnce(&mut Telling<'_>)) {
    local::peek(|split| split.kernel.tell(kind, words));
}

/// Whether a run is installed on this thread that keeps its story: words that are costly, or
/// run code of a user, are made only then.
pub fn is_telling() -> bool {
    local::peek(|split| split.kernel.is_telling()).unwrap_or(false)
}

/// Marks the arming of a timer.
const ARMED: u64 = crate::decision::name_key("timer.arm");
/// Marks the crash of a node.
const CRASHED: u64 = crate::decision::name_key("node.crash");

impl Kernel {
    /// Whether the run keeps its story.
    pub fn is_telling(&self) -> bool {
        self.trace.as_ref().is_some_and(|trace| trace.story().is_some())
    }

    /// The story, if the run keeps it.
    pub fn story(&self) -> Option<&Story> {
        self.trace.as_ref().and_then(|trace| trace.story())
    }

    /// The story, to be taken out.
    pub fn story_mut(&mut self) -> Option<&mut Story> {
        self.trace.as_mut().and_then(|trace| trace.story_mut())
    }

    /// Tells of an event, if the run keeps its story. It happened now, to the task that is
    /// being polled; `words` say the rest. The digest knows nothing of it.
    #[inline]
    pub fn tell(&mut self, kind: &'static str, words: impl FnOnce(&mut Telling<'_>)) {
        if self.trace.is_some() {
            self.tell_once(kind, words);
        }
    }

    /// As [`note`](Self::note), and tells of it under the kind's name.
    #[inline]
    pub fn note_and_tell(&mut self, kind: EventKind, entity: u64, detail: u64, words: impl FnOnce(&mut Telling<'_>)) {
        if self.fold(kind, entity, detail) {
            self.attend(kind, entity, detail);
            self.tell(kind.name(), words);
        }
    }

    /// Out of the way of what tells, and no more of it than must be made anew for each.
    #[cold]
    #[inline(never)]
    fn tell_once(&mut self, kind: &'static str, words: impl FnOnce(&mut Telling<'_>)) {
        let mut words = Some(words);
        self.tell_now(kind, &mut |telling| {
            if let Some(words) = words.take() {
                words(telling);
            }
        });
    }

    fn tell_now(&mut self, kind: &'static str, words: &mut dyn FnMut(&mut Telling<'_>)) {
        let Kernel { trace, topology, tasks, current, now, .. } = self;
        let Some(story) = trace.as_mut().and_then(|trace| trace.story_mut()) else { return };
        let task = current.get().map(|index| tasks.peek(index));
        let event = StoryEvent {
            number: 0,
            time: *now,
            machine: task.map(|task| topology.node(task.node).machine),
            node: task.map(|task| (task.node, task.incarnation)),
            task: task.map_or(0, |task| task.entity),
            kind,
            cause: None,
            message: None,
            args: Vec::new(),
        };
        story.tell(event, topology, words);
    }

    /// Notes and tells that a task is polled.
    #[inline]
    pub(crate) fn note_poll(&mut self, index: u32, entity: u64, wakes: u64) {
        if self.fold(POLL, entity, wakes) {
            self.attend(POLL, entity, wakes);
            self.tell_poll(index);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_poll(&mut self, index: u32) {
        let Some(story) = self.story_mut() else { return };
        story.begin_step();
        let wakers = story.wakers(index);
        self.tell_of_task(index, "task.poll", |telling| {
            telling.caused_by(wakers.first().copied());
            wakers.iter().skip(1).for_each(|waker| telling.add_cause(*waker));
        });
        if let Some(story) = self.story_mut() {
            story.begin_poll();
        }
    }

    /// Tells what happened to a task, whoever is polled.
    fn tell_of_task(&mut self, index: u32, kind: &'static str, words: impl FnOnce(&mut Telling<'_>)) {
        let task = self.tasks.peek(index);
        let (node, entity) = ((task.node, task.incarnation), task.entity);
        let machine = self.topology.node(node.0).machine;
        self.tell(kind, |telling| {
            telling.on_task(machine, node, entity);
            words(telling);
        });
    }

    /// Notes that a record fires, and tells it of a timer; what a device's record is, the device tells.
    #[inline]
    pub(crate) fn note_fire(&mut self, device: u32, slot: u32) {
        if self.fold(FIRE, u64::from(device), u64::from(slot)) {
            self.attend(FIRE, u64::from(device), u64::from(slot));
            self.tell_fire(device, slot);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_fire(&mut self, device: u32, slot: u32) {
        let Some(story) = self.story_mut() else { return };
        story.begin_step();
        if device != TIMERS {
            return;
        }
        let entity = self.timers.name(slot);
        self.tell("timer.fire", |telling| {
            if let Some(armed) = telling.find((entity, ARMED)) {
                telling.where_was(armed).caused_by(Some(armed));
            }
        });
    }

    /// Tells that a sleep is registered, due at a global time.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_arm(&mut self, entity: u64, due: u64) {
        self.tell("timer.arm", |telling| {
            telling.arg("due", due).marked((entity, ARMED));
        });
    }

    /// A task became ready.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_wake(&mut self, index: u32) {
        if let Some(story) = self.story_mut() {
            story.wake(index);
        }
    }

    /// A task that is ready was woken once more.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_wake_again(&mut self, index: u32) {
        if let Some(story) = self.story_mut() {
            story.wake_again(index);
        }
    }

    /// Tells that a task was spawned, in a lane of its own.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_spawn(&mut self, index: u32) {
        let task = self.tasks.peek(index);
        let (name, site) = (task.name, task.site);
        self.tell_of_task(index, "task.spawn", |telling| {
            telling.after_the_last().arg("name", name).arg("site", site.to_string());
        });
    }

    /// Tells that a task ended.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_end(&mut self, index: u32, end: End) {
        let how = match end {
            End::Running => "running",
            End::Returned => "returned",
            End::Cancelled => "cancelled",
            End::Panicked => "panicked",
        };
        self.tell_of_task(index, "task.end", |telling| {
            telling.after_the_last().arg("how", how);
        });
    }

    /// Tells that a node's next process is there.
    pub(crate) fn tell_boot(&mut self, node: NodeId) {
        self.tell("node.boot", |telling| {
            telling.on_node(node).after_the_last().also((u64::from(node.0), CRASHED));
        });
    }

    /// Tells what became of a node's process.
    pub(crate) fn tell_node(telling: &mut Telling<'_>, kind: &'static str, node: NodeId) {
        telling.kind(kind).on_node(node).after_the_last();
        if kind == "node.crash" {
            telling.marked((u64::from(node.0), CRASHED));
        }
    }

    /// Tells of a fault that fired.
    #[cold]
    pub(crate) fn tell_fault(&mut self, atom: &Atom) {
        let Atom { address, kind, target, parameters, .. } = *atom;
        self.tell(FAULT, |telling| {
            match target {
                Target::World => {}
                Target::Machine(machine) => {
                    telling.on_machine(machine);
                }
                Target::Node(node) => {
                    telling.on_node(node);
                }
                Target::Link(from, to) => {
                    telling.on_machine(from).arg("from", from.0).arg("to", to.0);
                }
            }
            telling
                .arg("kind", kind.name())
                .arg("target", target.to_string())
                .arg("address", address.to_string())
                .arg("parameters", crate::story::Value::Numbers(parameters.to_vec()));
        });
    }

    /// Tells the first time that an assertion came out so on a process.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_hit(&mut self, site: &'static Site, holds: bool) {
        let node = self.current_node();
        let is_told = matches!(site.kind(), Kind::Always | Kind::Sometimes | Kind::Reachable) && {
            // What is violated tells so itself.
            holds || site.kind() == Kind::Sometimes
        };
        let Some(story) = self.story_mut().filter(|_| is_told) else { return };
        if story.hits.insert(Hit { site: site.address(), node, holds }) {
            self.tell("assert", |telling| {
                telling.arg("site", site.to_string()).arg("kind", site.kind().as_str()).arg("holds", holds);
            });
        }
    }

    /// Tells of an assertion that does not hold.
    #[cold]
    pub(crate) fn tell_violation(&mut self, violation: &Violation) {
        let site = violation.site;
        let details = violation.details.clone();
        self.tell("assert", |telling| {
            telling.arg("site", site.to_string()).arg("kind", site.kind().as_str()).arg("holds", false);
            telling.arg("details", details);
        });
    }
}
