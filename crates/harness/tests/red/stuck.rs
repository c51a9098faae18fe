//! Who waits for ever, does too much, or is left over.

use super::{failure, says, simulation};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{OpenOptions, Providers, TaskProvider};
use wavetank_harness::{Chaos, Failure, Limits, Overrides, Progress, SimContext, SimulationBuilder, TestStrategy};

#[test]
fn a_deadlock_names_who_waits_where_it_was_spawned_and_for_what() {
    let stuck = simulation().workload("user", 1, |context: SimContext| async move {
        let world = context.providers();
        let listener = world.bind((context.ip(), 80).into()).await.expect("the port is free");
        let waiting = world.spawn(async move { drop(wavetank_core::TcpListener::accept(&listener).await) });
        let _ = waiting.await;
    });
    let failure = failure(&stuck);
    let Failure::Deadlock { tasks } = &failure else { panic!("{failure}") };
    assert_eq!(tasks.len(), 2);
    says(
        &failure,
        &[
            "deadlock",
            "task `workload` of user (incarnation 1)",
            "waits for the end of task `task`, spawned at",
            "tests/red/stuck.rs:",
            "waits for a connection to accept",
            ":80",
        ],
    );
    let silent = simulation().workload("user", 1, async |_| std::future::pending::<()>().await);
    says(&self::failure(&silent), &["something outside the engine"]);
}

#[test]
fn who_waits_for_the_last_fault_is_not_said_to_wait_for_a_lock() {
    let seconds = Duration::from_secs;
    let chaos = Chaos { warm: seconds(10), window: seconds(1), crashes: 1..=1, ..Chaos::default() };
    let patient = simulation()
        .with_chaos(chaos)
        .process("server", 1, |_| std::future::pending::<Result<(), std::convert::Infallible>>())
        .workload("user", 1, |context: SimContext| async move { context.quiet().await });
    let (failure, _) = simulation_with(&patient, Limits { time: seconds(3), ..Limits::default() });
    says(&failure, &["`workload` of user", "waits for the last fault to be over"]);
}

#[test]
fn every_limit_is_red_and_names_itself() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits { events: 1 << 40, polls: 1 << 40, polls_per_instant: 1 << 40, time: Duration::MAX };
        change(&mut limits);
        limits
    };
    let ticking = simulation().workload("clock", 1, |context: SimContext| async move {
        loop {
            context.providers().sleep(Duration::from_millis(1)).await;
        }
    });
    let run = |limits| simulation_with(&ticking, limits);
    let (failure, record) = run(limits(|limits| limits.events = 100));
    says(&failure, &["before 100 events fired (Limits::events)", "`workload` of clock", "a sleep"]);
    assert_eq!(record.events, 100);
    let (failure, record) = run(limits(|limits| limits.polls = 100));
    says(&failure, &["before 100 polls were made (Limits::polls)"]);
    assert!((100..=101).contains(&record.polls), "{}", record.polls);
    let (failure, record) = run(limits(|limits| limits.time = Duration::from_secs(3)));
    says(&failure, &["before 3.0 s of virtual time passed (Limits::time)"]);
    assert!((2_999_000_000..=3_000_000_000).contains(&record.virtual_time), "{}", record.virtual_time);

    let spinning = simulation().workload("top", 1, |context: SimContext| async move {
        loop {
            context.providers().task().yield_now().await;
        }
    });
    let (failure, _) = simulation_with(&spinning, limits(|limits| limits.polls_per_instant = 100));
    says(&failure, &["100 polls", "time stood still", "Limits::polls_per_instant"]);
}

fn simulation_with(simulation: &SimulationBuilder, limits: Limits) -> (Failure, wavetank_harness::RunRecord) {
    let record = simulation.clone().with_limits(limits).run_seed(1, Overrides::new(), None);
    assert_eq!(record.failures.len(), 1, "{:?}", record.failures);
    (record.failures[0].clone(), record)
}

#[test]
fn a_task_that_outlives_all_workloads_is_red_unless_it_ends_soon() {
    let leaving = |behind: Duration| {
        simulation().workload("user", 1, move |context: SimContext| async move {
            let world = context.providers();
            let sleep = world.sleep(behind);
            world.spawn(sleep);
        })
    };
    leaving(Duration::from_secs(50)).run().assert_green();
    let leaking = leaving(Duration::from_secs(4000));
    says(&failure(&leaking), &["left tasks behind", "`task` of user", "tests/red/stuck.rs:", "a sleep"]);
    leaking.with_leak_check(false).run().assert_green();
    let waiting = simulation().workload("user", 1, |context: SimContext| async move {
        context.providers().spawn(std::future::pending::<()>());
    });
    says(&failure(&waiting), &["left tasks behind"]);
    waiting.with_leak_check(false).run().assert_green();
    // Processes serve for ever, and may.
    simulation()
        .process("server", 1, async |_| std::future::pending::<()>().await)
        .workload("user", 1, async |_| {})
        .run()
        .assert_green();
}

/// A place that outlives every run, as a static does.
type Keep = Arc<Mutex<Vec<Box<dyn std::any::Any + Send>>>>;

#[test]
fn a_socket_or_file_that_nobody_owns_is_red() {
    for (what, words) in [("listener", "listen"), ("stream", "TCP stream"), ("datagrams", "UDP"), ("file", "file")] {
        let keep = Keep::default();
        let kept = keep.clone();
        let leaking = simulation().workload("user", 1, move |context: SimContext| {
            let kept = kept.clone();
            async move {
                let world = context.providers();
                let listener = world.bind((context.ip(), 80).into()).await.expect("free");
                let handle: Box<dyn std::any::Any + Send> = match what {
                    "listener" => Box::new(listener),
                    "stream" => Box::new(world.connect((context.ip(), 80).into()).await.expect("it listens")),
                    "datagrams" => Box::new(world.bind_udp((context.ip(), 80).into()).await.expect("free")),
                    _ => Box::new(world.open("f", OpenOptions::create_write()).await.expect("there is room")),
                };
                kept.lock().expect("free").push(handle);
            }
        });
        let record = leaking.run_seed(1, Overrides::new(), None);
        let told: String = record.failures.iter().map(ToString::to_string).collect();
        assert!(told.contains("leaked") && told.contains(words), "{what}: {told}");
        keep.lock().expect("free").clear();
        leaking.with_leak_check(false).run_strategy(&TestStrategy::Count(1), &Progress::default()).assert_green();
    }
}
