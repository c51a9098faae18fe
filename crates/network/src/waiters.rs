//! Several tasks that wait for one thing, such as the next connection. Wakes all
//! of them: which one is first is up to the schedule.
//!
//! Nobody says that they wait no more: a task ends, or a time-out drops what it waited with.
//! So those who wait are looked through whenever they have doubled.

use std::collections::BTreeSet;
use std::task::{Context, Waker};
use wavetank_engine::{Kernel, Waiter};

/// So few are not looked through.
const FEW: usize = 32;
/// Foreign wakers of which nobody asks whether somebody still waits with them.
const FOREIGN_MOST: usize = 256;

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// Who has waited longest: mostly the only one.
    first: Waiter,
    /// Nobody if there is no first. Some may be there twice, or no more.
    others: Vec<Waiter>,
    /// How many of the others were left when they were looked through.
    left: usize,
    /// The foreign ones were asked at that time, and so many have come back.
    asked: Option<u64>,
    back: usize,
}

impl Waiters {
    /// Adds `cx`'s task. What is returned must be dropped outside of the borrow.
    #[must_use = "a foreign waker must be dropped outside of the borrow"]
    pub(crate) fn add(&mut self, kernel: &mut Kernel, cx: &Context<'_>) -> Option<Waker> {
        if self.first.is_none() {
            return self.first.set(cx);
        }
        let mut new = Waiter::NOBODY;
        let replaced = new.set(cx);
        let last = self.others.last().unwrap_or(&self.first);
        if name(last) == name(&new) {
            kernel.discard(new);
            return replaced;
        }
        self.back += usize::from(matches!(new, Waiter::Foreign(_)) && self.asked == Some(kernel.now()));
        self.others.push(new);
        if self.others.len() >= 2 * self.left.max(FEW) {
            self.look_through(kernel);
            self.ask(kernel);
        }
        replaced
    }

    /// Forgets those who are there twice, or are dead. Order and first place are kept.
    fn look_through(&mut self, kernel: &mut Kernel) {
        let mut seen = BTreeSet::from([name(&self.first)]);
        self.others.retain_mut(|waiter| {
            let is_kept = !kernel.is_over(waiter) && seen.insert(name(waiter));
            if !is_kept {
                kernel.discard(waiter.take());
            }
            is_kept
        });
        if kernel.is_over(&self.first) {
            self.first = if self.others.is_empty() { Waiter::NOBODY } else { self.others.remove(0) };
        }
        self.left = self.others.len();
    }

    /// Wakes the foreign ones if they are too many: who still waits comes back. Not twice at
    /// one instant, and not before there are twice as many as have come back.
    fn ask(&mut self, kernel: &mut Kernel) {
        let foreign = self.others.iter().filter(|waiter| matches!(waiter, Waiter::Foreign(_))).count();
        if foreign < FOREIGN_MOST.max(2 * self.back) || self.asked == Some(kernel.now()) {
            return;
        }
        (self.asked, self.back) = (Some(kernel.now()), 0);
        for waiter in self.others.extract_if(.., |waiter| matches!(waiter, Waiter::Foreign(_))) {
            kernel.wake(waiter);
        }
        self.left = self.others.len();
    }

    /// Whether who has waited longest is none of the engine's tasks.
    pub(crate) fn is_first_foreign(&self) -> bool {
        matches!(self.first, Waiter::Foreign(_))
    }

    /// Bytes held for all but the first.
    pub(crate) fn memory(&self) -> usize {
        self.others.capacity() * size_of::<Waiter>()
    }

    #[inline]
    pub(crate) fn wake(&mut self, kernel: &mut Kernel) {
        if !self.others.is_empty() {
            return self.wake_several(kernel);
        }
        kernel.wake(self.first.take());
    }

    #[inline(never)]
    fn wake_several(&mut self, kernel: &mut Kernel) {
        // Who is there twice is woken once.
        self.look_through(kernel);
        kernel.wake(self.first.take());
        self.others.drain(..).for_each(|waiter| kernel.wake(waiter));
        self.left = 0;
    }

    /// Forgets all of them: they are dead.
    pub(crate) fn discard(&mut self, kernel: &mut Kernel) {
        kernel.discard(self.first.take());
        self.others.drain(..).for_each(|waiter| kernel.discard(waiter));
        (self.left, self.asked, self.back) = (0, None, 0);
    }
}

/// Tells waiters apart. Where a foreign waker lies is no decision: only equality counts.
fn name(waiter: &Waiter) -> (u64, usize, usize) {
    match waiter {
        Waiter::Task(number) => (*number, 0, 0),
        Waiter::Foreign(waker) => (0, waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr()),
    }
}
