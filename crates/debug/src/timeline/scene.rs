//! A trace with what the page needs to know about each event: its lane, its group, its
//! message. It only looks things up; what matters most is for the past to say.

use super::band::{Band, bands};
use super::group::Group;
use super::lane::{Lanes, WORLD};
use super::link::{Link, links};
use super::operation::{Operation, operations};
use crate::trace::{TraceEvent, TraceFile};
use std::collections::BTreeSet;

/// A trace, looked through once. Events go by their place, which is their number.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) trace: &'a TraceFile,
    pub(crate) lanes: Lanes,
    pub(crate) lane_of: Vec<usize>,
    pub(crate) group_of: Vec<Group>,
    pub(crate) links: Vec<Link>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) bands: Vec<Band>,
    /// By landing or loss: the message.
    arrivals: Vec<Option<Link>>,
}

/// The argument that names further causes.
const ALSO: &str = "also";

/// The director's own life is the simulator's business.
fn group(event: &TraceEvent, lanes: &Lanes) -> Group {
    let own = Group::of(event);
    if own == Group::Node && lanes.of(event) == WORLD { Group::Step } else { own }
}

impl<'a> Scene<'a> {
    pub(crate) fn new(trace: &'a TraceFile) -> Scene<'a> {
        let lanes = Lanes::new(&trace.header);
        let links = links(&trace.events);
        let mut arrivals = vec![None; trace.events.len()];
        for link in &links {
            if let Some(landing) = link.landing {
                arrivals[landing] = Some(*link);
            }
        }
        Scene {
            lane_of: trace.events.iter().map(|event| lanes.of(event)).collect(),
            group_of: trace.events.iter().map(|event| group(event, &lanes)).collect(),
            operations: operations(&trace.events),
            bands: bands(trace, &lanes),
            trace,
            lanes,
            links,
            arrivals,
        }
    }

    pub(crate) fn event(&self, place: usize) -> &'a TraceEvent {
        &self.trace.events[place]
    }

    /// What made an event happen; for a landing, its departure.
    pub(crate) fn cause(&self, place: usize) -> Option<usize> {
        let named = self.event(place).cause.and_then(|cause| usize::try_from(cause).ok());
        self.departure(place).or(named).filter(|cause| *cause < place)
    }

    /// What had a part in it as well.
    pub(crate) fn also(&self, place: usize) -> impl Iterator<Item = usize> + 'a {
        let numbers = self.event(place).args.get(ALSO).and_then(|value| value.as_array());
        let places = numbers.into_iter().flatten().filter_map(|number| usize::try_from(number.as_u64()?).ok());
        places.filter(move |cause| *cause < place)
    }

    /// Where the message that landed or was lost there had left.
    pub(crate) fn departure(&self, place: usize) -> Option<usize> {
        self.arrivals[place].map(|link| link.departure)
    }

    /// Where the disk operation that landed there was handed over.
    pub(crate) fn submission(&self, place: usize) -> Option<usize> {
        let cause = self.cause(place).filter(|_| self.event(place).kind == "storage.land")?;
        Some(cause).filter(|cause| self.event(*cause).kind == "storage.submit")
    }

    /// Whether a message landed there.
    pub(crate) fn is_landing(&self, place: usize) -> bool {
        self.arrivals[place].is_some_and(|link| !link.lost)
    }

    /// An event, what made it happen, what made that happen, and so on: latest first.
    pub(crate) fn chain(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(place), |place| self.cause(*place))
    }

    /// All that had a part in an event, and the event: its causes of every sort, and theirs.
    pub(crate) fn causes(&self, place: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            if found.insert(place) {
                open.extend(self.cause(place).into_iter().chain(self.also(place)));
            }
        }
        found
    }

    /// The lane that a fault struck: its target's, if it names one.
    pub(crate) fn target(&self, place: usize) -> Option<usize> {
        let event = self.event(place);
        let number = |word: &str, text: &str| text.strip_prefix(word).and_then(|rest| rest.trim().parse::<u32>().ok());
        let by_target = event.text("target").and_then(|target| {
            let node = number("node", target).and_then(|node| self.lanes.of_node(node));
            node.or_else(|| number("machine", target).and_then(|machine| self.lanes.of_machine(machine)))
        });
        let own = Some(self.lane_of[place]).filter(|lane| *lane != WORLD);
        by_target.or(own)
    }
}
