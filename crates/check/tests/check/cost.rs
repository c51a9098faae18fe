//! What a check costs, in configurations, which no machine and no load changes.

use crate::intervals::history;
use crate::random::{Dice, Recipe, VersionedSpan, Versions, spans};
use wavetank_check::{KeyValue, Keyed, Limits, Verdict, VersionedRegister, linearizable};

fn recipe(operations: u32, lost_one_in: u64) -> Recipe {
    Recipe { clients: 5, operations, lost_one_in, false_one_in: 0, values: 1_000 }
}

/// How many configurations a legal history of one register takes.
fn explored(seed: u64, recipe: &Recipe) -> u64 {
    let history = history(spans(&mut Dice(seed), recipe, Versions::default()));
    match linearizable(&VersionedRegister::default(), &history, Limits::default()) {
        Verdict::Linearizable { explored } => explored,
        other => panic!("seed {seed}: {other}"),
    }
}

#[test]
fn without_losses_it_is_close_to_one_configuration_an_operation() {
    for seed in 0..5 {
        let explored = explored(seed, &recipe(5_000, 0));
        assert!((5_000..10_000).contains(&explored), "seed {seed}: {explored} for 5,000 operations of 5 clients");
    }
}

#[test]
fn twice_the_history_is_twice_the_work() {
    for seed in 0..3 {
        let (one, two) = (explored(seed, &recipe(2_000, 50)), explored(seed, &recipe(4_000, 50)));
        assert!(two < 3 * one, "seed {seed}: {one} for 2,000 operations, {two} for 4,000");
    }
}

#[test]
fn many_lost_answers_are_borne() {
    for seed in 0..3 {
        let explored = explored(seed, &recipe(1_000, 10));
        assert!(explored < 100_000, "seed {seed}: {explored} for 1,000 operations, a tenth of them lost");
    }
}

#[test]
fn keys_cost_what_they_cost_alone() {
    let mut together = Vec::new();
    let mut alone = 0;
    for key in 0..4u64 {
        let spans: Vec<VersionedSpan> = spans(&mut Dice(key), &recipe(500, 0), Versions::default());
        alone += explored(key, &recipe(500, 0));
        together.extend(spans.into_iter().map(|span| crate::intervals::Span {
            client: span.client,
            op: Keyed::<u64, _>::new(key, span.op),
            // Side by side, and no two at once.
            from: span.from * 4 + key,
            answer: span.answer.map(|(to, ret)| (to * 4 + key, ret)),
        }));
    }
    let verdict = linearizable(&KeyValue::<u64, u64>::default(), &history(together), Limits::default());
    assert_eq!(verdict, Verdict::Linearizable { explored: alone });
}
