//! The provider's clock as hyper asks for it: only to give up on clients that never
//! finish the head of their request.

use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wavetank_core::{Providers, Sleeping};

/// hyper's timer over a provider. It counts from an instant of the standard library
/// that means nothing: only differences to it are used.
#[derive(Debug, Clone)]
pub(crate) struct Clock<P> {
    world: P,
    origin: Instant,
}

impl<P: Providers> Clock<P> {
    pub(crate) fn new(world: &P) -> Clock<P> {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other source, and this one is never compared")]
        let origin = Instant::now();
        Clock { world: world.clone(), origin }
    }
}

impl<P: Providers> Timer for Clock<P> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Waiting::<P>(self.world.sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        self.origin + self.world.now().since_origin()
    }
}

struct Waiting<P: Providers>(Sleeping<P>);

impl<P: Providers> Future for Waiting<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<P: Providers> Sleep for Waiting<P> {}
