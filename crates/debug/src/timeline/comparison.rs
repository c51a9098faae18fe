//! Two runs beside each other: where they first differ, and which of their later events
//! correspond. What is the same in both is told by words, never by numbers of events.

use super::group::Group;
use super::scene::Scene;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// How two runs correspond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    /// The first event at which they differ, in both; absent where one ends.
    pub(crate) first: Option<[i64; 2]>,
    /// Places of events in this run and in the other: -1 where there is none.
    pub(crate) rows: Vec<[i64; 2]>,
}

/// Events after the first difference that are put in correspondence, in each run.
const COMPARED_MOST: usize = 4_000;

impl Comparison {
    /// The correspondence of the events of two runs, given as the places that pages show.
    pub(crate) fn new(left: (&Scene<'_>, &[usize]), right: (&Scene<'_>, &[usize])) -> Comparison {
        let exact = |scene: &Scene<'_>, place: usize| (scene.event(place).t, words(scene, place));
        let same = left.1.iter().zip(right.1).take_while(|(a, b)| exact(left.0, **a) == exact(right.0, **b)).count();
        let differ = same < left.1.len() || same < right.1.len();
        let first = differ.then(|| [place_of(left.1, same), place_of(right.1, same)]);
        let mut rows: Vec<[i64; 2]> = Vec::new();
        let telling = |scene: &Scene<'_>, kept: &[usize]| -> Vec<usize> {
            let after = (same..kept.len()).filter(|place| scene.group_of[kept[*place]] != Group::Step);
            after.take(COMPARED_MOST).collect()
        };
        let (ours, others) = (telling(left.0, left.1), telling(right.0, right.1));
        let said = |scene: &Scene<'_>, kept: &[usize], places: &[usize]| -> Vec<String> {
            places.iter().map(|place| words(scene, kept[*place])).collect()
        };
        let (a, b) = (said(left.0, left.1, &ours), said(right.0, right.1, &others));
        for operation in capture_diff_slices(Algorithm::Myers, &a, &b) {
            rows.extend(pairs(operation, &ours, &others));
        }
        Comparison { first, rows }
    }
}

fn place_of(kept: &[usize], place: usize) -> i64 {
    if place < kept.len() { number(place) } else { -1 }
}

fn number(place: usize) -> i64 {
    i64::try_from(place).expect("fewer events than fit into memory")
}

/// The rows of one step of the difference.
fn pairs(operation: DiffOp, ours: &[usize], others: &[usize]) -> Vec<[i64; 2]> {
    let (_, left, right) = operation.as_tag_tuple();
    let alike = matches!(operation, DiffOp::Equal { .. });
    if alike {
        return left.zip(right).map(|(a, b)| [number(ours[a]), number(others[b])]).collect();
    }
    let mut rows: Vec<[i64; 2]> = left.map(|a| [number(ours[a]), -1]).collect();
    rows.extend(right.map(|b| [-1, number(others[b])]));
    rows
}

/// What an event is, without the numbers that differ from run to run.
fn words(scene: &Scene<'_>, place: usize) -> String {
    let event = scene.event(place);
    let args = serde_json::to_string(&event.args).expect("arguments are JSON");
    format!("{} {} {args}", event.kind, scene.lane_of[place])
}
