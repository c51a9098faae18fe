//! The asking side: one connection that is opened again when it breaks, and requests
//! that are repeated until they are answered or given up. Decides nothing about what
//! is asked.

use crate::backoff::Backoff;
use crate::bug::{Bug, takes_any_answer};
use crate::frame::{FrameReader, frame};
use crate::message::{Ping, Pong};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tracing::debug;
use wavetank_core::{Providers, Stream, TcpStream};
use wavetank_probe::{reachable, sometimes_assert};

/// How patient a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long one attempt may take, opening a connection included.
    pub timeout: Duration,
    /// How many attempts a request has; above zero.
    pub attempts: u32,
    /// How many attempts in a row may time out before the connection is taken for dead.
    pub silences: u32,
    /// The pauses between attempts.
    pub backoff: Backoff,
    /// A planted bug, for tests of tests.
    pub bug: Option<Bug>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            timeout: Duration::from_secs(1),
            attempts: 5,
            silences: 2,
            backoff: Backoff::default(),
            bug: None,
        }
    }
}

/// What a client has been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ClientStats {
    /// Requests begun.
    pub sent: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests given up.
    pub failed: u64,
    /// Attempts, of all requests.
    pub attempts: u64,
    /// Attempts that nobody answered in time.
    pub time_outs: u64,
    /// Connections opened.
    pub connections: u64,
    /// Answers to attempts that had been given up.
    pub late: u64,
}

/// Nobody answered, however often the client asked.
#[derive(Debug, thiserror::Error)]
#[error("no answer in {attempts} attempts: {last}")]
pub struct RequestError {
    /// How often it asked.
    pub attempts: u32,
    /// What the last attempt ended with.
    #[source]
    pub last: io::Error,
}

/// A client of one server.
///
/// A request may reach the server more than once: what it asks for has to bear that.
pub struct Client<P: Providers> {
    world: P,
    server: SocketAddr,
    options: ClientOptions,
    connection: Option<Connection<P>>,
    correlation: u64,
    stats: ClientStats,
}

struct Connection<P: Providers> {
    frames: FrameReader<Stream<P>>,
    /// Whether a frame may have been cut short by a time-out.
    writing: bool,
    silences: u32,
}

impl<P: Providers> Client<P> {
    /// A client that connects when it has something to ask.
    ///
    /// # Panics
    /// If the options allow no attempt.
    pub fn new(world: P, server: SocketAddr, options: ClientOptions) -> Client<P> {
        assert!(options.attempts > 0, "a client without an attempt can ask nothing");
        Client { world, server, options, connection: None, correlation: 0, stats: ClientStats::default() }
    }

    /// What it has been through.
    pub fn stats(&self) -> ClientStats {
        self.stats
    }

    /// Asks until it is answered or has asked often enough.
    ///
    /// # Errors
    /// [`RequestError`] with what the last attempt ended with.
    pub async fn request(&mut self, ping: &Ping) -> Result<Pong, RequestError> {
        self.stats.sent += 1;
        let mut failures = 0;
        loop {
            let error = match self.attempt(ping).await {
                Ok(pong) => {
                    sometimes_assert!(failures > 1, "a request is answered after several attempts");
                    self.stats.answered += 1;
                    return Ok(pong);
                }
                Err(error) => error,
            };
            failures += 1;
            debug!(server = %self.server, sequence = ping.sequence, failures, %error, "no answer");
            if failures == self.options.attempts {
                reachable!("a request is given up");
                self.stats.failed += 1;
                return Err(RequestError { attempts: failures, last: error });
            }
            let pause = self.options.backoff.pause(failures, self.world.random());
            self.world.sleep(pause).await;
        }
    }

    async fn attempt(&mut self, ping: &Ping) -> io::Result<Pong> {
        self.stats.attempts += 1;
        self.correlation += 1;
        let world = self.world.clone();
        match world.timeout(self.options.timeout, self.exchange(ping)).await {
            Ok(Ok(pong)) => Ok(pong),
            Ok(Err(error)) => {
                sometimes_assert!(self.connection.is_some(), "a connection breaks under a request");
                self.connection = None;
                Err(error)
            }
            Err(elapsed) => {
                self.stats.time_outs += 1;
                self.after_silence();
                Err(elapsed.into())
            }
        }
    }

    /// Keeps a connection that may only be slow, so that one slow answer does not cost
    /// a new connection; not one on which half a frame may stand.
    fn after_silence(&mut self) {
        reachable!("a request times out");
        let Some(connection) = &mut self.connection else { return };
        connection.silences += 1;
        if connection.writing || connection.silences >= self.options.silences {
            self.connection = None;
        }
    }

    async fn exchange(&mut self, ping: &Ping) -> io::Result<Pong> {
        let bytes = frame(self.correlation, ping)?;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            absent => {
                let stream = self.world.connect(self.server).await?;
                stream.set_nodelay(true)?;
                sometimes_assert!(self.stats.connections > 0, "a client opens its connection again");
                self.stats.connections += 1;
                debug!(server = %self.server, from = ?stream.local_addr(), "connected");
                absent.insert(Connection { frames: FrameReader::new(stream), writing: false, silences: 0 })
            }
        };
        connection.writing = true;
        connection.frames.stream().write_all(&bytes).await?;
        connection.writing = false;
        loop {
            let Some(answer) = connection.frames.next().await? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if answer.correlation == self.correlation || takes_any_answer(self.options.bug) {
                connection.silences = 0;
                return answer.message();
            }
            reachable!("an answer comes too late");
            self.stats.late += 1;
            debug!(server = %self.server, correlation = answer.correlation, "an answer came too late");
        }
    }
}
