//! What each macro does without a simulation, in builds with and without debug
//! assertions. What it does with one is in `simulation.rs`.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::panic::catch_unwind;
use std::time::Duration;

use wavetank_probe::prelude::*;

/// An expression that must not be evaluated.
fn never<T>() -> T {
    panic!("it was evaluated");
}

#[test]
fn always_is_assert_in_debug_builds_and_nothing_in_release_builds() {
    always_assert!(black_box(1) == 1, "holds");
    let violated = catch_unwind(|| always_assert!(black_box(1) == 2, "is violated", one = 1));
    assert_eq!(violated.is_err(), cfg!(debug_assertions));
    let evaluated = catch_unwind(|| always_assert!(never(), "is evaluated"));
    assert_eq!(evaluated.is_err(), cfg!(debug_assertions));
    let passed = catch_unwind(|| wavetank_probe::unreachable!("is reached"));
    assert_eq!(passed.is_err(), cfg!(debug_assertions));
}

#[test]
fn details_of_what_holds_are_not_looked_at() {
    always_assert!(true, "holds with details", details = never::<u8>());
}

#[test]
fn what_must_happen_sometimes_is_not_evaluated() {
    sometimes_assert!(never(), "not evaluated");
    reachable!("passed without effect");
    publish!("not computed", never::<u8>);
}

#[test]
fn nothing_is_buggified() {
    assert!(!buggify!());
    assert!(!buggify!(1));
    assert!(!buggify!("named", 1.0));
    assert_eq!(buggify_knob!("knob", 7, [never()]), 7);
    assert_eq!(buggify_knob!(8, [never()]), 8);
}

/// Time for `turns` calls.
#[expect(clippy::disallowed_methods, reason = "the cost on the real machine is what is measured")]
fn time(turns: u32, mut call: impl FnMut()) -> Duration {
    let start = std::time::Instant::now();
    (0..turns).for_each(|_| call());
    start.elapsed()
}

#[test]
fn an_inert_buggify_does_not_allocate() {
    let turns = 10_000;
    let (mut allocation, mut buggify) = (Duration::MAX, Duration::MAX);
    // The best of several attempts, in turns: noise only adds.
    for _ in 0..50 {
        allocation = allocation.min(time(turns, || drop(black_box(Box::new(black_box(1_u64))))));
        buggify = buggify.min(time(turns, || assert!(!black_box(buggify!("measured", 0.25)))));
    }
    // Unoptimised, a handful of calls costs two thirds of an allocation by itself.
    let (more, less) = if cfg!(debug_assertions) { (4, 3) } else { (1, 2) };
    assert!(buggify * less < allocation * more, "{turns} calls: buggify! {buggify:?}, allocations {allocation:?}");
}
