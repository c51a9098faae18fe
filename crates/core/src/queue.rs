//! Wakers in the order in which they began to wait. Locks nothing, and never calls or
//! drops a waker by itself: both may run code that comes back to the queue's owner.

use std::collections::BTreeMap;
use std::task::Waker;

/// Who waits. Tickets only grow, so the map's order is that of arrival.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<Ticket, Waker>,
    issued: u64,
}

/// A place in a queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Those who have waited enough; to be woken when no lock is held.
#[must_use]
pub(crate) struct Waiters(BTreeMap<Ticket, Waker>);

impl Queue {
    /// Queues `waker`: at the place of `ticket` while that is still waiting, else at the
    /// end. Returns the waker that stood there.
    pub(crate) fn wait(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        if let Some(place) = ticket.and_then(|ticket| self.waiting.get_mut(&ticket)) {
            return Some(std::mem::replace(place, waker));
        }
        self.issued += 1;
        let issued = *ticket.insert(Ticket(self.issued));
        self.waiting.insert(issued, waker)
    }

    /// Gives a place up. Returns the waker that stood there.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        self.waiting.remove(&ticket)
    }

    /// Empties the queue.
    pub(crate) fn take(&mut self) -> Waiters {
        Waiters(std::mem::take(&mut self.waiting))
    }
}

impl Waiters {
    /// Wakes all, first come first.
    pub(crate) fn wake(self) {
        for waker in self.0.into_values() {
            waker.wake();
        }
    }
}
