//! Several tasks that wait for one thing, such as the next connection. Wakes all
//! of them: which one is first is up to the schedule.

use std::task::{Context, Waker};
use wavetank_engine::{Kernel, Waiter};

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// Who has waited longest: mostly the only one.
    first: Waiter,
    /// Nobody if there is no first.
    others: Vec<Waiter>,
}

impl Waiters {
    /// Adds `cx`'s task, once. What is returned must be dropped outside of the borrow.
    #[must_use = "a foreign waker must be dropped outside of the borrow"]
    pub(crate) fn add(&mut self, cx: &Context<'_>) -> Option<Waker> {
        if self.first.is_none() {
            return self.first.set(cx);
        }
        if self.iter().any(|waiter| matches!(waiter, Waiter::Foreign(waker) if waker.will_wake(cx.waker()))) {
            return None;
        }
        let mut new = Waiter::NOBODY;
        let replaced = new.set(cx);
        let known =
            |waiter: &Waiter| matches!((waiter, &new), (Waiter::Task(one), Waiter::Task(other)) if one == other);
        if !self.iter().any(known) {
            self.others.push(new);
        }
        replaced
    }

    /// Who has waited longest first.
    fn iter(&self) -> impl Iterator<Item = &Waiter> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether who has waited longest is none of the engine's tasks.
    pub(crate) fn is_first_foreign(&self) -> bool {
        matches!(self.first, Waiter::Foreign(_))
    }

    #[inline]
    pub(crate) fn wake(&mut self, kernel: &mut Kernel) {
        kernel.wake(self.first.take());
        if !self.others.is_empty() {
            self.others.drain(..).for_each(|waiter| kernel.wake(waiter));
        }
    }

    /// Forgets all of them: they are dead.
    pub(crate) fn discard(&mut self, kernel: &mut Kernel) {
        kernel.discard(self.first.take());
        self.others.drain(..).for_each(|waiter| kernel.discard(waiter));
    }
}
