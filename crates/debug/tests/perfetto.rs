//! The picture for Perfetto: it loads, slices nest, time goes on in each lane, and each
//! arrow has two ends.

#[path = "../../harness/tests/notebook/mod.rs"]
mod notebook;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wavetank_core::{OpenOptions, Providers};
use wavetank_debug::perfetto;
use wavetank_debug::trace::TraceFile;
use wavetank_harness::{Overrides, SimContext, SimulationBuilder};

/// What the file holds: the events of the picture of a run of the notebook.
fn picture(seed: u64) -> (TraceFile, Vec<Value>) {
    let record = notebook::notebook().recorder().tell(seed, Overrides::new());
    let trace = TraceFile::of(&record).expect("it was told");
    let json: Value = serde_json::from_str(&perfetto::export(&trace)).expect("it is JSON");
    let events = json["traceEvents"].as_array().expect("there are events").clone();
    (trace, events)
}

fn nanos(event: &Value, name: &str) -> u64 {
    (event[name].as_f64().expect(name) * 1000.0).round() as u64
}

fn lane(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().expect("a process"), event["tid"].as_u64().expect("a lane"))
}

/// The slices of each lane, from when to when, in the order of the file.
fn lanes(events: &[Value]) -> BTreeMap<(u64, u64), Vec<(u64, u64)>> {
    let mut lanes: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let start = nanos(event, "ts");
        lanes.entry(lane(event)).or_default().push((start, start + nanos(event, "dur")));
    }
    lanes
}

#[test]
fn slices_nest() {
    for seed in 0..5 {
        let (_, events) = picture(seed);
        let lanes = lanes(&events);
        assert!(lanes.len() > 5, "{}", lanes.len());
        for (lane, slices) in lanes {
            let mut open: Vec<u64> = Vec::new();
            for (start, end) in slices {
                while open.last().is_some_and(|&until| until <= start) {
                    open.pop();
                }
                assert!(
                    open.last().is_none_or(|&until| end <= until),
                    "seed {seed}, {lane:?}: {start}..{end} sticks out"
                );
                open.push(end);
            }
        }
    }
}

#[test]
fn time_goes_on_in_each_lane() {
    let (trace, events) = picture(1);
    let mut last: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let mut named: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut shown = 0;
    for event in &events {
        if event["ph"] == "M" {
            named.insert(lane(event));
            continue;
        }
        assert!(named.contains(&lane(event)), "a lane has a name before anything stands in it: {event}");
        let time = nanos(event, "ts");
        let before = last.insert(lane(event), time).unwrap_or(0);
        assert!(before <= time, "{event} comes after {before}");
        shown += u32::from(event["ph"] != "s" && event["ph"] != "f");
    }
    assert!(shown as usize > trace.events.len() / 2, "{shown} of {} events are shown", trace.events.len());
}

#[test]
fn each_lane_has_a_number_of_its_own_that_perfetto_takes() {
    let crowd = SimulationBuilder::new().workload("crowd", 1, async |context: SimContext| {
        let world = context.providers();
        let nap = || world.spawn(world.sleep(Duration::from_secs(1)));
        for napper in (0..1100).map(|_| nap()).collect::<Vec<_>>() {
            napper.await.expect("it does not panic");
        }
        // Another lane of its process, after all those of tasks.
        let file = world.open("note", OpenOptions::create_write()).await;
        drop(file.expect("the disk is in order"));
    });
    let crowd = TraceFile::of(&crowd.recorder().tell(1, Overrides::new())).expect("it was told");
    for trace in [crowd, picture(1).0] {
        let json: Value = serde_json::from_str(&perfetto::export(&trace)).expect("it is JSON");
        let mut named: BTreeMap<(u64, u64), &Value> = BTreeMap::new();
        for event in json["traceEvents"].as_array().expect("there are events") {
            let (pid, tid) = lane(event);
            assert!(pid < 1 << 31 && tid < 1 << 31, "{event}");
            if event["name"] == "thread_name" {
                assert_eq!(named.insert((pid, tid), event), None, "two lanes of one number");
            }
        }
    }
}

#[test]
fn each_arrow_has_two_ends_and_each_end_a_slice() {
    let (trace, events) = picture(2);
    let lanes = lanes(&events);
    let mut ends: BTreeMap<u64, Vec<(&str, u64, &Value)>> = BTreeMap::new();
    for event in &events {
        let ph = event["ph"].as_str().expect("a phase");
        if !matches!(ph, "s" | "f") {
            continue;
        }
        let time = nanos(event, "ts");
        ends.entry(event["id"].as_u64().expect("a number")).or_default().push((ph, time, &event["name"]));
        let slices = &lanes[&lane(event)];
        assert!(slices.iter().any(|(start, end)| *start <= time && time < *end), "{event} hangs in the air");
    }
    let landed = trace.events.iter().filter(|event| matches!(&*event.kind, "tcp.land" | "udp.land")).count();
    assert_eq!(ends.len(), landed, "an arrow for each message that was delivered");
    assert!(landed > 50, "{landed}");
    for (id, ends) in ends {
        let [("s", from, name), ("f", to, other)] = ends[..] else { panic!("arrow {id} has the ends {ends:?}") };
        assert!(from <= to && name == other, "arrow {id}: {ends:?}");
    }
}

#[test]
fn disk_operations_last_as_long_as_they_are_under_way() {
    let (trace, events) = picture(3);
    let sync = trace.events.iter().find(|event| event.kind == "storage.submit" && event.text("op") == Some("sync"));
    let sync = sync.expect("the notebook syncs");
    let land = trace.events.iter().find(|event| event.kind == "storage.land" && event.msg == sync.msg);
    let land = land.expect("it lands");
    let slice = events.iter().find(|event| event["args"]["n"] == sync.n).expect("it is shown");
    assert_eq!((nanos(slice, "ts"), nanos(slice, "ts") + nanos(slice, "dur")), (sync.t, land.t));
    assert_eq!(slice["name"], "sync");
}
