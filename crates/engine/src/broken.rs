//! The promises of clocks, tasks and randomness that a test may break, to prove that
//! its check of that promise can fail; and what goes wrong then. When it goes wrong is
//! asked where the promise is kept.

use crate::kernel::Kernel;
use crate::node::NodeId;
use crate::stage::Slot;
use crate::task::{End, Task};

/// A promise, broken on purpose: see [`EngineConfig::broken`](crate::EngineConfig::broken).
/// Each is as narrow as the contract that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// What is left of a sleep below a millisecond is cut off.
    SleepLasts,
    /// Sleeps of 30 to 70 ms are 100 ms late, behind longer ones.
    SleepOrder,
    /// A sleep whose deadline passed more than 100 ms ago never ends.
    PastDeadline,
    /// From its tenth look at one instant on, the monotonic clock shows a microsecond less.
    Monotonic,
    /// Spawned tasks see a monotonic clock that is a millisecond ahead.
    Clones,
    /// The wall clock stands still.
    WallMoves,
    /// A time-out runs out halfway.
    TimeoutLasts,
    /// A time-out of more than 45 minutes runs out after a millisecond.
    TimeoutWaits,
    /// A tick that follows one that was waited for comes halfway.
    IntervalPeriod,
    /// A tick that follows a missed one comes at once.
    IntervalBurst,
    /// A sleep that is reset before it was awaited is over.
    ResetBefore,
    /// Resetting a sleep that is being awaited does nothing.
    ResetWaiting,
    /// A sleep that was over and is reset is over again.
    ResetAfter,
    /// A result is lost if it is a `String`.
    Result,
    /// A result that is asked for again counts as cancelled.
    Again,
    /// Aborting a task that has never been polled does nothing.
    Abort,
    /// An aborted task's future is never dropped.
    AbortDrops,
    /// A task that aborted itself is cancelled, although it ended in the same poll.
    AbortItself,
    /// Aborting a finished task throws its result away.
    AbortAfterEnd,
    /// A task that panicked counts as cancelled.
    Panic,
    /// A task that waits counts as finished.
    Finished,
    /// A task without handle ends when it first waits.
    Detach,
    /// A task that yields goes on before all others.
    Yield,
    /// A local task's result is lost.
    Local,
    /// The result of blocking work is lost if it is a `u64`.
    Blocking,
    /// Aborting blocking work that has ended throws its result away.
    BlockingAbort,
    /// Blocking work that panicked counts as cancelled.
    BlockingPanic,
    /// The lowest bit of every number is zero.
    Bits,
    /// The highest seventh of all numbers is never drawn.
    Bound,
    /// Small numbers are too frequent.
    Ratio,
    /// Every number is drawn twice.
    Streams,
    /// All processes draw the same numbers.
    Hosts,
    /// The last byte of entropy is zero.
    Entropy,
}

/// The name of a task from `spawn`.
pub(crate) const TASK: &str = "task";
/// The name of one from `spawn_local`.
pub(crate) const LOCAL: &str = "local task";
/// The name of one from `spawn_blocking`.
pub(crate) const BLOCKING: &str = "blocking work";

/// What a sleep was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Sleep,
    SleepUntil,
    Timeout,
}

/// What a sleep was before its deadline was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// Just made, or over without having been waited for.
    None,
    /// Made, and reset before it was awaited.
    Reset,
    /// Over, and then reset.
    Over,
}

/// What a broken promise remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The instant that was looked at last, and how often.
    looks: (u64, u32),
    /// When a deadline was found to have been missed.
    missed: Option<u64>,
    /// A number that a node draws once more.
    again: Option<(NodeId, u64)>,
}

const MILLI: u64 = 1_000_000;

impl Kernel {
    #[inline]
    pub(crate) fn breaks(&self, promise: Broken) -> bool {
        self.config.broken == Some(promise)
    }

    /// The monotonic clock of a node with clocks out of the ordinary.
    #[cold]
    pub(crate) fn broken_now(&mut self, shown: u64) -> u64 {
        if self.breaks(Broken::Clones) {
            let is_spawned = self.current.get().is_some_and(|index| self.tasks.at(index).name == TASK);
            return shown + if is_spawned { MILLI } else { 0 };
        }
        if !self.breaks(Broken::Monotonic) {
            return shown;
        }
        let (instant, count) = &mut self.broken.looks;
        *count = if *instant == shown { *count + 1 } else { 1 };
        *instant = shown;
        shown.saturating_sub(if *count >= 10 { 1_000 } else { 0 })
    }

    /// When a sleep that is due at `due` ends instead.
    pub(crate) fn broken_due(&mut self, (origin, past): (Origin, Past), due: u64) -> u64 {
        let (now, left) = (self.now, due.saturating_sub(self.now));
        let missed = self.broken.missed.take();
        match (self.config.broken, origin, past) {
            (Some(Broken::SleepLasts), ..) => due - left % MILLI,
            (Some(Broken::SleepOrder), ..) if (30 * MILLI..=70 * MILLI).contains(&left) => due + 100 * MILLI,
            (Some(Broken::PastDeadline), ..) if now.saturating_sub(due) > 100 * MILLI => u64::MAX,
            (Some(Broken::TimeoutLasts), Origin::Timeout, _) => due - left / 2,
            (Some(Broken::TimeoutWaits), Origin::Timeout, _) if left > 45 * 60 * 1_000 * MILLI => now + MILLI,
            (Some(Broken::IntervalPeriod), Origin::SleepUntil, Past::Over) => due - left / 2,
            (Some(Broken::IntervalBurst), Origin::SleepUntil, _) => {
                if due < now {
                    self.broken.missed = Some(now);
                }
                if missed == Some(now) { now } else { due }
            }
            (Some(Broken::ResetBefore), Origin::Sleep, Past::Reset) => now,
            (Some(Broken::ResetAfter), Origin::Sleep, Past::Over) => now,
            _ => due,
        }
    }

    /// A task was polled; it may have ended.
    pub(crate) fn break_task(&mut self, index: u32) {
        let Some(broken) = self.config.broken else { return };
        let task = self.tasks.at(index);
        if task.number == 0 {
            return;
        }
        let is_queued = task.queued != 0;
        match (broken, task.name, task.end) {
            (Broken::Result, TASK, End::Returned) => lose::<String>(task),
            (Broken::Blocking, BLOCKING, End::Returned) => lose::<u64>(task),
            (Broken::Local, LOCAL, End::Returned) => task.end = End::Cancelled,
            (Broken::AbortItself, TASK, End::Returned) if task.aborted => task.end = End::Cancelled,
            (Broken::Detach, TASK, End::Running) if task.detached => self.cancel_task(index),
            (Broken::Yield, _, End::Running) if is_queued => self.requeue(index, 0),
            _ => {}
        }
    }

    /// How a task that panicked ended, for whoever joins it.
    pub(crate) fn end_of_panicked(&mut self, index: u32) -> End {
        let is_blocking = self.tasks.at(index).name == BLOCKING;
        let is_swallowed = self.breaks(if is_blocking { Broken::BlockingPanic } else { Broken::Panic });
        if is_swallowed { End::Cancelled } else { End::Panicked }
    }

    /// What is drawn instead of `number`, which comes next in the stream of a process.
    #[cold]
    pub(crate) fn broken_number(&mut self, node: NodeId, number: impl FnOnce(&mut Kernel) -> u64) -> u64 {
        if let Some((_, again)) = self.broken.again.take_if(|(of, _)| *of == node) {
            return again;
        }
        let number = number(self);
        match self.config.broken {
            Some(Broken::Bits) => number & !1,
            Some(Broken::Bound) if number > u64::MAX / 7 * 6 => number >> 1,
            Some(Broken::Ratio) if number & 1 == 1 => number >> 2,
            Some(Broken::Streams) => {
                self.broken.again = Some((node, number));
                number
            }
            _ => number,
        }
    }
}

/// Takes a task's result away if it is a `T`.
fn lose<T: 'static>(task: &mut Task) {
    let mut output = None::<T>;
    if let Some(future) = &mut task.future {
        future.as_mut().put_output(Slot::of(&mut output));
    }
    if output.is_some() {
        task.end = End::Cancelled;
    }
}
