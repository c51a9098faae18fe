//! The queue, as short list and as wheel, against a sorted reference, and what it leaves behind.

use crate::basin::Numbers;
use std::collections::BTreeMap;
use wavetank_engine::{Queue, Ticket};

/// What a stream of operations looks like.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    /// How far ahead of the last time taken a record is due, at most.
    ahead: u64,
    /// Records due at one and the same time as the one before them, in 16.
    ties: u64,
    /// Cancels in 16 operations.
    cancels: u64,
    /// Pops in 16 operations.
    pops: u64,
    /// Inserts come in bursts of so many.
    burst: u64,
}

const SHAPES: [Shape; 10] = [
    Shape { name: "dense ties", ahead: 3, ties: 12, cancels: 2, pops: 7, burst: 1 },
    Shape { name: "one level", ahead: 64, ties: 2, cancels: 2, pops: 6, burst: 1 },
    Shape { name: "two levels", ahead: 5000, ties: 1, cancels: 1, pops: 7, burst: 1 },
    Shape { name: "milliseconds", ahead: 1_000_000_000, ties: 1, cancels: 2, pops: 6, burst: 1 },
    Shape { name: "sparse", ahead: 1 << 63, ties: 1, cancels: 4, pops: 4, burst: 1 },
    Shape { name: "bursts", ahead: 200_000, ties: 10, cancels: 1, pops: 13, burst: 100 },
    Shape { name: "cancelled", ahead: 30_000_000_000, ties: 4, cancels: 9, pops: 1, burst: 1 },
    Shape { name: "drained", ahead: 1 << 40, ties: 4, cancels: 1, pops: 12, burst: 1 },
    // These two go to and fro between the short list and the wheel.
    Shape { name: "tied to and fro", ahead: 6, ties: 10, cancels: 2, pops: 12, burst: 5 },
    Shape { name: "to and fro", ahead: 1 << 36, ties: 4, cancels: 3, pops: 12, burst: 10 },
];

/// From so many records on the wheel is in use, until there are as few as that.
const SPREAD_AT: usize = 9;
const GATHERED_AT: usize = 4;

/// Takes the queue and a map sorted by time and sequence through the same operations.
/// How often the queue changed between the short list and the wheel.
fn check(shape: Shape, seed: u64, operations: u64) -> usize {
    let mut numbers = Numbers::new(seed);
    let mut queue = Queue::new();
    let mut sorted: BTreeMap<(u64, u32), Ticket> = BTreeMap::new();
    let (mut base, mut last, mut sequence) = (0_u64, 0_u64, 0_u32);
    let (mut popped, mut is_spread, mut turns) = (0_u64, false, 0);
    for operation in 0..operations {
        let what = format!("{} seed {seed} operation {operation}", shape.name);
        let dice = numbers.below(16);
        if dice < shape.pops {
            // Sometimes the limit lies before the earliest record, sometimes behind it.
            let earliest = sorted.keys().next().copied();
            let limit = match numbers.below(4) {
                0 => base.saturating_add(numbers.below(shape.ahead)),
                1 => earliest.map_or(base, |(time, _)| time),
                2 => earliest.map_or(base, |(time, _)| time.saturating_sub(1)),
                _ => u64::MAX,
            };
            assert_eq!(queue.next_time(), earliest.map(|(time, _)| time), "{what}");
            let expected = earliest.filter(|&(time, _)| time <= limit);
            let due = queue.pop(limit);
            assert_eq!(due.map(|due| (due.time, due.slot, due.device)), expected.map(|(t, s)| (t, s, s % 7)), "{what}");
            if let Some(key) = expected {
                sorted.remove(&key);
                base = key.0;
                popped += 1;
            }
        } else if dice < shape.pops + shape.cancels {
            let from = (base.saturating_add(numbers.below(shape.ahead)), 0);
            let victim =
                sorted.range(from..).next().or_else(|| sorted.iter().next()).map(|(key, ticket)| (*key, *ticket));
            if let Some((key, ticket)) = victim {
                sorted.remove(&key);
                queue.cancel(ticket);
            }
        } else {
            for _ in 0..shape.burst {
                let tied = numbers.below(16) < shape.ties && last >= base;
                last = if tied { last } else { base.saturating_add(numbers.below(shape.ahead)) };
                sorted.insert((last, sequence), queue.insert(last, sequence % 7, sequence));
                sequence += 1;
            }
        }
        assert_eq!(queue.len(), sorted.len(), "{what}");
        assert_eq!(queue.is_empty(), sorted.is_empty(), "{what}");
        let was_spread = is_spread;
        is_spread = queue.len() >= SPREAD_AT || (is_spread && queue.len() > GATHERED_AT);
        turns += usize::from(is_spread != was_spread);
    }
    assert!(popped > operations / 1000, "{}: only {popped} records were taken", shape.name);
    // What is left comes out in order too.
    for &(time, slot) in sorted.keys() {
        assert_eq!(queue.pop(u64::MAX).map(|due| (due.time, due.slot)), Some((time, slot)));
    }
    assert_eq!(queue.pop(u64::MAX), None);
    turns
}

#[test]
fn the_queue_agrees_with_a_sorted_map_over_a_million_operations() {
    for (nth, shape) in SHAPES.into_iter().enumerate() {
        let turns: usize = (0..5).map(|seed| check(shape, seed * 100 + nth as u64, 25_000)).sum();
        assert!(turns > 1000 || !shape.name.contains("to and fro"), "{}: {turns} turns", shape.name);
    }
}

#[test]
fn records_due_at_one_time_come_in_the_order_of_their_insertion() {
    let mut queue = Queue::new();
    // From far away, so that the list is spread over lower levels before it is taken.
    let times = [1 << 40, 77, (1 << 40) + 1];
    for nth in 0..300_u32 {
        queue.insert(times[nth as usize % 3], 0, nth);
    }
    let order: Vec<(u64, u32)> = std::iter::from_fn(|| queue.pop(u64::MAX)).map(|due| (due.time, due.slot)).collect();
    let mut expected = order.clone();
    expected.sort_unstable();
    assert_eq!(order, expected);
    assert_eq!(order.len(), 300);
}

#[test]
fn the_last_nanosecond_and_the_first_are_times_too() {
    let mut queue = Queue::new();
    queue.insert(u64::MAX, 0, 1);
    queue.insert(0, 0, 2);
    queue.insert(u64::MAX, 0, 3);
    assert_eq!(queue.pop(0).map(|due| due.slot), Some(2));
    assert_eq!(queue.pop(u64::MAX - 1), None);
    assert_eq!(queue.pop(u64::MAX).map(|due| due.slot), Some(1));
    assert_eq!(queue.pop(u64::MAX).map(|due| due.slot), Some(3));
}

#[test]
#[should_panic(expected = "in the past")]
fn nothing_is_queued_in_the_past() {
    let mut queue = Queue::new();
    queue.insert(10, 0, 0);
    queue.pop(u64::MAX);
    queue.insert(9, 0, 0);
}

#[test]
fn a_million_cancelled_timeouts_leave_nothing_behind() {
    let mut queue = Queue::new();
    let mut now = 0;
    for nth in 0..1_000_000_u32 {
        let timeout = queue.insert(now + 30_000_000_000, 0, nth);
        queue.insert(now + 1000, 1, nth);
        now = queue.pop(u64::MAX).expect("the reply is due").time;
        queue.cancel(timeout);
    }
    assert!(queue.is_empty());
    // All that it remembers is in its debug text: a record is about 60 letters there.
    let text = format!("{queue:?}").len();
    assert!(text < 50_000, "the queue remembers {text} letters");
}

#[test]
fn a_reset_queue_is_as_good_as_new() {
    let mut used = Queue::new();
    for nth in 0..1000 {
        used.insert(u64::from(nth) << (nth % 50), 0, nth);
    }
    for _ in 0..300 {
        used.pop(u64::MAX);
    }
    used.reset();
    assert_eq!((used.len(), used.next_time(), used.pop(u64::MAX)), (0, None, None));
    let mut fresh = Queue::new();
    let mut numbers = Numbers::new(5);
    for nth in 0..1000 {
        let time = numbers.below(1 << 30);
        assert_eq!(used.insert(time, 0, nth), fresh.insert(time, 0, nth));
    }
    for _ in 0..1000 {
        assert_eq!(used.pop(u64::MAX), fresh.pop(u64::MAX));
    }
}
