//! The simulated clocks and sleeps that a process sees. When a sleep fires is the
//! queue's business.

use crate::broken::{Broken, Origin, Past};
use crate::decision::mix;
use crate::fault::{Target, kinds};
use crate::home::Home;
use crate::kernel::{Kernel, TIMERS};
use crate::local;
use crate::task::Wait;
use crate::timer::TimerId;
use crate::waiter::Waiter;
use ref_cast::RefCast;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use wavetank_core::{Instant, Sleep, TimeProvider, Timeout};

/// The clocks of a process's machine.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimTimeProvider {
    home: Home,
}

impl SimTimeProvider {
    /// The clocks that a process reads.
    pub fn new(home: Home) -> SimTimeProvider {
        SimTimeProvider { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimTimeProvider {
        SimTimeProvider::ref_cast(home)
    }

    /// What a clock shows that may not be exact.
    #[cold]
    #[inline(never)]
    fn skewed_now(&self) -> u64 {
        self.home.with(|kernel| {
            let shown = self.home.clock(kernel).local(kernel.now());
            kernel.clock_is_read(self.home.node, false);
            kernel.broken_now(shown)
        })
    }
}

impl TimeProvider for SimTimeProvider {
    type Sleep = SimSleep;

    #[inline]
    fn now(&self) -> Instant {
        let exact = self.home.with(|kernel| (!kernel.topology.is_skewed()).then_some(kernel.now));
        Instant::from_nanos(exact.unwrap_or_else(|| self.skewed_now()))
    }

    fn wall(&self) -> SystemTime {
        self.home.with(|kernel| {
            if kernel.topology.is_skewed() {
                kernel.clock_is_read(self.home.node, true);
            }
            let now = if kernel.breaks(Broken::WallMoves) { 0 } else { kernel.now() };
            self.home.clock(kernel).wall(now)
        })
    }

    #[inline(always)]
    fn sleep_until(&self, deadline: Instant) -> SimSleep {
        SimSleep::new(self.home, deadline, Origin::SleepUntil)
    }

    #[inline(always)]
    fn sleep(&self, duration: Duration) -> SimSleep {
        SimSleep::new(self.home, self.now() + duration, Origin::Sleep)
    }

    #[inline(always)]
    fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<SimSleep, F> {
        Timeout::new(SimSleep::new(self.home, self.now() + duration, Origin::Timeout), future)
    }
}

/// A simulated sleep.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SimSleep {
    home: Home,
    deadline: Instant,
    timer: Timer,
    /// What made it, and what it was before it was last reset, for those who break promises.
    origin: Origin,
    past: Past,
}

/// How far a sleep is.
#[derive(Debug, Clone, Copy)]
enum Timer {
    /// Nothing is registered: it was not awaited yet, or its deadline had passed.
    None,
    Armed(TimerId),
    /// It was waited for, and is over.
    Fired,
}

impl Sleep for SimSleep {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        match self.timer {
            Timer::None => self.past = Past::Reset,
            Timer::Fired => (self.timer, self.past) = (Timer::None, Past::Over),
            Timer::Armed(timer) => {
                let run = self.home.run;
                match local::try_reach(run, |split| split.kernel.disarm_to_reset(timer)) {
                    Some(Err(Ignored)) => return,
                    Some(Ok(waiter)) => drop(waiter),
                    None => local::close_later(run, TIMERS, timer.slot, timer.generation),
                }
                (self.timer, self.past) = (Timer::None, Past::None);
            }
        }
    }
}

impl SimSleep {
    /// Inlined with all that call it, so that a sleep is made where it is polled. One that is
    /// returned through memory is copied at once, in larger pieces than it was written in,
    /// and the processor waits until all of them have arrived: a tenth of what a sleep costs.
    #[inline(always)]
    fn new(home: Home, deadline: Instant, origin: Origin) -> SimSleep {
        SimSleep { home, deadline, timer: Timer::None, origin, past: Past::None }
    }

    /// Registers it with who polls it, unless it is over.
    #[inline]
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (home, deadline) = (self.home, self.deadline);
        let mut replaced = None;
        let poll = home.with(|kernel| kernel.arm(home, deadline, cx, &mut replaced, self));
        drop(replaced);
        poll
    }

    /// It is polled by somebody else, or again; or it fired, and a clock that was slowed
    /// meanwhile may not have come so far.
    #[inline(never)]
    fn go_on(&mut self, timer: TimerId, cx: &mut Context<'_>) -> Poll<()> {
        let (home, deadline) = (self.home, self.deadline);
        let mut replaced = None;
        let poll = home.with(|kernel| match kernel.timers.waiter(timer) {
            None => {
                self.timer = Timer::Fired;
                kernel.arm_again(home, deadline, cx, &mut replaced, self)
            }
            Some(waiter) => {
                replaced = waiter.set(cx);
                kernel.waits(TIMERS, timer.slot, "a sleep");
                Poll::Pending
            }
        });
        drop(replaced);
        poll
    }

    /// Frees a timer that has not fired. Out of the way of sleeps that are over, as most are
    /// when they are dropped.
    #[inline(never)]
    fn disarm(&mut self, timer: TimerId) {
        match local::try_reach(self.home.run, |split| split.kernel.disarm(timer)) {
            Some(waiter) => drop(waiter),
            None => local::close_later(self.home.run, TIMERS, timer.slot, timer.generation),
        }
    }
}

impl Future for SimSleep {
    type Output = ();

    /// Whether it is over is asked where it is awaited.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Timer::Armed(timer) = this.timer else { return this.begin(cx) };
        if this.home.with(|kernel| !kernel.timers.has_fired(timer) || kernel.topology.is_skewed()) {
            return this.go_on(timer, cx);
        }
        // It fired: that, not the clock, is the event (a timer may be late).
        this.timer = Timer::Fired;
        Poll::Ready(())
    }
}

impl Drop for SimSleep {
    #[inline]
    fn drop(&mut self) {
        if let Timer::Armed(timer) = self.timer {
            self.disarm(timer);
        }
    }
}

/// A reset did nothing.
struct Ignored;

impl Kernel {
    /// Registers a sleep, unless it is over already.
    #[inline]
    fn arm(
        &mut self,
        home: Home,
        deadline: Instant,
        cx: &Context<'_>,
        replaced: &mut Option<std::task::Waker>,
        sleep: &mut SimSleep,
    ) -> Poll<()> {
        if !home.is_alive(self) {
            // A dead process's sleep never ends.
            return Poll::Pending;
        }
        let mut due = self.topology.global(home.node, deadline.as_nanos());
        if due <= self.now {
            due = if self.unpunctual { self.broken_due((sleep.origin, sleep.past), due) } else { due };
            if due <= self.now {
                if self.timers.may_end_at_once(self.polls) {
                    return Poll::Ready(());
                }
                due = self.now;
            }
        }
        let slot = self.timers.next_slot();
        let entity = match self.current.get() {
            Some(index) => {
                let task = self.tasks.at(index);
                task.uses += 1;
                task.wait = Some(Wait { device: TIMERS, slot, what: "a sleep" });
                mix(task.entity, u64::from(task.uses))
            }
            None => 0,
        };
        let due = if self.unpunctual { self.delay(sleep, entity, due) } else { due };
        let mut waiter = Waiter::NOBODY;
        *replaced = waiter.set(cx);
        let ticket = self.queue.insert(due, TIMERS, slot);
        sleep.timer = Timer::Armed(self.timers.insert(waiter, entity, ticket));
        Poll::Pending
    }

    #[cold]
    #[inline(never)]
    fn arm_again(
        &mut self,
        home: Home,
        deadline: Instant,
        cx: &Context<'_>,
        replaced: &mut Option<std::task::Waker>,
        sleep: &mut SimSleep,
    ) -> Poll<()> {
        self.arm(home, deadline, cx, replaced, sleep)
    }

    #[cold]
    fn delay(&mut self, sleep: &SimSleep, entity: u64, mut due: u64) -> u64 {
        if self.config.broken.is_some() {
            due = self.broken_due((sleep.origin, sleep.past), due);
        }
        if self.trace.is_some() {
            self.tell_arm(entity, due);
        }
        let (ratio, most) = (self.config.timer_late, self.config.timer_late_max);
        match self.strikes_for(&kinds::TIMER_LATE, entity, 0, ratio, 1, most, Target::Node(sleep.home.node)) {
            Some(late) => {
                self.effective(&kinds::TIMER_LATE);
                due.saturating_add(late)
            }
            None => due,
        }
    }

    /// As [`disarm`](Self::disarm), unless that promise is broken.
    fn disarm_to_reset(&mut self, timer: TimerId) -> Result<Option<Waiter>, Ignored> {
        if self.breaks(Broken::ResetWaiting) { Err(Ignored) } else { Ok(self.disarm(timer)) }
    }

    /// Takes a registered sleep out; who waited, to be dropped after the borrow.
    #[inline]
    pub(crate) fn disarm(&mut self, timer: TimerId) -> Option<Waiter> {
        let (ticket, waiter) = self.timers.disarm(timer)?;
        self.cancel(ticket);
        Some(waiter)
    }
}
