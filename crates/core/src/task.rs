//! Tasks as a trait: spawning, joining, aborting. Says nothing of which thread
//! they run on.

use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture};

/// Where tasks are spawned.
///
/// Clones are cheap and spawn on the same node.
pub trait TaskProvider: Clone + Send + Sync + Unpin + 'static {
    /// A handle to a spawned task. It and the future that it turns into are `Send`, so
    /// that a task can wait for another.
    type JoinHandle<T: Send + 'static>: JoinHandle<T, IntoFuture: Send> + Send + Sync;
    /// A handle to a task that stays on its thread.
    type LocalJoinHandle<T: 'static>: JoinHandle<T>;

    /// Starts `future` as a task. Dropping the handle detaches the task.
    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a future that is not `Send` on this very thread.
    ///
    /// # Panics
    /// On tokio, outside of a `LocalSet` or `LocalRuntime`.
    #[track_caller]
    fn spawn_local<F>(&self, future: F) -> Self::LocalJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Runs code that blocks, away from the tasks. It cannot be aborted once it
    /// has begun.
    #[track_caller]
    fn spawn_blocking<W, T>(&self, work: W) -> Self::JoinHandle<T>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    /// Lets other tasks run first.
    fn yield_now(&self) -> impl Future<Output = ()> + Send + 'static;
}

/// A handle to a task: awaiting it gives the task's result, once. The future that it turns
/// into panics when it is polled after that: in a loop around [`select!`](crate::select!),
/// a condition must disable the branch that was ready.
///
/// It is not a `Future` itself but turns into one, so that dropping it at the end
/// of a statement (a detached task) needs no ceremony.
pub trait JoinHandle<T>: IntoFuture<Output = Result<T, JoinError>, IntoFuture: Unpin> + Unpin + 'static {
    /// Stops the task at its next await point; joining it then gives
    /// [`JoinError::Cancelled`], unless it was finished already.
    fn abort(&self);

    /// Whether the task has ended, for whatever reason.
    fn is_finished(&self) -> bool;
}

/// Why a task has no result.
#[derive(thiserror::Error)]
pub enum JoinError {
    /// It was aborted, or its runtime or node is gone.
    #[error("task was cancelled")]
    Cancelled,
    /// It panicked, with this payload.
    #[error("task panicked: {}", panic_message(.0.as_ref()))]
    Panicked(Box<dyn Any + Send>),
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("Cancelled"),
            JoinError::Panicked(payload) => f.debug_tuple("Panicked").field(&panic_message(payload.as_ref())).finish(),
        }
    }
}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        std::io::Error::other(error.to_string())
    }
}

/// The words of a panic, as far as its payload is text.
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a payload that is not text"
    }
}
