//! The provider's clock as hyper wants it. Adds nothing to it.

use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wavetank_core::{Providers, Sleeping};

/// hyper's timer over a provider.
///
/// hyper counts in the standard library's instants. Those that it sees here are an
/// origin plus the provider's time: only differences between them are ever used, so it
/// does not matter what the origin is.
#[derive(Debug, Clone)]
pub struct HyperClock<P> {
    world: P,
    origin: Instant,
}

impl<P: Providers> HyperClock<P> {
    /// The clock of `world`.
    pub fn new(world: P) -> HyperClock<P> {
        #[expect(clippy::disallowed_methods, reason = "std has no other way to an Instant, and no decision reads it")]
        let origin = Instant::now();
        HyperClock { world, origin }
    }
}

impl<P: Providers> Timer for HyperClock<P> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Pause::<P>(self.world.sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let deadline = wavetank_core::Instant::ZERO + deadline.saturating_duration_since(self.origin);
        Box::pin(Pause::<P>(self.world.sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        self.origin + self.world.now().since_origin()
    }
}

struct Pause<P: Providers>(Sleeping<P>);

impl<P: Providers> Future for Pause<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<P: Providers> Sleep for Pause<P> {}
