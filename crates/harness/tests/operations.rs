//! Operations of workloads: drawn, one decision each, and taken out one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    ARGUMENT, BoxError, Choice, OPERATION_COUNT, OperationRecord, Overrides, SimContext, SimulationBuilder,
    SimulationMetrics, Swarm, TestStrategy, WAIT, Workload, async_trait, name_key,
};

const VERBS: &[&str] = &["put", "get", "delete", "scan"];

async fn work(context: SimContext) {
    for mut operation in context.operations(10..=40, VERBS) {
        let (key, value) = (operation.below(8), operation.below(1000));
        operation.begin(|| format!("{} k{key}={value}", operation.verb()));
        let pause = operation.pause(Duration::from_millis(1), Duration::from_millis(50));
        context.providers().sleep(pause).await;
        operation.end(|| "done".to_string());
    }
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().workload("client", 3, work)
}

fn operations(simulation: &SimulationBuilder, seed: u64, overrides: Overrides) -> Vec<OperationRecord> {
    let record = simulation.run_seed(seed, overrides, None);
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    let told = &record.operations;
    assert!(told.iter().all(|one| one.answered.as_deref() == Some("done") && one.ended > Some(one.begun)));
    record.operations
}

/// What was asked by which decision.
fn asked(operations: &[OperationRecord]) -> BTreeMap<(String, u64), String> {
    operations.iter().map(|one| ((one.client.clone(), one.address.nth), one.asked.clone())).collect()
}

#[test]
fn there_are_as_many_as_were_drawn_and_all_verbs_are_among_them() {
    let counts: BTreeSet<usize> = (0..50)
        .flat_map(|seed| {
            let told = operations(&simulation(), seed, Overrides::new());
            let verbs: BTreeSet<&str> = told.iter().map(|one| one.verb.as_str()).collect();
            assert_eq!(verbs.len(), 4);
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            told.iter().for_each(|one| *counts.entry(one.client.clone()).or_default() += 1);
            counts.into_values()
        })
        .collect();
    assert!(counts.first() >= Some(&10) && counts.last() <= Some(&40) && counts.len() > 25, "{counts:?}");
}

#[test]
fn one_that_is_taken_out_changes_no_other() {
    let before = operations(&simulation(), 3, Overrides::new());
    for place in [0, before.len() / 2, before.len() - 1] {
        let mut overrides = Overrides::new();
        overrides.set(before[place].address, Choice::Benign);
        let after = operations(&simulation(), 3, overrides);
        let mut expected = asked(&before);
        expected.remove(&(before[place].client.clone(), before[place].address.nth));
        assert_eq!(asked(&after), expected);
    }
}

#[test]
fn who_waits_before_he_begins_does_all_the_same_later_and_nobody_else_does() {
    const WAITED: u64 = 7_000_000_000;
    let before = operations(&simulation(), 3, Overrides::new());
    let mut overrides = Overrides::new();
    overrides.set_in(WAIT, name_key("client-1"), 0, Choice::Draw(WAITED));
    for choice in [Choice::Benign, Choice::Kept] {
        overrides.set_in(WAIT, name_key("client-2"), 0, choice);
    }
    let after = operations(&simulation(), 3, overrides);
    assert_eq!(asked(&after), asked(&before));
    for one in &before {
        let other = after.iter().find(|other| other.address == one.address).expect("all is done");
        let later = if one.client == "client-1" { WAITED } else { 0 };
        assert_eq!((other.given, other.begun), (one.given + later, one.begun + later), "{}", one.client);
    }
}

#[test]
fn what_nobody_says_the_end_of_is_over_when_the_next_one_is_drawn() {
    let second = 1_000_000_000;
    let simulation =
        SimulationBuilder::new().with_leak_check(false).workload("client", 1, |context: SimContext| async move {
            for operation in context.operations(3, VERBS) {
                operation.begin(|| "asks".to_string());
                match operation.nth() {
                    0 => context.providers().sleep(Duration::from_secs(1)).await,
                    1 => operation.end(|| "done".to_string()),
                    _ => std::future::pending().await,
                }
            }
        });
    let told = simulation.run_seed(1, Overrides::new(), None).operations;
    let ends: Vec<(Option<u64>, Option<&str>)> = told.iter().map(|one| (one.ended, one.answered.as_deref())).collect();
    assert_eq!(ends, [(Some(second), None), (Some(second), Some("done")), (None, None)]);
}

#[test]
fn a_workload_object_waits_after_its_setup() {
    #[derive(Default)]
    struct Late(Duration);
    #[async_trait]
    impl Workload for Late {
        async fn setup(&mut self, context: &SimContext) -> Result<(), BoxError> {
            context.providers().sleep(Duration::from_secs(1)).await;
            self.0 = context.providers().now().since_origin();
            Ok(())
        }

        async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
            let waited = context.providers().now().since_origin() - self.0;
            assert_eq!(waited, Duration::from_secs(5), "it is told here");
            Ok(SimulationMetrics::default())
        }
    }
    let simulation = SimulationBuilder::new().workload_object("client", 1, Late::default);
    let mut overrides = Overrides::new();
    overrides.set_in(WAIT, name_key("client"), 0, Choice::Draw(5_000_000_000));
    assert!(simulation.run_seed(1, overrides, None).failures.is_empty());
    assert_eq!(simulation.run_seed(1, Overrides::new(), None).failures.len(), 1, "no seed waits");
}

#[test]
fn benign_is_few_and_small() {
    let mut overrides = Overrides::new();
    overrides.set_domain_benign(OPERATION_COUNT);
    overrides.set_domain_benign(ARGUMENT);
    let told = operations(&simulation(), 3, overrides);
    assert_eq!(told.len(), 30);
    assert!(
        told.iter().all(|one| one.asked.ends_with(" k0=0") && one.ended == Some(one.begun + 1_000_000)),
        "{told:?}"
    );
}

#[test]
fn alphabets_differ_from_run_to_run_in_a_swarm() {
    let simulation = simulation().with_swarm(Swarm::default());
    let alphabets: BTreeSet<BTreeSet<String>> = (0..100)
        .map(|seed| operations(&simulation, seed, Overrides::new()).into_iter().map(|one| one.verb).collect())
        .collect();
    assert!(alphabets.len() > 8, "{alphabets:?}");
    assert!(
        alphabets.iter().any(|alphabet| alphabet.len() == 4) && alphabets.iter().any(|alphabet| alphabet.len() == 1)
    );
}

#[test]
fn a_sweep_makes_no_words() {
    SimulationBuilder::new()
        .workload("client", 1, |context: SimContext| async move {
            for operation in context.operations(5, VERBS) {
                operation.begin(|| panic!("nobody reads this"));
                operation.end(|| panic!("nor this"));
            }
        })
        .with_strategy(TestStrategy::Count(5))
        .run()
        .assert_green();
}

#[test]
fn what_is_shared_is_one_value_of_a_run_and_forgotten_after_it() {
    let result = SimulationBuilder::new()
        .workload("client", 4, |context: SimContext| async move {
            context.shared::<Vec<u32>>().with(|list| list.push(context.number()));
            context.shared::<String>().with(|text| assert!(text.is_empty(), "another type, another value"));
        })
        .with_checker("everybody is on the list", |run| {
            let mut list = run.shared::<Vec<u32>>().with(|list| list.clone());
            list.sort_unstable();
            if list == [0, 1, 2, 3] { Ok(()) } else { Err(format!("{list:?}")) }
        })
        .with_strategy(TestStrategy::Count(5))
        .run();
    result.assert_green();
}

#[test]
fn a_checker_that_objects_or_panics_is_red_with_its_words() {
    let simulation = SimulationBuilder::new().workload("client", 1, |_: SimContext| async {});
    for checked in [
        simulation.clone().with_checker("judge", |_| Err::<(), _>("a hole in the history")),
        simulation.with_checker("judge", |_| panic!("a hole in the history")),
    ] {
        let failures = checked.run_seed(1, Overrides::new(), None).failures;
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert_eq!(failures[0].to_string(), "checker `judge`: a hole in the history");
    }
}

#[test]
fn a_signature_of_a_checker_leaves_out_what_it_tells_of_one_history() {
    let signature = |message: &'static str| {
        let checked = SimulationBuilder::new()
            .workload("client", 1, |_: SimContext| async {})
            .with_checker("judge", move |_| Err::<(), _>(message));
        checked.run_seed(1, Overrides::new(), None).failures[0].signature()
    };
    let one = signature("the history of \"k/1\" is wrong: no order explains `get -> 7`\nand more");
    assert_eq!(one, signature("the history of \"l/2\" is wrong: no order explains `put -> 9`"));
    assert_eq!(one.to_string(), "checker `judge`: the history of \"\" is wrong: no order explains ``");
    assert_ne!(one, signature("version 7 was given to #3 and to #5"));
}

#[test]
fn what_a_workload_draws_and_never_says_is_kept_by_its_verb() {
    let silent = SimulationBuilder::new().workload("client", 1, |context: SimContext| async move {
        for operation in context.operations(5..=9, VERBS) {
            context.providers().sleep(Duration::from_millis(10)).await;
            operation.end(|| format!("slept after {}", operation.verb()));
        }
    });
    let simulation = simulation().workload("late", 1, |context: SimContext| async move {
        // The last is drawn and never begun: of who begins others it never was.
        for operation in context.operations(2, VERBS) {
            if operation.nth() == 0 {
                operation.begin(|| "first".to_string());
            }
        }
    });
    let late = simulation.run_seed(3, Overrides::new(), None).operations;
    assert_eq!(late.iter().filter(|one| one.client == "late").map(|one| &*one.asked).collect::<Vec<_>>(), ["first"]);
    let before = silent.run_seed(3, Overrides::new(), None).operations;
    assert!(before.len() >= 5, "{before:?}");
    for (nth, one) in before.iter().enumerate() {
        assert_eq!((&*one.asked, one.begun), ("", 10_000_000 * nth as u64));
        assert_eq!(one.answered.as_deref(), Some(&*format!("slept after {}", one.verb)));
    }
    let mut overrides = Overrides::new();
    overrides.set(before[1].address, Choice::Benign);
    let after = silent.run_seed(3, overrides, None).operations;
    assert_eq!(after.len(), before.len() - 1);
    assert!(after.iter().all(|one| one.address != before[1].address));
}
