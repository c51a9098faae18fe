//! A trace for Perfetto and Chrome's tracing page: a process per node with a lane per task,
//! slices for what takes time, arrows for what was delivered. Draws nothing by itself.
//!
//! The format is the [Trace Event Format]: times are microseconds, so that nanoseconds are
//! fractions.
//!
//! [Trace Event Format]: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

mod arrow;
mod lane;
mod slice;

use crate::trace::TraceFile;
use lane::Lanes;
use serde_json::{Map, Value, json};

/// The trace as JSON that <https://ui.perfetto.dev> opens.
pub fn export(trace: &TraceFile) -> String {
    let mut lanes = Lanes::new(trace);
    let slices = slice::slices(trace, &mut lanes);
    let arrows = arrow::arrows(trace, &lanes);
    let mut events: Vec<Value> = lanes.names();
    let mut placed: Vec<(u64, u8, Value)> = Vec::new();
    for slice in slices {
        let order = if slice.duration.is_some() { 0 } else { 2 };
        placed.push((slice.start, order, slice.json()));
    }
    for arrow in arrows {
        placed.extend(arrow.json().map(|(time, json)| (time, 1, json)));
    }
    placed.sort_by_key(|(time, order, _)| (*time, *order));
    events.extend(placed.into_iter().map(|(_, _, json)| json));
    let header = &trace.header;
    let told: Map<String, Value> = [
        ("simulation".to_string(), Value::from(header.simulation.as_str())),
        ("seed".to_string(), Value::from(header.seed.to_string())),
        ("digest".to_string(), Value::from(header.digest.as_str())),
    ]
    .into_iter()
    .collect();
    json!({ "displayTimeUnit": "ns", "otherData": told, "traceEvents": events }).to_string()
}

/// Nanoseconds as the microseconds of the format.
///
/// A float has 53 bits, so that a run of 104 days keeps its nanoseconds; nothing is decided
/// by it.
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}
