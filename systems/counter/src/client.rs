//! A client of the service, on hyper's client connection. Repeats nothing: whether an
//! increment may be repeated is for its caller to say.

use crate::router::CounterValue;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use wavetank_core::{Elapsed, JoinHandle, Providers, Task, TcpStream};

/// Why a request has no answer. Only after [`Connect`](ClientError::Connect) it is
/// certain that an increment was not made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Exchange(#[from] hyper::Error),
    /// The service did not answer in time.
    #[error("no answer in time")]
    TimedOut(#[from] Elapsed),
    /// The service refused or failed.
    #[error("the service answered {0}")]
    Status(StatusCode),
    /// The answer is not one of this service.
    #[error("cannot read the answer: {0}")]
    Answer(#[from] serde_json::Error),
}

/// One connection to the service. After an error, open another one.
pub struct HttpClient<P: Providers> {
    world: P,
    timeout: Duration,
    requests: SendRequest<Empty<Bytes>>,
    driver: Task<P, ()>,
}

impl<P: Providers> Drop for HttpClient<P> {
    /// Without its client, a connection has nothing left to say.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl<P: Providers> HttpClient<P> {
    /// Opens a connection; that, and each request, may take as long as `timeout`.
    ///
    /// # Errors
    /// [`ClientError::Connect`].
    pub async fn connect(world: &P, to: SocketAddr, timeout: Duration) -> Result<HttpClient<P>, ClientError> {
        let connecting = world.timeout(timeout, world.connect(to)).await;
        let stream = connecting.map_err(io::Error::from).flatten().map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        // This reads and writes nothing yet.
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        let driver = world.spawn(async move {
            // Its error is the request's, too.
            let _ = connection.await;
        });
        Ok(HttpClient { world: world.clone(), timeout, requests, driver })
    }

    /// Adds one to a counter; its new value.
    ///
    /// # Errors
    /// [`ClientError`]: it may or may not have been added.
    pub async fn increment(&mut self, name: &str) -> Result<u64, ClientError> {
        self.ask(Method::POST, format!("/counters/{name}/increment")).await
    }

    /// A counter's value; zero for one that nobody incremented.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn value(&mut self, name: &str) -> Result<u64, ClientError> {
        self.ask(Method::GET, format!("/counters/{name}")).await
    }

    async fn ask(&mut self, method: Method, path: String) -> Result<u64, ClientError> {
        let world = self.world.clone();
        world.timeout(self.timeout, self.exchange(method, path)).await?
    }

    async fn exchange(&mut self, method: Method, path: String) -> Result<u64, ClientError> {
        let request = Request::builder().method(method).uri(path).header(HOST, "counter").body(Empty::new());
        self.requests.ready().await?;
        let answer = self.requests.send_request(request.expect("names are plain letters")).await?;
        if answer.status() != StatusCode::OK {
            return Err(ClientError::Status(answer.status()));
        }
        let body = answer.into_body().collect().await?.to_bytes();
        let counter: CounterValue = serde_json::from_slice(&body)?;
        Ok(counter.value)
    }
}
