//! Arrows from the departure of a message to where it landed. What was lost has none.

use super::lane::{Lanes, Place};
use super::micros;
use crate::trace::TraceFile;
use serde_json::{Value, json};

/// An arrow with its two ends. Times are in nanoseconds.
#[derive(Debug)]
pub(super) struct Arrow {
    id: u64,
    name: String,
    from: (u64, Place),
    to: (u64, Place),
}

impl Arrow {
    /// Its two ends, each with its time.
    pub(super) fn json(&self) -> [(u64, Value); 2] {
        let end = |ph: &str, (time, Place { pid, tid }): (u64, Place)| {
            let mut json = json!({
                "ph": ph, "id": self.id, "name": self.name, "cat": "message", "pid": pid, "tid": tid,
                "ts": micros(time),
            });
            if ph == "f" {
                // It ends at the slice around it, not at the next one.
                json["bp"] = Value::from("e");
            }
            (time, json)
        };
        [end("s", self.from), end("f", self.to)]
    }
}

/// The arrows of a trace, by their landings.
pub(super) fn arrows(trace: &TraceFile, lanes: &Lanes<'_>) -> Vec<Arrow> {
    let landed = trace.events.iter().filter(|event| matches!(&*event.kind, "tcp.land" | "udp.land"));
    let arrows = landed.filter_map(|land| {
        let name = land.msg.clone()?;
        let depart = &trace.events[land.cause? as usize];
        (depart.msg.as_ref() == Some(&name)).then(|| Arrow {
            id: land.n,
            name,
            from: (depart.t, lanes.of(depart.n)),
            to: (land.t, lanes.of(land.n)),
        })
    });
    arrows.collect()
}
