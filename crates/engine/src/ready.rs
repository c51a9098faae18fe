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
        /// Points of change: the bug depth less one.
        changes: u32,
        /// Polls among which they are spread.
        polls: u64,
    },
}

/// A ready task: priority first (low is early), then the order of waking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) priority: u64,
    pub(crate) sequence: u32,
    pub(crate) index: u32,
}

/// The ready tasks.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// The earliest of those with a priority: mostly it is the only one.
    front: Option<Entry>,
    heap: BinaryHeap<Reverse<Entry>>,
    fifo: VecDeque<Entry>,
}

impl Ready {
    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        if entry.priority == 0 {
            // Without a priority the order of waking is the order: no heap needed.
            return self.fifo.push_back(entry);
        }
        match &mut self.front {
            None => self.front = Some(entry),
            Some(front) => {
                let later = if entry < *front { std::mem::replace(front, entry) } else { entry };
                self.heap.push(Reverse(later));
            }
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        if !self.fifo.is_empty() {
            return self.fifo.pop_front();
        }
        let entry = self.front.take();
        if !self.heap.is_empty() {
            self.front = self.heap.pop().map(|Reverse(entry)| entry);
        }
        entry
    }

    pub(crate) fn clear(&mut self) {
        self.front = None;
        self.heap.clear();
        self.fifo.clear();
    }
}
