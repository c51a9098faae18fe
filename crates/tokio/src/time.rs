//! The machine's clocks through tokio's timer. Adds nothing but the origin from which
//! instants count.
#![expect(clippy::disallowed_methods, reason = "this is where the real clocks are read")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use wavetank_core::{Instant, Sleep, TimeProvider};

/// As far ahead as a deadline that never comes is put: 30 years.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// This machine's clocks. Instants count from the creation of the provider; clones
/// share that origin.
#[derive(Debug, Clone)]
pub struct TokioTimeProvider {
    origin: tokio::time::Instant,
}

impl TokioTimeProvider {
    /// A provider whose origin is now.
    pub fn new() -> TokioTimeProvider {
        TokioTimeProvider { origin: tokio::time::Instant::now() }
    }

    fn real(&self, instant: Instant) -> tokio::time::Instant {
        self.origin.checked_add(instant.since_origin()).unwrap_or_else(|| self.origin + NEVER)
    }
}

impl Default for TokioTimeProvider {
    fn default() -> Self {
        TokioTimeProvider::new()
    }
}

impl TimeProvider for TokioTimeProvider {
    type Sleep = TokioSleep;

    fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep_until(&self, deadline: Instant) -> TokioSleep {
        let sleep = Box::pin(tokio::time::sleep_until(self.real(deadline)));
        TokioSleep { sleep, deadline, time: self.clone() }
    }
}

/// A sleep on tokio's timer, which has a resolution of a millisecond.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TokioSleep {
    sleep: Pin<Box<tokio::time::Sleep>>,
    deadline: Instant,
    time: TokioTimeProvider,
}

impl Sleep for TokioSleep {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.sleep.as_mut().reset(self.time.real(deadline));
    }
}

impl Future for TokioSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}
