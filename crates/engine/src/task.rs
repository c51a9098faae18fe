//! Tasks: what the engine knows of them. Which task runs when is decided elsewhere.

use crate::node::NodeId;
use crate::stage::BoxRunnable;
use crate::waiter::Waiter;
use std::panic::Location;

/// The task being polled, if any is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current(u32);

impl Current {
    /// None is.
    pub(crate) const NOBODY: Current = Current(NONE);

    /// The task of that index.
    #[inline]
    pub(crate) fn of(index: u32) -> Current {
        Current(index)
    }

    /// Its index.
    #[inline]
    pub(crate) fn get(self) -> Option<u32> {
        (self.0 != NONE).then_some(self.0)
    }

    /// Takes it out: its index.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<u32> {
        std::mem::replace(self, Current::NOBODY).get()
    }
}

/// What a task that is not ready waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) device: u32,
    pub(crate) slot: u32,
    pub(crate) what: &'static str,
}

/// How a task ended, for whoever joins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Running,
    Returned,
    Cancelled,
    Panicked,
}

/// Two lines of a processor's cache: what every wake and poll asks for, and what only
/// waiting and ending do.
#[repr(C, align(64))]
pub(crate) struct Task {
    /// The waker's number: a generation above the index. 0: the slot is free.
    pub(crate) number: u64,
    /// None while it is polled. In a free slot: what is left of the task that was here.
    pub(crate) future: Option<BoxRunnable>,
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
    /// The structural name: parent and number there, hashed.
    pub(crate) entity: u64,
    pub(crate) children: u32,
    pub(crate) wakes: u32,
    pub(crate) uses: u32,
    /// The sequence of its entry among the ready; 0 if it is not there.
    pub(crate) queued: u32,
    next_free: u32,
    pub(crate) aborted: bool,
    pub(crate) detached: bool,
    pub(crate) end: End,
    pub(crate) wait: Option<Wait>,
    pub(crate) joiner: Waiter,
    pub(crate) name: &'static str,
    pub(crate) site: &'static Location<'static>,
}

impl Task {
    /// A slot before its first task.
    fn free() -> Task {
        Task {
            number: 0,
            future: None,
            node: NodeId(0),
            incarnation: 0,
            entity: 0,
            children: 0,
            wakes: 0,
            uses: 0,
            queued: 0,
            next_free: NONE,
            aborted: false,
            detached: false,
            end: End::Running,
            wait: None,
            joiner: Waiter::NOBODY,
            name: "",
            site: Location::caller(),
        }
    }

    pub(crate) fn who(&self) -> Who {
        let Task { number, node, incarnation, name, site, .. } = *self;
        Who { number, node, incarnation, name, site }
    }
}

const _: () = assert!(size_of::<Task>() == 128, "a task stays within two cache lines");

/// Who a task is, for reports of what it left behind: its slot may be another's by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) number: u64,
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
    pub(crate) name: &'static str,
    pub(crate) site: &'static Location<'static>,
}

/// Bits of a number that are the task's index.
const INDEX_BITS: u32 = 24;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const NONE: u32 = u32::MAX;
/// Slots that there is room for from the beginning: growing moves every task.
const SLOTS_FIRST: usize = 128;
/// Slots that there may be: one index less than there are, which is that of no task.
const SLOTS_MOST: usize = if cfg!(test) { 2 * SLOTS_KEPT } else { INDEX_MASK as usize };
/// Slots that are kept from run to run, with what is left of their tasks.
const SLOTS_KEPT: usize = 1024;

/// The index in a number.
#[inline]
pub(crate) fn index_of(number: u64) -> u32 {
    (number & INDEX_MASK) as u32
}

/// The generation in a number.
#[inline]
pub(crate) fn generation_of(number: u64) -> u64 {
    number >> INDEX_BITS
}

/// All tasks of a run.
///
/// A free slot may hold what is left of its task, to be used again by the next one.
pub(crate) struct Tasks {
    slots: Vec<Task>,
    /// Slots below it have been in use in this run.
    used: u32,
    free: u32,
    live: usize,
}

impl Tasks {
    pub(crate) fn new() -> Tasks {
        Tasks { slots: Vec::with_capacity(SLOTS_FIRST), used: 0, free: NONE, live: 0 }
    }

    /// Tasks whose slot is in use: running, or ended but not joined yet.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn slots(&self) -> usize {
        self.used as usize
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Task)> {
        let slots = self.slots[..self.used as usize].iter().enumerate();
        slots.filter(|(_, task)| task.number != 0).map(|(index, task)| (index as u32, task))
    }

    /// The slot that the next task will take.
    #[inline]
    fn next_slot(&self) -> u32 {
        if self.free == NONE { self.used } else { self.free }
    }

    /// What is left of the task that had the next task's slot, for [`boxed`](crate::stage::boxed).
    #[inline]
    pub(crate) fn take_spare(&mut self) -> Option<BoxRunnable> {
        let next = self.next_slot();
        self.slots.get_mut(next as usize).and_then(|slot| slot.future.take())
    }

    /// Takes a task in that is ready, with that sequence.
    ///
    /// # Panics
    /// At 2^24 tasks alive at once.
    #[inline]
    pub(crate) fn insert(
        &mut self,
        generation: u64,
        future: BoxRunnable,
        (node, incarnation): (NodeId, u32),
        entity: u64,
        (name, site): (&'static str, &'static Location<'static>),
        sequence: u32,
    ) -> u64 {
        let index = self.next_slot();
        let number = generation << INDEX_BITS | u64::from(index);
        if index as usize == self.slots.len() {
            self.grow();
        }
        self.live += 1;
        let task = &mut self.slots[index as usize];
        if self.free == NONE {
            self.used += 1;
        } else {
            self.free = task.next_free;
        }
        debug_assert!(task.queued == 0 && task.joiner.is_none(), "what is not filled in is as every free slot has it");
        task.number = number;
        let left = task.future.replace(future);
        debug_assert!(left.is_none(), "what is left of the slot's last task was taken for this one");
        // Nobody asks once more whether there is anything to drop.
        std::mem::forget(left);
        task.node = node;
        task.incarnation = incarnation;
        task.entity = entity;
        task.children = 0;
        task.wakes = 1;
        task.uses = 0;
        task.queued = sequence;
        task.aborted = false;
        task.detached = false;
        task.end = End::Running;
        task.wait = None;
        task.name = name;
        task.site = site;
        number
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        assert!(self.slots.len() < SLOTS_MOST, "2^24 tasks are alive at once: does something spawn without end?");
        self.slots.push(Task::free());
    }

    /// The task of that number, if it is still there.
    #[inline]
    pub(crate) fn get(&mut self, number: u64) -> Option<&mut Task> {
        self.slots.get_mut((number & INDEX_MASK) as usize).filter(|task| task.number == number)
    }

    /// The task of a slot that is in use.
    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> &mut Task {
        &mut self.slots[index as usize]
    }

    pub(crate) fn peek(&self, index: u32) -> &Task {
        &self.slots[index as usize]
    }

    /// Frees a slot; gives back what must be dropped outside of the borrow.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) -> Debris {
        let task = self.retire(index);
        Debris { future: task.future.take(), joiner: task.joiner.take(), of: Leaver::Living }
    }

    /// Frees a slot. What is left of its task must be [spent](crate::stage::Runnable::is_spent) and awaited by
    /// nobody, or be taken out.
    #[inline]
    pub(crate) fn retire(&mut self, index: u32) -> &mut Task {
        let free = std::mem::replace(&mut self.free, index);
        self.live -= 1;
        let task = &mut self.slots[index as usize];
        task.number = 0;
        task.queued = 0;
        task.next_free = free;
        task
    }

    /// Frees every slot, in the order of their indices.
    pub(crate) fn remove_all(&mut self, debris: &mut Vec<Debris>) {
        debris.reserve(self.live);
        for index in 0..self.used {
            if self.live == 0 {
                break;
            }
            if self.slots[index as usize].number != 0 {
                let of = Leaver::Task(self.slots[index as usize].who());
                debris.push(Debris { of, ..self.remove(index) });
            }
        }
    }

    /// Begins anew; keeps the memory, and what is left of the first tasks.
    pub(crate) fn clear(&mut self) {
        assert_eq!(self.live, 0, "tasks are dropped before their slots");
        self.slots.truncate(SLOTS_KEPT);
        self.used = 0;
        self.free = NONE;
    }
}

/// What a task leaves behind; dropping it may run user code.
#[must_use = "debris is dropped outside of the borrow"]
pub(crate) struct Debris {
    #[expect(dead_code, reason = "it is kept only to be dropped")]
    pub(crate) future: Option<BoxRunnable>,
    pub(crate) joiner: Waiter,
    pub(crate) of: Leaver,
}

/// Who left debris, and so what it means if its destructor panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaver {
    /// A handle.
    Living,
    /// A task that was aborted, or that ended and is joined by nobody: its destructors are its last act.
    Task(Who),
    /// A process that was killed: no destructor of it would have run.
    Dead,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::boxed;
    use std::panic::{self, AssertUnwindSafe};

    fn spawn(tasks: &mut Tasks, generation: u64) {
        let spare = tasks.take_spare();
        let origin = ("task", Location::caller());
        tasks.insert(generation, boxed(spare, async {}), (NodeId(0), 1), 0, origin, 1);
    }

    #[test]
    fn a_run_with_too_many_tasks_leaves_none_behind() {
        let mut tasks = Tasks::new();
        (1..=SLOTS_MOST as u64).for_each(|generation| spawn(&mut tasks, generation));
        panic::catch_unwind(AssertUnwindSafe(|| spawn(&mut tasks, 0))).expect_err("one too many");
        assert_eq!(tasks.len(), SLOTS_MOST);
        let mut debris = Vec::new();
        tasks.remove_all(&mut debris);
        assert_eq!((debris.len(), tasks.len()), (SLOTS_MOST, 0));
        // It would panic if one were alive.
        tasks.clear();
        assert_eq!(tasks.slots.len(), SLOTS_KEPT, "the next run keeps little of so many");
    }
}
