//! Small histories whose verdict a reader can see. The models' own corners are elsewhere.

use crate::intervals::{Span, history, pending, span};
use std::time::Duration;
use wavetank_check::RegisterOp::{Read, Write};
use wavetank_check::RegisterRet::{Value, Written};
use wavetank_check::{
    History, KeyValue, Keyed, Limits, OpId, Outcome, Register, RegisterOp, RegisterRet, Verdict, VersionedOp,
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

#[test]
fn nothing_happened_in_an_empty_history() {
    check([], None);
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
