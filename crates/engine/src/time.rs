//! The simulated clocks and sleeps that a process sees. When a sleep fires is the
//! queue's business.

use crate::decision::mix;
use crate::fault::{Target, kinds};
use crate::home::Home;
use crate::kernel::{Kernel, TIMERS};
use crate::local;
use crate::task::Wait;
use crate::timer::TimerId;
use crate::waiter::Waiter;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;
use wavetank_core::{Instant, Sleep, TimeProvider};

/// The clocks of a process's machine.
#[derive(Debug, Clone, Copy)]
pub struct SimTimeProvider {
    home: Home,
}

impl SimTimeProvider {
    /// The clocks that a process reads.
    pub fn new(home: Home) -> SimTimeProvider {
        SimTimeProvider { home }
    }
}

impl TimeProvider for SimTimeProvider {
    type Sleep = SimSleep;

    #[inline]
    fn now(&self) -> Instant {
        self.home.with(|kernel| Instant::from_nanos(kernel.topology.local(self.home.node, kernel.now())))
    }

    fn wall(&self) -> SystemTime {
        self.home.with(|kernel| self.home.clock(kernel).wall(kernel.now()))
    }

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> SimSleep {
        SimSleep { home: self.home, deadline, timer: None }
    }
}

/// A simulated sleep.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SimSleep {
    home: Home,
    deadline: Instant,
    timer: Option<TimerId>,
}

impl Sleep for SimSleep {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn reset(&mut self, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }
}

impl SimSleep {
    #[inline]
    fn disarm(&mut self) {
        if let Some(timer) = self.timer.take() {
            match local::try_reach(self.home.run, |split| split.kernel.disarm(timer)) {
                Some(waiter) => drop(waiter),
                None => local::close_later(self.home.run, TIMERS, timer.slot, timer.generation),
            }
        }
    }
}

impl Future for SimSleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (home, deadline) = (this.home, this.deadline);
        let mut replaced = None;
        let poll = home.with(|kernel| match this.timer {
            None => kernel.arm(home, deadline, cx, &mut replaced, &mut this.timer),
            Some(timer) => match kernel.timers.waiter(timer) {
                // It fired: that, not the clock, is the event (a timer may be late). A clock
                // that was slowed meanwhile may not have come so far, though: sleep on.
                None => {
                    this.timer = None;
                    if kernel.topology.is_skewed() {
                        kernel.arm_again(home, deadline, cx, &mut replaced, &mut this.timer)
                    } else {
                        Poll::Ready(())
                    }
                }
                Some(waiter) => {
                    replaced = waiter.set(cx);
                    kernel.waits(TIMERS, timer.slot, "a sleep");
                    Poll::Pending
                }
            },
        });
        drop(replaced);
        poll
    }
}

impl Drop for SimSleep {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}

impl Kernel {
    /// Registers a sleep, unless it is over already.
    #[inline]
    fn arm(
        &mut self,
        home: Home,
        deadline: Instant,
        cx: &Context<'_>,
        replaced: &mut Option<std::task::Waker>,
        timer: &mut Option<TimerId>,
    ) -> Poll<()> {
        if !home.is_alive(self) {
            // A dead process's sleep never ends.
            return Poll::Pending;
        }
        let due = self.topology.global(home.node, deadline.as_nanos());
        if due <= self.now {
            return Poll::Ready(());
        }
        let slot = self.timers.next_slot();
        let entity = match self.current {
            Some(index) => {
                let task = self.tasks.at(index);
                task.uses += 1;
                task.wait = Some(Wait { device: TIMERS, slot, what: "a sleep" });
                mix(task.entity, u64::from(task.uses))
            }
            None => 0,
        };
        let due = if self.config.timer_late.is_zero() { due } else { self.delay(home, entity, due) };
        let mut waiter = Waiter::None;
        *replaced = waiter.set(cx);
        let ticket = self.queue.insert(due, TIMERS, slot);
        *timer = Some(self.timers.insert(waiter, entity, ticket));
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
        timer: &mut Option<TimerId>,
    ) -> Poll<()> {
        self.arm(home, deadline, cx, replaced, timer)
    }

    #[cold]
    fn delay(&mut self, home: Home, entity: u64, due: u64) -> u64 {
        let (ratio, most) = (self.config.timer_late, self.config.timer_late_max);
        match self.strikes_for(&kinds::TIMER_LATE, entity, 0, ratio, 1, most, Target::Node(home.node)) {
            Some(late) => {
                self.effective(&kinds::TIMER_LATE);
                due.saturating_add(late)
            }
            None => due,
        }
    }

    /// Takes a registered sleep out; who waited, to be dropped after the borrow.
    #[inline]
    pub(crate) fn disarm(&mut self, timer: TimerId) -> Option<Waiter> {
        let (ticket, waiter) = self.timers.disarm(timer)?;
        self.cancel(ticket);
        Some(waiter)
    }
}
