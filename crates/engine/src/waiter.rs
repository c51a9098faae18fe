//! Who waits: a waker kept without a reference count where it is the engine's own.

use crate::local;
use std::task::{Context, Waker};

/// A waker that a device keeps. Never calls one: [`Kernel::wake`](crate::Kernel::wake) does.
#[derive(Debug, Default)]
pub enum Waiter {
    /// Nobody.
    #[default]
    None,
    /// A task of the engine, by number.
    Task(u64),
    /// A foreign waker: a combinator's, such as those of `FuturesUnordered`.
    Foreign(Waker),
}

impl Waiter {
    /// Whether nobody waits.
    #[inline]
    pub fn is_none(&self) -> bool {
        matches!(self, Waiter::None)
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
