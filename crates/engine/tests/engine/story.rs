//! The story of a run: causes, places, and that telling it changes nothing.

use crate::basin::{Basin, fifo, millis};
use wavetank_core::{TaskProvider, TimeProvider, watch};
use wavetank_engine::{Digest, EngineConfig, Policy, Ratio, StoryEvent, Trace, Value, tell};

/// What a run of two processes says: one sleeps twice and tells the other, which joins a
/// child; then the first is crashed and booted again.
fn run(seed: u64, config: &EngineConfig, trace: Option<Trace>) -> (Vec<StoryEvent>, Digest, u64) {
    let mut basin = Basin::new(2);
    match trace {
        Some(trace) => basin.begin_traced(seed, config, trace),
        None => basin.begin(seed, config),
    }
    let (sender, mut receiver) = watch::channel(0);
    let (one, other) = (basin.boot(0), basin.boot(1));
    basin.spawn(one, async move {
        one.time.sleep(millis(1)).await;
        one.time.sleep(millis(1)).await;
        tell("test.send", |telling| {
            telling.message("m1").marked((1, 1)).arg("bytes", 3_u64);
        });
        sender.send(1).expect("somebody listens");
    });
    basin.spawn(other, async move {
        receiver.changed().await.expect("somebody sends");
        tell("test.receive", |telling| {
            telling.after((1, 1));
        });
        other.task.spawn(async {}).await.expect("the child returns");
    });
    basin.run_idle();
    basin.crash(0);
    basin.boot(0);
    basin.world.kernel(|kernel| {
        let events = kernel.story().map(|story| story.events().to_vec()).unwrap_or_default();
        (events, kernel.digest(), kernel.noted())
    })
}

fn told() -> Vec<StoryEvent> {
    run(1, &fifo(), Some(Trace::window(0, 0).with_story())).0
}

#[track_caller]
fn the<'a>(events: &'a [StoryEvent], kind: &str) -> &'a StoryEvent {
    events.iter().find(|event| event.kind == kind).expect(kind)
}

#[test]
fn an_event_is_where_its_number_says_and_after_its_cause() {
    let events = told();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.number, place as u64);
        assert!(event.cause.is_none_or(|cause| cause < event.number), "{event:?}");
    }
    assert!(events.is_sorted_by_key(|event| event.time));
}

#[test]
fn a_cause_leads_from_what_was_received_to_what_was_slept() {
    let events = told();
    let receive = the(&events, "test.receive");
    assert_eq!(receive.node.map(|(node, incarnation)| (node.0, incarnation)), Some((1, 1)));
    let send = &events[receive.cause.expect("it was sent") as usize];
    assert_eq!((send.kind, send.arg("bytes")), ("test.send", Some(&Value::Number(3))));
    assert_eq!((&send.message, send.message.as_deref()), (&receive.message, Some("m1")));
    let poll = &events[send.cause.expect("it happened in a poll") as usize];
    assert_eq!((poll.kind, poll.task), ("task.poll", send.task));
    let fire = &events[poll.cause.expect("a timer woke it") as usize];
    assert_eq!((fire.kind, fire.node, fire.task), ("timer.fire", send.node, send.task));
    let arm = &events[fire.cause.expect("it was armed") as usize];
    assert_eq!((arm.kind, arm.arg("due")), ("timer.arm", Some(&Value::Number(fire.time))));
    let before = &events[arm.cause.expect("it happened in a poll") as usize];
    assert_eq!((before.kind, before.task), ("task.poll", send.task));
}

#[test]
fn who_was_woken_has_what_was_done_last_as_cause() {
    let events = told();
    let receive = the(&events, "test.receive");
    let polls = events[..receive.number as usize].iter().rev();
    let poll = polls.into_iter().find(|event| event.kind == "task.poll").expect("it was polled");
    assert_eq!(poll.task, receive.task);
    assert_eq!(poll.cause, Some(the(&events, "test.send").number), "the sender had told of it before it woke us");
}

#[test]
fn tasks_begin_end_and_wake_who_joins_them() {
    let events = told();
    let child = events.iter().rfind(|event| event.kind == "task.spawn").expect("a child was spawned");
    assert_eq!(child.cause, Some(the(&events, "test.receive").number), "its parent did that last");
    assert!(matches!(child.arg("site"), Some(Value::Text(site)) if site.contains("story.rs")), "{child:?}");
    let end = events.iter().find(|event| event.kind == "task.end" && event.task == child.task).expect("it ended");
    assert_eq!(end.arg("how"), Some(&Value::Text("returned".to_string())));
    let joined = events.iter().find(|event| event.kind == "task.poll" && event.cause == Some(end.number));
    assert_eq!(joined.expect("its parent is woken").task, the(&events, "test.receive").task);
}

#[test]
fn a_boot_after_a_crash_knows_of_it() {
    let events = told();
    let crash = the(&events, "node.crash");
    assert_eq!(crash.arg("kind"), Some(&Value::Text("process".to_string())));
    let boot = events.last().expect("it was booted again");
    assert_eq!((boot.kind, boot.node.map(|(node, incarnation)| (node.0, incarnation))), ("node.boot", Some((0, 2))));
    assert_eq!(boot.arg("also"), Some(&Value::Numbers(vec![crash.number])));
}

#[test]
fn all_that_happens_in_a_poll_comes_of_it_and_what_is_given_as_cause_stays() {
    let mut basin = Basin::new(2);
    basin.begin_traced(1, &fifo(), Trace::window(0, 0).with_story());
    let (one, other) = (basin.boot(0), basin.boot(1));
    basin.spawn(one, async {
        tell("test.first", |telling| {
            telling.marked((1, 1));
        });
        tell("test.second", |_| {});
    });
    basin.run_idle();
    // The test itself knows what made it do that, to another node.
    basin.world.enter(|| {
        tell("test.third", |telling| {
            telling.on_node(other.home.node).after((1, 1));
        });
    });
    let events = basin.world.kernel(|kernel| kernel.story().expect("it is kept").events().to_vec());
    let poll = the(&events, "task.poll").number;
    let cause = |kind: &str| the(&events, kind).cause;
    assert_eq!((cause("test.first"), cause("test.second")), (Some(poll), Some(poll)));
    assert_eq!(cause("test.third"), Some(the(&events, "test.first").number));
}

#[test]
fn telling_changes_no_digest() {
    let config = EngineConfig {
        policy: Policy::Random,
        timer_late: Ratio::new(1, 2),
        timer_late_max: 1_000_000,
        poll_cost: Ratio::new(1, 4),
        poll_cost_max: 1000,
        ..EngineConfig::default()
    };
    let mut faults = 0;
    for seed in 0..50 {
        let (events, digest, noted) = run(seed, &config, Some(Trace::window(0, 0).with_story()));
        let (untold, untold_digest, untold_noted) = run(seed, &config, None);
        assert_eq!((digest, noted), (untold_digest, untold_noted), "seed {seed}");
        assert!(untold.is_empty() && !events.is_empty());
        faults += events.iter().filter(|event| event.kind == "fault").count();
    }
    assert!(faults > 50, "faults are told: {faults}");
}

#[test]
fn what_is_done_to_a_node_from_outside_comes_of_nothing_done_to_another() {
    let events = told();
    let boots: Vec<&StoryEvent> = events.iter().filter(|event| event.kind == "node.boot").take(2).collect();
    assert!(boots[0].node != boots[1].node && boots.iter().all(|boot| boot.cause.is_none()), "{boots:?}");
    let first_tasks = events.iter().filter(|event| event.kind == "task.spawn").take(2);
    for spawn in first_tasks {
        let boot = spawn.cause.map(|cause| &events[cause as usize]);
        assert!(boot.is_none_or(|boot| boot.node == spawn.node), "{spawn:?}");
    }
    assert_eq!(the(&events, "node.crash").cause, None, "the test itself did it");
}
