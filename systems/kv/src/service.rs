//! The service: a listener, hyper with the router on each connection, and an orderly
//! end. Owns no key and no route.

use crate::bug::Bug;
use crate::clock::Clock;
use crate::database::{Database, Keeping};
use crate::directory::DirectoryError;
use crate::limit::REPLIES_MOST;
use crate::router::router;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{debug, info};
use wavetank_core::{Listener, Providers, Stream, TcpListener, TcpStream, select, watch};

/// How long requests under way may take once the service stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a client may take for the head of a request, and to begin the next one.
const HEAD_MOST: Duration = Duration::from_secs(30);
/// How long to wait when no connection can be accepted: most often the process has no
/// file descriptor left, and some will be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Where to listen; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The log is compacted when it is longer than this, in bytes, and longer than the
    /// last snapshot.
    pub compact_bytes: u64,
    /// A planted bug, for tests of tests.
    pub bug: Option<Bug>,
}

impl Options {
    /// On `listen`, with a log of up to 16 MiB or as long as the snapshot.
    pub fn new(listen: SocketAddr) -> Options {
        Options { listen, compact_bytes: 16 << 20, bug: None }
    }
}

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The data directory failed. Unless it is damaged, a new process may go on from
    /// what it holds.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The task that keeps the log panicked.
    #[error("the task that keeps the log is gone")]
    Committer,
}

/// Serves until `shutdown` is ready or the log fails; calls `listening` with its
/// address when the data directory is recovered. No other process may use the
/// directory: seeing to that is the caller's part.
///
/// On `shutdown`, requests under way are answered first. When the log fails they get
/// status 503, and the service ends: nothing that this process knows of the file can be
/// trusted any more.
///
/// # Errors
/// [`ServeError`].
pub async fn serve<P: Providers>(
    world: &P,
    options: Options,
    shutdown: impl Future<Output = ()>,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let listen_error = |source| ServeError::Listen { address: options.listen, source };
    let listener = world.bind(options.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let keeping = Keeping { compact_bytes: options.compact_bytes, replies_most: REPLIES_MOST, bug: options.bug };
    let (database, committing) = Database::open(world, keeping).await?;
    info!(%address, "listening");
    listening(address);
    let (stop, stopping) = watch::channel(false);
    let (alive, mut ended) = mpsc::channel::<()>(1);
    // The listener and the acceptor's share of what the connections hold end here.
    let result = select! {
        never = accept(world, listener, router(database), stopping, alive) => match never {},
        () = shutdown => Ok(()),
        ended = committing => match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ServeError::Directory(error)),
            Err(_) => Err(ServeError::Committer),
        },
    };
    stop.send_replace(true);
    // Each connection holds a sender, and nobody ever sends: this ends with the last of
    // them, or leaves those behind that do not end.
    let _ = world.timeout(FAREWELL, ended.recv()).await;
    result
}

async fn accept<P: Providers>(
    world: &P,
    listener: Listener<P>,
    router: Router,
    stopping: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
) -> std::convert::Infallible {
    let clock = Clock::new(world);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                debug!(%peer, "accepted");
                world.spawn(attend::<P>(clock.clone(), stream, router.clone(), stopping.clone(), alive.clone()));
            }
            Err(_) => world.sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection. How it ends concerns nobody but its client.
async fn attend<P: Providers>(
    clock: Clock<P>,
    stream: Stream<P>,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
) {
    // Answers are small and somebody waits for each.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut builder = http1::Builder::new();
    builder.timer(clock).header_read_timeout(HEAD_MOST);
    // hyper would read the wall clock behind the provider's back, and the same seed
    // would not send the same bytes.
    builder.auto_date_header(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let stopped = async {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    select! {
        _ = connection.as_mut() => return,
        () = stopped => (),
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
