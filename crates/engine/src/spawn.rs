//! Spawning and joining tasks of a process. In which order they run is decided by
//! the schedule.

use crate::broken::{BLOCKING, Broken, LOCAL, TASK};
use crate::home::Home;
use crate::kernel::{Kernel, TASKS};
use crate::local;
use crate::stage::{Slot, boxed};
use crate::task::{Debris, End, Leaver, index_of};
use ref_cast::RefCast;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wavetank_core::{JoinError, JoinHandle, TaskProvider};

/// The tasks of a process.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimTaskProvider {
    home: Home,
}

impl SimTaskProvider {
    /// Spawns for a process.
    pub fn new(home: Home) -> SimTaskProvider {
        SimTaskProvider { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimTaskProvider {
        SimTaskProvider::ref_cast(home)
    }

    /// As [`TaskProvider::spawn`], with a name for reports. The future need not be `Send`.
    #[track_caller]
    pub fn spawn_named<F>(&self, name: &'static str, future: F) -> SimJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_at(name, Location::caller(), future)
    }

    /// As [`spawn_named`](Self::spawn_named), on behalf of code elsewhere, which reports then name.
    #[inline]
    pub fn spawn_at<F>(
        &self,
        name: &'static str,
        site: &'static Location<'static>,
        future: F,
    ) -> SimJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // Into its box outside of the borrow: it would be moved into the closure first, and futures
        // are large.
        let future = boxed(self.home.with(|kernel| kernel.tasks.take_spare()), future);
        let Home { run, node, incarnation } = self.home;
        let spawned = self.home.with(|kernel| kernel.spawn((node, incarnation), future, (name, site)));
        // The dead spawn nothing: the future is dropped here, after the borrow.
        let number = spawned.unwrap_or(GONE);
        SimJoinHandle { run, number, output: PhantomData }
    }
}

impl TaskProvider for SimTaskProvider {
    type JoinHandle<T: Send + 'static> = SimJoinHandle<T>;
    type LocalJoinHandle<T: 'static> = SimJoinHandle<T>;

    #[track_caller]
    #[inline]
    fn spawn<F>(&self, future: F) -> SimJoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_named(TASK, future)
    }

    #[track_caller]
    fn spawn_local<F>(&self, future: F) -> SimJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_named(LOCAL, future)
    }

    #[track_caller]
    fn spawn_blocking<W, T>(&self, work: W) -> SimJoinHandle<T>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // There is one thread: the work blocks it, but no virtual time passes.
        self.spawn_named(BLOCKING, async move { work() })
    }

    fn yield_now(&self) -> impl Future<Output = ()> + Send + 'static {
        YieldNow { yielded: false }
    }
}

struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A handle to a simulated task; dropping it detaches the task.
pub struct SimJoinHandle<T> {
    run: u64,
    number: u64,
    output: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for SimJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimJoinHandle").finish_non_exhaustive()
    }
}

impl<T: 'static> JoinHandle<T> for SimJoinHandle<T> {
    fn abort(&self) {
        local::reach(self.run, |split| split.kernel.abort(self.number));
    }

    fn is_finished(&self) -> bool {
        local::reach(self.run, |split| {
            let is_broken = split.kernel.breaks(Broken::Finished);
            let task = split.kernel.tasks.get(self.number);
            task.is_none_or(|task| task.end != End::Running || (is_broken && task.queued == 0))
        })
    }
}

impl<T: 'static> Future for SimJoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Before there is a result, which a panic would have to drop.
        if self.number == JOINED {
            refuse_again(self.run);
        }
        // Dropped at the end, after the borrow: both may run user code.
        let (mut replaced, mut debris) = (None, None);
        let number = self.number;
        let joined = local::reach(self.run, |split| split.kernel.join::<T>(number, cx, &mut replaced, &mut debris));
        if joined.is_ready() {
            self.number = JOINED;
        }
        joined
    }
}

/// A task's result is asked for again, which tokio does not forgive either.
#[cold]
fn refuse_again(run: u64) {
    let is_forgiven = local::reach(run, |split| split.kernel.breaks(Broken::Again));
    assert!(is_forgiven, "a task's result was taken, and its handle is polled once more");
}

impl<T> Drop for SimJoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.number, GONE | JOINED) {
            return;
        }
        match local::try_reach(self.run, |split| split.kernel.detach(self.number)) {
            Some(debris) => drop(debris),
            None => local::close_later(self.run, TASKS, self.number as u32, (self.number >> 32) as u32),
        }
    }
}

/// The number of no task: its index is one that no task ever gets.
const GONE: u64 = u64::MAX;
/// That of a task whose result was taken, with the same index.
const JOINED: u64 = GONE >> 1;

impl Kernel {
    #[inline]
    fn join<T: 'static>(
        &mut self,
        number: u64,
        cx: &Context<'_>,
        replaced: &mut Option<Waker>,
        debris: &mut Option<Debris>,
    ) -> Poll<Result<T, JoinError>> {
        let Some(task) = self.tasks.get(number) else { return Poll::Ready(Err(JoinError::Cancelled)) };
        let index = index_of(number);
        let result = match task.end {
            End::Running => {
                *replaced = task.joiner.set(cx);
                self.waits(TASKS, index, "the end of task");
                return Poll::Pending;
            }
            End::Returned => {
                let mut output = None::<T>;
                if let Some(future) = &mut task.future {
                    future.as_mut().put_output(Slot::of(&mut output));
                }
                let output = output.expect("a task that returned holds its output");
                self.tasks.retire(index);
                return Poll::Ready(Ok(output));
            }
            End::Cancelled => Err(JoinError::Cancelled),
            End::Panicked => Err(self.hear_panic(number)),
        };
        *debris = Some(self.tasks.remove(index));
        Poll::Ready(result)
    }

    fn abort(&mut self, number: u64) {
        let broken = self.config.broken;
        let Some(task) = self.tasks.get(number) else { return };
        match task.end {
            End::Running if broken == Some(Broken::Abort) && task.wakes == 1 && task.queued != 0 => {}
            End::Running => {
                task.aborted = true;
                self.wake_task(number);
            }
            End::Returned if broken == Some(Broken::AbortAfterEnd) && task.name == TASK => task.end = End::Cancelled,
            End::Returned if broken == Some(Broken::BlockingAbort) && task.name == BLOCKING => {
                task.end = End::Cancelled
            }
            End::Returned | End::Cancelled | End::Panicked => {}
        }
    }

    /// Nobody will join the task; what it left is dropped after the borrow.
    pub(crate) fn detach(&mut self, number: u64) -> Option<(Debris, Option<Box<dyn Any + Send>>)> {
        let task = self.tasks.get(number)?;
        if task.end == End::Running {
            task.detached = true;
            if task.joiner.is_none() {
                return None;
            }
            // Nor is anybody woken any more who has waited for it.
            let joiner = task.joiner.take();
            return Some((Debris { future: None, joiner, of: Leaver::Living }, None));
        }
        let payload = (task.end == End::Panicked).then(|| self.take_payload(number));
        Some((self.tasks.remove(index_of(number)), payload))
    }

    /// Somebody joins a task that panicked.
    #[cold]
    #[inline(never)]
    fn hear_panic(&mut self, number: u64) -> JoinError {
        self.heard.push(number);
        JoinError::Panicked(self.take_payload(number))
    }

    fn take_payload(&mut self, number: u64) -> Box<dyn Any + Send> {
        let place = self.payloads.iter().position(|(owner, _)| *owner == number);
        self.payloads.swap_remove(place.expect("a panicked task left its payload")).1
    }
}
