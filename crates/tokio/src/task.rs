//! Tasks of the tokio runtime that the caller is in. Owns no runtime.
#![expect(clippy::disallowed_methods, reason = "this is where tokio's own tasks are spawned")]

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use wavetank_core::{JoinError, JoinHandle, TaskProvider};

/// The tokio runtime that the calling code runs in.
///
/// # Panics
/// Every method panics outside of a runtime, and `spawn_local` outside of a `LocalSet`
/// or `LocalRuntime`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTaskProvider;

impl TaskProvider for TokioTaskProvider {
    type JoinHandle<T: Send + 'static> = TokioJoinHandle<T>;
    type LocalJoinHandle<T: 'static> = TokioJoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> TokioJoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        TokioJoinHandle(tokio::spawn(future))
    }

    #[track_caller]
    fn spawn_local<F>(&self, future: F) -> TokioJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        TokioJoinHandle(tokio::task::spawn_local(future))
    }

    #[track_caller]
    fn spawn_blocking<W, T>(&self, work: W) -> TokioJoinHandle<T>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        TokioJoinHandle(tokio::task::spawn_blocking(work))
    }

    fn yield_now(&self) -> impl Future<Output = ()> + Send + 'static {
        tokio::task::yield_now()
    }
}

/// A handle to a task; dropping it detaches the task.
#[derive(Debug)]
pub struct TokioJoinHandle<T>(tokio::task::JoinHandle<T>);

impl<T: 'static> JoinHandle<T> for TokioJoinHandle<T> {
    fn abort(&self) {
        self.0.abort();
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> IntoFuture for TokioJoinHandle<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = Joining<T>;

    fn into_future(self) -> Joining<T> {
        Joining(self.0)
    }
}

/// Waits for a task's result. Dropping it detaches the task.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Joining<T>(tokio::task::JoinHandle<T>);

impl<T> Future for Joining<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|error| match error.try_into_panic() {
            Ok(payload) => JoinError::Panicked(payload),
            Err(_) => JoinError::Cancelled,
        })
    }
}
