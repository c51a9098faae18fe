//! The counter service in the tank, a few seeds of each simulation.

mod tank;

use wavetank_harness::TestStrategy;

#[test]
fn slow_no_acknowledged_increment_is_lost() {
    let result = tank::counter(None).with_strategy(TestStrategy::Count(200)).run();
    result.assert_green();
    assert!(result.metrics.get("acknowledged") > 1_000 && result.metrics.get("ambiguous") > 10, "{result}");
}

#[test]
fn slow_all_paths_are_reached() {
    let result = tank::counter_hostile(None).with_strategy(TestStrategy::UntilAllSometimesReached(4_000)).run();
    result.assert_green();
    assert!(result.all_sometimes_reached(), "{result}");
}

#[test]
fn a_seed_is_one_run() {
    let simulation = tank::counter_hostile(None).with_strategy(TestStrategy::Count(20));
    let (one, two) = (simulation.clone().with_threads(1).run(), simulation.with_threads(2).run());
    assert_eq!(one.digest(), two.digest());
}

#[cfg(feature = "bugs")]
#[test]
fn slow_acknowledging_before_the_sync_is_found() {
    let bug = counter::Bug::named("acknowledge-before-sync").expect("it is compiled in");
    let found = tank::counter(Some(bug)).with_strategy(TestStrategy::Count(1_000)).run();
    let first = found.red.first().expect("the bug is found within 1,000 seeds").seed;
    println!("found first by seed {first}, by {} of {} seeds", found.red_count, found.seeds);
    assert!(found.signatures.keys().any(|signature| signature.to_string().contains("is taken back")), "{found}");
    tank::counter(None).with_strategy(TestStrategy::Count(first + 1)).run().assert_green();
}
