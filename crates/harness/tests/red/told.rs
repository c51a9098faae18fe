//! What a failure is told as: by which of its lines it is known, whose it is, and how often.

use super::{failure, says, simulation};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_harness::{Chaos, Overrides, SimContext};
use wavetank_probe::always_assert;

#[test]
fn an_error_is_known_by_its_first_line_that_says_something() {
    let error = |message: &'static str| {
        let failing = simulation().workload("user", 1, move |_| std::future::ready(Err::<(), _>(message)));
        failure(&failing).signature().to_string()
    };
    assert_eq!(error("\n  the pump broke\nin tank 3"), "error of user: the pump broke");
    assert_ne!(error("\nthe pump broke"), error("\nthe light is out"));
    assert_eq!(error(""), "error of user");
    let judged = simulation().workload("user", 1, async |_| {}).with_checker("judges", |_| Err::<(), _>("\n\na leak"));
    assert_eq!(failure(&judged).signature().to_string(), "checker `judges`: a leak");
}

#[test]
fn an_assertion_in_an_invariant_or_a_checker_is_nobodys() {
    let quiet = || simulation().workload("user", 1, async |_| {});
    let invariant = quiet().with_invariant("holds", |_| always_assert!(std::hint::black_box(false), "b"));
    let checker = quiet().with_checker("judges", |_| -> Result<(), String> {
        always_assert!(std::hint::black_box(false), "c");
        Ok(())
    });
    for (simulation, words) in [(invariant, "invariant `holds`"), (checker, "checker `judges`")] {
        let failures = simulation.run_seed(1, Overrides::new(), None).failures;
        assert_eq!(failures.len(), 2, "{failures:#?}");
        says(&failures[0], &[words, "violated: "]);
        says(&failures[1], &[&format!("{words} violated ")]);
    }
}

#[test]
fn an_assertion_that_is_swallowed_without_end_is_told_once() {
    let deaf = simulation().workload("user", 1, async |_| {
        for gallons in 0..10_000_u32 {
            let _ = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "d", gallons));
        }
        let _ = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "e"));
    });
    let failures = deaf.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 2, "{}", failures.len());
    says(&failures[0], &["user violated", "\"d\"", "gallons=0"]);
    says(&failures[1], &["user violated", "\"e\""]);
}

#[test]
fn a_process_that_cannot_be_made_again_is_the_one_that_panicked() {
    let chaos = Chaos { window: Duration::from_secs(1), crashes: 1..=1, ..Chaos::default() };
    let made = Arc::new(Mutex::new(0));
    let simulation = simulation()
        .with_chaos(chaos)
        .process("server", 1, move |_| {
            let mut made = made.lock().expect("nobody panics with it");
            *made += 1;
            let is_first = *made == 1;
            drop(made);
            assert!(is_first, "the server cannot be made again");
            std::future::pending::<Result<(), std::convert::Infallible>>()
        })
        .workload("user", 1, |context: SimContext| async move { context.quiet().await });
    let failure = failure(&simulation);
    says(&failure, &["task `process` of server, spawned", "the server cannot be made again", "red/told.rs:"]);
}
