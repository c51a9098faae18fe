//! Ping-pong in the tank, a few seeds of each simulation.

mod tank;

use wavetank_harness::TestStrategy;

#[test]
fn slow_all_paths_are_reached() {
    let result = tank::ping_pong(None).with_strategy(TestStrategy::UntilAllSometimesReached(1_000)).run();
    result.assert_green();
    assert!(result.all_sometimes_reached(), "{result}");
}

#[test]
fn slow_a_hostile_network_is_survived() {
    let result = tank::ping_pong_hostile(None).with_strategy(TestStrategy::Count(100)).run();
    result.assert_green();
    assert!(result.metrics.get("answered") > 1_000, "{result}");
}

#[test]
fn without_faults_every_ping_is_answered_at_once() {
    for size in [1, 10] {
        let result = tank::simulation("calm", size, None).with_strategy(TestStrategy::Count(10)).run();
        result.assert_green();
        assert_eq!(result.metrics.get("failed"), 0, "{result}");
    }
}

#[test]
fn a_seed_is_one_run() {
    let simulation = tank::ping_pong_hostile(None).with_strategy(TestStrategy::Count(20));
    let (one, two) = (simulation.clone().with_threads(1).run(), simulation.with_threads(2).run());
    assert_eq!(one.digest(), two.digest());
}

#[cfg(feature = "bugs")]
#[test]
fn slow_taking_any_answer_is_found() {
    let bug = ping_pong::Bug::named("take-any-answer").expect("it is compiled in");
    let found = tank::ping_pong(Some(bug)).with_strategy(TestStrategy::Count(1_000)).run();
    let first = found.red.first().expect("the bug is found within 1,000 seeds").seed;
    assert!(
        found.signatures.keys().any(|signature| signature.to_string().contains("a pong has its ping's number")),
        "{found}"
    );
    tank::ping_pong(None).with_strategy(TestStrategy::Seeds(vec![first])).run().assert_green();
}
