//! The streams of application randomness and of entropy: whose they are, and what the dead draw.

use crate::basin::{Basin, Process, fifo};
use std::collections::BTreeSet;
use wavetank_core::{EntropyProvider, RandomProvider};
use wavetank_engine::{SimEntropy, SimRandomProvider};

/// The next number of each of a process's two streams.
fn next(process: Process) -> [u64; 2] {
    let mut bytes = [0; 8];
    SimEntropy::new(process.home).fill(&mut bytes).expect("there is entropy");
    [SimRandomProvider::new(process.home).next_u64(), u64::from_le_bytes(bytes)]
}

#[test]
fn each_incarnation_of_each_node_has_streams_of_its_own() {
    let mut basin = Basin::new(2);
    let mut seen = BTreeSet::new();
    for seed in 1..=2 {
        basin.begin(seed, &fifo());
        for node in [0, 1, 0, 1] {
            let process = basin.boot(node);
            seen.extend(basin.world.enter(|| next(process)));
            basin.crash(node);
        }
    }
    assert_eq!(seen.len(), 2 * 4 * 2, "of two seeds, four processes and two streams each");
}

#[test]
fn what_an_incarnation_draws_shifts_nothing_in_the_next() {
    let second = |draws: usize| {
        let mut basin = Basin::new(1);
        let process = basin.boot(0);
        basin.world.enter(|| (0..draws).for_each(|_| _ = next(process)));
        basin.crash(0);
        let process = basin.boot(0);
        basin.world.enter(|| next(process))
    };
    assert_eq!(second(0), second(3));
}

#[test]
fn the_dead_draw_other_numbers_each_time_and_the_same_in_a_used_world() {
    let draw = |basin: &mut Basin| {
        basin.begin(1, &fifo());
        let process = basin.boot(0);
        basin.crash(0);
        basin.world.enter(|| [next(process), next(process)])
    };
    let mut basin = Basin::new(1);
    let fresh = draw(&mut basin);
    assert_ne!(fresh[0], fresh[1], "or a loop over them would have no end");
    assert_eq!(draw(&mut basin), fresh);
}
