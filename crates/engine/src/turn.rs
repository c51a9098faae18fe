//! The turns of a world: what a step asks for is done here outside of the borrow, since it
//! may run user code: a poll, a waker, a drop. Which step comes next is the kernel's.

use crate::closes::Close;
use crate::kernel::{TASKS, TIMERS};
use crate::limit::Stop;
use crate::local::{self, Shell};
use crate::stage::BoxRunnable;
use crate::step::Next;
use crate::task::{Current, Debris, End, Leaver, Who};
use crate::timer::TimerId;
use crate::world::TaskPanic;
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::task::Context;

/// Steps until a stop. Unwinds with the panic of a task.
pub(crate) fn turn(
    shell: &Shell,
    polled: &mut Option<BoxRunnable>,
    until: u64,
    observer: &mut Option<&mut dyn FnMut()>,
) -> Stop {
    let mut done = false;
    loop {
        let settled = polled.take();
        let next = shell.with(|split| {
            if let Some(future) = settled {
                split.kernel.settle(future, done);
            }
            split.kernel.next(&mut split.devices, until)
        });
        match next {
            Next::Poll(future, number) => {
                // It owns nothing, so that nothing need be called to drop it.
                let waker = ManuallyDrop::new(local::waker(number));
                let mut cx = Context::from_waker(&waker);
                done = polled.insert(future).as_mut().poll(&mut cx);
                close_dropped(shell);
                if let Some(observer) = observer {
                    observe_poll(shell, observer, polled, done);
                }
            }
            Next::Flush => flush(shell),
            Next::Observe => {
                if let Some(observer) = observer {
                    observer();
                }
            }
            Next::Stop(stop) => return stop,
        }
    }
}

/// Has a poll observed. A panic there is none of the task that was polled, which is settled first.
#[cold]
#[inline(never)]
fn observe_poll(shell: &Shell, observer: &mut dyn FnMut(), polled: &mut Option<BoxRunnable>, done: bool) {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(observer)) else { return };
    if let Some(future) = polled.take() {
        shell.with(|split| split.kernel.settle(future, done));
    }
    panic::resume_unwind(payload);
}

/// Closes what handles dropped under a borrow stood for.
#[inline]
pub(crate) fn close_dropped(shell: &Shell) {
    if shell.closes.are_any() {
        close_all(shell);
    }
}

#[cold]
fn close_all(shell: &Shell) {
    for close in shell.closes.take() {
        let Close { device, slot, generation } = close;
        let dropped = shell.with(|split| match device {
            TIMERS => (split.kernel.disarm(TimerId { slot, generation }), None),
            TASKS => (None, split.kernel.detach(u64::from(generation) << 32 | u64::from(slot))),
            _ => {
                split.devices.get(device).close(slot, generation, &mut split.kernel);
                (None, None)
            }
        });
        drop(dropped);
    }
}

/// Calls foreign wakers and drops debris, both of which may run user code.
#[inline(never)]
fn flush(shell: &Shell) {
    let (mut wakers, mut debris) =
        shell.with(|split| (std::mem::take(&mut split.kernel.wakers), std::mem::take(&mut split.kernel.debris)));
    wakers.drain(..).for_each(std::task::Waker::wake);
    let mut left = debris.drain(..);
    while let Some(one) = left.next() {
        if let Some((who, payload)) = drop_one(shell.run(), one) {
            let rest = left.collect();
            shell.with(|split| split.kernel.blame(who, rest));
            panic::resume_unwind(payload);
        }
    }
    drop(left);
    shell.with(|split| {
        if split.kernel.wakers.is_empty() {
            // Keep the memory.
            split.kernel.wakers = wakers;
        }
        split.kernel.keep_debris(debris);
    });
}

/// Ends the task whose poll panicked.
#[cold]
pub(crate) fn bury_panicked(
    shell: &Shell,
    polled: Option<BoxRunnable>,
    payload: Box<dyn Any + Send>,
) -> Option<TaskPanic> {
    let message = wavetank_core::panic_message(payload.as_ref()).to_string();
    // Dropping the future may panic again; one report is enough.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(polled)));
    let mut payload = Some(payload);
    let report = shell.with(|split| {
        let kernel = &mut split.kernel;
        kernel.tell("task.panic", |telling| {
            telling.arg("message", message.as_str());
        });
        let blamed = kernel.blamed.take().map(|who| *who);
        let Some(index) = kernel.current.take() else { return Some(panic_of(blamed, message)) };
        if !kernel.is_process_alive(index) {
            // Its process crashed in this very poll: what came after has no effect.
            let debris = kernel.bury(index, Leaver::Dead);
            kernel.bring_out(debris);
            return None;
        }
        let task = kernel.tasks.at(index);
        let report = TaskPanic::of(task.who(), message);
        let (number, is_detached, end) = (task.number, task.detached, kernel.end_of_panicked(index));
        if !is_detached && end == End::Panicked {
            kernel.payloads.extend(payload.take().map(|payload| (number, payload)));
        }
        kernel.finish(index, end);
        Some(report)
    });
    // That nobody will ask for; outside of the borrow, as it is anybody's.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    report
}

/// A panic of somebody who may have no slot any more.
fn panic_of(who: Option<Who>, message: String) -> TaskPanic {
    match who {
        Some(who) => TaskPanic::of(who, message),
        None => TaskPanic::of_nobody(message),
    }
}

/// Drops what was left; a panic on the way that counts, and the task that it is of, if it is of one.
pub(crate) fn drop_one(run: u64, debris: Debris) -> Option<(Option<Who>, Box<dyn Any + Send>)> {
    let of = debris.of;
    let mourn = |mourning| local::reach(run, |split| std::mem::replace(&mut split.kernel.mourning, mourning));
    let before = (of == Leaver::Dead).then(|| mourn(true));
    let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(debris)));
    before.map(mourn);
    match (of, dropped) {
        (_, Ok(())) | (Leaver::Dead, Err(_)) => None,
        (Leaver::Task(who), Err(payload)) => Some((Some(who), payload)),
        (Leaver::Living, Err(payload)) => Some((None, payload)),
    }
}

/// Drops every task, those that their destructors spawn too, with the world installed. The
/// panics on the way.
pub(crate) fn drop_all(shell: &Shell, locate: fn() -> String) -> Vec<TaskPanic> {
    /// Rounds of tasks that spawn tasks as they are dropped.
    const ROUNDS_MOST: u32 = 1000;
    let mut panics = Vec::new();
    for _ in 0..ROUNDS_MOST {
        let (mut debris, payloads) = shell.with(|split| {
            let kernel = &mut split.kernel;
            kernel.current = Current::NOBODY;
            let mut debris = std::mem::take(&mut kernel.debris);
            kernel.tasks.remove_all(&mut debris);
            (debris, std::mem::take(&mut kernel.payloads))
        });
        let is_last = debris.is_empty();
        // Nobody will join those any more.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payloads)));
        for one in debris.drain(..) {
            if let Some((who, payload)) = drop_one(shell.run(), one) {
                let message = wavetank_core::panic_message(payload.as_ref()).to_string();
                panics.push(TaskPanic { site: locate(), ..panic_of(who, message) });
                let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
            }
        }
        close_dropped(shell);
        let wakers = shell.with(|split| {
            split.kernel.keep_debris(debris);
            std::mem::take(&mut split.kernel.wakers)
        });
        let _ = panic::catch_unwind(AssertUnwindSafe(|| wakers.into_iter().for_each(std::task::Waker::wake)));
        if is_last {
            break;
        }
    }
    panics
}
