//! The one wire from planted points to the simulation that runs on this thread. It
//! owns no simulation: without a hook every point is inert.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::{Details, Probability, Published, Site};

thread_local! {
    // Const-initialised and without destructor: reading it is one load, at any time in a thread's life.
    static HOOK: Cell<Option<&'static dyn Hook>> = const { Cell::new(None) };
}

/// What a simulation does when product code passes a planted point.
///
/// Every method is called on the thread that installed the hook, in the middle of
/// product code. A method that panics unwinds through product code; only
/// [`violated`](Hook::violated) is followed by a panic in any case.
pub trait Hook {
    /// The site was executed, once per execution whatever its kind. `condition` is
    /// what the assertion saw; `true` for `reachable!`, `false` for
    /// `unreachable!`; whether a `buggify!` fired, a knob left its default, or
    /// published state was read.
    fn hit(&self, site: &'static Site, condition: bool);

    /// An `always_assert!` failed or an `unreachable!` was reached. Called after
    /// [`hit`](Hook::hit) and before the panic, which product code may swallow:
    /// what is recorded here must end the run red.
    fn violated(&self, site: &'static Site, details: &Details<'_>);

    /// Whether a `buggify!` fires; `probability` is what its site asks for, if it
    /// does. The benign answer is no.
    fn buggify(&self, site: &'static Site, probability: Option<Probability>) -> bool {
        let _ = (site, probability);
        false
    }

    /// Which of `choices` values a knob takes, below `choices`; 0 is the default
    /// and the benign answer. A knob is a property of a run: the answer for a site
    /// should not change while the run lasts.
    fn knob(&self, site: &'static Site, choices: usize) -> usize {
        let _ = (site, choices);
        0
    }

    /// Whether anybody reads what `site` would publish now; if not, the value is
    /// not computed.
    fn reads(&self, site: &'static Site) -> bool {
        let _ = site;
        false
    }

    /// Takes a published value. Called only after [`reads`](Hook::reads) said yes;
    /// the value was computed between the two calls, outside the hook.
    fn publish(&self, site: &'static Site, value: Box<dyn Published>) {
        let _ = (site, value);
    }
}

/// Listens on this thread until the guard is dropped, on unwinding too; then the
/// hook that was there before, if any, is back.
///
/// ```
/// use wavetank_probe::{Details, Hook, Site, install, is_simulated};
///
/// struct Silent;
/// impl Hook for Silent {
///     fn hit(&self, _: &'static Site, _: bool) {}
///     fn violated(&self, _: &'static Site, _: &Details<'_>) {}
/// }
///
/// let installed = install(&Silent);
/// assert!(is_simulated());
/// drop(installed);
/// assert!(!is_simulated());
/// ```
#[inline]
pub fn install(hook: &'static dyn Hook) -> Installed {
    Installed { previous: HOOK.replace(Some(hook)), thread_bound: PhantomData }
}

/// Whether a simulation listens on this thread.
#[inline]
pub fn is_simulated() -> bool {
    HOOK.get().is_some()
}

/// Keeps a hook installed; guards are dropped in the reverse order of their making.
#[must_use = "the hook is taken out when this is dropped"]
pub struct Installed {
    previous: Option<&'static dyn Hook>,
    // A guard dropped on another thread would take out the wrong hook.
    thread_bound: PhantomData<*const ()>,
}

impl Drop for Installed {
    #[inline]
    fn drop(&mut self) {
        HOOK.set(self.previous);
    }
}

#[inline]
pub(crate) fn current() -> Option<&'static dyn Hook> {
    HOOK.get()
}
