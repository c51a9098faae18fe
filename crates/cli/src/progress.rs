//! How far a sweep is, told while it runs: a line that is rewritten on a terminal,
//! plain lines elsewhere. It also ends the sweep, on an interruption and at its time.

use crate::interruption::Interruption;
use crate::report::{grouped, seconds};
use crate::terminal;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use wavetank_harness::Progress;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);
/// When a first line is written where nobody rewrites it: what is over before needs none.
const PLAIN_FIRST: Duration = Duration::from_secs(1);
/// How often after that.
const PLAIN: Duration = Duration::from_secs(10);

/// A sweep to watch.
pub(crate) struct Watch<'a> {
    pub(crate) name: &'a str,
    /// How many seeds, if that is known.
    pub(crate) most: Option<u64>,
    /// Real time after which no seed begins.
    pub(crate) time: Option<Duration>,
    pub(crate) progress: &'a Progress,
    pub(crate) interruption: &'a Interruption,
}

impl Watch<'_> {
    /// Watches while `body` runs the sweep.
    pub(crate) fn during<R>(&self, body: impl FnOnce() -> R) -> R {
        let (over, watched) = mpsc::channel::<()>();
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let rewrites = terminal::rewrites();
                let mut next = start + PLAIN_FIRST;
                while watched.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    let now = Instant::now();
                    let elapsed = now - start;
                    if self.interruption.is_wanted() || self.time.is_some_and(|time| elapsed >= time) {
                        self.progress.cancelled.store(true, Ordering::Relaxed);
                    }
                    if rewrites || now >= next {
                        next = now + PLAIN;
                        tell(&self.line(elapsed), rewrites);
                    }
                }
                if rewrites {
                    tell("", true);
                }
            });
            // On unwinding too: the watcher ends with the sweep.
            let _over = over;
            body()
        })
    }

    fn line(&self, elapsed: Duration) -> String {
        let done = self.progress.done.load(Ordering::Relaxed);
        let red = self.progress.red.load(Ordering::Relaxed);
        let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
        let of = self.most.map(|most| format!("/{}", grouped(most))).unwrap_or_default();
        let by_seeds = self.most.filter(|_| done > 0).map(|most| most.saturating_sub(done) as f64 / rate);
        let by_time = self.time.map(|time| time.saturating_sub(elapsed).as_secs_f64());
        let left = match (by_seeds, by_time) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let left = left.map(|left| format!(", {} left", seconds(left))).unwrap_or_default();
        format!(
            "{}: {}{of} seeds, {} red, {} seeds/s{left}",
            self.name,
            grouped(done),
            grouped(red),
            grouped(rate as u64)
        )
    }
}

/// What cannot be told is not worth ending a sweep for.
fn tell(line: &str, rewrites: bool) {
    if rewrites { terminal::rewrite(line) } else { terminal::complain(line) }
}
