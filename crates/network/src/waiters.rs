//! Several tasks that wait for one thing, such as the next connection. Wakes all
//! of them: which one is first is up to the schedule.

use std::task::{Context, Waker};
use wavetank_engine::{Kernel, Waiter};

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Vec<Waiter>);

impl Waiters {
    /// Adds `cx`'s task, once. What is returned must be dropped outside of the borrow.
    #[must_use = "a foreign waker must be dropped outside of the borrow"]
    pub(crate) fn add(&mut self, cx: &Context<'_>) -> Option<Waker> {
        let foreign =
            self.0.iter().any(|waiter| matches!(waiter, Waiter::Foreign(waker) if waker.will_wake(cx.waker())));
        if foreign {
            return None;
        }
        let mut new = Waiter::NOBODY;
        let replaced = new.set(cx);
        let known = match new {
            Waiter::Task(number) => self.0.iter().any(|waiter| matches!(waiter, Waiter::Task(it) if *it == number)),
            _ => false,
        };
        if !known {
            self.0.push(new);
        }
        replaced
    }

    /// Whether who has waited longest is none of the engine's tasks.
    pub(crate) fn is_first_foreign(&self) -> bool {
        matches!(self.0.first(), Some(Waiter::Foreign(_)))
    }

    #[inline]
    pub(crate) fn wake(&mut self, kernel: &mut Kernel) {
        for waiter in self.0.drain(..) {
            kernel.wake(waiter);
        }
    }

    /// Forgets all of them: they are dead.
    pub(crate) fn discard(&mut self, kernel: &mut Kernel) {
        for waiter in self.0.drain(..) {
            kernel.discard(waiter);
        }
    }
}
