//! Handles and wakers where they do not belong: other threads, other runs.

use crate::basin::{Basin, Log, Process, fifo, log, millis};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};
use wavetank_core::{JoinHandle, TimeProvider, panic_message};
use wavetank_engine::Stop;

/// Runs code on another thread; the words of its panic.
#[expect(clippy::disallowed_methods, reason = "a foreign thread is what is tested")]
fn panic_on_a_thread(body: impl FnOnce() + Send + 'static) -> String {
    let payload = std::thread::spawn(body).join().expect_err("the foreign use panics");
    panic_message(payload.as_ref()).to_string()
}

/// What a panicking closure says.
fn panic_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    panic_message(payload.as_ref()).to_string()
}

/// A task that hands out its waker and waits for ever.
fn kept_waker(basin: &mut Basin, process: Process) -> Waker {
    let kept: Log<Waker> = log();
    let put = kept.clone();
    basin.spawn(process, async move {
        poll_fn(|cx| {
            put.borrow_mut().push(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    });
    basin.run_idle();
    let waker = kept.borrow_mut().pop();
    waker.expect("the task was polled")
}

#[test]
fn a_task_woken_from_a_thread_makes_its_run_red() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let waker = kept_waker(&mut basin, process);
    assert_eq!(basin.world.foreign_uses(), 0);
    let message = panic_on_a_thread(move || waker.wake());
    assert!(message.contains("woken from outside of its run"), "{message}");
    assert_eq!(basin.world.foreign_uses(), 1);
    // Each use is told once.
    assert_eq!(basin.world.foreign_uses(), 0);
}

#[test]
fn a_waker_is_cloned_and_dropped_anywhere() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let waker = kept_waker(&mut basin, process);
    #[expect(clippy::disallowed_methods, reason = "a foreign thread is what is tested")]
    let thread = std::thread::spawn(move || drop(waker.clone()));
    thread.join().expect("nothing is used");
    assert_eq!(basin.world.foreign_uses(), 0);
}

#[test]
fn handles_used_on_a_thread_make_their_run_red() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let message = panic_on_a_thread(move || _ = process.time.now());
    assert!(message.contains("outside of its run"), "{message}");
    assert_eq!(basin.world.foreign_uses(), 1);
    let handle = basin.world.enter(|| process.spawn("task", async {}));
    let message = panic_on_a_thread(move || {
        let _ = handle.is_finished();
    });
    assert!(message.contains("outside of its run"), "{message}");
    assert_eq!(basin.world.foreign_uses(), 1);
}

#[test]
fn foreign_uses_are_charged_to_the_run_whose_handle_it_was() {
    let (mut one, mut other) = (Basin::new(1), Basin::new(1));
    let process = one.boot(0);
    panic_on_a_thread(move || _ = process.time.now());
    assert_eq!(other.world.foreign_uses(), 0);
    assert_eq!(one.world.foreign_uses(), 1);
}

#[test]
fn a_use_after_its_run_is_told_with_its_number() {
    let (mut basin, mut other) = (Basin::new(2), Basin::new(1));
    let process = basin.boot(0);
    let waker = kept_waker(&mut basin, process);
    let mut numbers = vec![basin.world.run_number()];
    for seed in 2..5 {
        other.begin(seed, &fifo());
        basin.begin(seed, &fifo());
        basin.boot(0);
        numbers.push(basin.world.run_number());
    }
    panic_on_a_thread(move || _ = process.time.now());
    panic_on_a_thread(move || waker.wake());
    let last = basin.boot(1);
    basin.begin(5, &fifo());
    panic_on_a_thread(move || _ = last.time.now());
    assert_eq!(basin.world.foreign_uses(), 0, "nothing of this run was used");
    assert!(other.world.late_uses().is_empty());
    let nth = |number: u64| numbers.partition_point(|first| *first <= number) - 1;
    let told: Vec<_> = basin.world.late_uses().into_iter().map(|(number, uses)| (nth(number), uses)).collect();
    assert_eq!(told, [(0, 1), (0, 1), (3, 1)]);
    assert!(basin.world.late_uses().is_empty(), "each use is told once");
}

#[test]
fn a_handle_kept_from_an_earlier_run_panics_in_the_next() {
    let mut basin = Basin::new(1);
    let old = basin.boot(0);
    basin.begin(2, &fifo());
    let process = basin.boot(0);
    basin.spawn(process, async move { _ = old.time.now() });
    assert_eq!(basin.run(), Stop::Panic);
    assert!(basin.world.panics()[0].message.contains("outside of its run"), "{:?}", basin.world.panics());
}

#[test]
fn a_waker_kept_from_an_earlier_run_makes_the_run_that_uses_it_red() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let waker = kept_waker(&mut basin, process);
    basin.begin(2, &fifo());
    let process = basin.boot(0);
    basin.spawn(process, async move { waker.wake() });
    basin.run();
    assert_eq!(basin.world.foreign_uses(), 1);
    // And none after it.
    basin.begin(3, &fifo());
    assert_eq!(basin.world.foreign_uses(), 0);
}

#[test]
fn a_waker_of_a_task_that_ended_wakes_nobody() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let kept: Log<Waker> = log();
    let put = kept.clone();
    basin.spawn(process, async move {
        poll_fn(|cx| {
            put.borrow_mut().push(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    });
    basin.run_idle();
    // A second task takes the slot; the waker's generation is not its own.
    basin.spawn(process, async move { process.time.sleep(millis(1)).await });
    let waker = kept.borrow_mut().pop().expect("the task was polled");
    basin.world.enter(|| waker.wake_by_ref());
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| kernel.polls()), 3);
    assert_eq!(basin.world.foreign_uses(), 0);
}

#[test]
fn a_simulation_inside_a_simulation_is_refused_in_clear_words() {
    let mut outer = Basin::new(1);
    let process = outer.boot(0);
    outer.spawn(process, async move {
        let mut inner = Basin::with(1, 9, &fifo());
        let _ = inner.run();
    });
    assert_eq!(outer.run(), Stop::Panic);
    let message = &outer.world.panics()[0].message;
    assert!(message.contains("a simulation cannot run inside a simulation"), "{message}");
    // The thread is as good as before.
    outer.begin(2, &fifo());
    outer.boot(0);
    outer.run_idle();
}

#[test]
fn worlds_may_live_side_by_side_as_long_as_they_take_turns() {
    let (mut one, mut other) = (Basin::new(1), Basin::new(1));
    let (first, second) = (one.boot(0), other.boot(0));
    one.spawn(first, async move { first.time.sleep(millis(2)).await });
    other.spawn(second, async move { second.time.sleep(millis(3)).await });
    assert_eq!(one.world.run(1_000_000), Stop::Until);
    assert_eq!(other.world.run(1_000_000), Stop::Until);
    one.run_idle();
    other.run_idle();
    assert_eq!((one.now(), other.now()), (2_000_000, 3_000_000));
}

#[test]
fn a_panic_out_of_the_world_takes_it_out_of_the_thread() {
    let mut basin = Basin::new(1);
    let message = panic_of(|| basin.world.enter(|| panic!("in the middle")));
    assert_eq!(message, "in the middle");
    basin.boot(0);
    basin.run_idle();
}
