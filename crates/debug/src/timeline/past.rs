//! The causal past of a failure, in few rows: what led to it, and of that what says
//! most. The whole trace is one key away, so that leaving out loses nothing.

use super::anchors::{Anchors, end_of, is_violated, weight};
use super::group::Group;
use super::history::History;
use super::lane::WORLD;
use super::scene::Scene;
use crate::trace::TraceFile;
use std::collections::BTreeSet;

/// The rows that the default view has at most.
pub const ROWS_MOST: usize = 40;

/// The default view: the events that it shows, and those to go to first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Events, by their numbers, the failure last; at most [`ROWS_MOST`].
    pub rows: Vec<usize>,
    /// Where to go first.
    pub anchors: Anchors,
    /// The events that made each other happen, up to the failure.
    pub chain: Vec<usize>,
}

impl Past {
    /// The past of a trace's first failure; nothing for a trace without events.
    pub fn of(trace: &TraceFile, histories: &[History]) -> Option<Past> {
        Past::in_scene(&Scene::new(trace), histories)
    }

    pub(crate) fn in_scene(scene: &Scene<'_>, histories: &[History]) -> Option<Past> {
        let anchors = Anchors::find(scene, histories)?;
        let end = anchors.operation.and_then(|begin| end_of(scene, begin)).filter(|end| *end <= anchors.failure);
        let mut chain = scene.causes(anchors.failure);
        for place in end.into_iter().chain(anchors.message) {
            chain.extend(scene.causes(place));
        }
        let mut wanted: Vec<usize> = anchors.all().chain(end).collect();
        wanted.extend(anchors.message.and_then(|landing| scene.departure(landing)));
        let mut rows: BTreeSet<usize> = wanted.into_iter().filter(|place| *place <= anchors.failure).collect();
        for place in ranked(scene, &chain, anchors.failure) {
            if rows.len() == ROWS_MOST {
                break;
            }
            rows.insert(place);
        }
        Some(Past { rows: rows.into_iter().collect(), anchors, chain: chain.into_iter().collect() })
    }
}

/// Which events may have led to one: its causes, and whatever came before one of these
/// on its own lane. The world has no memory of its own.
fn cone(scene: &Scene<'_>, failure: usize, chain: &BTreeSet<usize>) -> Vec<bool> {
    let mut reached = vec![false; failure + 1];
    let mut open = vec![false; scene.lanes.lanes.len()];
    for place in (0..=failure).rev() {
        let lane = scene.lane_of[place];
        let struck = scene.group_of[place] == Group::Fault && scene.target(place).is_none_or(|lane| open[lane]);
        if !(place == failure || chain.contains(&place) || open[lane] || reached[place] || struck) {
            continue;
        }
        reached[place] = true;
        open[lane] |= lane != WORLD;
        for cause in scene.cause(place).into_iter().chain(scene.also(place)) {
            reached[cause] = true;
        }
    }
    reached
}

/// The events up to the failure, those that say most first. The more of a group there
/// is, the less the next of it says.
fn ranked(scene: &Scene<'_>, chain: &BTreeSet<usize>, failure: usize) -> Vec<usize> {
    let reached = cone(scene, failure, chain);
    let mut seen = [0i64; Group::ALL.len()];
    let mut scored = Vec::new();
    let landed: BTreeSet<usize> = (0..=failure).filter_map(|place| scene.submission(place)).collect();
    // What happened between the failing event and its report is only the end of the run.
    let end = scene.cause(failure).filter(|_| scene.group_of[failure] == Group::Failure).unwrap_or(failure);
    let telling = |place: usize| place <= end && reached[place] && !landed.contains(&place);
    let mut order: Vec<usize> = (0..=failure).filter(|place| telling(*place)).collect();
    order.sort_by_key(|place| std::cmp::Reverse((chain.contains(place), *place)));
    for place in order {
        let worth = worth(scene, place, chain.contains(&place));
        if worth > 0 {
            let nth = &mut seen[scene.group_of[place].index()];
            let score = worth - *nth * FADING;
            *nth += 1;
            if score > 0 {
                scored.push((score, place));
            }
        }
    }
    scored.sort_by_key(|(score, place)| std::cmp::Reverse((*score, *place)));
    scored.into_iter().map(|(_, place)| place).collect()
}

/// What each further event of a group is worth less.
const FADING: i64 = 6;

/// What an event says about the failure after it; nothing for the simulator's own steps.
fn worth(scene: &Scene<'_>, place: usize, on_chain: bool) -> i64 {
    let event = scene.event(place);
    let own = match scene.group_of[place] {
        Group::Failure => 1000,
        Group::Operation => 120,
        Group::Fault => [60, 110, 150][usize::from(weight(event.text("kind").unwrap_or_default()))],
        Group::Node if event.kind == "node.boot" && event.inc.is_none_or(|inc| inc <= 1) => 40,
        Group::Node => 110,
        // Whoever writes or reads what departs and lands beside it says nothing new.
        Group::Message if matches!(event.kind.as_str(), "tcp.write" | "tcp.read" | "udp.send" | "udp.receive") => 0,
        Group::Message if event.text("what").is_some_and(|what| what != "data") => 15,
        Group::Message if event.msg.is_none() => 45,
        Group::Message if on_chain => 90,
        Group::Message => 30,
        Group::Disk if matches!(event.kind.as_str(), "storage.lost" | "storage.torn") => 120,
        Group::Disk if event.text("verdict").is_some_and(|verdict| verdict != "ok") => 70,
        Group::Disk if event.text("op").is_some_and(|op| op.starts_with("sync")) => 60,
        Group::Disk => 35,
        Group::Log => match event.text("level").unwrap_or_default().to_lowercase().as_str() {
            "error" => 115,
            "warn" => 100,
            "info" => 50,
            _ => 5,
        },
        Group::Assertion if is_violated(event) || event.kind == "history" => 140,
        Group::Assertion => 15,
        Group::Phase => 30,
        Group::Step => 0,
    };
    if on_chain && own > 0 { own + 30 } else { own }
}
