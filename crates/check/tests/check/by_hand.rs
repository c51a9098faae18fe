//! Small histories whose verdict a reader can see. The models' own corners are elsewhere.

use crate::intervals::{Span, history, pending, span};
use std::time::Duration;
use wavetank_check::RegisterOp::{Read, Write};
use wavetank_check::RegisterRet::{Value, Written};
use wavetank_check::{
    History, KeyValue, Keyed, Limits, Model, OpId, Outcome, Register, RegisterOp, RegisterRet, Verdict, VersionedOp,
    VersionedRet, linearizable,
};

type Of = Span<RegisterOp<u32>, RegisterRet<u32>>;

/// Judges a register's history, and compares what is blamed.
fn check<const N: usize>(spans: [Of; N], blamed: Option<u32>) {
    let verdict = linearizable(&Register { initial: 0 }, &history(spans), Limits::default());
    let got = match &verdict {
        Verdict::Violation(violation) => Some(violation.blamed.0),
        Verdict::Linearizable { .. } => None,
        Verdict::Unknown { .. } => panic!("{verdict}"),
    };
    assert_eq!(got, blamed, "{verdict}");
}

/// A model that says nothing of its own for people.
struct Plain;

impl Model for Plain {
    type Op = &'static str;
    type Ret = u8;
    type State = u8;
    type Part = ();

    fn part(&self, _: &&'static str) {}

    fn initial(&self, (): &()) -> u8 {
        0
    }

    fn step(&self, state: &u8, _: &&'static str, ret: Option<&u8>) -> Option<u8> {
        ret.is_none_or(|ret| ret == state).then_some(*state)
    }
}

#[test]
fn nothing_happened_in_an_empty_history() {
    check([], None);
}

#[test]
fn a_history_says_how_much_happened_and_when_and_a_model_without_words_what() {
    let mut history = History::<&str, u8>::default();
    assert!(history.is_empty());
    let ticket = history.invoke(7, "look", Duration::from_millis(3));
    history.complete(ticket, 9, Duration::from_millis(5));
    let _pending = history.invoke(8, "wait", Duration::from_millis(6));
    assert!(!history.is_empty() && history.len() == 2);
    assert_eq!(history.get(OpId(1)).map(|wait| wait.invoked.time()), Some(Duration::from_millis(6)));
    let verdict = linearizable(&Plain, &history, Limits::default()).to_string();
    assert!(verdict.contains("no order explains `\"look\" -> 9` of client 7 (#0)"), "{verdict}");
    assert_eq!(Plain.words(&"wait", None), "\"wait\" -> ?");
}

#[test]
fn one_after_another_is_as_the_model_does_it() {
    check([span(0, Read, 0, 1, Value(0)), span(0, Write(1), 2, 3, Written), span(1, Read, 4, 5, Value(1))], None);
}

#[test]
fn a_stale_read_is_seen() {
    check([span(0, Write(1), 0, 1, Written), span(1, Read, 2, 3, Value(0))], Some(1));
}

#[test]
fn a_read_of_what_nobody_wrote_is_seen() {
    check([span(0, Write(1), 0, 1, Written), span(1, Read, 2, 3, Value(7))], Some(1));
}

#[test]
fn a_read_that_overlaps_a_write_may_see_either() {
    check([span(0, Write(1), 0, 3, Written), span(1, Read, 1, 2, Value(0))], None);
    check([span(0, Write(1), 0, 3, Written), span(1, Read, 1, 2, Value(1))], None);
}

#[test]
fn a_value_that_was_seen_is_not_unseen() {
    // The write overlaps both reads, but the first fixes that it has happened.
    check([span(0, Write(1), 0, 5, Written), span(1, Read, 1, 2, Value(1)), span(2, Read, 3, 4, Value(0))], Some(2));
    check([span(0, Write(1), 0, 5, Written), span(1, Read, 1, 2, Value(0)), span(2, Read, 3, 4, Value(1))], None);
}

#[test]
fn two_readers_do_not_disagree_on_the_order_of_writes() {
    check(
        [
            span(0, Write(1), 0, 2, Written),
            span(1, Write(2), 1, 3, Written),
            span(2, Read, 4, 5, Value(1)),
            span(3, Read, 6, 7, Value(2)),
        ],
        Some(3),
    );
}

#[test]
fn a_pending_write_may_be_read_at_any_later_time() {
    check([pending(0, Write(1), 0), span(1, Read, 1, 2, Value(0)), span(1, Read, 3, 4, Value(1))], None);
    check([pending(0, Write(1), 0), span(1, Read, 1, 2, Value(0)), span(1, Read, 3, 4, Value(0))], None);
}

#[test]
fn a_pending_write_is_not_read_before_it_was_asked_for() {
    check([span(1, Read, 0, 1, Value(1)), pending(0, Write(1), 2)], Some(0));
}

#[test]
fn a_pending_write_that_was_seen_is_not_undone() {
    check([pending(0, Write(1), 0), span(1, Read, 1, 2, Value(1)), span(1, Read, 3, 4, Value(0))], Some(2));
}

#[test]
fn a_pending_write_happens_only_once() {
    check(
        [
            pending(0, Write(1), 0),
            span(1, Read, 1, 2, Value(1)),
            span(1, Write(2), 3, 4, Written),
            span(1, Read, 5, 6, Value(1)),
        ],
        Some(3),
    );
}

#[test]
fn what_failed_did_not_happen() {
    let model = Register { initial: 0 };
    for (seen, expected) in [(0, true), (1, false)] {
        let mut history: History<RegisterOp<u32>, RegisterRet<u32>> = History::default();
        let refused = history.invoke(0, Write(1), Duration::ZERO);
        assert_eq!(refused.id(), OpId(0));
        history.fail(refused, Duration::from_nanos(1));
        let read = history.invoke(0, Read, Duration::from_nanos(2));
        history.complete(read, Value(seen), Duration::from_nanos(3));
        assert_eq!(linearizable(&model, &history, Limits::default()).is_linearizable(), expected);
        assert!(matches!(history.get(OpId(0)).expect("it was invoked").outcome, Outcome::Failed { at } if at.nth == 1));
    }
}

#[test]
fn the_prefix_says_how_far_one_gets() {
    let spans = [
        span(0, Write(1), 0, 1, Written),
        span(1, Write(2), 2, 5, Written),
        span(2, Read, 3, 4, Value(2)),
        span(0, Read, 6, 9, Value(1)),
        span(2, Read, 7, 8, Value(2)),
        span(1, Write(3), 10, 11, Written),
    ];
    let verdict = linearizable(&Register { initial: 0 }, &history(spans), Limits::default());
    let violation = verdict.violation().expect("the value went back");
    let prefix: Vec<_> = violation.prefix.iter().map(|placed| (placed.id.0, placed.state.as_str())).collect();
    assert_eq!(prefix, [(0, "1"), (1, "2"), (2, "2"), (4, "2")]);
    assert_eq!((violation.blamed, violation.stuck.as_slice()), (OpId(3), &[OpId(3)][..]));
    assert_eq!(violation.intervals.len(), 6, "what came later is there, for the picture");
    assert_eq!(violation.headline(), "the history is not linearizable: no order explains `read -> 1` of client 0 (#3)");
}

#[test]
fn a_check_that_gives_up_says_so() {
    // Twelve writes that nothing orders, and a read of what nobody wrote.
    let overlapping =
        (0..12).map(|client| span(client, Write(client), u64::from(client), 100 + u64::from(client), Written));
    let spans = overlapping.chain([span(99, Read, 200, 201, Value(99))]);
    let history = history(spans);
    let model = Register { initial: 0 };
    let verdict = linearizable(&model, &history, Limits { configurations: 1_000 });
    assert_eq!(verdict, Verdict::Unknown { explored: 1_000 });
    assert!(verdict.into_result().expect_err("not green").starts_with("not known to be linearizable"));
    let verdict = linearizable(&model, &history, Limits::default());
    assert_eq!(verdict.violation().map(|violation| violation.blamed), Some(OpId(12)));
}

#[test]
fn the_readme_shows_what_is_printed() {
    let found = |value, version| VersionedRet::Found { version, value };
    let key = |op| Keyed::new("k", op);
    let spans = [
        span(0, key(VersionedOp::put("a")), 1, 2, VersionedRet::Written { version: 1 }),
        pending(1, key(VersionedOp::put("b")), 3),
        span(0, key(VersionedOp::Get), 4, 5, found("b", 2)),
        span(0, key(VersionedOp::Get), 6, 7, found("a", 1)),
    ];
    let verdict = linearizable(&KeyValue::default(), &history(spans), Limits::default());
    let shown = verdict.to_string();
    assert!(include_str!("../../README.md").contains(&format!("```text\n{shown}\n```")), "{shown}");
}

#[test]
fn histories_and_verdicts_are_data() {
    let history = history([span(0, Write(1), 0, 1, Written), span(1, Read, 2, 3, Value(0)), pending(1, Read, 4)]);
    let text = serde_json::to_string(&history).expect("it has names and numbers only");
    let again: History<RegisterOp<u32>, RegisterRet<u32>> = serde_json::from_str(&text).expect("what was written");
    assert_eq!(again, history);
    let verdict = linearizable(&Register { initial: 0 }, &history, Limits::default());
    let text = serde_json::to_string(&verdict).expect("it has names and numbers only");
    assert_eq!(serde_json::from_str::<Verdict>(&text).expect("what was written"), verdict);
}

#[test]
fn the_prefix_is_the_longest_that_fits_and_what_is_stuck_could_change_something() {
    let spans = [
        span(0, Write(1), 0, 10, Written),
        span(1, Read, 1, 11, Value(0)),
        span(2, Read, 2, 9, Value(9)),
        pending(3, Write(1), 3),
        pending(4, Write(5), 4),
        pending(5, Read, 5),
    ];
    let verdict = linearizable(&Register { initial: 0 }, &history(spans), Limits::default());
    let violation = verdict.violation().expect("nobody wrote 9");
    let prefix: Vec<u32> = violation.prefix.iter().map(|placed| placed.id.0).collect();
    assert_eq!(prefix, [1, 0], "with the write first, only that fits");
    assert_eq!(violation.stuck, [OpId(2), OpId(4)]);
}

#[test]
fn a_long_violation_is_told_by_its_end() {
    let done = (0..10_u32).map(|nth| span(0, Write(nth), 2 * u64::from(nth), 2 * u64::from(nth) + 1, Written));
    let stuck = [span(1, Read, 20, 23, Value(7)), span(2, Read, 21, 22, Value(8))];
    let verdict = linearizable(&Register { initial: 0 }, &history(done.chain(stuck)), Limits::default());
    let expected = "\
the history is not linearizable: no order explains `read -> 8` of client 2 (#11)
10 operations fit, the last 8 in this order:
  #2   client 0  ||                     write(2)    [2]
  #3   client 0    ||                   write(3)    [3]
  #4   client 0      ||                 write(4)    [4]
  #5   client 0        ||               write(5)    [5]
  #6   client 0          ||             write(6)    [6]
  #7   client 0            ||           write(7)    [7]
  #8   client 0              ||         write(8)    [8]
  #9   client 0                ||       write(9)    [9]
there it is [9], and none of these leads on:
  #10  client 1                  |--|   read -> 7
> #11  client 2                   ||    read -> 8";
    assert_eq!(verdict.to_string(), expected);
}

#[test]
fn what_is_surely_wrong_is_told_although_another_part_takes_too_long() {
    let key = |key, op| Keyed::new(key, op);
    let many = (0..12u64).map(|nth| {
        span(9, key("a", VersionedOp::put(nth)), nth, 100 + nth, VersionedRet::Written { version: 12 - nth })
    });
    let wrong = [span(0, key("b", VersionedOp::Get), 200, 201, VersionedRet::Found { version: 1, value: 1 })];
    let judge = |spans: Vec<_>| linearizable(&KeyValue::default(), &history(spans), Limits { configurations: 5 });
    assert!(matches!(judge(many.clone().collect()), Verdict::Unknown { .. }));
    let verdict = judge(many.chain(wrong).collect());
    assert_eq!(verdict.violation().map(|violation| violation.part.as_str()), Some("\"b\""));
}

/// A queue of numbers that are put once, each judged on its own: whether it is there.
struct Queue;

#[derive(Debug, Clone)]
enum Queued {
    Put(u32),
    /// `None` where nobody was told what was taken.
    Take(Option<u32>),
}

impl Model for Queue {
    type Op = Queued;
    type Ret = ();
    type State = bool;
    type Part = Option<u32>;

    fn part(&self, op: &Queued) -> Option<u32> {
        match op {
            Queued::Put(number) => Some(*number),
            Queued::Take(number) => *number,
        }
    }

    fn initial(&self, _: &Option<u32>) -> bool {
        false
    }

    fn step(&self, is_there: &bool, op: &Queued, _: Option<&()>) -> Option<bool> {
        match op {
            Queued::Put(_) => Some(true),
            Queued::Take(_) => is_there.then_some(false),
        }
    }
}

/// Whoever takes from a queue knows by the answer which part it was about.
#[test]
fn the_answer_may_say_which_part_an_operation_was_of() {
    let mut history = History::default();
    let nanos = Duration::from_nanos;
    let early = history.invoke(0, Queued::Take(None), nanos(0));
    for number in 1..=30 {
        // Unanswered: were they of one part, any subset of them might have happened.
        drop(history.invoke(number, Queued::Put(number), nanos(1)));
    }
    history.complete_as(early, Queued::Take(Some(7)), (), nanos(2));
    assert!(linearizable(&Queue, &history, Limits::default()).is_linearizable(), "it began before the 7 was put");
    let again = history.invoke(0, Queued::Take(None), nanos(3));
    drop(history.invoke(1, Queued::Take(None), nanos(4)));
    history.complete_as(again, Queued::Take(Some(7)), (), nanos(5));
    let verdict = linearizable(&Queue, &history, Limits::default());
    assert_eq!(verdict.violation().map(|violation| violation.part.as_str()), Some("Some(7)"), "{verdict}");
}

#[test]
#[should_panic(expected = "#0 ended before: the ticket is another's")]
fn a_ticket_of_another_history_that_ended_is_refused() {
    let mut histories = [History::<RegisterOp<u32>, RegisterRet<u32>>::default(), History::default()];
    let [one, other] = histories.each_mut().map(|history| history.invoke(0, Read, Duration::ZERO));
    histories[0].complete(one, Value(0), Duration::ZERO);
    histories[0].complete(other, Value(0), Duration::ZERO);
}

#[test]
fn a_time_that_is_too_long_is_the_longest() {
    let mut history: History<RegisterOp<u32>, RegisterRet<u32>> = History::default();
    drop(history.invoke(0, Read, Duration::MAX));
    assert_eq!(history.operations()[0].invoked.nanos, u64::MAX);
}
