//! Who waits: a waker kept without a reference count where it is the engine's own.

use crate::local;
use std::task::{Context, Waker};

/// A waker that a device keeps. Never calls one: [`Kernel::wake`](crate::Kernel::wake) does.
///
/// Two words: nobody is task 0, because only one variant of an enum can hide in a waker.
#[derive(Debug)]
pub enum Waiter {
    /// A task of the engine, by number; 0: nobody.
    Task(u64),
    /// A foreign waker: a combinator's, such as those of `FuturesUnordered`.
    Foreign(Waker),
}

const _: () = assert!(size_of::<Waiter>() == 16, "a waiter stays within two words");

impl Default for Waiter {
    #[inline]
    fn default() -> Self {
        Waiter::NOBODY
    }
}

impl Waiter {
    /// Nobody.
    pub const NOBODY: Waiter = Waiter::Task(0);

    /// Whether nobody waits.
    #[inline]
    pub fn is_none(&self) -> bool {
        matches!(self, Waiter::Task(0))
    }

    /// Makes `cx`'s task the one that waits. Gives back the waker that it replaces,
    /// if dropping it may run user code; drop it after the borrow.
    #[inline]
    #[must_use = "a foreign waker must be dropped outside of the borrow"]
    pub fn set(&mut self, cx: &Context<'_>) -> Option<Waker> {
        let waker = cx.waker();
        let new = match local::task_number(waker) {
            Some(number) => Waiter::Task(number),
            None => match self {
                Waiter::Foreign(old) if old.will_wake(waker) => return None,
                _ => Waiter::Foreign(waker.clone()),
            },
        };
        match std::mem::replace(self, new) {
            Waiter::Foreign(old) => Some(old),
            _ => None,
        }
    }

    /// Takes who waits.
    #[inline]
    pub fn take(&mut self) -> Waiter {
        std::mem::take(self)
    }
}
