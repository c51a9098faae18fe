//! Which seeds a simulation runs, and when it stops. What the environment asks for is
//! `environment.rs`'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{Providers, RandomProvider};
use wavetank_harness::{Observer, Progress, SeedsError, SimContext, SimulationBuilder, SimulationResult, TestStrategy};
use wavetank_probe::sometimes_assert;

fn run(simulation: &SimulationBuilder, strategy: TestStrategy) -> SimulationResult {
    simulation.run_strategy(&strategy, &Progress::default())
}

/// The seeds that a strategy runs on one thread, in order.
fn seeds(strategy: TestStrategy) -> Vec<u64> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seeds = seen.clone();
    let simulation = SimulationBuilder::new()
        .workload("noter", 1, move |context: SimContext| {
            seeds.lock().expect("free").push(context.seed());
            async {}
        })
        .with_threads(1);
    let result = run(&simulation, strategy);
    result.assert_green();
    let seen = seen.lock().expect("free").clone();
    assert_eq!(result.seeds, seen.len() as u64);
    seen
}

#[test]
fn each_strategy_runs_its_seeds() {
    assert_eq!(seeds(TestStrategy::Seeds(vec![7, 1, u64::MAX, 7, 1])), [7, 1, u64::MAX], "a run is a run");
    assert_eq!(seeds(TestStrategy::Range(10..14)), [10, 11, 12, 13]);
    assert_eq!(seeds(TestStrategy::Range(u64::MAX - 2..u64::MAX)), [u64::MAX - 2, u64::MAX - 1]);
    assert_eq!(seeds(TestStrategy::Count(3)), [0, 1, 2]);
}

#[test]
fn there_are_no_more_threads_than_seeds() {
    #[derive(Default)]
    struct Rests(AtomicUsize);

    impl Observer for Rests {
        fn rests(&self, _: usize) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let (rests, simulation) = (Rests::default(), SimulationBuilder::new().workload("idle", 1, async |_| {}));
    let simulation = simulation.with_threads(1_000_000);
    simulation.run_observed(&TestStrategy::Count(3), &Progress::default(), &rests).assert_green();
    assert_eq!(rests.0.into_inner(), 3);
}

/// A strategy that runs nothing says so before anything is green, in a line that helps.
fn check_refused(strategy: TestStrategy) {
    let named = format!("the strategy {strategy:?} has no seed");
    let nobody = SimulationBuilder::new().workload("client", 1, async |_| panic!("never green"));
    let refused = catch_unwind(AssertUnwindSafe(|| run(&nobody, strategy)));
    let refused = refused.expect_err("there is nothing to run");
    let words = wavetank_core::panic_message(refused.as_ref());
    assert!(words.starts_with(&named) && words.ends_with("give it at least one"), "{words}");
    assert!(!words.contains('\n'), "{words}");
}

#[test]
fn a_strategy_without_seeds_is_refused() {
    check_refused(TestStrategy::Count(0));
    check_refused(TestStrategy::Seeds(Vec::new()));
    check_refused(TestStrategy::Range(5..5));
    check_refused(TestStrategy::UntilAllSometimesReached(0));
}

#[test]
fn a_strategy_says_how_many_seeds_it_has_at_most() {
    assert_eq!(TestStrategy::Seeds(vec![3, 4, 3]).most(), Some(2));
    assert_eq!(TestStrategy::Range(3..10).most(), Some(7));
    assert_eq!(TestStrategy::Count(5).most(), Some(5));
    assert_eq!(TestStrategy::UntilAllSometimesReached(5).most(), Some(5));
    assert_eq!(TestStrategy::TimeBudget(Duration::ZERO).most(), None);
}

#[test]
fn a_time_budget_runs_seeds_in_order_until_it_is_spent() {
    assert_eq!(seeds(TestStrategy::TimeBudget(Duration::ZERO)), [0], "one run fits into any budget");
    let budget = Duration::from_millis(50);
    let seeds = seeds(TestStrategy::TimeBudget(budget));
    assert!(seeds.len() > 1 && seeds.iter().enumerate().all(|(place, &seed)| seed == place as u64));
    let idle = SimulationBuilder::new().workload("idle", 1, async |_| {});
    let result = run(&idle, TestStrategy::TimeBudget(budget));
    assert!(result.real_time >= budget, "{:?}", result.real_time);
}

/// A simulation that reaches this binary's only assertion in about one of 200 seeds.
fn seldom() -> SimulationBuilder {
    SimulationBuilder::new().workload("gambler", 1, |context: SimContext| async move {
        let lucky = context.providers().random().below(200) == 0;
        sometimes_assert!(lucky, "the gambler wins");
    })
}

#[test]
fn all_sometimes_reached_ends_early_and_for_any_number_of_threads_at_the_same_seed() {
    let run = |threads| run(&seldom().with_threads(threads), TestStrategy::UntilAllSometimesReached(100_000));
    let one = run(1);
    assert!(one.all_sometimes_reached(), "{one}");
    assert!((64..5_000).contains(&one.seeds), "{} seeds", one.seeds);
    for threads in [2, 3, 8] {
        let many = run(threads);
        assert_eq!((many.seeds, many.digest(), many.polls), (one.seeds, one.digest(), one.polls), "{threads} threads");
    }
}

#[test]
fn all_sometimes_reached_ends_at_its_last_seed_if_something_is_not() {
    let idle = SimulationBuilder::new().workload("idle", 1, async |_| {});
    let result = run(&idle, TestStrategy::UntilAllSometimesReached(150));
    assert_eq!((result.seeds, result.all_sometimes_reached()), (150, false));
    assert!(result.is_green(), "that alone is not red: {result}");
    assert!(result.to_string().contains("the gambler wins"), "but it is said: {result}");
}

#[test]
fn a_cancelled_sweep_ends_with_what_it_has() {
    let progress = Arc::new(Progress::default());
    let cancel = progress.clone();
    let simulation = SimulationBuilder::new()
        .workload("canceller", 1, move |context: SimContext| {
            cancel.cancelled.store(context.seed() >= 10, std::sync::atomic::Ordering::Relaxed);
            async {}
        })
        .with_threads(1);
    let result = simulation.run_strategy(&TestStrategy::Count(1000), &progress);
    assert_eq!((result.seeds, progress.done.load(std::sync::atomic::Ordering::Relaxed)), (11, 11));
}

#[test]
fn seeds_are_read_from_text() {
    let seed = |text: &str| TestStrategy::parse_seed(text);
    assert_eq!(seed(" 18446744073709551615 "), Ok(TestStrategy::Seeds(vec![u64::MAX])));
    for bad in ["", "-1", "1.5", "0x10", "18446744073709551616", "many"] {
        assert_eq!(seed(bad), Err(SeedsError::NotASeed(bad.to_string())));
    }
    let seeds = |text: &str| TestStrategy::parse_seeds(text);
    assert_eq!(seeds("1000"), Ok(TestStrategy::Count(1000)));
    assert_eq!(seeds("5 .. 7"), Ok(TestStrategy::Range(5..7)));
    assert_eq!(seeds("0"), Err(SeedsError::Empty(0, 0)));
    assert_eq!(seeds("7..7"), Err(SeedsError::Empty(7, 7)));
    assert_eq!(seeds("7..5"), Err(SeedsError::Empty(7, 5)));
    for bad in ["", "..", "1..", "..5", "a..b", "1-5", "-3"] {
        assert_eq!(seeds(bad), Err(SeedsError::NotSeeds(bad.to_string())));
    }
}
