//! Devices, their keys, and handles dropped at bad moments.

use crate::basin::{Basin, MILLI, Process, fifo, millis};
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use wavetank_core::{TaskProvider, TimeProvider};
use wavetank_engine::{CrashKind, Device, Kernel, Key, Local, Scope, Stop, Waiter, World};

/// A device that counts what it is asked.
#[derive(Debug, Default)]
struct Bell {
    fired: Vec<(u64, u32)>,
    closed: Vec<(u32, u32)>,
    crashes: u32,
    resets: u32,
}

impl Device for Bell {
    fn fire(&mut self, slot: u32, kernel: &mut Kernel) {
        self.fired.push((kernel.now(), slot));
    }

    fn close(&mut self, slot: u32, generation: u32, _: &mut Kernel) {
        self.closed.push((slot, generation));
    }

    fn crash(&mut self, _: Scope, _: CrashKind, _: &mut Kernel) {
        self.crashes += 1;
    }

    fn reset(&mut self, _: &mut Kernel) {
        *self = Bell { resets: self.resets + 1, ..Bell::default() };
    }

    fn name(&self, slot: u32) -> u64 {
        u64::from(slot)
    }

    fn describe(&self, slot: u32) -> String {
        format!("bell {slot}")
    }

    fn leaks(&self) -> Vec<String> {
        if self.fired.is_empty() { Vec::new() } else { vec![format!("{} strokes", self.fired.len())] }
    }
}

/// Of the same size, so that it is likely to lie at the same address.
struct Drum([u8; size_of::<Bell>()]);

impl Device for Drum {
    fn fire(&mut self, _: u32, _: &mut Kernel) {}
    fn crash(&mut self, _: Scope, _: CrashKind, _: &mut Kernel) {}
    fn reset(&mut self, _: &mut Kernel) {
        self.0 = [0xff; size_of::<Bell>()];
    }
    fn name(&self, _: u32) -> u64 {
        0
    }
    fn describe(&self, _: u32) -> String {
        String::new()
    }
    fn leaks(&self) -> Vec<String> {
        Vec::new()
    }
}

fn belled() -> (Basin, Key<Bell>) {
    let mut basin = Basin::new(1);
    let key = basin.world.add(Bell::default());
    basin.begin(1, &fifo());
    (basin, key)
}

#[test]
fn a_device_is_fired_crashed_described_and_asked_for_leaks() {
    let (mut basin, key) = belled();
    let process = basin.boot(0);
    basin.world.device(key, |_, kernel| {
        kernel.at(50, key.number(), 7);
        kernel.at(20, key.number(), 8);
        let cancelled = kernel.at(30, key.number(), 9);
        kernel.cancel(cancelled);
    });
    let bell = basin.world.local(key);
    basin.spawn(
        process,
        std::future::poll_fn(move |_| {
            bell.with(|_, kernel| kernel.waits(key.number(), 7, "a stroke"));
            std::task::Poll::<()>::Pending
        }),
    );
    basin.run_idle();
    assert_eq!(basin.world.tasks()[0].waits_for, "a stroke (bell 7)");
    assert_eq!(basin.world.device(key, |bell, _| bell.fired.clone()), [(20, 8), (50, 7)]);
    basin.crash(0);
    assert_eq!(basin.world.device(key, |bell, _| bell.crashes), 1);
    assert_eq!(basin.world.finish(), ["2 strokes"]);
}

#[test]
fn who_waits_is_over_when_the_task_has_ended_whether_it_was_joined_or_not() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let waiters = Rc::new(RefCell::new([Waiter::NOBODY, Waiter::NOBODY]));
    let handles = [0, 1].map(|id| {
        let waiters = waiters.clone();
        let body = std::future::poll_fn(move |cx| {
            drop(waiters.borrow_mut()[id].set(cx));
            if id == 0 { Poll::Ready(()) } else { Poll::Pending }
        });
        basin.world.enter(|| process.spawn("waiter", body))
    });
    basin.run_idle();
    let is_over =
        |basin: &mut Basin| waiters.borrow().each_ref().map(|one| basin.world.kernel(|kernel| kernel.is_over(one)));
    assert_eq!(is_over(&mut basin), [true, false]);
    basin.world.enter(|| drop(handles));
    assert_eq!(is_over(&mut basin), [true, false]);
    // Another takes the place of the one that ended.
    basin.spawn(process, std::future::pending::<()>());
    assert_eq!(is_over(&mut basin), [true, false]);
}

#[test]
fn a_waker_that_a_device_discards_is_dropped_where_it_may_use_providers() {
    /// A combinator's waker, whose task is told when it is dropped.
    struct Foreign(Process);

    impl std::task::Wake for Foreign {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Foreign {
        fn drop(&mut self) {
            let process = self.0;
            drop(process.task.spawn(async move { process.time.sleep(millis(1)).await }));
        }
    }

    let (mut basin, key) = belled();
    let process = basin.boot(0);
    let bell = basin.world.local(key);
    basin.spawn(process, async move {
        let mut waiter = Waiter::NOBODY;
        drop(waiter.set(&Context::from_waker(&Arc::new(Foreign(process)).into())));
        bell.with(|_, kernel| kernel.discard(waiter));
    });
    basin.run_idle();
    assert_eq!(basin.now(), MILLI, "what it spawned slept");
}

#[test]
fn what_is_dropped_after_a_waker_that_panics_is_dropped_where_it_may_use_providers_too() {
    /// A waker that says when it was dropped. The first discards another then, and panics.
    struct Foreign(Local<Bell>, Process, Arc<Mutex<Vec<(u32, u64)>>>, u32);

    impl std::task::Wake for Foreign {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Foreign {
        fn drop(&mut self) {
            let Foreign(bell, process, dropped, nth) = self;
            dropped.lock().expect("nobody panics as it is held").push((*nth, process.time.now().as_nanos()));
            if *nth == 0 {
                discard([Foreign(*bell, *process, dropped.clone(), 3)]);
                panic!("the first");
            }
        }
    }

    fn discard<const N: usize>(all: [Foreign; N]) {
        let bell = all[0].0;
        let waiters = all.map(|foreign| {
            let mut waiter = Waiter::NOBODY;
            drop(waiter.set(&Context::from_waker(&Arc::new(foreign).into())));
            waiter
        });
        bell.with(|_, kernel| waiters.into_iter().for_each(|waiter| kernel.discard(waiter)));
    }

    let (mut basin, key) = belled();
    let process = basin.boot(0);
    let bell = basin.world.local(key);
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let kept = dropped.clone();
    basin.spawn(process, async move {
        process.time.sleep(millis(1)).await;
        discard([0, 1, 2].map(|nth| Foreign(bell, process, kept.clone(), nth)));
    });
    assert_eq!(basin.run(), Stop::Panic);
    assert_eq!(basin.world.finish(), [""; 0]);
    let order = [0, 1, 2, 3].map(|nth| (nth, MILLI));
    assert_eq!(*dropped.lock().expect("nobody panicked as it was held"), order);
    assert_eq!(basin.world.panics().iter().map(|panic| &*panic.message).collect::<Vec<_>>(), ["the first"]);
}

#[test]
fn a_handle_dropped_under_the_borrow_is_closed_after_it() {
    let (mut basin, key) = belled();
    let process = basin.boot(0);
    let bell = basin.world.local(key);
    basin.spawn(process, async move {
        bell.with(|device, _| {
            bell.close(3, 4);
            assert!(device.closed.is_empty());
        });
    });
    basin.run_idle();
    assert_eq!(basin.world.device(key, |bell, _| bell.closed.clone()), [(3, 4)]);
}

#[test]
fn what_was_to_be_closed_in_one_run_is_not_closed_in_the_next() {
    let (mut basin, key) = belled();
    let bell = basin.world.local(key);
    basin.world.enter(|| bell.with(|_, _| bell.close(3, 4)));
    basin.begin(2, &fifo());
    let process = basin.boot(0);
    basin.spawn(process, async {});
    basin.run_idle();
    assert_eq!(basin.world.device(key, |bell, _| bell.closed.clone()), []);
}

#[test]
fn a_process_finds_the_devices_of_its_world_by_type() {
    let mut basin = Basin::new(1);
    basin.world.add(Drum([0; size_of::<Bell>()]));
    let keys = [(); 2].map(|()| basin.world.add(Bell::default()));
    basin.begin(1, &fifo());
    let home = basin.boot(0).home;
    basin.world.enter(|| assert_eq!(home.device::<Bell>().number(), keys[0].number(), "the first of two"));
    let found = basin.world.enter(|| home.device::<Bell>());
    basin.world.enter(|| found.with(|bell, _| bell.fired.push((5, 6))));
    assert_eq!(basin.world.device(keys[0], |bell, _| bell.fired.clone()), [(5, 6)]);
}

#[test]
fn a_device_that_is_not_there_is_missed_in_clear_words() {
    let (mut basin, _) = belled();
    let home = basin.boot(0).home;
    let missed = basin.world.enter(|| catch_unwind(|| home.device::<Drum>().number())).expect_err("there is no drum");
    let words = wavetank_core::panic_message(missed.as_ref());
    assert!(words.contains("the world has no ") && words.contains("Drum: add one before the run"), "{words}");
}

#[test]
fn a_key_opens_only_the_world_that_made_it() {
    let (mut one, key) = belled();
    let mut other = World::new();
    assert!(catch_unwind(AssertUnwindSafe(|| other.device(key, |_, _| ()))).is_err());
    let other_key = other.add(Bell::default());
    assert!(catch_unwind(AssertUnwindSafe(|| other.device(key, |_, _| ()))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| one.world.local(other_key).number())).is_err());
    one.world.device(key, |_, _| ());
}

#[test]
fn a_key_of_a_world_that_is_gone_opens_no_device_of_another_kind() {
    for _ in 0..100 {
        let (old, key) = belled();
        drop(old);
        // Most allocators put this one exactly where the bell was.
        let mut world = World::new();
        world.add(Drum([0; size_of::<Bell>()]));
        let opened = catch_unwind(AssertUnwindSafe(|| world.device(key, |_, _| ())));
        assert!(opened.is_err(), "a drum was opened as a bell");
    }
}

#[test]
fn user_code_under_the_borrow_is_told_so() {
    let (mut basin, key) = belled();
    let process = basin.boot(0);
    let bell = basin.world.local(key);
    basin.spawn(process, async move {
        bell.with(|_, _| bell.with(|_, _| ()));
    });
    assert_eq!(basin.run(), wavetank_engine::Stop::Panic);
    assert!(basin.world.panics()[0].message.contains("entered twice"), "{:?}", basin.world.panics());
    // The borrow was given back on the way out.
    basin.world.device(key, |_, _| ());
}

#[test]
fn a_world_gives_no_handle_before_its_first_run() {
    let mut world = World::new();
    let key = world.add(Bell::default());
    for asked in [catch_unwind(AssertUnwindSafe(|| _ = world.local(key))), catch_unwind(|| _ = World::new().control())]
    {
        let refused = asked.expect_err("it would reach any other world that has had no run");
        let words = wavetank_core::panic_message(refused.as_ref());
        assert!(words.contains("no run has begun"), "{words}");
    }
}

#[test]
fn a_handle_dropped_between_two_steps_is_closed_when_the_run_goes_on() {
    let (mut basin, key) = belled();
    let process = basin.boot(0);
    basin.run_idle();
    let sleep = basin.world.enter(|| {
        let mut sleep = Box::pin(process.time.sleep(millis(1)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        sleep
    });
    drop(sleep);
    basin.world.local(key).close(3, 4);
    let mut other = Basin::new(1);
    other.run_idle();
    assert_eq!(basin.world.device(key, |bell, _| bell.closed.clone()), []);
    basin.run_idle();
    assert_eq!(basin.world.device(key, |bell, _| bell.closed.clone()), [(3, 4)]);
    assert_eq!(basin.now(), 0, "nothing is left of the sleep");
}

#[test]
fn however_much_is_dropped_between_two_steps_is_closed_when_the_run_goes_on() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let handles: Vec<_> = basin.world.enter(|| (0..5000).map(|_| process.spawn("task", async {})).collect());
    basin.run_idle();
    drop(handles);
    basin.run_idle();
    assert!(!basin.world.has_tasks(), "a task that nobody will join has gone");
}

#[test]
fn what_was_dropped_after_its_run_is_not_closed_in_the_next() {
    let (mut basin, key) = belled();
    let bell = basin.world.local(key);
    basin.begin(2, &fifo());
    bell.close(3, 4);
    basin.run_idle();
    assert_eq!(basin.world.device(key, |bell, _| bell.closed.clone()), []);
}

#[test]
fn what_was_dropped_before_a_run_is_finished_is_no_leak() {
    let mut basin = Basin::new(1);
    for is_under_borrow in [false, true] {
        basin.begin(1, &fifo());
        let process = basin.boot(0);
        let sleep = basin.world.enter(|| {
            let mut sleep = Box::pin(process.time.sleep(millis(1)));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            sleep
        });
        if is_under_borrow {
            basin.world.enter(|| process.control.kernel(|_| drop(sleep)));
        } else {
            drop(sleep);
        }
        assert_eq!(basin.world.finish(), [""; 0], "under a borrow: {is_under_borrow}");
    }
}
