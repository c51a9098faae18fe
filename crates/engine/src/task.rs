//! Tasks: the future, its result, and what the engine knows of it. Which task
//! runs when is decided elsewhere.

use crate::node::NodeId;
use crate::waiter::Waiter;
use pin_project_lite::pin_project;
use std::any::Any;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future with its result, behind one pointer.
pub(crate) trait Runnable {
    /// Polls the future; true once it has its result.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool;

    /// The result as an `Option<T>`.
    fn output(self: Pin<&mut Self>) -> Option<&mut dyn Any>;
}

pub(crate) type BoxRunnable = Pin<Box<dyn Runnable>>;

pin_project! {
    #[project = StageProjection]
    pub(crate) enum Stage<F, T> {
        Running { #[pin] future: F },
        Done { output: Option<T> },
    }
}

impl<F: Future<Output = T>, T: 'static> Runnable for Stage<F, T> {
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let output = match self.as_mut().project() {
            StageProjection::Running { future } => match future.poll(cx) {
                Poll::Ready(output) => output,
                Poll::Pending => return false,
            },
            StageProjection::Done { .. } => return true,
        };
        self.set(Stage::Done { output: Some(output) });
        true
    }

    fn output(self: Pin<&mut Self>) -> Option<&mut dyn Any> {
        match self.project() {
            StageProjection::Running { .. } => None,
            StageProjection::Done { output } => Some(output),
        }
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

const _: () = assert!(size_of::<Task>() == 128, "a task stays within two cache lines");

/// Bits of a number that are the task's index.
pub(crate) const INDEX_BITS: u32 = 24;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const NONE: u32 = u32::MAX;
/// Slots that there is room for from the beginning: growing moves every task.
const SLOTS_FIRST: usize = 128;

/// The index in a number.
#[inline]
pub(crate) fn index_of(number: u64) -> u32 {
    (number & INDEX_MASK) as u32
}

/// All tasks of a run.
pub(crate) struct Tasks {
    slots: Vec<Task>,
    free: u32,
    live: usize,
}

impl Tasks {
    pub(crate) fn new() -> Tasks {
        Tasks { slots: Vec::with_capacity(SLOTS_FIRST), free: NONE, live: 0 }
    }

    /// Tasks whose slot is in use: running, or ended but not joined yet.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Task)> {
        self.slots.iter().enumerate().filter(|(_, task)| task.number != 0).map(|(index, task)| (index as u32, task))
    }

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
    ) -> u64 {
        self.live += 1;
        let index = if self.free == NONE { self.slots.len() as u32 } else { self.free };
        let number = generation << INDEX_BITS | u64::from(index);
        let task = || Task {
            number,
            future: Some(future),
            node,
            incarnation,
            entity,
            children: 0,
            wakes: 0,
            uses: 0,
            queued: 0,
            aborted: false,
            detached: false,
            end: End::Running,
            joiner: Waiter::NOBODY,
            wait: None,
            name,
            site,
            next_free: NONE,
        };
        if self.free != NONE {
            let slot = &mut self.slots[index as usize];
            self.free = slot.next_free;
            *slot = task();
        } else {
            assert!(u64::from(index) < INDEX_MASK, "2^24 tasks are alive at once: does something spawn without end?");
            self.slots.push(task());
        }
        number
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
        let free = std::mem::replace(&mut self.free, index);
        self.live -= 1;
        let task = &mut self.slots[index as usize];
        task.number = 0;
        task.queued = 0;
        task.next_free = free;
        Debris { future: task.future.take(), joiner: task.joiner.take() }
    }

    /// Frees every slot, in the order of their indices.
    pub(crate) fn remove_all(&mut self, debris: &mut Vec<Debris>) {
        debris.reserve(self.live);
        for index in 0..self.slots.len() {
            if self.live == 0 {
                break;
            }
            if self.slots[index].number != 0 {
                debris.push(self.remove(index as u32));
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        assert_eq!(self.live, 0, "tasks are dropped before their slots");
        self.slots.clear();
        self.free = NONE;
    }
}

/// What a task leaves behind; dropping it may run user code.
#[must_use = "debris is dropped outside of the borrow"]
pub(crate) struct Debris {
    #[expect(dead_code, reason = "it is kept only to be dropped")]
    pub(crate) future: Option<BoxRunnable>,
    pub(crate) joiner: Waiter,
}
