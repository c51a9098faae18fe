//! The messages of a trace: which departure and which landing are one message's. Nothing
//! is known here of streams or datagrams but the id that both ends share; what a disk is
//! handed and gives back is no message.

use super::group::Group;
use crate::trace::TraceEvent;
use std::collections::BTreeMap;

/// A message: where it left and where it landed, as places among the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) departure: usize,
    /// Where it landed or was lost; absent if it was still on its way.
    pub(crate) landing: Option<usize>,
    /// Whether it was lost.
    pub(crate) lost: bool,
}

/// The messages, by their departures. The later of two landings is a duplicate's.
pub(crate) fn links(events: &[TraceEvent]) -> Vec<Link> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut links: Vec<Link> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let Some(msg) = event.msg.as_deref().filter(|_| Group::of(event) == Group::Message) else { continue };
        let Some(&open) = last.get(msg) else {
            last.insert(msg, links.len());
            links.push(Link { departure: place, landing: None, lost: false });
            continue;
        };
        let lost = is_loss(&event.kind);
        if links[open].landing.is_none() {
            links[open].landing = Some(place);
            links[open].lost = lost;
        } else {
            let departure = links[open].departure;
            links.push(Link { departure, landing: Some(place), lost });
        }
    }
    links
}

/// Whether a kind says that a message did not arrive.
fn is_loss(kind: &str) -> bool {
    kind.ends_with(".lost") || kind.ends_with(".drop")
}
