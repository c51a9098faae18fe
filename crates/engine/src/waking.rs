//! Waking: how a task becomes ready, and whom a device wakes. Which of the ready comes
//! first is drawn here; the order itself is kept next door, in `ready.rs`.

use crate::foreign;
use crate::kernel::{Kernel, SCHEDULE};
use crate::local;
use crate::ready::{Place, Policy};
use crate::task::{Debris, End, Leaver, Wait, generation_of, index_of};
use crate::waiter::Waiter;

/// The number of the waking that comes after another; it is odd, and so never 0.
#[inline]
pub(crate) fn next_sequence(last: u32) -> u32 {
    last.wrapping_add(2)
}

impl Kernel {
    /// [Prefetches](local::prefetch) the task that will be woken, if it is one of the engine's.
    pub fn prefetch_waiter(&self, waiter: &Waiter) {
        if let Waiter::Task(number @ 1..) = waiter {
            let task = self.tasks.peek(index_of(*number));
            local::prefetch(task);
            if let Some(future) = &task.future {
                local::prefetch(&**future);
            }
        }
    }

    /// Wakes who waits. A foreign waker is called after the borrow.
    #[inline]
    pub fn wake(&mut self, waiter: Waiter) {
        match waiter {
            Waiter::Task(0) => {}
            Waiter::Task(number) => {
                self.wake_task(number);
            }
            Waiter::Foreign(waker) => {
                self.urgent = true;
                self.wakers.push(waker);
            }
        }
    }

    /// Drops, after the borrow, a waker that nobody needs any more.
    #[inline]
    pub fn discard(&mut self, waiter: Waiter) {
        if let Waiter::Foreign(_) = waiter {
            self.bring_out(Debris { future: None, joiner: waiter, of: Leaver::Living });
        }
    }

    /// Whether there is nobody left to wake: the task has ended. Of a foreign waker nobody knows.
    pub fn is_over(&self, waiter: &Waiter) -> bool {
        match *waiter {
            Waiter::Task(0) => true,
            Waiter::Task(number) => {
                let task = self.tasks.peek(index_of(number));
                task.number != number || task.end != End::Running
            }
            Waiter::Foreign(_) => false,
        }
    }

    /// Says what the task being polled now waits for, for reports of deadlocks:
    /// the slot of a device, and words such as `data on a stream`.
    #[inline]
    pub fn waits(&mut self, device: u32, slot: u32, what: &'static str) {
        if let Some(index) = self.current.get() {
            self.tasks.at(index).wait = Some(Wait { device, slot, what });
        }
    }

    /// Makes a task ready; false if there is no such task any more.
    #[inline]
    pub(crate) fn wake_task(&mut self, number: u64) -> bool {
        match self.rouse(number) {
            Some(place) => self.push_ready(place),
            None => return self.tasks.get(number).is_some(),
        }
        true
    }

    /// Wakes the task of a waker. That of an earlier run is a foreign use: this run's code has
    /// kept it.
    #[inline]
    pub(crate) fn wake_by_waker(&mut self, number: u64) {
        if !self.wake_task(number) && !self.is_ours(generation_of(number)) {
            foreign::record(self.run);
        }
    }

    /// Notes that a task is ready, unless it is so already: its place, to be put among the ready
    /// or polled at once.
    #[inline]
    pub(crate) fn rouse(&mut self, number: u64) -> Option<Place> {
        let task = self.tasks.get(number)?;
        if task.queued != 0 || task.end != End::Running {
            if task.queued != 0 && self.trace.is_some() {
                self.tell_wake_again(index_of(number));
            }
            return None;
        }
        task.wakes += 1;
        task.wait = None;
        self.sequence = next_sequence(self.sequence);
        task.queued = self.sequence;
        let place = Place::new(self.sequence, index_of(number));
        if self.trace.is_some() {
            self.tell_wake(index_of(number));
        }
        Some(place)
    }

    /// Puts a task among the ready. Its priority is drawn when there is somebody else, and
    /// mostly there is nobody.
    #[inline]
    pub(crate) fn push_ready(&mut self, place: Place) {
        if self.ready.is_empty() {
            self.ready.push_alone(place);
        } else {
            self.push_beside(place);
        }
    }

    #[inline(never)]
    fn push_beside(&mut self, place: Place) {
        self.draw_alone();
        let priority = self.priority(place);
        self.ready.push(priority, place);
    }

    /// Draws the priority of who has stood alone so far.
    fn draw_alone(&mut self) {
        if let Some(alone) = self.ready.take_alone() {
            let priority = self.priority(alone);
            self.ready.push(priority, alone);
        }
    }

    /// The priority of a ready task. Of one that is not ready any more, any number.
    fn priority(&self, place: Place) -> u64 {
        let task = self.tasks.peek(place.index());
        match self.config.policy {
            Policy::Fifo => 0,
            Policy::Random => self.decisions.draw_or(SCHEDULE, task.entity, u64::from(task.wakes), 0),
            Policy::Pct { .. } => self.pct.priority(&self.decisions, task),
        }
    }

    /// Gives a ready task another place; its old entry is stale from now on.
    pub(crate) fn requeue(&mut self, index: u32, priority: u64) {
        self.draw_alone();
        self.sequence = next_sequence(self.sequence);
        self.tasks.at(index).queued = self.sequence;
        self.ready.push(priority, Place::new(self.sequence, index));
    }
}
