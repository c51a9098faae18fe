//! The timers device: sleeps that are registered. Knows global time only; the
//! clock of the sleeper's machine is applied before and after.

use crate::queue::Ticket;
use crate::waiter::Waiter;

#[derive(Debug)]
struct Timer {
    waiter: Waiter,
    entity: u64,
    ticket: Ticket,
    generation: u32,
    next_free: u32,
}

const NONE: u32 = u32::MAX;

/// A registered sleep: a slot, and the generation that says whether it is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
pub(crate) struct Timers {
    slots: Vec<Timer>,
    free: u32,
    /// Sleeps that were over at once in the poll of that number.
    at_once: (u64, u32),
}

/// How many sleeps of a poll may be over at once: tokio gives as many to a task before it makes
/// it wait for its turn.
const AT_ONCE_MOST: u32 = 128;

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers { slots: Vec::new(), free: NONE, at_once: (0, 0) }
    }

    pub(crate) fn reset(&mut self) {
        self.slots.clear();
        self.free = NONE;
        self.at_once = (0, 0);
    }

    /// Whether a sleep of this poll that is over may end at once. A task that never awaited
    /// anything else would never return from its poll.
    #[cold]
    #[inline(never)]
    pub(crate) fn may_end_at_once(&mut self, poll: u64) -> bool {
        let (last, many) = self.at_once;
        let many = if last == poll { many + 1 } else { 1 };
        self.at_once = (poll, many);
        many <= AT_ONCE_MOST
    }

    /// Timers that are armed: those that are not free.
    pub(crate) fn armed(&self) -> usize {
        let some = |slot: u32| (slot != NONE).then_some(slot);
        let free = std::iter::successors(some(self.free), |&slot| some(self.slots[slot as usize].next_free));
        self.slots.len() - free.count()
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The slot that the next timer will take.
    #[inline]
    pub(crate) fn next_slot(&self) -> u32 {
        if self.free == NONE { self.slots.len() as u32 } else { self.free }
    }

    #[inline]
    pub(crate) fn insert(&mut self, waiter: Waiter, entity: u64, ticket: Ticket) -> TimerId {
        let slot = self.free;
        if slot == NONE {
            self.slots.push(Timer { waiter, entity, ticket, generation: 0, next_free: NONE });
            return TimerId { slot: self.slots.len() as u32 - 1, generation: 0 };
        }
        let timer = &mut self.slots[slot as usize];
        self.free = timer.next_free;
        let gap = std::mem::replace(&mut timer.waiter, waiter);
        debug_assert!(gap.is_none(), "nobody waits for a timer that is free");
        // Nobody asks once more whether there is anything to drop.
        std::mem::forget(gap);
        timer.entity = entity;
        timer.ticket = ticket;
        TimerId { slot, generation: timer.generation }
    }

    /// Whether a timer that was armed has fired.
    #[inline]
    pub(crate) fn has_fired(&self, id: TimerId) -> bool {
        self.slots[id.slot as usize].generation != id.generation
    }

    /// Who waits for an armed timer.
    #[inline]
    pub(crate) fn waiter(&mut self, id: TimerId) -> Option<&mut Waiter> {
        let timer = &mut self.slots[id.slot as usize];
        (timer.generation == id.generation).then_some(&mut timer.waiter)
    }

    /// Who waits for a timer, be it armed or not.
    pub(crate) fn peek(&self, slot: u32) -> &Waiter {
        &self.slots[slot as usize].waiter
    }

    /// Frees an armed timer before it fired: its record, to be cancelled, and who waited.
    #[inline]
    pub(crate) fn disarm(&mut self, id: TimerId) -> Option<(Ticket, Waiter)> {
        let timer = self.slots.get(id.slot as usize)?;
        if timer.generation != id.generation {
            return None;
        }
        let ticket = timer.ticket;
        Some((ticket, self.fire(id.slot)))
    }

    /// Frees a timer that is due: who waited.
    #[inline]
    pub(crate) fn fire(&mut self, slot: u32) -> Waiter {
        let timer = &mut self.slots[slot as usize];
        timer.generation = timer.generation.wrapping_add(1);
        timer.next_free = self.free;
        self.free = slot;
        timer.waiter.take()
    }

    pub(crate) fn name(&self, slot: u32) -> u64 {
        self.slots[slot as usize].entity
    }
}
