//! The four events that a reader goes to first: the failure, the operation that failed,
//! the last message that led there, and its fault. The rows around them are the past's.

use super::group::Group;
use super::history::{ARGUMENT, History, HistoryOperation, KIND};
use super::scene::Scene;
use crate::trace::TraceEvent;
use std::collections::BTreeSet;

/// The events to go to first, as numbers of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchors {
    /// Where the run became red; its last event if it did not.
    pub failure: usize,
    /// Where the operation that failed began. If none is known to have failed, the last that
    /// led to the failure or came before it; if there is none at all, the assertion or the
    /// panic that the failure is about.
    pub operation: Option<usize>,
    /// Whether that operation is what failed: it is blamed, or the failure is within it.
    pub is_failing: bool,
    /// Where the last message that led to the failure landed.
    pub message: Option<usize>,
    /// The fault behind it.
    pub fault: Option<usize>,
}

impl Anchors {
    pub(crate) fn find(scene: &Scene<'_>, histories: &[History]) -> Option<Anchors> {
        let failure = failure(scene)?;
        let operation = operation(scene, failure, histories);
        let focus = operation.and_then(|place| end_of(scene, place)).filter(|end| *end <= failure);
        let mut chains = scene.causes(failure);
        chains.extend(focus.into_iter().flat_map(|end| scene.causes(end)));
        let message = message(scene, &chains, failure, operation);
        let fault = fault(scene, &chains, failure, message);
        let is_failing = operation.is_some_and(|begin| is_failing(scene, failure, histories, begin));
        Some(Anchors { failure, operation, is_failing, message, fault })
    }

    /// Those that there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        [Some(self.failure), self.operation, self.message, self.fault].into_iter().flatten()
    }
}

/// Where the operation that began there ended.
pub(crate) fn end_of(scene: &Scene<'_>, begin: usize) -> Option<usize> {
    scene.operations.iter().find(|operation| operation.begin == begin).and_then(|operation| operation.end)
}

fn failure(scene: &Scene<'_>) -> Option<usize> {
    let last = scene.trace.events.len().checked_sub(1)?;
    let named = scene.trace.header.failures.iter().find_map(|failure| failure.event);
    let named = named.and_then(|event| usize::try_from(event).ok()).filter(|event| *event <= last);
    let event = || scene.group_of.iter().position(|group| *group == Group::Failure);
    Some(named.or_else(event).unwrap_or(last))
}

/// The number that a client's name ends in, however it is written.
fn number_of(client: &str) -> &str {
    client.rfind(|letter: char| !letter.is_ascii_digit()).map_or(client, |last| &client[last..][1..])
}

/// Nanoseconds within which a history and a trace speak of the same operation: the history
/// may have the time of a machine's own clock.
const SAME_TIME: u64 = 1_000_000;

/// The event at which an operation of a history began, if the trace has it.
fn begin_of(scene: &Scene<'_>, failure: usize, told: &HistoryOperation) -> Option<usize> {
    let away = |begin: usize| {
        let event = scene.event(begin);
        let same = number_of(event.text("client").unwrap_or_default()) == number_of(&told.client);
        (event.t.abs_diff(told.begun), !same, begin)
    };
    let begins = scene.operations.iter().map(|one| one.begin).filter(|begin| *begin < failure);
    begins.min_by_key(|begin| away(*begin)).filter(|begin| away(*begin).0 <= SAME_TIME)
}

/// What no order explains, whatever happened after it.
fn blamed(scene: &Scene<'_>, failure: usize, histories: &[History]) -> Option<usize> {
    begin_of(scene, failure, histories.iter().find_map(History::blamed)?)
}

fn is_failing(scene: &Scene<'_>, failure: usize, histories: &[History], begin: usize) -> bool {
    let is_within = scene.operations.iter().any(|one| {
        one.begin == begin && one.end.is_none_or(|end| end > failure) && scene.lane_of[begin] == lane(scene, failure)
    });
    is_within || blamed(scene, failure, histories) == Some(begin) || is_named(scene, failure, begin)
}

/// Whether a checker names the operation: what it tells of its judgement comes of its end.
fn is_named(scene: &Scene<'_>, failure: usize, begin: usize) -> bool {
    let end = end_of(scene, begin).unwrap_or(begin);
    let names = |event: &TraceEvent| event.kind == KIND && event.text(ARGUMENT).is_none();
    let judged = (0..failure).filter(|place| names(scene.event(*place)));
    judged.flat_map(|place| scene.cause(place).into_iter().chain(scene.also(place))).any(|cause| cause == end)
}

/// Where the failure is said to have been.
fn lane(scene: &Scene<'_>, failure: usize) -> usize {
    let node = scene.trace.header.failures.first().and_then(|failure| failure.node);
    node.and_then(|node| scene.lanes.of_node(node)).unwrap_or(scene.lane_of[failure])
}

fn operation(scene: &Scene<'_>, failure: usize, histories: &[History]) -> Option<usize> {
    let by_history = blamed(scene, failure, histories);
    // The last of the order that works: what a later read, which is no operation, does not show.
    let last_in_order = || {
        let mut placed: Vec<_> = histories.first()?.operations.iter().filter(|one| one.place.is_some()).collect();
        placed.sort_by_key(|one| std::cmp::Reverse(one.place));
        placed.into_iter().find_map(|one| begin_of(scene, failure, one))
    };
    let on_chain = || {
        scene.causes(failure).into_iter().rev().find_map(|place| {
            scene.operations.iter().find(|one| one.begin == place || one.end == Some(place)).map(|one| one.begin)
        })
    };
    let before = || scene.operations.iter().rev().filter(|one| one.begin < failure);
    let lane = lane(scene, failure);
    let on_lane = || before().find(|one| scene.lane_of[one.begin] == lane).map(|one| one.begin);
    // An operation is over when it failed, or is under way: the last to touch the failure.
    let any =
        || before().max_by_key(|one| one.end.filter(|end| *end <= failure).unwrap_or(failure)).map(|one| one.begin);
    let last = |is_it: fn(&TraceEvent) -> bool| (0..failure).rev().find(|place| is_it(scene.event(*place)));
    let assertion = || last(|event| event.kind == "assert" && is_violated(event));
    let panic = || last(|event| event.kind == "task.panic");
    let asked = by_history.or_else(last_in_order).or_else(on_chain).or_else(on_lane).or_else(any);
    asked.or_else(assertion).or_else(panic)
}

/// A `sometimes` that was not is no violation.
pub(crate) fn is_violated(event: &TraceEvent) -> bool {
    event.args.get("holds") == Some(&false.into()) && event.text("kind") != Some("sometimes")
}

fn message(scene: &Scene<'_>, chains: &BTreeSet<usize>, failure: usize, operation: Option<usize>) -> Option<usize> {
    let is_landing = |place: usize| scene.is_landing(place);
    let on_chain = chains.iter().copied().filter(|place| is_landing(*place)).max();
    let landing_on =
        |lane: usize, until: usize| (0..until).rev().find(|place| is_landing(*place) && scene.lane_of[*place] == lane);
    let at_operation = || {
        let begin = operation?;
        let end = end_of(scene, begin).filter(|end| *end <= failure).unwrap_or(failure);
        landing_on(scene.lane_of[begin], end).filter(|place| *place > begin)
    };
    let at_failure = || landing_on(scene.lane_of[failure], failure);
    let any = || (0..failure).rev().find(|place| is_landing(*place));
    on_chain.or_else(at_operation).or_else(at_failure).or_else(any)
}

/// How much a kind of fault explains: 2 for what ends or cuts things off, 1 for what
/// loses or corrupts one thing, 0 for what only delays.
pub(crate) fn weight(kind: &str) -> u8 {
    match kind {
        "node.crash" | "machine.crash" | "machine.power-loss" | "network.partition" | "node.pause" => 2,
        "network.short-read" | "network.short-write" | "network.delay-spike" | "network.slow" | "storage.slow" => 0,
        "timer.late" | "poll.cost" | "clock.skew" => 0,
        _ => 1,
    }
}

fn fault(scene: &Scene<'_>, chains: &BTreeSet<usize>, failure: usize, message: Option<usize>) -> Option<usize> {
    let is_fault = |place: usize| scene.group_of[place] == Group::Fault;
    let weight = |place: usize| weight(scene.event(place).text("kind").unwrap_or_default());
    let before = || (0..failure).rev().filter(|place| is_fault(*place));
    let on_chain = |least: u8| chains.iter().copied().filter(|place| is_fault(*place) && weight(*place) >= least).max();
    let lanes: Vec<usize> = chains.iter().map(|place| scene.lane_of[*place]).collect();
    let near = |place: usize| scene.target(place).is_none_or(|lane| lanes.contains(&lane));
    let heavy = || before().find(|place| weight(*place) == 2 && near(*place));
    let same_message = |place: usize| {
        let msg = scene.event(place).msg.as_deref();
        msg.is_some() && message.is_some_and(|landing| scene.event(landing).msg.as_deref() == msg)
    };
    let of_message = || before().find(|place| same_message(*place));
    let any = || before().max_by_key(|place| (weight(*place), *place));
    on_chain(2).or_else(heavy).or_else(|| on_chain(1)).or_else(of_message).or_else(any)
}
