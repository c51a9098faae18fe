//! The tasks that are ready, in the order of a schedule policy. Knows a task by
//! its index only.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// In which order ready tasks are polled, and records due at one instant fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Policy {
    /// First in, first out: the benign order.
    Fifo,
    /// Each wake draws a priority.
    #[default]
    Random,
    /// Each task draws a priority when it is spawned, and at `changes` points among
    /// the first `polls` polls the running task falls behind all others
    /// (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of
    /// Finding Bugs", ASPLOS 2010).
    Pct {
        /// Points of change: the bug depth less one, 65,536 at most.
        changes: u32,
        /// Polls among which they are spread.
        polls: u64,
    },
}

/// A ready task's place: its index, and the sequence number of its waking, which
/// says whether the entry is still the task's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

impl Place {
    pub(crate) fn new(sequence: u32, index: u32) -> Place {
        Place(u64::from(sequence) << 32 | u64::from(index))
    }

    #[inline]
    pub(crate) fn index(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(crate) fn sequence(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A ready task: priority first (low is early), then the order of waking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    priority: u64,
    place: Place,
}

/// The ready tasks.
///
/// The earliest of those with a priority stands apart: mostly it is the only one. Who is
/// the only one needs no priority, and has none before another comes.
/// Its two numbers lie apart too, because a processor that has just stored both
/// cannot yet load them as one.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Ready {
    /// [`NOBODY`] if there is none.
    front: Place,
    /// Those in the heap and in the line.
    others: usize,
    heap: BinaryHeap<Reverse<Entry>>,
    /// 0 if it was not drawn: then there is nobody else.
    front_priority: u64,
    fifo: VecDeque<Place>,
}

const NOBODY: Place = Place(0);

impl Default for Ready {
    fn default() -> Self {
        Ready { front: NOBODY, others: 0, heap: BinaryHeap::new(), front_priority: 0, fifo: VecDeque::new() }
    }
}

impl Ready {
    /// Whether there is nobody, not even somebody who is not ready any more.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.front == NOBODY && self.others == 0
    }

    /// Makes a task the next one, of none but it.
    #[inline]
    pub(crate) fn push_alone(&mut self, place: Place) {
        debug_assert!(self.is_empty(), "who has no priority stands alone");
        self.front = place;
        self.front_priority = 0;
    }

    /// Takes out who has no priority yet, to be pushed with one before another comes.
    pub(crate) fn take_alone(&mut self) -> Option<Place> {
        let is_alone = self.front != NOBODY && self.front_priority == 0;
        is_alone.then(|| std::mem::replace(&mut self.front, NOBODY))
    }

    /// Makes a task ready beside others, all of which have their priorities.
    #[inline]
    pub(crate) fn push(&mut self, priority: u64, place: Place) {
        debug_assert!(self.front == NOBODY || self.front_priority != 0, "who stood alone has a priority now");
        if priority == 0 {
            // Without a priority the order of waking is the order: no heap needed.
            self.others += 1;
            return self.fifo.push_back(place);
        }
        if self.front == NOBODY {
            self.front = place;
            self.front_priority = priority;
        } else {
            self.push_beside(Entry { priority, place });
        }
    }

    fn push_beside(&mut self, entry: Entry) {
        self.others += 1;
        let front = Entry { priority: self.front_priority, place: self.front };
        if entry < front {
            (self.front, self.front_priority) = (entry.place, entry.priority);
            self.heap.push(Reverse(front));
        } else {
            self.heap.push(Reverse(entry));
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Place> {
        if self.others > 0 {
            return Some(self.pop_of_several());
        }
        let place = std::mem::replace(&mut self.front, NOBODY);
        (place != NOBODY).then_some(place)
    }

    fn pop_of_several(&mut self) -> Place {
        self.others -= 1;
        if let Some(first) = self.fifo.pop_front() {
            return first;
        }
        let Reverse(Entry { priority, place }) = self.heap.pop().expect("the others are in the line or in the heap");
        self.front_priority = priority;
        std::mem::replace(&mut self.front, place)
    }

    pub(crate) fn clear(&mut self) {
        self.front = NOBODY;
        self.others = 0;
        self.heap.clear();
        self.fifo.clear();
    }
}
