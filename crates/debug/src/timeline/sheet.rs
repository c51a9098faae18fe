//! One run as the page's script reads it: columns instead of objects, each text once.
//! Lossless up to [`EVENTS_MOST`] events; of more, the simulator's own steps go first.

use super::group::Group;
use super::lane::Lane;
use super::past::Past;
use super::scene::Scene;
use super::story::Story;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Events that a page holds at most.
const EVENTS_MOST: usize = 40_000;

/// Of the events that made each other happen up to the failure, those that a page holds in
/// any case: the last ones.
const CHAIN_MOST: usize = 10_000;

/// Numbers from here on are not exact in the page's script.
const NUMBER_EXACT: u64 = 1 << 53;

/// Arguments that the page has in a form of their own.
const TOLD_APART: [&str; 2] = ["also", super::history::ARGUMENT];

/// The data of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Sheet<'a> {
    simulation: &'a str,
    seed: String,
    digest: &'a str,
    overrides: u64,
    /// Events of the trace, and how many of them are not here.
    events: usize,
    left_out: usize,
    failures: Value,
    story: &'a Story,
    lanes: Vec<Lane>,
    groups: Vec<&'static str>,
    texts: Vec<String>,
    columns: Columns,
    /// Departure, landing or -1, and 1 if it was lost.
    links: Vec<[i64; 3]>,
    /// Beginning, and end or -1.
    operations: Vec<[i64; 2]>,
    /// What, lanes, from, to, and the event that began it.
    bands: Vec<Value>,
    past: Value,
}

/// The events, a column each; a place or a number is written as the step from the one
/// before, which takes fewer letters.
#[derive(Debug, Default, Serialize)]
struct Columns {
    n: Vec<u64>,
    t: Vec<u64>,
    lane: Vec<usize>,
    inc: Vec<u32>,
    group: Vec<usize>,
    kind: Vec<usize>,
    task: Vec<i64>,
    /// How many places back; 0 for none.
    cause: Vec<usize>,
    /// Name, value, name, value.
    args: Vec<Vec<Value>>,
    /// A place, and those of its further causes.
    also: Vec<(usize, Vec<usize>)>,
}

/// Each text once, by its place.
#[derive(Debug, Default)]
struct Texts {
    texts: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.texts.len();
        self.texts.push(text.to_string());
        self.places.insert(text.to_string(), place);
        place
    }
}

/// Which events a page has, and where.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The events, in order.
    pub(crate) events: Vec<usize>,
    /// By event: its place among those.
    places: Vec<Option<usize>>,
}

impl Kept {
    pub(crate) fn new(scene: &Scene<'_>, past: &Past) -> Kept {
        let count = scene.trace.events.len();
        let chain = past.chain.iter().rev().take(CHAIN_MOST);
        let needed: BTreeSet<usize> = past.rows.iter().chain(chain).copied().collect();
        let mut events: Vec<usize> = (0..count).collect();
        if events.len() > EVENTS_MOST {
            events.retain(|place| scene.group_of[*place] != Group::Step || needed.contains(place));
        }
        if events.len() > EVENTS_MOST {
            // The latest others that there is room for.
            let others = events.iter().rev().filter(|place| !needed.contains(place));
            let first = others.take(EVENTS_MOST - needed.len()).last().copied().unwrap_or(count);
            events.retain(|place| *place >= first || needed.contains(place));
        }
        let mut places = vec![None; count];
        for (place, event) in events.iter().enumerate() {
            places[*event] = Some(place);
        }
        Kept { events, places }
    }

    pub(crate) fn place(&self, event: usize) -> Option<usize> {
        self.places[event]
    }

    /// A place as the script has it: -1 for none.
    fn or_none(&self, event: Option<usize>) -> i64 {
        event.and_then(|event| self.place(event)).map_or(-1, number)
    }
}

fn number(place: usize) -> i64 {
    i64::try_from(place).expect("fewer events than fit into memory")
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(scene: &Scene<'a>, past: &Past, kept: &Kept, story: &'a Story) -> Sheet<'a> {
        let header = &scene.trace.header;
        let mut texts = Texts::default();
        let columns = columns(scene, kept, &mut texts);
        let failures: Vec<Value> = header.failures.iter().map(|failure| {
            let event = failure.event.and_then(|event| usize::try_from(event).ok());
            let event = event.filter(|event| *event < scene.trace.events.len());
            let lane = failure.node.and_then(|node| scene.lanes.of_node(node));
            json!({"message": failure.message, "signature": failure.signature, "event": kept.or_none(event), "lane": lane})
        }).collect();
        Sheet {
            simulation: &header.simulation,
            seed: header.seed.to_string(),
            digest: &header.digest,
            overrides: header.overrides,
            events: scene.trace.events.len(),
            left_out: scene.trace.events.len() - kept.events.len(),
            failures: failures.into(),
            story,
            lanes: scene.lanes.lanes.clone(),
            groups: Group::ALL.iter().map(|(_, name)| *name).collect(),
            texts: texts.texts,
            columns,
            links: links(scene, kept),
            operations: operations(scene, kept),
            bands: bands(scene, kept),
            past: past_value(past, kept),
        }
    }
}

fn columns(scene: &Scene<'_>, kept: &Kept, texts: &mut Texts) -> Columns {
    let mut columns = Columns::default();
    let (mut n, mut t) = (0, 0);
    for (place, &at) in kept.events.iter().enumerate() {
        let event = scene.event(at);
        columns.n.push(event.n - n);
        columns.t.push(event.t.saturating_sub(t));
        (n, t) = (event.n, event.t.max(t));
        columns.lane.push(scene.lane_of[at]);
        columns.inc.push(event.inc.unwrap_or(0));
        columns.group.push(scene.group_of[at].index());
        columns.kind.push(texts.place(&event.kind));
        columns.task.push(event.task.as_deref().map_or(-1, |task| number(texts.place(task))));
        // The nearest cause that is still here.
        let cause = scene.chain(at).skip(1).find_map(|cause| kept.place(cause));
        columns.cause.push(cause.map_or(0, |cause| place - cause));
        let mut args = Vec::new();
        let also: Vec<usize> = scene.also(at).filter_map(|cause| kept.place(cause)).collect();
        if !also.is_empty() {
            columns.also.push((place, also));
        }
        for (name, value) in event.args.iter().filter(|(name, _)| !TOLD_APART.contains(&name.as_str())) {
            args.push(texts.place(name).into());
            args.push(argument(value, texts));
        }
        columns.args.push(args);
    }
    columns
}

/// A number as it is, any other value as the place of its text in brackets.
fn argument(value: &Value, texts: &mut Texts) -> Value {
    match value {
        Value::Number(number) if number.as_u64().is_none_or(|number| number < NUMBER_EXACT) => value.clone(),
        Value::Bool(_) | Value::Null => value.clone(),
        Value::String(text) => json!([texts.place(text)]),
        other => json!([texts.place(&other.to_string())]),
    }
}

fn links(scene: &Scene<'_>, kept: &Kept) -> Vec<[i64; 3]> {
    let found = scene.links.iter().filter_map(|link| {
        let departure = kept.place(link.departure)?;
        Some([number(departure), kept.or_none(link.landing), i64::from(link.lost)])
    });
    found.collect()
}

fn operations(scene: &Scene<'_>, kept: &Kept) -> Vec<[i64; 2]> {
    let found = scene.operations.iter();
    found.filter_map(|one| Some([number(kept.place(one.begin)?), kept.or_none(one.end)])).collect()
}

fn bands(scene: &Scene<'_>, kept: &Kept) -> Vec<Value> {
    let found = scene.bands.iter();
    found.map(|band| json!([band.what, band.lanes, band.from, band.to, kept.or_none(Some(band.event))])).collect()
}

fn past_value(past: &Past, kept: &Kept) -> Value {
    let places = |events: &[usize]| events.iter().filter_map(|event| kept.place(*event)).collect::<Vec<_>>();
    let anchors = &past.anchors;
    json!({
        "rows": places(&past.rows),
        "chain": places(&past.chain),
        "failure": kept.or_none(Some(anchors.failure)),
        "operation": kept.or_none(anchors.operation),
        "failing": anchors.is_failing,
        "message": kept.or_none(anchors.message),
        "fault": kept.or_none(anchors.fault),
    })
}
