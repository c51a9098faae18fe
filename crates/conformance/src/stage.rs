//! What a contract runs on: two hosts, of which it is the main program of the first and
//! sends parts of itself to the second. Knows no contract.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};
use wavetank_core::{Listener, Providers};

/// A place where contracts run.
pub trait World {
    /// What code gets there.
    type Providers: Providers;

    /// Builds two fresh hosts, both with an empty directory where relative paths start,
    /// and runs `a` on one and `b` on the other until `a` has ended. `spawn_local` must
    /// work directly inside of `a`.
    ///
    /// # Panics
    /// As `a` and `b` do; and if `a` does not end in reasonable time.
    fn run(&self, a: Main<Self::Providers>, b: Main<Self::Providers>);
}

/// The main program of a host.
pub type Main<P> = Box<dyn FnOnce(Host<P>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A host, as code on it sees it.
#[derive(Debug, Clone)]
pub struct Host<P> {
    /// Its providers.
    pub world: P,
    /// An address of its own, which the other host reaches.
    pub address: IpAddr,
}

impl<P: Providers> Host<P> {
    /// Its address with a port; 0 to bind a free one.
    pub fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, port)
    }

    /// A listener on a free port.
    pub async fn listen(&self) -> Listener<P> {
        self.world.bind(self.at(0)).await.expect("a free port is there")
    }
}

/// What a contract gets: the host it runs on, and a way to the other.
#[derive(Debug)]
pub struct Stage<P: Providers> {
    /// The host that the contract itself runs on.
    pub a: Host<P>,
    /// The other one.
    pub b: Remote<P>,
}

/// The host that runs what it is sent.
#[derive(Debug)]
pub struct Remote<P: Providers> {
    parts: mpsc::UnboundedSender<Main<P>>,
}

/// A part that runs on the other host; dropping this lets it run on.
#[derive(Debug)]
pub struct Part<T>(oneshot::Receiver<T>);

impl<P: Providers> Remote<P> {
    /// Starts `part` there as a task of its own.
    pub fn run<F, T>(&self, part: impl FnOnce(Host<P>) -> F + Send + 'static) -> Part<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let main: Main<P> = Box::new(move |host| {
            let part = part(host);
            Box::pin(async move {
                // Nobody may be interested in the result.
                let _ = tell.send(part.await);
            })
        });
        assert!(self.parts.send(main).is_ok(), "host b is gone");
        Part(told)
    }
}

impl<T> Part<T> {
    /// Its result.
    ///
    /// # Panics
    /// If it panicked.
    pub async fn end(self) -> T {
        self.0.await.expect("the part of the contract on host b panicked")
    }
}

/// Runs one contract in one world.
///
/// # Panics
/// If the world breaks the contract.
pub fn check<W, F>(world: &W, body: impl FnOnce(Stage<W::Providers>) -> F + Send + 'static)
where
    W: World,
    F: Future<Output = ()> + Send + 'static,
{
    let (parts, mut received) = mpsc::unbounded_channel::<Main<W::Providers>>();
    let a: Main<W::Providers> = Box::new(move |a| Box::pin(body(Stage { a, b: Remote { parts } })));
    let b: Main<W::Providers> = Box::new(move |host| {
        Box::pin(async move {
            // Kept, so that only the contract of detached tasks depends on those.
            let mut parts = Vec::new();
            while let Some(part) = received.recv().await {
                parts.push(host.world.spawn(part(host.clone())));
            }
        })
    });
    world.run(a, b);
}
