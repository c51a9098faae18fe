//! The one borrow flag of a world. What it guards is the shell's, which takes it before
//! every access.

use std::cell::Cell;

/// Free, or taken by who is in the world.
#[derive(Default)]
pub(crate) struct Flag(Cell<bool>);

/// Frees the flag, on unwinding too.
pub(crate) struct Borrow<'a>(&'a Cell<bool>);

impl Flag {
    /// Takes the flag for as long as the answer lives.
    ///
    /// # Panics
    /// If it is taken already: user code ran under a borrow.
    #[inline]
    pub(crate) fn take(&self) -> Borrow<'_> {
        if self.0.replace(true) {
            taken_twice();
        }
        Borrow(&self.0)
    }

    #[inline]
    pub(crate) fn is_taken(&self) -> bool {
        self.0.get()
    }
}

impl Drop for Borrow<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[cold]
fn taken_twice() -> ! {
    panic!("the simulated world was entered twice: a device ran user code under its borrow (a bug of that device)");
}
