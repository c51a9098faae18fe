//! The models: what each answer allows, and a planted violation of each. How an order is
//! found is elsewhere.

use crate::intervals::{Span, history, pending, span};
use wavetank_check::{
    Current, KeyValue, Keyed, Limits, Model, PerKey, Register, RegisterOp, RegisterRet, VersionedOp, VersionedRegister,
    VersionedRet, When, linearizable,
};

type Op = VersionedOp<u32>;
type Ret = VersionedRet<u32>;

const fn found(version: u64, value: u32) -> Ret {
    VersionedRet::Found { version, value }
}

const fn written(version: u64) -> Ret {
    VersionedRet::Written { version }
}

const fn mismatch(current: Current) -> Ret {
    VersionedRet::Mismatch { current }
}

/// One operation after another; says in words how far that is legal.
fn check<const N: usize>(steps: [(Op, Option<Ret>); N], expected: Result<&str, usize>) {
    let model = VersionedRegister::default();
    let mut state = model.initial(&());
    for (index, (op, ret)) in steps.iter().enumerate() {
        match model.step(&state, op, ret.as_ref()) {
            Some(next) => state = next,
            None => return assert_eq!(Err(index), expected, "{}", model.words(op, ret.as_ref())),
        }
    }
    assert_eq!(Ok(model.state_words(&state).as_str()), expected);
}

#[test]
fn versions_go_up_and_are_not_used_again() {
    let put = |value, version| (Op::put(value), Some(written(version)));
    check([put(7, 1), put(8, 5), (Op::Get, Some(found(5, 8)))], Ok("8, version 5"));
    check([put(7, 2), put(8, 2)], Err(1));
    check([put(7, 2), (Op::delete(), Some(Ret::Deleted)), put(8, 1)], Err(2));
    check([put(7, 2), (Op::Get, Some(found(3, 7)))], Err(1));
    check([put(7, 2), (Op::Get, Some(Ret::NotFound))], Err(1));
    check([(Op::Get, Some(Ret::NotFound)), (Op::Get, Some(found(1, 7)))], Err(1));
}

#[test]
fn a_swap_goes_by_the_version() {
    let put = |value, version| (Op::put(value), Some(written(version)));
    check([put(7, 1), (Op::cas(1, 8), Some(written(2)))], Ok("8, version 2"));
    // The same value again: whoever compares values lets this pass.
    check([put(7, 1), put(8, 2), put(7, 3), (Op::cas(1, 9), Some(written(4)))], Err(3));
    check([put(7, 1), (Op::cas(1, 8), Some(mismatch(Current::Untold)))], Err(1));
    check([put(7, 2), (Op::cas(1, 8), Some(mismatch(Current::Version(2))))], Ok("7, version 2"));
    check([put(7, 2), (Op::cas(1, 8), Some(mismatch(Current::Version(1))))], Err(1));
    check([put(7, 2), (Op::cas(1, 8), Some(mismatch(Current::Absent)))], Err(1));
    check([(Op::cas(1, 8), Some(mismatch(Current::Absent)))], Ok("nothing"));
    check([(Op::cas(1, 8), Some(written(2)))], Err(0));
    check([(Op::create(8), Some(written(2)))], Ok("8, version 2"));
    check([put(7, 1), (Op::create(8), Some(written(2)))], Err(1));
    check([put(7, 1), (Op::create(8), Some(mismatch(Current::Version(1))))], Ok("7, version 1"));
    check([(Op::create(8), Some(mismatch(Current::Untold)))], Err(0));
}

#[test]
fn a_delete_says_what_it_found() {
    let put = (Op::put(7), Some(written(1)));
    check([put.clone(), (Op::delete(), Some(Ret::Deleted)), (Op::Get, Some(Ret::NotFound))], Ok("nothing"));
    check([put.clone(), (Op::delete(), Some(Ret::Deleted)), (Op::delete(), Some(Ret::Deleted))], Err(2));
    check([put.clone(), (Op::delete(), Some(Ret::Gone)), (Op::delete(), Some(Ret::Gone))], Ok("nothing"));
    check([put.clone(), (Op::delete(), Some(Ret::NotFound))], Err(1));
    let by_version = |version| Op::Delete { when: When::Version(version) };
    check([put.clone(), (by_version(1), Some(Ret::Deleted))], Ok("nothing"));
    check([put.clone(), (by_version(2), Some(Ret::Deleted))], Err(1));
    check([put, (by_version(2), Some(mismatch(Current::Untold)))], Ok("7, version 1"));
    check([(by_version(2), Some(Ret::NotFound))], Ok("nothing"));
}

#[test]
fn a_version_that_nobody_was_told_is_learnt_later() {
    let put = (Op::put(7), Some(written(3)));
    let lost = (Op::put(8), None);
    check([put.clone(), lost.clone()], Ok("8, a version above 3"));
    check([put.clone(), lost.clone(), (Op::Get, Some(found(5, 8)))], Ok("8, version 5"));
    check([put.clone(), lost.clone(), (Op::Get, Some(found(3, 8)))], Err(2));
    check([put.clone(), lost.clone(), (Op::Get, Some(found(5, 7)))], Err(2));
    check([put.clone(), lost.clone(), (Op::cas(4, 9), Some(written(5)))], Ok("9, version 5"));
    check([put.clone(), lost.clone(), (Op::cas(4, 9), Some(written(4)))], Err(2));
    check([put.clone(), lost.clone(), (Op::cas(4, 9), None), (Op::Get, Some(found(4, 9)))], Err(3));
    check([put.clone(), lost.clone(), (Op::cas(3, 9), Some(written(5)))], Err(2));
    let now_6 = (Op::cas(3, 9), Some(mismatch(Current::Version(6))));
    check([put, lost, now_6, (Op::Get, Some(found(5, 8)))], Err(3));
    check([(Op::cas(1, 9), None)], Err(0));
}

#[test]
fn versions_may_begin_at_0() {
    let first = (Op::put(7), Some(written(0)));
    check([first.clone(), (Op::Get, Some(found(0, 7)))], Ok("7, version 0"));
    check([first.clone(), (Op::cas(0, 8), Some(written(1)))], Ok("8, version 1"));
    check([first.clone(), (Op::put(8), Some(written(0)))], Err(1));
    check([first, (Op::delete(), Some(Ret::Deleted)), (Op::put(8), Some(written(0)))], Err(2));
    check([(Op::cas(0, 8), Some(written(1)))], Err(0));
    let lost = (Op::put(8), None);
    check([lost.clone()], Ok("8, a version that nobody was told"));
    check([lost.clone(), (Op::Get, Some(found(0, 8)))], Ok("8, version 0"));
    check([lost.clone(), (Op::cas(0, 9), Some(written(1)))], Ok("9, version 1"));
    check([lost, (Op::cas(0, 9), Some(written(0)))], Err(1));
}

#[test]
fn what_an_unknown_version_is_not_is_remembered() {
    let put = (Op::put(7), Some(written(5)));
    let lost = (Op::put(8), None);
    let not_6 = (Op::cas(6, 9), Some(mismatch(Current::Untold)));
    check([put.clone(), lost.clone(), not_6.clone()], Ok("8, a version above 5, not 6"));
    check([put.clone(), lost.clone(), not_6.clone(), (Op::cas(6, 9), Some(written(7)))], Err(3));
    check([put.clone(), lost.clone(), not_6.clone(), (Op::cas(6, 9), None)], Err(3));
    check([put.clone(), lost.clone(), not_6.clone(), (Op::Get, Some(found(6, 8)))], Err(3));
    check([put.clone(), lost.clone(), not_6.clone(), (Op::create(9), Some(mismatch(Current::Version(6))))], Err(3));
    check([put.clone(), lost.clone(), not_6.clone(), (Op::cas(7, 9), Some(written(8)))], Ok("9, version 8"));
    let not_7 = (Op::Delete { when: When::Version(7) }, Some(mismatch(Current::Untold)));
    check([put.clone(), lost.clone(), not_6.clone(), not_7], Ok("8, a version above 5, not 6 or 7"));
    // Whoever writes between makes it anew.
    let again = [put.clone(), lost.clone(), not_6.clone(), lost.clone(), (Op::cas(6, 9), Some(written(7)))];
    check(again, Ok("9, version 7"));
    // What it cannot be is no news.
    check([put.clone(), lost.clone(), (Op::cas(5, 9), Some(mismatch(Current::Untold)))], Ok("8, a version above 5"));
    check([put, (Op::cas(6, 9), Some(mismatch(Current::Untold)))], Ok("7, version 5"));
}

#[test]
fn an_answer_to_another_question_is_none() {
    for (op, ret) in [
        (Op::Get, written(1)),
        (Op::Get, Ret::Deleted),
        (Op::Get, mismatch(Current::Absent)),
        (Op::put(1), Ret::Deleted),
        (Op::put(1), Ret::NotFound),
        (Op::put(1), found(1, 1)),
        (Op::put(1), mismatch(Current::Absent)),
        (Op::delete(), written(1)),
        (Op::delete(), found(1, 1)),
    ] {
        check([(op, Some(ret))], Err(0));
    }
}

/// Judges a history: nothing, or the part and the operation that is blamed.
fn judge<M: Model>(model: &M, spans: impl IntoIterator<Item = Span<M::Op, M::Ret>>) -> Option<(String, u32)> {
    let verdict = linearizable(model, &history(spans), Limits::default());
    assert!(verdict.is_linearizable() || verdict.violation().is_some(), "{verdict}");
    verdict.violation().map(|violation| (violation.part.clone(), violation.blamed.0))
}

#[test]
fn a_lost_update_is_seen() {
    let model = VersionedRegister::default();
    let both_swap = |second: Ret| {
        [
            span(0, Op::put(0), 0, 1, written(1)),
            span(1, Op::Get, 2, 3, found(1, 0)),
            span(2, Op::Get, 4, 5, found(1, 0)),
            span(1, Op::cas(1, 10), 6, 8, written(2)),
            span(2, Op::cas(1, 20), 7, 9, second),
        ]
    };
    assert_eq!(judge(&model, both_swap(mismatch(Current::Untold))), None);
    assert_eq!(judge(&model, both_swap(written(3))), Some((String::new(), 4)));
}

#[test]
fn a_swap_whose_answer_was_lost_happened_or_did_not() {
    let model = VersionedRegister::default();
    let then = |rest: [(Op, Ret); 2]| {
        let [(one, first), (two, second)] = rest;
        [
            span(0, Op::put(0), 0, 1, written(1)),
            pending(1, Op::cas(1, 10), 2),
            span(2, one, 3, 4, first),
            span(2, two, 5, 6, second),
        ]
    };
    assert_eq!(judge(&model, then([(Op::cas(1, 20), written(2)), (Op::Get, found(2, 20))])), None);
    assert_eq!(judge(&model, then([(Op::Get, found(2, 10)), (Op::cas(2, 20), written(3))])), None);
    let after_both = then([(Op::cas(1, 20), written(2)), (Op::Get, found(3, 10))]);
    assert_eq!(judge(&model, after_both), Some((String::new(), 3)), "version 1 was gone by then");
}

#[test]
fn a_store_whose_first_version_is_0_is_right() {
    let model = VersionedRegister::default();
    let spans = [span(0, Op::put(1), 0, 1, written(0)), span(1, Op::Get, 2, 3, found(0, 1))];
    assert_eq!(judge(&model, spans), None);
}

#[test]
fn a_version_that_was_not_there_is_not_there_later() {
    let model = VersionedRegister::default();
    let then = |asked| {
        [
            span(0, Op::put(1), 0, 1, written(5)),
            pending(1, Op::put(2), 2),
            // Version 5 is gone, so the write without an answer has happened by now.
            span(0, Op::cas(5, 4), 3, 4, mismatch(Current::Untold)),
            span(0, Op::cas(6, 4), 5, 6, mismatch(Current::Untold)),
            span(0, Op::cas(asked, 4), 7, 8, written(asked + 1)),
        ]
    };
    assert_eq!(judge(&model, then(7)), None);
    assert_eq!(judge(&model, then(6)).map(|(_, blamed)| blamed), Some(4));
}

#[test]
fn keys_are_judged_one_by_one_and_named() {
    let put = |key: &str, value, from, version| {
        span(0, Keyed::new(key.to_owned(), Op::put(value)), from, from + 1, written(version))
    };
    let get = |key: &str, value, from, version| {
        span(1, Keyed::new(key.to_owned(), Op::Get), from, from + 1, found(version, value))
    };
    let model = KeyValue::<String, u32>::default();
    assert_eq!(judge(&model, [put("a", 1, 0, 1), put("b", 2, 2, 1), get("a", 1, 4, 1), get("b", 2, 6, 1)]), None);
    let crossed = [put("a", 1, 0, 1), put("b", 2, 2, 1), get("a", 1, 4, 1), get("b", 1, 6, 1)];
    assert_eq!(judge(&model, crossed), Some(("\"b\"".to_owned(), 3)));
}

#[test]
fn any_model_goes_under_a_key() {
    let model = PerKey::<u8, _>::new(Register { initial: 'x' });
    let write =
        |key, value, from| span(0, Keyed::new(key, RegisterOp::Write(value)), from, from + 1, RegisterRet::Written);
    let read = |key, value, from| span(0, Keyed::new(key, RegisterOp::Read), from, from + 1, RegisterRet::Value(value));
    assert_eq!(judge(&model, [write(1, 'a', 0), read(2, 'x', 2), read(1, 'a', 4)]), None);
    assert_eq!(judge(&model, [write(1, 'a', 0), read(2, 'a', 2)]), Some(("2".to_owned(), 1)));
}

#[test]
fn what_is_asked_and_answered_has_words() {
    let words = |op: Op, ret: Option<Ret>| VersionedRegister::default().words(&op, ret.as_ref());
    let delete = |when| Op::Delete { when };
    for (op, ret, expected) in [
        (Op::Get, None, "get -> ?"),
        (Op::Get, Some(Ret::NotFound), "get -> not found"),
        (Op::put(7), Some(mismatch(Current::Untold)), "put(7) -> mismatch"),
        (Op::create(7), Some(mismatch(Current::Version(3))), "create(7) -> mismatch, version 3 is there"),
        (Op::cas(2, 7), Some(mismatch(Current::Absent)), "cas(version 2, 7) -> mismatch, nothing is there"),
        (Op::delete(), Some(Ret::Gone), "delete -> gone"),
        (delete(When::Absent), Some(Ret::Deleted), "delete(if absent) -> deleted"),
        (delete(When::Version(4)), Some(written(5)), "delete(version 4) -> version 5"),
    ] {
        assert_eq!(words(op, ret), expected);
    }
}
