//! A client of the service, on hyper's client connection. Says what an error leaves
//! open; repeats only what was given a name.

use crate::command::{Action, Command, Condition, Outcome};
use crate::precondition::IDEMPOTENCY_KEY;
use crate::refusal::{RefusalBody, Word};
use crate::router::{Listing, Written};
use crate::store::Entry;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ETAG, HOST, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use wavetank_core::{Elapsed, JoinHandle, Providers, Task, TcpStream};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no connection. The request was not made.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Exchange(#[from] hyper::Error),
    /// The service did not answer in time.
    #[error("no answer in time")]
    TimedOut(#[from] Elapsed),
    /// The service said no.
    #[error("the service refused: {}", .0.message)]
    Refused(RefusalBody),
    /// The answer is not one of this service.
    #[error("cannot read the answer: {0}")]
    Answer(#[from] serde_json::Error),
}

impl ClientError {
    /// Whether a write that ended so may have been done all the same.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            ClientError::Connect(_) => false,
            ClientError::Refused(refusal) => refusal.error == Word::OutcomeUnknown,
            ClientError::Exchange(_) | ClientError::TimedOut(_) | ClientError::Answer(_) => true,
        }
    }
}

/// One connection to the service. After an error that is not a
/// [refusal](ClientError::Refused), open another one.
pub struct Client<P: Providers> {
    world: P,
    timeout: Duration,
    requests: SendRequest<Full<Bytes>>,
    driver: Task<P, ()>,
}

/// What came of a write, as its client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether it was answered before.
    pub replayed: bool,
}

impl<P: Providers> Drop for Client<P> {
    /// Without its client, a connection has nothing left to say.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl<P: Providers> Client<P> {
    /// Opens a connection; that, and each request, may take as long as `timeout`.
    ///
    /// # Errors
    /// [`ClientError::Connect`].
    pub async fn connect(world: &P, to: SocketAddr, timeout: Duration) -> Result<Client<P>, ClientError> {
        let connecting = world.timeout(timeout, world.connect(to)).await;
        let stream = connecting.map_err(io::Error::from).flatten().map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        // This reads and writes nothing yet.
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        let driver = world.spawn(async move {
            // Its error is the request's, too.
            let _ = connection.await;
        });
        Ok(Client { world: world.clone(), timeout, requests, driver })
    }

    /// Does one write.
    ///
    /// # Errors
    /// [`ClientError`]; whether it was done says [`ClientError::is_ambiguous`].
    pub async fn write(&mut self, command: &Command) -> Result<Answer, ClientError> {
        let path = path_of(&command.key);
        let (method, body) = match &command.action {
            Action::Put(value) => (Method::PUT, value.clone()),
            Action::Delete => (Method::DELETE, Bytes::new()),
        };
        let mut request = Request::builder().method(method).uri(path);
        request = match command.condition {
            Condition::Always => request,
            Condition::Absent => request.header(IF_NONE_MATCH, "*"),
            Condition::Present => request.header(IF_MATCH, "*"),
            Condition::Version(version) => request.header(IF_MATCH, format!("\"{version}\"")),
        };
        if let Some(key) = &command.retry_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let answer = self.ask(request, body).await?;
        let replayed = answer.headers().contains_key(crate::router::REPLAYED);
        let outcome = match (answer.status(), &command.action) {
            (StatusCode::CREATED, _) => Outcome::Stored { version: version_of(&answer)?, created: true },
            (StatusCode::OK, Action::Put(_)) => Outcome::Stored { version: version_of(&answer)?, created: false },
            (StatusCode::OK, Action::Delete) => Outcome::Deleted { version: version_of(&answer)? },
            _ => match refusal(answer)? {
                RefusalBody { error: Word::NotFound, .. } => Outcome::Missing,
                RefusalBody { error: Word::VersionMismatch, version, .. } => Outcome::Mismatch { version },
                refusal => return Err(ClientError::Refused(refusal)),
            },
        };
        Ok(Answer { outcome, replayed })
    }

    /// A key's entry; nothing if there is no such key.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn read(&mut self, key: &str) -> Result<Option<Entry>, ClientError> {
        let answer = self.ask(Request::get(path_of(key)), Bytes::new()).await?;
        if answer.status() == StatusCode::OK {
            let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
            let version = serde_json::from_str(tag.trim_matches('"'))?;
            return Ok(Some(Entry { value: answer.into_body(), version }));
        }
        match refusal(answer)? {
            RefusalBody { error: Word::NotFound, .. } => Ok(None),
            refusal => Err(ClientError::Refused(refusal)),
        }
    }

    /// A page of the keys that begin with `prefix`: the first, or the one behind `token`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&mut self, prefix: &str, limit: usize, token: Option<&str>) -> Result<Listing, ClientError> {
        let mut path = format!("/v1/kv?prefix={}&limit={limit}", utf8_percent_encode(prefix, NON_ALPHANUMERIC));
        if let Some(token) = token {
            path = format!("{path}&token={token}");
        }
        let answer = self.ask(Request::get(path), Bytes::new()).await?;
        if answer.status() == StatusCode::OK {
            return Ok(serde_json::from_slice(answer.body())?);
        }
        Err(ClientError::Refused(refusal(answer)?))
    }

    async fn ask(
        &mut self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> Result<Response<Bytes>, ClientError> {
        let request = request.header(HOST, "kv").body(Full::new(body)).expect("paths and headers are encoded");
        let world = self.world.clone();
        let exchange = async {
            self.requests.ready().await?;
            let (head, body) = self.requests.send_request(request).await?.into_parts();
            Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        world.timeout(self.timeout, exchange).await?
    }
}

fn path_of(key: &str) -> String {
    format!("/v1/kv/{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
}

fn version_of(answer: &Response<Bytes>) -> Result<u64, ClientError> {
    let written: Written = serde_json::from_slice(answer.body())?;
    Ok(written.version)
}

fn refusal(answer: Response<Bytes>) -> Result<RefusalBody, ClientError> {
    Ok(serde_json::from_slice(answer.body())?)
}
