//! What each macro does while a hook listens. What it does without one is in
//! `production.rs`.
#![forbid(unsafe_code)]

mod recorder;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use recorder::{Heard, Recorder};
use wavetank_probe::prelude::*;
use wavetank_probe::{Count, Coverage, Kind, Probability, Site, catalogue, install, is_simulated};

/// Runs `code` under a fresh recorder and gives back what it heard.
fn hear(code: impl FnOnce(&Recorder)) -> Vec<Heard> {
    let recorder = Recorder::leak();
    let installed = install(recorder);
    code(recorder);
    drop(installed);
    recorder.heard.take()
}

fn named(kind: Kind, name: &str) -> &'static Site {
    let mut sites = catalogue().iter().filter(|site| site.kind() == kind && site.name() == Some(name));
    let site = sites.next().unwrap_or_else(|| panic!("no {kind} site is called {name:?}"));
    assert!(sites.next().is_none(), "{name:?} is unique");
    site
}

fn hit(name: &str, condition: bool) -> Heard {
    Heard::Hit(name.to_owned(), condition)
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    *panic.downcast::<String>().expect("the panic of an assertion carries a String")
}

#[test]
fn a_condition_is_evaluated_once_and_counted() {
    let evaluated = Cell::new(0);
    let look = |answer: bool| {
        evaluated.set(evaluated.get() + 1);
        answer
    };
    let heard = hear(|_| {
        always_assert!(look(true), "holds");
        sometimes_assert!(look(false), "not yet");
        sometimes_assert!(look(true), "now");
        reachable!("passed");
    });
    assert_eq!(heard, [hit("holds", true), hit("not yet", false), hit("now", true), hit("passed", true)]);
    assert_eq!(evaluated.get(), 3);
}

#[test]
fn a_violation_reaches_the_hook_even_if_the_panic_is_swallowed() {
    let heard = hear(|_| {
        let (sent, received) = (3, 2);
        let panic = catch_unwind(|| {
            always_assert!(sent == received, "messages are conserved", sent, received, gone = sent - received);
        });
        let text = panic_text(panic.expect_err("it is violated"));
        let site = named(Kind::Always, "messages are conserved");
        let expected = format!("violated: {site}: sent=3, received=2, gone=1");
        assert_eq!(text, expected);
        assert!(text.contains(&format!("tests/simulation.rs:{}", site.line())), "{text}");
    });
    let told = Heard::Violated("messages are conserved".to_owned(), "sent=3, received=2, gone=1".to_owned());
    assert_eq!(heard, [hit("messages are conserved", false), told]);
}

#[test]
fn a_field_is_a_detail_by_its_path() {
    struct Log {
        first: u64,
    }
    impl Log {
        fn judge(&self, at: &(u64, u64)) {
            let (log, number) = (self, at.0);
            always_assert!(false, "it has a past", self.first, log.first, number, last.one = at.1);
        }
    }
    let heard = hear(|_| {
        assert!(catch_unwind(|| Log { first: 7 }.judge(&(8, 9))).is_err());
    });
    let details = "self.first=7, log.first=7, number=8, last.one=9".to_owned();
    assert_eq!(heard, [hit("it has a past", false), Heard::Violated("it has a past".to_owned(), details)]);
}

#[test]
fn an_unreachable_line_is_a_violation() {
    let heard = hear(|_| {
        let panic = catch_unwind(|| wavetank_probe::unreachable!("never here", length = "9".to_owned()));
        assert!(panic_text(panic.expect_err("it is violated")).ends_with(r#": length="9""#));
    });
    let told = Heard::Violated("never here".to_owned(), r#"length="9""#.to_owned());
    assert_eq!(heard, [hit("never here", false), told]);
}

#[test]
fn a_violation_while_unwinding_is_told_and_does_not_abort() {
    struct Closes;
    impl Drop for Closes {
        fn drop(&mut self) {
            always_assert!(false, "closed twice");
        }
    }
    let heard = hear(|_| {
        let panic = catch_unwind(|| {
            let _closes = Closes;
            panic!("the first panic");
        });
        assert!(panic.is_err());
    });
    assert_eq!(heard, [hit("closed twice", false), Heard::Violated("closed twice".to_owned(), String::new())]);
}

#[test]
fn buggify_asks_with_the_probability_written() {
    const RARELY: Probability = Probability::new(1, 1000);
    let heard = hear(|recorder| {
        recorder.fires.set(true);
        assert!(buggify!());
        assert!(buggify!(0.25));
        assert!(buggify!(1 / 3));
        assert!(buggify!("named"));
        assert!(buggify!(r"named, raw"));
        recorder.fires.set(false);
        assert!(!buggify!("named, decimal", 0.5));
        assert!(!buggify!("named, ratio", 2 / 4));
        assert!(!buggify!("named, constant", RARELY));
    });
    let asked = |name: &str, ratio: Option<(u32, u32)>, fires| {
        [Heard::Asked(name.to_owned(), ratio.map(|(n, d)| Probability::new(n, d))), hit(name, fires)]
    };
    let expected = [
        asked("#1", None, true),
        asked("#2", Some((1, 4)), true),
        asked("#3", Some((1, 3)), true),
        asked("named", None, true),
        asked("named, raw", None, true),
        asked("named, decimal", Some((1, 2)), false),
        asked("named, ratio", Some((1, 2)), false),
        asked("named, constant", Some((1, 1000)), false),
    ];
    assert_eq!(heard, expected.concat());
}

#[test]
fn a_knob_takes_the_value_chosen_and_evaluates_no_other() {
    let evaluated = Cell::new(0);
    let value = |value: u64| {
        evaluated.set(evaluated.get() + 1);
        value
    };
    let heard = hear(|recorder| {
        for (choice, expected, evaluations) in [(0, 4096, 1), (1, 1, 2), (2, u64::MAX, 2)] {
            recorder.choice.set(choice);
            evaluated.set(0);
            assert_eq!(buggify_knob!("bytes", value(4096), [value(1), value(u64::MAX)]), expected);
            assert_eq!(evaluated.get(), evaluations, "choice {choice}");
        }
        recorder.choice.set(1);
        assert_eq!(buggify_knob!("a".to_owned(), ["b".to_owned()]), "b");
    });
    assert_eq!(heard[..2], [Heard::Chose("bytes".to_owned(), 3), hit("bytes", false)]);
    assert_eq!(heard[3], hit("bytes", true));
    assert_eq!(heard[6..], [Heard::Chose("#1".to_owned(), 2), hit("#1", true)]);
}

#[test]
fn a_choice_that_no_knob_has_is_refused() {
    hear(|recorder| {
        recorder.choice.set(2);
        let panic = catch_unwind(|| buggify_knob!("two values", 1, [2])).expect_err("there is no third value");
        assert!(panic_text(panic).contains("two values"));
    });
}

#[test]
fn state_is_computed_only_if_somebody_reads_it() {
    let computed = Cell::new(0);
    let heard = hear(|recorder| {
        for reads in [false, true] {
            recorder.reads.set(reads);
            // The closure passes a planted point itself: no hook is borrowed meanwhile.
            publish!("log", || {
                computed.set(computed.get() + 1);
                reachable!("the log is published");
                vec![1_u64, 2]
            });
        }
    });
    let told = Heard::Published("log".to_owned(), "[1, 2]".to_owned());
    assert_eq!(heard, [hit("log", false), hit("log", true), hit("the log is published", true), told]);
    assert_eq!(computed.get(), 1);
}

#[test]
fn a_hook_leaves_with_its_guard_and_gives_way_to_an_inner_one() {
    assert!(!is_simulated());
    let inner = Cell::new(Vec::new());
    let outer = hear(|_| {
        inner.set(hear(|_| reachable!("inside")));
        reachable!("outside");
        let unwound = catch_unwind(AssertUnwindSafe(|| hear(|_| panic!("an inner run dies"))));
        assert!(unwound.is_err());
        reachable!("after the inner run died");
    });
    assert_eq!(inner.take(), [hit("inside", true)]);
    assert_eq!(outer, [hit("outside", true), hit("after the inner run died", true)]);
    assert!(!is_simulated());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "that a real thread is outside the simulation is what is tested")]
fn another_thread_is_outside() {
    let heard = hear(|_| {
        let outside = std::thread::spawn(|| {
            sometimes_assert!(true, "on another thread");
            buggify!("on another thread", 1.0) || is_simulated()
        });
        assert!(!outside.join().expect("nothing panics there"));
    });
    assert_eq!(heard, []);
}

#[test]
fn futures_stay_send() {
    fn check(_: impl Future<Output = ()> + Send) {}
    check(async {
        always_assert!(std::future::ready(true).await, "a condition that waits");
        sometimes_assert!(std::future::ready(true).await, "another that waits");
        let late = buggify!("answer late", 0.25);
        std::future::ready(late).await;
        publish!("waits", || 1);
        std::future::ready(()).await;
    });
}

#[test]
fn coverage_counts_merges_and_names_what_is_missing() {
    let site = named(Kind::Sometimes, "counted");
    let absent = named(Kind::Reachable, "never executed by any test");
    let recorder = Recorder::leak();
    {
        let _installed = install(recorder);
        for turn in 0..5 {
            sometimes_assert!(turn > 5, "counted");
            // Never true either, and no fault of the sweep.
            assert!(!buggify!("never fires"));
        }
    }
    let mut coverage = recorder.coverage.borrow_mut();
    assert_eq!(coverage.count(site), Count { hits_true: 0, hits_false: 5 });
    assert!(coverage.never_true().any(|never| std::ptr::eq(never, site)));
    assert!(!coverage.never_reached().any(|never| std::ptr::eq(never, site)));
    assert!(coverage.never_reached().any(|never| std::ptr::eq(never, absent)));
    assert!(!coverage.never_true().any(|never| std::ptr::eq(never, absent)), "it is listed once, as never reached");
    assert!(!coverage.never_reached().any(|never| never.kind() == Kind::Unreachable));

    let mut other = Coverage::new();
    other.add(site, Count { hits_true: 2, hits_false: 1 });
    other.add(site, Count { hits_true: 1, hits_false: 1 });
    coverage.merge(&other);
    assert_eq!(coverage.count(site), Count { hits_true: 3, hits_false: 7 });
    assert_eq!(coverage.count(site).hits(), 10);
    assert_eq!(coverage.never_true().count(), 0);

    // All but one; then that one too.
    for (missing, _) in other.iter().filter(|(site, _)| matches!(site.kind(), Kind::Sometimes | Kind::Reachable)) {
        if !std::ptr::eq(missing, absent) {
            coverage.record(missing, true);
        }
    }
    assert!(!coverage.all_sometimes_reached());
    coverage.record(absent, false);
    assert!(!coverage.all_sometimes_reached(), "a false hit does not count");
    coverage.record(absent, true);
    assert!(coverage.all_sometimes_reached());
    coverage.clear();
    assert!(!coverage.all_sometimes_reached());
    assert_eq!(*coverage, Coverage::new());
}

#[test]
fn this_program_has_no_two_sites_of_one_name() {
    catalogue().check().expect("every site here has a name of its own");
}

#[expect(dead_code, reason = "a site in dead code is linked and reported all the same")]
fn dead<T: Default>() -> T {
    reachable!("never executed by any test");
    T::default()
}
