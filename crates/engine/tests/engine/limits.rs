//! How far a run may go, and what is said of the tasks that did not end.

use crate::basin::{Basin, MILLI, Process, fifo, millis};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use wavetank_core::{Instant, JoinHandle, TaskProvider, TimeProvider};
use wavetank_engine::{CrashKind, Device, EngineConfig, Kernel, Limit, Limits, Ratio, Scope, Stop, Waiter};

fn limited(limits: Limits) -> EngineConfig {
    EngineConfig { limits, ..fifo() }
}

async fn sleep_for_ever(process: Process) {
    loop {
        process.time.sleep(millis(1)).await;
    }
}

async fn spin(process: Process) {
    loop {
        process.task.yield_now().await;
    }
}

#[test]
fn events_are_limited() {
    let mut basin = Basin::with(1, 1, &limited(Limits { events: 10, ..Limits::default() }));
    let process = basin.boot(0);
    basin.spawn(process, sleep_for_ever(process));
    assert_eq!(basin.run(), Stop::Limit(Limit::Events));
    assert_eq!(basin.world.kernel(|kernel| kernel.events()), 10);
}

#[test]
fn polls_are_limited() {
    let mut basin = Basin::with(1, 1, &limited(Limits { polls: 10, ..Limits::default() }));
    let process = basin.boot(0);
    basin.spawn(process, sleep_for_ever(process));
    assert_eq!(basin.run(), Stop::Limit(Limit::Polls));
    assert_eq!(basin.world.kernel(|kernel| kernel.polls()), 10);
    assert_eq!(basin.now(), 10 * MILLI, "its tenth sleep ended, and nobody may notice");
    assert_eq!(basin.run(), Stop::Limit(Limit::Polls), "who was to be polled is not forgotten");
}

#[test]
fn virtual_time_is_limited() {
    let mut basin = Basin::with(1, 1, &limited(Limits { time: millis(25), ..Limits::default() }));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        loop {
            process.time.sleep(millis(10)).await;
        }
    });
    assert_eq!(basin.run(), Stop::Limit(Limit::Time));
    assert_eq!(basin.now(), 20 * MILLI);
}

#[test]
fn virtual_time_that_polls_cost_is_limited_too() {
    // Each poll is paid for, so no two of them are of one instant.
    let limits = Limits { time: millis(1), polls_per_instant: 1, ..Limits::default() };
    let config = EngineConfig { poll_cost: Ratio::ONE, poll_cost_max: 1000, ..limited(limits) };
    let mut basin = Basin::with(1, 1, &config);
    let process = basin.boot(0);
    basin.spawn(process, spin(process));
    assert_eq!(basin.run(), Stop::Limit(Limit::Time));
}

#[test]
fn a_livelock_is_not_taken_for_work() {
    let limits = Limits { polls_per_instant: 100, ..Limits::default() };
    let mut basin = Basin::with(1, 1, &limited(limits));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        // As many polls, but time goes on: this is fine.
        for _ in 0..10 {
            for _ in 0..50 {
                process.task.yield_now().await;
            }
            process.time.sleep(millis(1)).await;
        }
        spin(process).await;
    });
    assert_eq!(basin.run(), Stop::Limit(Limit::PollsPerInstant));
    assert_eq!(basin.now(), 10 * MILLI);
    let [task] = &basin.world.tasks()[..] else { panic!("{:?}", basin.world.tasks()) };
    assert!(task.waits_for.contains("it is ready"), "the culprit of a livelock waits for nothing: {task}");
}

#[test]
fn time_that_passes_between_two_runs_is_no_livelock() {
    let limits = Limits { polls_per_instant: 10, ..Limits::default() };
    let mut basin = Basin::with(1, 1, &limited(limits));
    let process = basin.boot(0);
    basin.spawn(process, async move { process.time.sleep(millis(1000)).await });
    for step in 1..100 {
        // Nothing fires meanwhile: whoever drives the world by hand gives it a task at each step.
        basin.spawn(process, async {});
        assert_eq!(basin.world.run(step * MILLI), Stop::Until);
    }
}

#[test]
fn a_loop_of_sleeps_that_are_over_is_a_livelock_like_another() {
    let limits = Limits { polls_per_instant: 100, ..Limits::default() };
    let mut basin = Basin::with(1, 1, &limited(limits));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        process.time.sleep(millis(1)).await;
        // More than a poll may have, and this is fine.
        for _ in 0..1000 {
            process.time.sleep(Duration::ZERO).await;
            process.time.sleep_until(Instant::ZERO).await;
        }
        process.time.sleep(millis(1)).await;
        loop {
            process.time.sleep(Duration::ZERO).await;
        }
    });
    assert_eq!(basin.run(), Stop::Limit(Limit::PollsPerInstant));
    assert_eq!(basin.now(), 2 * MILLI);
}

/// A device that wakes who waits at the very instant.
#[derive(Debug, Default)]
struct Echo(Waiter);

impl Device for Echo {
    fn fire(&mut self, _: u32, kernel: &mut Kernel) {
        kernel.wake(self.0.take());
    }
    fn crash(&mut self, _: Scope, _: CrashKind, _: &mut Kernel) {}
    fn reset(&mut self, _: &mut Kernel) {}
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

#[test]
fn a_livelock_with_a_device_is_one_too() {
    let mut basin = Basin::new(1);
    let echo = basin.world.add(Echo::default());
    basin.begin(1, &limited(Limits { polls_per_instant: 100, events: 1000, ..Limits::default() }));
    let process = basin.boot(0);
    let echo = basin.world.local(echo);
    let hear = move |cx: &mut Context<'_>| {
        drop(echo.with(|device, kernel| {
            kernel.at(kernel.now(), echo.number(), 0);
            device.0.set(cx)
        }));
        Poll::<()>::Pending
    };
    basin.spawn(process, std::future::poll_fn(hear));
    assert_eq!(basin.run(), Stop::Limit(Limit::PollsPerInstant));
}

#[test]
fn limits_are_counted_anew_in_each_run() {
    let mut basin = Basin::new(1);
    for (limits, limit) in [
        (Limits { polls: 10, ..Limits::default() }, Limit::Polls),
        (Limits { polls_per_instant: 10, ..Limits::default() }, Limit::PollsPerInstant),
    ] {
        basin.begin(1, &fifo());
        let process = basin.boot(0);
        basin.spawn(process, async move {
            for _ in 0..1000 {
                process.task.yield_now().await;
            }
            process.time.sleep(millis(1)).await;
        });
        basin.run_idle();
        basin.begin(2, &limited(limits));
        let process = basin.boot(0);
        basin.spawn(process, spin(process));
        assert_eq!(basin.run(), Stop::Limit(limit));
        assert_eq!(basin.world.kernel(|kernel| kernel.polls()), 10, "{limit:?}");
    }
}

#[test]
fn after_a_limit_a_world_still_answers() {
    for limits in [
        Limits { events: 3, ..Limits::default() },
        Limits { time: millis(3), ..Limits::default() },
        Limits { polls: 4, ..Limits::default() },
    ] {
        let mut basin = Basin::with(1, 1, &limited(limits));
        let process = basin.boot(0);
        // Both are far enough away that the queue looks ahead to find them.
        basin.spawn(process, sleep_for_ever(process));
        basin.spawn(
            process,
            async move { process.time.sleep_until(wavetank_core::Instant::from_nanos(4_000_001)).await },
        );
        let stop = basin.run();
        assert!(matches!(stop, Stop::Limit(_)));
        basin.spawn(process, async move { process.time.sleep(Duration::from_nanos(10)).await });
        // It stays where it is, for the same reason, and without a panic.
        assert_eq!(basin.run(), stop, "{:?}", basin.world.panics());
        assert!(basin.world.panics().is_empty());
        basin.world.finish();
        basin.begin(2, &fifo());
        basin.boot(0);
        basin.run_idle();
    }
}

#[test]
fn a_limit_is_told_where_somebody_stops_at_it_and_has_more_to_do() {
    let mut basin = Basin::with(1, 1, &limited(Limits { events: 3, time: millis(25), ..Limits::default() }));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for _ in 0..10 {
            process.time.sleep(millis(10)).await;
        }
    });
    assert_eq!(basin.world.run(25 * MILLI), Stop::Until, "as far as was asked for");
    assert_eq!(basin.world.run(25 * MILLI + 1), Stop::Limit(Limit::Time));
    basin.begin(1, &limited(Limits { events: 3, ..Limits::default() }));
    let process = basin.boot(0);
    basin.spawn(process, sleep_for_ever(process));
    assert_eq!(basin.world.run(4 * MILLI), Stop::Limit(Limit::Events), "the fourth is due at that very time");
}

#[test]
fn no_limit_is_reached_by_what_just_fits() {
    let limits = Limits { events: 3, polls: 4, polls_per_instant: 1, time: millis(3) };
    let mut basin = Basin::with(1, 1, &limited(limits));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for _ in 0..3 {
            process.time.sleep(millis(1)).await;
        }
    });
    basin.run_idle();
}

#[test]
fn a_deadlock_is_reported_with_names_places_and_what_is_waited_for() {
    let mut basin = Basin::new(2);
    let (one, other) = (basin.boot(0), basin.boot(1));
    let line = line!() + 2;
    basin.world.enter(|| {
        let waited = one.spawn("forgetful", std::future::pending::<()>());
        drop(other.spawn("patient", waited));
    });
    basin.run_idle();
    let tasks = basin.world.tasks();
    let [forgetful, patient] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!((&*forgetful.name, forgetful.node_name.as_str(), forgetful.incarnation), ("forgetful", "node-0", 1));
    assert_eq!((&*forgetful.spawned_at.file, forgetful.spawned_at.line), (file!(), line));
    assert!(forgetful.waits_for.contains("something outside the engine"), "{forgetful}");
    assert_eq!((&*patient.name, patient.node), ("patient", basin.nodes[1]));
    assert!(patient.waits_for.contains("the end of task `forgetful`"), "{patient}");
    assert!(patient.waits_for.contains(&format!("{}:{line}", file!())), "{patient}");
    let text = patient.to_string();
    assert!(text.starts_with("task `patient` of node-1 (incarnation 1), spawned at "), "{text}");
}

#[test]
fn a_sleeper_is_reported_as_one() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, sleep_for_ever(process));
    assert_eq!(basin.world.run(MILLI / 2), Stop::Until);
    assert_eq!(basin.world.tasks()[0].waits_for, "a sleep");
    assert!(basin.world.has_tasks_of(basin.nodes[0]..wavetank_engine::NodeId(1)));
}

#[test]
fn what_a_task_does_not_wait_for_any_more_is_not_reported() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let given_up = |tried: fn(Process) -> Pin<Box<dyn Future<Output = ()>>>| async move {
        let mut tried = tried(process);
        let waits = poll_fn(|cx| Poll::Ready(tried.as_mut().poll(cx).is_pending())).await;
        assert!(waits);
        drop(tried);
        std::future::pending::<()>().await;
    };
    basin.spawn(process, given_up(|process| Box::pin(process.time.sleep(millis(1)))));
    basin.spawn(
        process,
        given_up(|process| {
            let handle = process.task.spawn(std::future::pending::<()>());
            Box::pin(async move { drop(handle.await) })
        }),
    );
    // Another task takes the slot of the one that was waited for, and another sleep that of the sleep.
    basin.spawn(
        process,
        given_up(|process| {
            let handle = process.task.spawn(std::future::pending::<()>());
            handle.abort();
            Box::pin(async move { drop(handle.await) })
        }),
    );
    basin.spawn(process, async move {
        process.task.yield_now().await;
        process.spawn("another", std::future::pending::<()>()).await.expect("nobody ends it");
    });
    basin.spawn(process, async move {
        process.time.sleep(millis(5)).await;
    });
    assert_eq!(basin.world.run(MILLI / 2), Stop::Until);
    let tasks = basin.world.tasks();
    let of = |start: &str| tasks.iter().filter(|task| task.waits_for.starts_with(start)).count();
    assert_eq!(of("a sleep"), 1, "{tasks:#?}");
    assert_eq!(of("the end of task `another`"), 1, "{tasks:#?}");
    // The three that gave up, what the second let go, and what the fourth waits for.
    assert_eq!((of("something outside the engine"), tasks.len()), (5, 7), "{tasks:#?}");
}

#[test]
fn a_spawn_site_is_the_callers_own_line() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        let one = process.task.spawn(std::future::pending::<()>());
        let other = process.task.spawn_local(std::future::pending::<()>());
        let _ = one.await;
        other.abort();
    });
    basin.run_idle();
    let mut lines: Vec<u32> = basin.world.tasks().iter().map(|task| task.spawned_at.line).collect();
    assert!(basin.world.tasks()[1..].iter().all(|task| task.spawned_at.file == file!()));
    lines.dedup();
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[test]
fn somebody_may_ask_a_run_to_stop() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        process.time.sleep(millis(5)).await;
        process.control.stop();
        process.time.sleep(millis(5)).await;
    });
    assert_eq!(basin.run(), Stop::Requested);
    assert_eq!(basin.now(), 5 * MILLI);
    basin.run_idle();
    assert_eq!(basin.now(), 10 * MILLI);
    // Who asks when the run is over does not stop the next.
    basin.world.enter(|| process.control.stop());
    basin.begin(2, &fifo());
    let process = basin.boot(0);
    basin.spawn(process, async {});
    basin.crash(0);
    basin.run_idle();
}
