//! Clocks and sleeps as traits, with the time-outs and intervals that are built
//! on them once for all providers. Says nothing of how time passes.

use crate::Instant;
use pin_project_lite::pin_project;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

/// A machine's clocks.
///
/// Clones are cheap and read the same clocks.
pub trait TimeProvider: Clone + Send + Sync + Unpin + 'static {
    /// A future that is ready at its deadline. Has a name so that it can stand in
    /// a struct.
    type Sleep: Sleep;

    /// The monotonic clock: never goes back, but its rate may differ from
    /// another machine's.
    fn now(&self) -> Instant;

    /// The wall clock: may step in either direction. Never measure with it.
    fn wall(&self) -> SystemTime;

    /// Ready once the monotonic clock reaches `deadline`, at the earliest.
    #[track_caller]
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep;

    /// Ready after `duration`, at the earliest.
    #[track_caller]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// `future`, or [`Elapsed`] if it is not ready within `duration`; then it is dropped.
    #[track_caller]
    fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<Self::Sleep, F> {
        Timeout::new(self.sleep(duration), future)
    }

    /// Ticks at once, then every `period`.
    ///
    /// # Panics
    /// If `period` is zero.
    #[track_caller]
    fn interval(&self, period: Duration) -> Interval<Self> {
        assert!(!period.is_zero(), "an interval needs a period above zero");
        let next = self.now();
        Interval { sleep: self.sleep_until(next), time: self.clone(), next, period }
    }
}

/// A sleep in progress.
pub trait Sleep: Future<Output = ()> + Send + Sync + Unpin + 'static {
    /// When it is ready.
    fn deadline(&self) -> Instant;

    /// Moves the deadline, whether or not the sleep was ready already.
    fn reset(&mut self, deadline: Instant);
}

/// A time-out ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deadline has elapsed")]
pub struct Elapsed;

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

pin_project! {
    /// The future of [`TimeProvider::timeout`]. The inner future is polled first,
    /// so that one which is ready at the deadline wins.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Timeout<S, F> {
        #[pin]
        future: F,
        sleep: S,
    }
}

impl<S, F> Timeout<S, F> {
    /// `future`, or [`Elapsed`] once `sleep` is over: for providers that make the sleep
    /// of a time-out themselves.
    pub fn new(sleep: S, future: F) -> Timeout<S, F> {
        Timeout { future, sleep }
    }
}

impl<S: Sleep, F: Future> Future for Timeout<S, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(this.sleep).poll(cx).map(|()| Err(Elapsed))
    }
}

/// Ticks of [`TimeProvider::interval`].
///
/// A tick that comes late by less than a period moves nothing: the next is due as if it
/// had been on time. After a longer delay one tick is delivered at once, and the
/// period counts anew from there (no burst).
#[derive(Debug)]
pub struct Interval<T: TimeProvider> {
    sleep: T::Sleep,
    time: T,
    next: Instant,
    period: Duration,
}

impl<T: TimeProvider> Interval<T> {
    /// Waits for the next tick and says when it was due. Dropping the future loses no tick.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Ready when the next tick is due.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let due = self.next;
        let now = self.time.now();
        self.next = if due + self.period > now { due + self.period } else { now + self.period };
        self.sleep.reset(self.next);
        Poll::Ready(due)
    }
}
