//! The steps of the guide's chapter "a small key-value store": each is red or green as the
//! chapter says.

mod hasty;

mod hopeful;
#[path = "../tank/mod.rs"]
mod tank;

use hasty::Hasty;
use hopeful::hopeful;
use small_kv::{Filed, Memory};
use tank::{judged, storm};
use wavetank_harness::{SimulationBuilder, TestStrategy};

const CHAPTER: &str = include_str!("../../../../docs/guide/kv.md");

/// Within so many seeds the simulation is red with these words, which stand in the
/// chapter.
fn red(simulation: SimulationBuilder, words: &str) {
    assert!(CHAPTER.contains(words), "the chapter does not say `{words}`");
    let result = simulation.with_strategy(TestStrategy::Count(300)).run();
    let first = result.red.iter().find(|run| run.failures[0].to_string().contains(words));
    println!("{words}: {} of {} seeds, first {:?}", result.red_count, result.seeds, first.map(|run| run.seed));
    assert!(first.is_some(), "{result}");
}

fn green(simulation: SimulationBuilder, seeds: u64) {
    simulation.with_strategy(TestStrategy::Count(seeds)).run().assert_green();
}

#[test]
fn without_a_storm_it_is_green() {
    let calm = tank::storm::<small_kv::Memory, _, _>(hopeful::hopeful).with_chaos(wavetank_harness::Chaos::none());
    calm.run().assert_green();
}

#[test]
fn memory_is_lost() {
    red(storm::<Memory, _, _>(hopeful), "a get gives what was put");
}

#[test]
fn no_answer_is_no_no() {
    red(storm::<Filed<_>, _, _>(hopeful), "a get gives what was put");
}

#[test]
fn slow_histories_are_linearizable() {
    green(judged::<Filed<_>>(), 500);
}

#[test]
fn a_missing_line_is_missed() {
    red(judged::<Hasty<_>>(), "histories are linearizable per key");
}
