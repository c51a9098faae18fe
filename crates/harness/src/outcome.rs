//! What a process or workload may return. An error of any type is a failure of
//! the run; it is kept as words.

use crate::metrics::SimulationMetrics;
use pin_project_lite::pin_project;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The end of a process or workload, as data.
pub type Ended = Result<SimulationMetrics, String>;

/// Anything that a process or workload may return.
#[diagnostic::on_unimplemented(
    message = "nobody in the tank returns a `{Self}`",
    label = "return nothing, `SimulationMetrics`, or a `Result` of either whose error can be printed"
)]
pub trait Outcome: 'static {
    /// The same as metrics, or as an error in words.
    fn ended(self) -> Ended;
}

impl Outcome for () {
    fn ended(self) -> Ended {
        Ok(SimulationMetrics::default())
    }
}

impl Outcome for SimulationMetrics {
    fn ended(self) -> Ended {
        Ok(self)
    }
}

impl<T: Outcome, E: Display + 'static> Outcome for Result<T, E> {
    fn ended(self) -> Ended {
        self.map_err(|error| error.to_string()).and_then(T::ended)
    }
}

impl Outcome for std::convert::Infallible {
    fn ended(self) -> Ended {
        match self {}
    }
}

/// What a function returns. Names the type `!`, which stable Rust cannot be told by name.
pub trait Returns {
    /// That type.
    type Type;
}

impl<T> Returns for fn() -> T {
    type Type = T;
}

/// A process that loops for ever, as servers do.
impl Outcome for <fn() -> ! as Returns>::Type {
    fn ended(self) -> Ended {
        self
    }
}

pin_project! {
    /// A future that tells its outcome as data. An async block would hold the future twice:
    /// as what it was given, and as what it awaits.
    pub(crate) struct Ending<F> {
        #[pin]
        future: F,
    }
}

impl<F> Ending<F> {
    pub(crate) fn of(future: F) -> Ending<F> {
        Ending { future }
    }
}

impl<F: Future<Output: Outcome>> Future for Ending<F> {
    type Output = Ended;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        Poll::Ready(ready!(self.project().future.poll(cx)).ended())
    }
}
