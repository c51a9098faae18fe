//! The machine's clocks through tokio's timer. Adds nothing but the origin from which
//! instants count.
#![expect(clippy::disallowed_methods, reason = "this is where the real clocks are read")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use tokio::task::coop;
use wavetank_core::{Instant, Sleep, TimeProvider, Timeout};

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

    /// No instant is so late that the kernel's clock, which counts seconds in 64 bits, had none for it.
    fn real(&self, instant: Instant) -> tokio::time::Instant {
        self.origin + instant.since_origin()
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
        TokioSleep { sleep, deadline, time: self.clone(), is_timeout: false }
    }

    fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<TokioSleep, F> {
        Timeout::new(TokioSleep { is_timeout: true, ..self.sleep(duration) }, future)
    }
}

/// A sleep on tokio's timer, which has a resolution of a millisecond.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TokioSleep {
    sleep: Pin<Box<tokio::time::Sleep>>,
    deadline: Instant,
    time: TokioTimeProvider,
    /// It watches over another future, which is polled before it.
    is_timeout: bool,
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
        let is_timeout = self.is_timeout;
        let sleep = self.sleep.as_mut();
        if is_timeout {
            // A future that is always ready for more, such as one that reads a busy stream, spends
            // all that tokio lets a task do in one poll. It would never run out of time.
            pin!(coop::unconstrained(sleep)).poll(cx)
        } else {
            sleep.poll(cx)
        }
    }
}
