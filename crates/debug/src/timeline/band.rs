//! What lasts: a node that is down or stands still, a cut or slow network. Points in
//! time are not here.

use super::lane::{Lanes, WORLD};
use crate::trace::{TraceEvent, TraceFile};
use serde::Serialize;
use std::collections::BTreeSet;

/// A stretch of time in which something was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Band {
    /// `down`, `paused`, `cut`, `slow` or `held`.
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
            "network.clogged" if event.number("nanos") != Some(0) => begin("held"),
            "network.clogged" => close(trace, &mut bands, "held", &on, event),
            "node.boot" => close(trace, &mut bands, "down", &on, event),
            "node.resume" => close(trace, &mut bands, "paused", &on, event),
            "network.mend" => match event.text("what") {
                Some("clogged") => close(trace, &mut bands, "held", &on, event),
                Some("slow") => close(trace, &mut bands, "slow", &on, event),
                _ => close(trace, &mut bands, "cut", &on, event),
            },
            _ => {}
        }
    }
    merge(bands, lanes.lanes.len())
}

/// Ends the open bands of a kind that cover the very same lanes; of a link, those of its direction.
fn close(trace: &TraceFile, bands: &mut [Band], what: &str, on: &[usize], event: &TraceEvent) {
    let direction = |event: &TraceEvent| (event.number("from"), event.number("to"));
    let is_its = |band: &Band| direction(&trace.events[band.event]) == direction(event);
    let open = bands.iter_mut().filter(|band| band.what == what && band.lanes == on && band.to > event.t);
    for band in open.filter(|band| is_its(band)) {
        band.to = event.t;
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

/// Both directions of a link, and each link of a partition, are one band: of a cut into two
/// sides it covers the smaller one.
fn merge(bands: Vec<Band>, lanes: usize) -> Vec<Band> {
    let mut merged: Vec<(Band, Vec<Vec<usize>>)> = Vec::new();
    for band in bands {
        let of_links = band.what != "down" && band.what != "paused";
        let same = merged.iter_mut().find(|(one, _)| of_links && one.what == band.what && one.from == band.from);
        match same {
            Some((one, links)) => {
                // Another partition may have mended some of its links before.
                one.to = one.to.max(band.to);
                links.push(band.lanes);
            }
            None => {
                let links = vec![band.lanes.clone()];
                merged.push((band, links));
            }
        }
    }
    let settle = |(band, links): (Band, Vec<Vec<usize>>)| {
        let covered = if band.what == "cut" { smaller_side(&links, lanes) } else { None };
        let all = || links.concat().into_iter().collect::<BTreeSet<usize>>().into_iter().collect();
        Band { lanes: covered.unwrap_or_else(all), ..band }
    };
    merged.into_iter().map(settle).collect()
}

/// The smaller of the two sides that links cut the lanes into; nothing if they do not, or
/// do it in another way.
fn smaller_side(links: &[Vec<usize>], lanes: usize) -> Option<Vec<usize>> {
    let cut = |a: usize, b: usize| links.iter().any(|ends| ends.contains(&a) && ends.contains(&b));
    let touched: BTreeSet<usize> = links.concat().into_iter().collect();
    let first = *touched.first()?;
    let nodes = (WORLD + 1)..lanes;
    let (near, far): (Vec<usize>, Vec<usize>) = nodes.partition(|lane| *lane == first || !cut(first, *lane));
    let within = |side: &[usize]| side.iter().any(|a| side.iter().any(|b| a < b && cut(*a, *b)));
    let across = near.iter().all(|a| far.iter().all(|b| cut(*a, *b)));
    (across && !within(&near) && !within(&far)).then_some(if far.len() < near.len() { far } else { near })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(links: &[[usize; 2]], lanes: usize, expected: Option<&[usize]>) {
        let links: Vec<Vec<usize>> = links.iter().map(|ends| ends.to_vec()).collect();
        assert_eq!(smaller_side(&links, lanes).as_deref(), expected, "{links:?}");
    }

    #[test]
    fn what_is_mended_ends_and_what_else_is_wrong_there_does_not() {
        let mut text = concat!(
            r#"{"wavetank":"trace","version":1,"simulation":"s","seed":7,"digest":"00","failures":[],"#,
            r#""machines":[{"id":0,"name":"a"},{"id":1,"name":"b"}],"nodes":[{"id":0,"name":"a","machine":0,"#,
            r#""role":"process"},{"id":1,"name":"b","machine":1,"role":"process"}],"overrides":0}"#,
        )
        .to_string();
        let events = [
            ("clogged", "clogged", (0, 1)),
            ("slowed", "slow", (0, 1)),
            ("cut", "cut", (0, 1)),
            ("cut", "cut", (1, 0)),
            ("mend", "clogged", (0, 1)),
            ("mend", "slow", (0, 1)),
            ("mend", "cut", (1, 0)),
            ("mend", "cut", (0, 1)),
        ];
        for (n, (kind, what, (from, to))) in events.into_iter().enumerate() {
            let args = format!(r#"{{"from":{from},"to":{to},"what":"{what}","nanos":9}}"#);
            let place = r#""machine":null,"node":null,"inc":null,"task":null"#;
            let event = format!(r#""kind":"network.{kind}","cause":null,"msg":null,"args":{args}"#);
            text += &format!("\n{{\"n\":{n},\"t\":{n},{place},{event}}}");
        }
        let trace = TraceFile::from_json_lines(&text).expect("this is a trace");
        let told: Vec<_> =
            bands(&trace, &Lanes::new(&trace.header)).iter().map(|one| (one.what, one.from, one.to)).collect();
        assert_eq!(told, [("held", 0, 4), ("slow", 1, 5), ("cut", 2, 7), ("cut", 3, 6)]);
    }

    #[test]
    fn a_cut_into_two_sides_is_the_smaller_ones() {
        check(&[[1, 2], [1, 3]], 4, Some(&[1]));
        check(&[[1, 3], [2, 3]], 4, Some(&[3]));
        check(&[[1, 3], [1, 4], [2, 3], [2, 4]], 5, Some(&[1, 2]));
        check(&[[1, 2]], 4, None);
        check(&[[1, 2], [2, 3], [1, 3]], 4, None);
    }
}
