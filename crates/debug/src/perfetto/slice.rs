//! What stands in the lanes: slices for what takes time, and marks for what does not.

use super::lane::{Lanes, Place};
use super::micros;
use crate::trace::{TraceEvent, TraceFile};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A slice, or a mark if it has no duration. Times are in nanoseconds.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) place: Place,
    pub(super) start: u64,
    pub(super) duration: Option<u64>,
    name: String,
    category: String,
    args: Value,
}

impl Slice {
    pub(super) fn json(&self) -> Value {
        let Slice { place: Place { pid, tid }, start, duration, name, category, args } = self;
        let start = micros(*start);
        match duration {
            Some(duration) => json!({
                "ph": "X", "name": name, "cat": category, "pid": pid, "tid": tid, "ts": start,
                "dur": micros(*duration), "args": args,
            }),
            None => json!({
                "ph": "i", "s": "t", "name": name, "cat": category, "pid": pid, "tid": tid, "ts": start,
                "args": args,
            }),
        }
    }
}

/// What takes no virtual time has this much of it in the picture, so that there is something
/// to see, and for arrows to begin and end at.
const INSTANT: u64 = 1;

/// All slices and marks of a trace.
pub(super) fn slices(trace: &TraceFile, lanes: &mut Lanes<'_>) -> Vec<Slice> {
    let end = trace.events.last().map_or(0, |event| event.t) + INSTANT;
    let costs = costs(trace);
    let ends = Ends::find(trace);
    let mut slices = Vec::new();
    for event in &trace.events {
        let lasting = ends.of(event).map(|last| last.map_or(end, |last| trace.events[last as usize].t));
        let slice = match (&*event.kind, lasting) {
            ("op.begin", Some(until)) => over(lanes, event, "operations", until),
            ("storage.submit", Some(until)) => over(lanes, event, "disk", until),
            ("fault", _) if event.number("duration").is_some() => {
                let until = event.t.saturating_add(event.number("duration").unwrap_or(0)).min(end);
                over(lanes, event, "faults", until)
            }
            ("op.end" | "storage.land", _) if ends.is_end(event) => continue,
            ("task.poll", _) => {
                let cost = costs.get(&event.n).copied().unwrap_or(0);
                at(lanes, event, Some(cost.max(INSTANT)))
            }
            ("tcp.depart" | "tcp.land" | "tcp.lost" | "udp.depart" | "udp.land" | "udp.drop", _) => {
                at(lanes, event, Some(INSTANT))
            }
            _ => at(lanes, event, None),
        };
        slices.push(slice);
    }
    // What contains others comes before them.
    slices.sort_by_key(|slice| (slice.start, std::cmp::Reverse(slice.duration)));
    slices
}

fn at(lanes: &Lanes<'_>, event: &TraceEvent, duration: Option<u64>) -> Slice {
    slice(event, lanes.of(event.n), duration)
}

fn over(lanes: &mut Lanes<'_>, event: &TraceEvent, lane: &str, until: u64) -> Slice {
    let until = until.max(event.t + INSTANT);
    let place = lanes.free(event, lane, event.t, until);
    slice(event, place, Some(until - event.t))
}

fn slice(event: &TraceEvent, place: Place, duration: Option<u64>) -> Slice {
    let category = event.kind.split('.').next().unwrap_or_default().to_string();
    let mut args = event.args.clone();
    args.insert("n".to_string(), Value::from(event.n));
    if let Some(msg) = &event.msg {
        args.insert("msg".to_string(), Value::from(msg.as_str()));
    }
    Slice { place, start: event.t, duration, name: name(event), category, args: Value::Object(args) }
}

/// What is written on it.
fn name(event: &TraceEvent) -> String {
    let words = match &*event.kind {
        "op.begin" => event.text("words").or(event.text("verb")),
        "fault" => event.text("kind"),
        "phase" => event.text("name"),
        "log" | "failure" => event.text("message"),
        "assert" => event.text("site"),
        "storage.submit" => event.text("op"),
        kind if kind.starts_with("tcp.") || kind.starts_with("udp.") => event.msg.as_deref(),
        _ => None,
    };
    match (&*event.kind, words) {
        ("op.begin" | "storage.submit", Some(words)) => words.to_string(),
        (kind, Some(words)) => format!("{kind}: {words}"),
        (kind, None) => kind.to_string(),
    }
}

/// The virtual time that polls took, by the number of the poll.
fn costs(trace: &TraceFile) -> BTreeMap<u64, u64> {
    let costs = trace.events.iter().filter(|event| event.kind == "fault" && event.text("kind") == Some("poll.cost"));
    costs.filter_map(|event| Some((event.cause?, event.number("duration")?))).collect()
}

/// Which event ends another.
struct Ends {
    /// By the number of what begins.
    ends: BTreeMap<u64, Option<u64>>,
    /// The ends of something, by number.
    used: BTreeMap<u64, u64>,
}

impl Ends {
    fn find(trace: &TraceFile) -> Ends {
        let mut open: BTreeMap<&str, u64> = BTreeMap::new();
        let mut ends = Ends { ends: BTreeMap::new(), used: BTreeMap::new() };
        for event in &trace.events {
            let key = match &*event.kind {
                "op.begin" | "op.end" => event.text("address").or(event.text("client")),
                "storage.submit" | "storage.land" => event.msg.as_deref(),
                _ => None,
            };
            let Some(key) = key else { continue };
            if matches!(&*event.kind, "op.begin" | "storage.submit") {
                ends.ends.insert(event.n, None);
                open.insert(key, event.n);
            } else if let Some(begin) = open.remove(key) {
                ends.ends.insert(begin, Some(event.n));
                ends.used.insert(event.n, begin);
            }
        }
        ends
    }

    /// What ends an event that begins something; [`None`] inside if nothing does.
    fn of(&self, event: &TraceEvent) -> Option<Option<u64>> {
        self.ends.get(&event.n).copied()
    }

    fn is_end(&self, event: &TraceEvent) -> bool {
        self.used.contains_key(&event.n)
    }
}
