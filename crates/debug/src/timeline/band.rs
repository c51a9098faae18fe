//! What lasts: a node that is down or stands still, a cut or slow network. Points in
//! time are not here.

use super::lane::{Lanes, WORLD};
use crate::trace::{TraceEvent, TraceFile};
use serde::Serialize;

/// A stretch of time in which something was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Band {
    /// `down`, `paused`, `cut` or `slow`.
    pub(crate) what: &'static str,
    /// The lanes that it covers; empty for all.
    pub(crate) lanes: Vec<usize>,
    /// Nanoseconds of virtual time.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The place of the event that began it.
    #[serde(skip)]
    pub(crate) event: usize,
}

/// The bands of a run, by when they began.
pub(crate) fn bands(trace: &TraceFile, lanes: &Lanes) -> Vec<Band> {
    let end = trace.events.last().map_or(0, |event| event.t);
    let mut bands: Vec<Band> = Vec::new();
    for (place, event) in trace.events.iter().enumerate() {
        let on = struck(event, lanes);
        let mut begin = |what| bands.push(Band { what, lanes: on.clone(), from: event.t, to: end, event: place });
        match event.kind.as_str() {
            "node.crash" => begin("down"),
            "node.pause" => begin("paused"),
            "network.cut" => begin("cut"),
            "network.slowed" => begin("slow"),
            "node.boot" => close(&mut bands, "down", &on, event.t),
            "node.resume" => close(&mut bands, "paused", &on, event.t),
            "network.mend" => {
                close(&mut bands, "cut", &on, event.t);
                close(&mut bands, "slow", &on, event.t);
            }
            _ => {}
        }
    }
    merge(bands)
}

/// Ends the open bands of a kind that cover the very same lanes.
fn close(bands: &mut [Band], what: &str, on: &[usize], time: u64) {
    let open = bands.iter_mut().filter(|band| band.what == what && band.lanes == on && band.to > time);
    for band in open {
        band.to = time;
    }
}

/// The lanes that an event is about: of its node, of its link's two ends, or all.
fn struck(event: &TraceEvent, lanes: &Lanes) -> Vec<usize> {
    let machine = |name: &str| event.number(name).and_then(|id| lanes.of_machine(u32::try_from(id).ok()?));
    let mut ends: Vec<usize> = [machine("from"), machine("to")].into_iter().flatten().collect();
    ends.sort_unstable();
    ends.dedup();
    if !ends.is_empty() {
        return ends;
    }
    let lane = event.number("node").and_then(|id| lanes.of_node(u32::try_from(id).ok()?));
    match lane.unwrap_or_else(|| lanes.of(event)) {
        WORLD => Vec::new(),
        lane => vec![lane],
    }
}

/// Both directions of a link, and each link of a partition, are one band.
fn merge(bands: Vec<Band>) -> Vec<Band> {
    let mut merged: Vec<Band> = Vec::new();
    for band in bands {
        let same = merged.iter_mut().find(|one| {
            one.what == band.what
                && one.from == band.from
                && one.to == band.to
                && (band.what != "down" && band.what != "paused" || one.lanes == band.lanes)
        });
        match same {
            Some(one) => {
                one.lanes.extend(&band.lanes);
                one.lanes.sort_unstable();
                one.lanes.dedup();
            }
            None => merged.push(band),
        }
    }
    merged
}
