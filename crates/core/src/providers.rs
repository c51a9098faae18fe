//! The bundle that code takes as `P: Providers`, and the names for its parts.
//! Owns no behaviour: every method forwards to one provider.

use crate::{
    Elapsed, EntropyProvider, Instant, Interval, NetworkProvider, OpenOptions, RandomProvider, StorageProvider,
    TaskProvider, TimeProvider, Timeout,
};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// All that code needs of the world around it.
///
/// `Unpin`, as each provider is, for executors and timers of libraries are asked to be: one of hyper's
/// HTTP/2 that holds a `P` is.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
/// use std::time::Duration;
/// use wavetank_core::{Providers, Stream, TcpListener};
///
/// async fn serve<P: Providers>(world: P, at: SocketAddr) -> io::Result<()> {
///     let listener = world.bind(at).await?;
///     loop {
///         let (stream, _) = listener.accept().await?;
///         world.spawn(answer(world.clone(), stream));
///     }
/// }
///
/// async fn answer<P: Providers>(world: P, stream: Stream<P>) {
///     world.sleep(Duration::from_millis(1)).await;
///     drop(stream);
/// }
/// ```
pub trait Providers: Clone + Send + Sync + Unpin + 'static {
    /// Its network.
    type Network: NetworkProvider;
    /// Its clocks.
    type Time: TimeProvider;
    /// Its tasks.
    type Task: TaskProvider;
    /// Its application randomness.
    type Random: RandomProvider;
    /// Its entropy for keys and nonces.
    type Entropy: EntropyProvider;
    /// Its files.
    type Storage: StorageProvider;

    /// The network.
    fn network(&self) -> &Self::Network;
    /// The clocks.
    fn time(&self) -> &Self::Time;
    /// The tasks.
    fn task(&self) -> &Self::Task;
    /// Application randomness.
    fn random(&self) -> &Self::Random;
    /// Entropy for keys and nonces.
    fn entropy(&self) -> &Self::Entropy;
    /// The files.
    fn storage(&self) -> &Self::Storage;

    /// [`NetworkProvider::connect`].
    ///
    /// # Errors
    /// As there.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Stream<Self>>> + Send {
        self.network().connect(to)
    }

    /// Looks `name` (as `host:port`) up and connects to the first address that answers.
    ///
    /// # Errors
    /// Those of [`NetworkProvider::lookup`], and of the last attempt to connect.
    fn connect_to(&self, name: &str) -> impl Future<Output = io::Result<Stream<Self>>> + Send {
        async move {
            let mut failure = io::Error::from(io::ErrorKind::NotFound);
            for address in self.network().lookup(name).await? {
                match self.network().connect(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        }
    }

    /// [`NetworkProvider::bind`].
    ///
    /// # Errors
    /// As there.
    fn bind(&self, at: SocketAddr) -> impl Future<Output = io::Result<Listener<Self>>> + Send {
        self.network().bind(at)
    }

    /// [`NetworkProvider::bind_udp`].
    ///
    /// # Errors
    /// As there.
    fn bind_udp(&self, at: SocketAddr) -> impl Future<Output = io::Result<Udp<Self>>> + Send {
        self.network().bind_udp(at)
    }

    /// [`StorageProvider::open`].
    ///
    /// # Errors
    /// As there.
    fn open(
        &self,
        path: impl AsRef<Path> + Send,
        options: OpenOptions,
    ) -> impl Future<Output = io::Result<File<Self>>> + Send {
        self.storage().open(path, options)
    }

    /// [`TimeProvider::now`].
    fn now(&self) -> Instant {
        self.time().now()
    }

    /// [`TimeProvider::sleep`].
    // These three are inlined always, so that a sleep is made where it is polled.
    #[track_caller]
    #[inline(always)]
    fn sleep(&self, duration: Duration) -> Sleeping<Self> {
        self.time().sleep(duration)
    }

    /// [`TimeProvider::sleep_until`].
    #[track_caller]
    #[inline(always)]
    fn sleep_until(&self, deadline: Instant) -> Sleeping<Self> {
        self.time().sleep_until(deadline)
    }

    /// [`TimeProvider::timeout`]: an [`Elapsed`] error if `future` takes longer.
    #[track_caller]
    #[inline(always)]
    fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<Sleeping<Self>, F> {
        self.time().timeout(duration, future)
    }

    /// [`TimeProvider::interval`].
    ///
    /// # Panics
    /// If `period` is zero.
    #[track_caller]
    fn interval(&self, period: Duration) -> Interval<Self::Time> {
        self.time().interval(period)
    }

    /// [`TaskProvider::spawn`].
    #[track_caller]
    #[inline]
    fn spawn<F>(&self, future: F) -> Task<Self, F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.task().spawn(future)
    }
}

/// The connected stream of a bundle.
pub type Stream<P> = <<P as Providers>::Network as NetworkProvider>::TcpStream;
/// The listening socket of a bundle.
pub type Listener<P> = <<P as Providers>::Network as NetworkProvider>::TcpListener;
/// The datagram socket of a bundle.
pub type Udp<P> = <<P as Providers>::Network as NetworkProvider>::UdpSocket;
/// The file of a bundle.
pub type File<P> = <<P as Providers>::Storage as StorageProvider>::File;
/// The sleep of a bundle.
pub type Sleeping<P> = <<P as Providers>::Time as TimeProvider>::Sleep;
/// The join handle of a bundle's task with result `T`.
pub type Task<P, T> = <<P as Providers>::Task as TaskProvider>::JoinHandle<T>;
/// The result of a [`Providers::timeout`].
pub type TimeoutResult<T> = Result<T, Elapsed>;
