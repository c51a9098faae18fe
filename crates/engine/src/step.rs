//! The step: the one place where time moves. One borrow settles the last poll,
//! picks the next task, and fires the earliest record if none is ready.

use crate::broken::Broken;
use crate::fault::{Target, kinds};
use crate::kernel::{Kernel, NEVER, TIES, TIMERS};
use crate::limit::{Limit, Stop};
use crate::local::Devices;
use crate::node::NodeState;
use crate::queue::Due;
use crate::ready::{Place, Policy};
use crate::stage::BoxRunnable;
use crate::task::{Current, Debris, End, Leaver};
use crate::waiter::Waiter;

/// Records that are looked at ahead of their time: what they are about fits the nearest
/// cache beside what is being worked on.
const AHEAD_MOST: usize = 48;

/// What is to be done outside of the borrow before the next step.
pub(crate) enum Next {
    /// Poll this task.
    Poll(BoxRunnable, u64),
    /// Call the foreign wakers, and drop what the dead left.
    Flush,
    /// A record fired: observers may look.
    Observe,
    Stop(Stop),
}

impl Kernel {
    /// The next thing to do, no later than `until`.
    #[inline]
    pub(crate) fn next(&mut self, devices: &mut Devices, until: u64) -> Next {
        loop {
            if self.urgent
                && let Some(next) = self.hasten()
            {
                return next;
            }
            let place = match self.ready.pop() {
                Some(place) => place,
                None => {
                    // Limits come before the queue moves, so that nothing is lost of a run that goes on.
                    let horizon = self.horizon;
                    if self.events == self.config.limits.events
                        && self.queue.next_time().is_some_and(|time| time <= horizon)
                    {
                        return Next::Stop(Stop::Limit(Limit::Events));
                    }
                    let Some(due) = self.queue.pop_alone(horizon).or_else(|| self.pop_tied(horizon, devices)) else {
                        return Next::Stop(self.halt(until));
                    };
                    let woken = self.fire(due, devices);
                    if self.observed {
                        woken.into_iter().for_each(|place| self.push_ready(place));
                        return Next::Observe;
                    }
                    let Some(place) = woken else { continue };
                    place
                }
            };
            if let Some(next) = self.begin(place) {
                return next;
            }
        }
    }

    /// What must be done before anything else.
    #[cold]
    fn hasten(&mut self) -> Option<Next> {
        if !self.wakers.is_empty() || !self.debris.is_empty() {
            return Some(Next::Flush);
        }
        self.urgent = false;
        self.stop.take().map(Next::Stop)
    }

    /// Takes a ready task's future out to be polled.
    #[inline]
    fn begin(&mut self, place: Place) -> Option<Next> {
        let task = self.tasks.at(place.index());
        if task.queued != place.sequence() {
            return None;
        }
        if self.paused > 0 && self.topology.node(task.node).state == NodeState::Paused {
            self.topology.node_mut(task.node).parked.push(place);
            return None;
        }
        task.queued = 0;
        let (number, entity, wakes) = (task.number, task.entity, u64::from(task.wakes));
        if task.aborted {
            self.cancel_task(place.index());
            return None;
        }
        let future = task.future.take().expect("a ready task that is not being polled has its future");
        self.polls += 1;
        if self.polls > self.polls_most && !self.may_poll() {
            return Some(self.exceed_polls(place, future));
        }
        self.note_poll(place.index(), entity, wakes);
        self.current = Current::of(place.index());
        Some(Next::Poll(future, number))
    }

    /// Puts a polled future back, or ends its task. Always inline: once per poll, and once where
    /// an observer panics.
    #[inline(always)]
    pub(crate) fn settle(&mut self, future: BoxRunnable, done: bool) {
        let index = self.current.take().expect("a future is settled by the step that polled it");
        let task = self.tasks.at(index);
        let gap = task.future.replace(future);
        debug_assert!(gap.is_none(), "the future of a task that is polled is out");
        // Nobody asks once more whether there is anything to drop.
        std::mem::forget(gap);
        if task.aborted && (!done || !self.is_process_alive(index)) {
            self.cancel_task(index);
        } else if done {
            self.finish(index, End::Returned);
        }
        if self.unusual {
            self.after_poll(index);
        }
    }

    #[cold]
    fn after_poll(&mut self, index: u32) {
        if let Policy::Pct { .. } = self.config.policy {
            self.change_priority(index);
        }
        if !self.config.poll_cost.is_zero() {
            self.charge_poll(index);
        }
        self.break_task(index);
    }

    /// Ends a task: its joiner is told, or, if there is none, the slot is freed.
    #[inline]
    pub(crate) fn finish(&mut self, index: u32, end: End) {
        if self.trace.is_some() {
            self.tell_end(index, end);
        }
        let task = self.tasks.at(index);
        // It may have woken itself in its last poll.
        task.queued = 0;
        if task.detached {
            if task.future.as_ref().is_some_and(|future| future.is_spent()) {
                self.tasks.retire(index);
                return;
            }
            return self.bring_out_rest(index);
        }
        task.end = end;
        let joiner = task.joiner.take();
        self.wake(joiner);
    }

    /// Frees the slot of a task that nobody joins; what it left is dropped after the borrow.
    #[cold]
    #[inline(never)]
    fn bring_out_rest(&mut self, index: u32) {
        let of = Leaver::Task(self.tasks.at(index).who());
        let debris = self.bury(index, of);
        self.bring_out(debris);
    }

    /// Drops a task's future unfinished; whoever joins it is told.
    pub(crate) fn cancel_task(&mut self, index: u32) {
        let task = self.tasks.at(index);
        let who = task.who();
        if let Some(future) = task.future.take() {
            if self.breaks(Broken::AbortDrops) {
                std::mem::forget(future);
                return self.finish(index, End::Cancelled);
            }
            let of = if self.is_process_alive(index) { Leaver::Task(who) } else { Leaver::Dead };
            self.bring_out(Debris { future: Some(future), joiner: Waiter::NOBODY, of });
        }
        if !self.is_process_alive(index) {
            let debris = self.bury(index, Leaver::Dead);
            self.bring_out(debris);
        } else {
            self.finish(index, End::Cancelled);
        }
    }

    /// Whether the process that a task belongs to lives.
    pub(crate) fn is_process_alive(&mut self, index: u32) -> bool {
        let task = self.tasks.at(index);
        let (node, incarnation) = (task.node, task.incarnation);
        self.is_alive(node, incarnation)
    }

    /// Takes the earliest record of a list; those that are due together come in an order that is
    /// drawn once.
    #[inline]
    fn pop_tied(&mut self, horizon: u64, devices: &mut Devices) -> Option<Due> {
        let head = self.queue.settle(horizon)?;
        // By their own time, which may lie before now: a poll that took time outlasts several instants.
        if head.is_tied && head.time != self.shuffled_at {
            self.shuffle(head.time, devices);
        }
        Some(self.queue.take())
    }

    /// Moves time to a record that was taken and fires it, when nobody is ready. Who is woken by
    /// a timer is handed over at once: nobody else can be.
    #[inline]
    fn fire(&mut self, due: Due, devices: &mut Devices) -> Option<Place> {
        let time = due.time.max(self.now);
        if time > self.now {
            self.begin_instant();
        }
        self.events += 1;
        self.now = time;
        self.note_fire(due.device, due.slot);
        if due.device == TIMERS {
            match self.timers.fire(due.slot) {
                Waiter::Task(number) => return self.rouse(number),
                waiter => self.wake(waiter),
            }
        } else {
            if self.queue.has_many() {
                self.look_ahead(devices);
            }
            devices.get(due.device).fire(due.slot, self);
        }
        None
    }

    /// Has what the next records are about fetched from far memory, while the one that
    /// is due is worked on.
    #[cold]
    #[inline(never)]
    fn look_ahead(&self, devices: &mut Devices) {
        let mut front = self.queue.front().filter(|(device, _)| *device != TIMERS);
        let (first, second) = (front.next(), front.next());
        match (first, second) {
            (Some((device, slot)), None) => devices.get(device).expect_next(slot, self),
            (first, second) => {
                let several = first.into_iter().chain(second).chain(front);
                several.take(AHEAD_MOST).for_each(|(device, slot)| devices.get(device).expect(slot));
            }
        }
    }

    /// Draws the order of the records that are due at one instant, once.
    #[inline(never)]
    fn shuffle(&mut self, time: u64, devices: &mut Devices) {
        self.shuffled_at = time;
        if let Policy::Fifo = self.config.policy {
            return;
        }
        let Kernel { queue, timers, scratch, decisions, .. } = self;
        queue.order(scratch, |device, slot| {
            let name = if device == TIMERS { timers.name(slot) } else { devices.get(device).name(slot) };
            decisions.draw_or(TIES, name, u64::from(device), 0)
        });
    }

    /// Why nothing can be fired.
    #[cold]
    fn halt(&self, until: u64) -> Stop {
        match self.queue.next_time() {
            None | Some(NEVER) => Stop::Idle,
            Some(_) if until > self.time_most => Stop::Limit(Limit::Time),
            Some(_) => Stop::Until,
        }
    }

    #[cold]
    fn exceed_polls(&mut self, place: Place, future: BoxRunnable) -> Next {
        let task = self.tasks.at(place.index());
        task.future = Some(future);
        task.queued = place.sequence();
        self.polls -= 1;
        self.push_ready(place);
        let livelock = self.polls < self.config.limits.polls;
        Next::Stop(Stop::Limit(if livelock { Limit::PollsPerInstant } else { Limit::Polls }))
    }

    #[cold]
    fn change_priority(&mut self, index: u32) {
        while let Some(priority) = self.pct.change(self.polls, self.tasks.at(index)) {
            if self.tasks.at(index).queued != 0 {
                // It woke itself in this very poll: its entry moves too.
                self.requeue(index, priority);
            }
        }
    }

    #[cold]
    fn charge_poll(&mut self, index: u32) {
        let (entity, nth, node) = {
            let task = self.tasks.at(index);
            (task.entity, u64::from(task.wakes), task.node)
        };
        let (ratio, most) = (self.config.poll_cost, self.config.poll_cost_max);
        if let Some(cost) = self.strikes_for(&kinds::POLL_COST, entity, nth, ratio, 1, most, Target::Node(node)) {
            self.now = self.now.saturating_add(cost);
            self.begin_instant();
            if self.now > self.time_most {
                self.stop(Stop::Limit(Limit::Time));
            }
            self.effective(&kinds::POLL_COST);
        }
    }
}
