//! A channel that holds one value and tells its receivers when it changes. Keeps no
//! history: a receiver that looks late sees only the latest value.
//!
//! The shape is that of `tokio::sync::watch`. The difference is the order in which
//! waiting receivers wake: tokio spreads them over eight lists by ambient randomness,
//! so that the order differs from run to run; here it is the order in which they
//! began to wait.
//!
//! ```
//! use wavetank_core::watch;
//!
//! async fn wait_until_ready(mut state: watch::Receiver<&str>) -> Result<(), watch::RecvError> {
//!     state.wait_for(|state| *state == "ready").await.map(drop)
//! }
//!
//! let (state, seen) = watch::channel("starting");
//! assert_eq!(*seen.borrow(), "starting");
//! state.send("ready").expect("a receiver is there");
//! # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
//! # let waiting = pin!(wait_until_ready(seen));
//! # assert_eq!(waiting.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())));
//! ```

use crate::queue::{Queue, Ticket};
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::task::{Context, Poll};

/// A channel that holds `value`; the receiver has seen it.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let state = State { version: 0, senders: 1, receivers: 1, changed: Queue::default(), closed: Queue::default() };
    let shared = Arc::new(Shared { value: RwLock::new(value), state: Mutex::new(state) });
    (Sender { shared: shared.clone() }, Receiver { shared, seen: 0 })
}

/// The sending end. The channel closes for receivers when the last clone is dropped.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The receiving end, which remembers what it has seen.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// The value, locked against change while it is looked at.
///
/// Keep it for a moment only, and never while sending on the same channel from the
/// same thread: that waits for itself. It is not `Send`, so it cannot be held across
/// an await point of a spawned task.
pub struct Ref<'a, T> {
    value: RwLockReadGuard<'a, T>,
    changed: bool,
}

/// No receiver is there; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no receiver is there")]
pub struct SendError<T>(pub T);

/// No sender is left, and the last value has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no sender is left")]
pub struct RecvError;

/// The value's lock is taken before the state's, never after it, and wakers are
/// called with neither held.
struct Shared<T> {
    value: RwLock<T>,
    state: Mutex<State>,
}

struct State {
    version: u64,
    senders: usize,
    receivers: usize,
    changed: Queue,
    closed: Queue,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, T> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`Receiver::changed`] for one that has `seen` this version.
    async fn changed(&self, seen: &mut u64) -> Result<(), RecvError> {
        let mut place = Place::new(self, |state| &mut state.changed);
        poll_fn(|cx| place.poll(cx, |state| state.change_since(seen))).await
    }
}

impl<T> Sender<T> {
    /// A sender without a receiver; [`subscribe`](Sender::subscribe) makes those.
    pub fn new(value: T) -> Sender<T> {
        channel(value).0
    }

    /// Puts `value` in place and wakes all who wait for a change.
    ///
    /// # Errors
    /// The value, if there is no receiver.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.send_replace(value);
        Ok(())
    }

    /// Puts `value` in place, whether or not there is a receiver, and gives the previous one back.
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|place| std::mem::swap(place, &mut value));
        value
    }

    /// Changes the value in place, whether or not there is a receiver.
    ///
    /// A panic of `modify` passes through; what it had changed stays, and nobody is told.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place and tells the receivers only if `modify` says that
    /// it did. Returns what it said.
    ///
    /// A panic of `modify` passes through; what it had changed stays, and nobody is told.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let waiters = {
            let mut value = self.shared.value.write().unwrap_or_else(PoisonError::into_inner);
            if !modify(&mut value) {
                return false;
            }
            let mut state = self.shared.state();
            state.version += 1;
            state.changed.take()
        };
        waiters.wake();
        true
    }

    /// The value.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { value: self.shared.read(), changed: false }
    }

    /// A receiver more, which has seen the current value.
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.shared.state();
        state.receivers += 1;
        Receiver { seen: state.version, shared: self.shared.clone() }
    }

    /// Waits until there is no receiver. Dropping the future changes nothing.
    pub async fn closed(&self) {
        let mut place = Place::new(&self.shared, |state| &mut state.closed);
        poll_fn(|cx| place.poll(cx, |state| (state.receivers == 0).then_some(()))).await;
    }

    /// Whether there is no receiver.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.state().receivers
    }

    /// How many senders there are, this one among them.
    pub fn sender_count(&self) -> usize {
        self.shared.state().senders
    }

    /// Whether both send to the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Receiver<T> {
    /// Waits until there is a value that this receiver has not seen, and marks it as
    /// seen. Dropping the future before it is ready changes nothing.
    ///
    /// # Errors
    /// If there is none and the last sender is gone.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        self.shared.changed(&mut self.seen).await
    }

    /// The value; it does not count as seen.
    pub fn borrow(&self) -> Ref<'_, T> {
        let value = self.shared.read();
        let changed = self.shared.state().version != self.seen;
        Ref { value, changed }
    }

    /// The value, marked as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.read();
        // Nobody can send while the value is locked, so this is the version of `value`.
        let version = self.shared.state().version;
        let changed = std::mem::replace(&mut self.seen, version) != version;
        Ref { value, changed }
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// # Errors
    /// If the last sender is gone, even if there is one.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let state = self.shared.state();
        if state.senders == 0 { Err(RecvError) } else { Ok(state.version != self.seen) }
    }

    /// Makes the current value one that this receiver has not seen.
    pub fn mark_changed(&mut self) {
        // Versions only grow, so none is equal to the one before the current.
        self.seen = self.shared.state().version.wrapping_sub(1);
    }

    /// Makes the current value one that this receiver has seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.state().version;
    }

    /// Waits for a value of which `wanted` says yes, beginning with the current one,
    /// and marks it as seen. Dropping the future before it is ready leaves as seen
    /// what `wanted` has looked at.
    ///
    /// # Errors
    /// If the last sender is gone and `wanted` said no to the last value.
    pub async fn wait_for(&mut self, mut wanted: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        let Receiver { shared, seen } = self;
        loop {
            let before = *seen;
            {
                let value = shared.read();
                let version = shared.state().version;
                *seen = version;
                if wanted(&value) {
                    return Ok(Ref { value, changed: before != version });
                }
            }
            shared.changed(seen).await?;
        }
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl State {
    /// What [`Receiver::changed`] says to a receiver that has `seen` this version.
    fn change_since(&self, seen: &mut u64) -> Option<Result<(), RecvError>> {
        if *seen != self.version {
            *seen = self.version;
            Some(Ok(()))
        } else {
            (self.senders == 0).then_some(Err(RecvError))
        }
    }
}

/// A waiting future's place in one of the queues; given up when it is dropped.
struct Place<'a, T, Q: Fn(&mut State) -> &mut Queue> {
    shared: &'a Shared<T>,
    queue: Q,
    ticket: Option<Ticket>,
}

impl<'a, T, Q: Fn(&mut State) -> &mut Queue> Place<'a, T, Q> {
    fn new(shared: &'a Shared<T>, queue: Q) -> Self {
        Place { shared, queue, ticket: None }
    }

    /// Ready with what `answer` finds; else in the queue. Looking and queueing are one
    /// step under the lock, so that no change slips between them.
    fn poll<R>(&mut self, cx: &mut Context<'_>, answer: impl FnOnce(&State) -> Option<R>) -> Poll<R> {
        let waker = cx.waker().clone();
        let mut state = self.shared.state();
        if let Some(found) = answer(&state) {
            return Poll::Ready(found);
        }
        let previous = (self.queue)(&mut state).wait(&mut self.ticket, waker);
        // Dropping a waker may run code that comes back here.
        drop(state);
        drop(previous);
        Poll::Pending
    }
}

impl<T, Q: Fn(&mut State) -> &mut Queue> Drop for Place<'_, T, Q> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let removed = (self.queue)(&mut self.shared.state()).leave(ticket);
            drop(removed);
        }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Ref<'_, T> {
    /// Whether the receiver that lent it had not seen this value before.
    pub fn has_changed(&self) -> bool {
        self.changed
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Sender::new(T::default())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.state().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waiters = {
            let mut state = self.shared.state();
            state.senders -= 1;
            if state.senders > 0 {
                return;
            }
            state.changed.take()
        };
        waiters.wake();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.state().receivers += 1;
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let waiters = {
            let mut state = self.shared.state();
            state.receivers -= 1;
            if state.receivers > 0 {
                return;
            }
            state.closed.take()
        };
        waiters.wake();
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("value", &*self.borrow()).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("value", &*self.borrow()).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}
