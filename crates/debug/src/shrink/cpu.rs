//! The processor time of a thread: what a budget is counted in. Where the system does
//! not tell it, real time stands for it.

use std::time::Duration;

/// A watch of the thread that starts it.
pub(super) struct Watch {
    #[cfg(unix)]
    start: Duration,
    #[cfg(not(unix))]
    start: std::time::Instant,
}

#[cfg(unix)]
impl Watch {
    pub(super) fn start() -> Watch {
        Watch { start: thread_time() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        thread_time().saturating_sub(self.start)
    }
}

#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(not(unix))]
impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a budget is about the real world")]
    pub(super) fn start() -> Watch {
        Watch { start: std::time::Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
