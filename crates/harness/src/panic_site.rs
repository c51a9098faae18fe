//! Where a panic was: a process-wide hook that keeps the place of a panic inside a
//! simulation, and prints nothing of it; other panics go to the hook before. So does one that
//! nobody survives, after the seed was told: nothing else would say which run it was.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What the standard library says before it ends a process because of a panic: in a destructor
/// that runs because of another one, or where C called. It has no stable name for that.
const LAST_WORDS: [&str; 2] = ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

/// Between the seed and why.
const ENDS: &str = " of a simulation ends this process: ";

thread_local! {
    static SIMULATING: Cell<Option<u64>> = const { Cell::new(None) };
    /// Panics that nobody has asked for yet.
    static PANICS: RefCell<Vec<Panic>> = const { RefCell::new(Vec::new()) };
}

struct Panic {
    site: String,
    words: String,
}

static INSTALL: Once = Once::new();

/// While it lives, panics of this thread are a run's findings.
pub(crate) struct Simulating {
    before: Option<u64>,
}

impl Simulating {
    /// Of that seed's run.
    pub(crate) fn begin(seed: u64) -> Simulating {
        INSTALL.call_once(install);
        Simulating { before: SIMULATING.replace(Some(seed)) }
    }
}

impl Drop for Simulating {
    fn drop(&mut self) {
        SIMULATING.set(self.before);
    }
}

fn install() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| match SIMULATING.get() {
        Some(seed) if is_last(info) => {
            tell(seed, info);
            before(info);
        }
        Some(_) => PANICS.with_borrow_mut(|panics| panics.push(Panic::of(info))),
        None => before(info),
    }));
}

impl Panic {
    fn of(info: &PanicHookInfo<'_>) -> Panic {
        let site = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        Panic { site: site.unwrap_or_default(), words: info.payload_as_str().unwrap_or("no text").to_string() }
    }
}

/// Whether the process ends with it.
fn is_last(info: &PanicHookInfo<'_>) -> bool {
    cfg!(panic = "abort") || info.payload_as_str().is_some_and(|words| LAST_WORDS.contains(&words))
}

/// Says which run ends the process, and by which panics. Not by `eprintln`: what a test prints so
/// is kept until it ends, which it does not.
fn tell(seed: u64, info: &PanicHookInfo<'_>) {
    let mut text = format!("seed {seed}{ENDS}{}\n", Panic::of(info).words);
    // A panic that was caught is not among the last two.
    PANICS.with_borrow(|panics| {
        for Panic { site, words } in &panics[panics.len().saturating_sub(2)..] {
            text.push_str(&format!("  panicked at {site}: {words}\n"));
        }
    });
    let _ = io::stderr().write_all(text.as_bytes());
}

/// What a process said of the panic that ended it, in a line, if one did.
pub(crate) fn last_words(complaint: &str) -> Option<String> {
    let mut lines = complaint.lines();
    let (_, last) = lines.find_map(|line| line.split_once(ENDS))?;
    let before = lines.map_while(|line| line.strip_prefix("  "));
    Some([last].into_iter().chain(before).collect::<Vec<_>>().join("; "))
}

/// Where the last panic of this thread was, as `file:line`.
pub(crate) fn last() -> String {
    PANICS.take().pop().map(|last| last.site).unwrap_or_default()
}

/// Where the last panic of this thread was, and what it said. What it carried goes: it may be
/// of the world, and may panic once more, which is no news.
pub(crate) fn told(payload: Box<dyn Any + Send>) -> (String, String) {
    let told = (last(), wavetank_core::panic_message(payload.as_ref()).to_string());
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    told
}
