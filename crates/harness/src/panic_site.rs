//! Where a panic was: a process-wide hook that keeps the place of a panic inside a
//! simulation, and prints nothing of it; other panics go to the hook before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static SIMULATING: Cell<bool> = const { Cell::new(false) };
    static SITE: RefCell<String> = const { RefCell::new(String::new()) };
}

static INSTALL: Once = Once::new();

/// While it lives, panics of this thread are a run's findings.
pub(crate) struct Simulating {
    before: bool,
}

impl Simulating {
    pub(crate) fn begin() -> Simulating {
        INSTALL.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if SIMULATING.get() {
                    let site = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
                    SITE.set(site.unwrap_or_default());
                } else {
                    before(info);
                }
            }));
        });
        Simulating { before: SIMULATING.replace(true) }
    }
}

impl Drop for Simulating {
    fn drop(&mut self) {
        SIMULATING.set(self.before);
    }
}

/// Where the last panic of this thread was, as `file:line`.
pub(crate) fn last() -> String {
    SITE.take()
}

/// Where the last panic of this thread was, and what it said. What it carried goes: it may be
/// of the world, and may panic once more, which is no news.
pub(crate) fn told(payload: Box<dyn Any + Send>) -> (String, String) {
    let told = (last(), wavetank_core::panic_message(payload.as_ref()).to_string());
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    told
}
