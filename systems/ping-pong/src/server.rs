//! The answering side: accepts connections, reads their requests, writes replies back
//! to where each request came from. What the reply says is the caller's business.

use crate::frame::{Frame, FrameReader, frame};
use crate::message::{Ping, Pong};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::debug;
use wavetank_core::{Listener, Providers, Stream, TcpListener, TcpStream, select};
use wavetank_probe::{buggify, reachable};

/// Connections served at a time; further ones wait in the listener's backlog.
const CONNECTIONS_MOST: usize = 1_000;
/// Requests that wait for the caller, of all connections.
const REQUESTS_MOST: usize = 100;
/// Requests of one connection that have no reply yet; no more are read from it.
const UNANSWERED_MOST: usize = 16;
/// A connection that is silent for so long is closed: its client may be gone without
/// a word.
const IDLE_MOST: Duration = Duration::from_secs(30);
/// How long to wait when a connection cannot be accepted: most often the process has
/// no file descriptor left, and some will be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that is bound to its address. Dropping it closes all connections.
#[derive(Debug)]
pub struct Server {
    requests: mpsc::Receiver<(Ping, Responder)>,
    address: SocketAddr,
}

/// Where the reply to a request goes. Dropping it leaves the request unanswered.
#[derive(Debug)]
pub struct Responder {
    correlation: u64,
    reply: mpsc::OwnedPermit<Vec<u8>>,
}

impl Responder {
    /// Replies. If the connection is gone by now, so is the reply.
    ///
    /// # Errors
    /// `InvalidInput` if the reply is too long for a frame.
    pub fn send(self, pong: &Pong) -> io::Result<()> {
        self.reply.send(frame(self.correlation, pong)?);
        Ok(())
    }
}

impl Server {
    /// Listens on `at` and begins to accept; port 0 picks a free port.
    ///
    /// # Errors
    /// The listener's: `AddrInUse`, `AddrNotAvailable`.
    pub async fn bind<P: Providers>(world: &P, at: SocketAddr) -> io::Result<Server> {
        let listener = world.bind(at).await?;
        let address = listener.local_addr()?;
        let (sender, requests) = mpsc::channel(REQUESTS_MOST);
        world.spawn(accept(world.clone(), listener, sender));
        Ok(Server { requests, address })
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next request and where its reply goes.
    pub async fn next_request(&mut self) -> Option<(Ping, Responder)> {
        self.requests.recv().await
    }
}

/// Answers each ping in the name of `name`, for as long as the server lives, and shows
/// each answer to `observe` before it is sent.
///
/// # Errors
/// `InvalidInput` for a ping so long that its pong fits into no frame.
pub async fn answer<P: Providers>(
    world: &P,
    mut server: Server,
    name: &str,
    mut observe: impl FnMut(&Pong),
) -> io::Result<()> {
    while let Some((ping, responder)) = server.next_request().await {
        let pong = Pong { sequence: ping.sequence, text: ping.text, server: name.to_string() };
        observe(&pong);
        if buggify!("an answer dawdles", 0.05) {
            // In a task of its own: one slow answer must not hold up the others.
            let pause = world.sleep(Duration::from_millis(1_200));
            world.spawn(async move {
                pause.await;
                responder.send(&pong)
            });
        } else {
            responder.send(&pong)?;
        }
    }
    Ok(())
}

async fn accept<P: Providers>(world: P, listener: Listener<P>, requests: mpsc::Sender<(Ping, Responder)>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MOST));
    loop {
        let place = places.clone().acquire_owned().await.expect("nobody closes the semaphore");
        let accepted = select! {
            accepted = listener.accept() => accepted,
            () = requests.closed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                debug!(%peer, "accepted");
                let serving = attend(world.clone(), stream, requests.clone(), place);
                world.spawn(serving);
            }
            Err(_) => world.sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection until it ends, breaks, or is silent for too long. None of
/// that concerns anybody else, so there is no error to return.
async fn attend<P: Providers>(
    world: P,
    stream: Stream<P>,
    requests: mpsc::Sender<(Ping, Responder)>,
    _place: OwnedSemaphorePermit,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (reader, mut writer) = stream.into_split();
    let mut frames = FrameReader::new(reader);
    let (sender, mut replies) = mpsc::channel::<Vec<u8>>(UNANSWERED_MOST);
    loop {
        let event = select! {
            frame = frames.next(), if sender.capacity() > 0 => Event::Request(frame),
            reply = replies.recv() => Event::Reply(reply.expect("a sender lives as long as this loop")),
            () = requests.closed() => return,
            () = world.sleep(IDLE_MOST) => return,
        };
        match event {
            Event::Request(Ok(Some(frame))) => {
                let Ok(ping) = frame.message() else { return };
                let reply = sender.clone().try_reserve_owned().expect("there was room before the request was read");
                if requests.send((ping, Responder { correlation: frame.correlation, reply })).await.is_err() {
                    return;
                }
            }
            Event::Request(Ok(None)) => {
                reachable!("a client closes its connection");
                return;
            }
            Event::Request(Err(_)) => {
                reachable!("a client's connection breaks");
                return;
            }
            Event::Reply(bytes) => match world.timeout(IDLE_MOST, writer.write_all(&bytes)).await {
                Ok(Ok(())) => (),
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
}

/// What happens on a connection.
enum Event {
    Request(io::Result<Option<Frame>>),
    Reply(Vec<u8>),
}
