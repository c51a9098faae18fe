//! Device handles that were dropped under a borrow, kept until it is over. Closes nothing
//! itself.

use std::cell::{Cell, RefCell};

/// A device handle that was dropped under a borrow, to be closed after it.
pub(crate) struct Close {
    pub(crate) device: u32,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// The handles of one world that wait to be closed.
#[derive(Default)]
pub(crate) struct Closes {
    /// Mostly there is none, and this costs one load to know.
    is_any: Cell<bool>,
    waiting: RefCell<Vec<Close>>,
}

impl Closes {
    /// Whether handles were dropped under a borrow.
    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.is_any.get()
    }

    /// Has what handles stood for closed outside of the borrow.
    pub(crate) fn add(&self, closes: impl IntoIterator<Item = Close>) {
        self.is_any.set(true);
        self.waiting.borrow_mut().extend(closes);
    }

    /// What they stood for.
    pub(crate) fn take(&self) -> Vec<Close> {
        self.is_any.set(false);
        self.waiting.take()
    }
}
