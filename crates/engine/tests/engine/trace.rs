//! The trace, the digest's checkpoints, and what an event says.

use crate::basin::{Basin, fifo, millis};
use wavetank_core::{TaskProvider, TimeProvider};
use wavetank_engine::{Checkpoint, Event, EventKind, Trace, here};

const NOTE: EventKind = EventKind::new("test.note");

/// A traced run of a task that sleeps three times; its events.
fn events(from: u64, to: u64) -> Vec<Event> {
    let mut basin = Basin::new(1);
    basin.begin_traced(1, &fifo(), Trace::window(from, to));
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for nth in 0..3 {
            process.time.sleep(millis(1)).await;
            process.control.kernel(|kernel| kernel.note(NOTE, 5, nth));
        }
    });
    basin.run_idle();
    basin.world.kernel(|kernel| {
        assert_eq!(kernel.noted(), 10);
        kernel.trace().expect("the run keeps a trace").events().to_vec()
    })
}

#[test]
fn a_trace_numbers_every_event_and_says_where_it_happened() {
    let all = events(0, u64::MAX);
    let numbers: Vec<u64> = all.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<u64>>());
    let kinds: Vec<&str> = all.iter().map(|event| event.kind.name()).collect();
    let round = ["fire", "poll", "test.note"];
    assert_eq!(kinds, [&["poll"][..], &round, &round, &round].concat());
    let note = all[6];
    assert_eq!((note.time, note.entity, note.detail), (2_000_000, 5, 1));
    assert_eq!(note.node.map(|(node, incarnation)| (node.0, incarnation)), Some((0, 1)));
    assert!(note.task != 0);
    assert_eq!(all[4].node, None, "a record fires outside of any task");
    let text = note.to_string();
    assert!(text.starts_with("#6 0.002000000s node 0.1 task ") && text.contains("test.note"), "{text}");
    assert!(all[4].to_string().contains("world fire"), "{}", all[4]);
}

#[test]
fn a_window_holds_exactly_its_events() {
    let all = events(0, u64::MAX);
    assert_eq!(events(3, 6), all[3..6]);
    assert_eq!(events(9, 100), all[9..]);
    assert_eq!(events(5, 5), []);
}

/// The checkpoints of a run of so many polls.
fn checkpoints(polls: u64) -> Vec<Checkpoint> {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for _ in 1..polls {
            process.task.yield_now().await;
        }
    });
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| kernel.noted()), polls);
    basin.world.kernel(|kernel| kernel.checkpoints().to_vec())
}

#[test]
fn checkpoints_are_evenly_spaced_and_never_too_many() {
    for (polls, spacing) in [(255, 256), (256, 256), (10_000, 256), (262_144, 256), (262_400, 512), (2_000_000, 2048)] {
        let list = checkpoints(polls);
        let expected: Vec<u64> = (1..=polls / spacing).map(|nth| nth * spacing).collect();
        assert_eq!(list.iter().map(|point| point.events).collect::<Vec<_>>(), expected, "{polls} events");
        assert!(list.len() <= 1024);
    }
}

#[test]
fn checkpoints_of_a_long_run_agree_with_those_of_a_short_one() {
    let (short, long) = (checkpoints(100_000), checkpoints(500_000));
    let shared = long.iter().filter(|point| point.events <= 100_000);
    for point in shared.clone() {
        assert!(short.contains(point), "{point:?}");
    }
    assert!(shared.count() > 100);
}

#[test]
fn the_digest_depends_on_kind_entity_detail_time_and_order() {
    let digest = |notes: &[(EventKind, u64, u64)], time: u64| {
        let mut basin = Basin::new(1);
        basin.world.run(time);
        basin.world.kernel(|kernel| {
            for &(kind, entity, detail) in notes {
                kernel.note(kind, entity, detail);
            }
            kernel.digest()
        })
    };
    const OTHER: EventKind = EventKind::new("test.other");
    let mut digests = vec![
        digest(&[], 0),
        digest(&[(NOTE, 1, 2)], 0),
        digest(&[(OTHER, 1, 2)], 0),
        digest(&[(NOTE, 2, 2)], 0),
        digest(&[(NOTE, 1, 1)], 0),
        digest(&[(NOTE, 2, 1)], 0),
        digest(&[(NOTE, 1, 2), (NOTE, 1, 2)], 0),
        digest(&[(NOTE, 1, 2), (NOTE, 3, 4)], 0),
        digest(&[(NOTE, 3, 4), (NOTE, 1, 2)], 0),
    ];
    let count = digests.len();
    digests.sort_by_key(|digest| (digest.0, digest.1));
    digests.dedup();
    assert_eq!(digests.len(), count);
    assert_eq!(digest(&[(NOTE, 1, 2)], 0), digest(&[(NOTE, 1, 2)], 0));
}

#[test]
fn code_in_a_task_knows_where_it_runs_for_its_logs() {
    assert_eq!(here(), None);
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        process.time.sleep(millis(1)).await;
        let here = here().expect("a run is installed");
        let (node, incarnation, name) = here.node.expect("a task is polled");
        assert_eq!((here.time, node, incarnation, &*name), (1_000_000, process.home.node, 1, "node-0"));
        process.control.kernel(|_| assert_eq!(wavetank_engine::here(), None));
    });
    basin.run_idle();
}
