//! Contracts of application randomness and of entropy. That a seed repeats its numbers
//! is the simulation's own promise: the real world has no seed.

use crate::Stage;
use std::collections::BTreeSet;
use wavetank_core::{EntropyProvider, Providers, RandomProvider};

/// Every bit of a random number is 0 and 1 at times.
pub async fn every_bit_of_a_random_number_varies<P: Providers>(stage: Stage<P>) {
    let (mut any, mut all) = (0, u64::MAX);
    for _ in 0..256 {
        let number = stage.a.world.random().next_u64();
        any |= number;
        all &= number;
    }
    assert_eq!((any, all), (u64::MAX, 0));
}

/// Numbers below a bound are below it, and reach all of them.
pub async fn numbers_below_a_bound_reach_all_of_them<P: Providers>(stage: Stage<P>) {
    let seen: BTreeSet<u64> = (0..1_000).map(|_| stage.a.world.random().below(7)).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(stage.a.world.random().below(1), 0);
}

/// A ratio is met, and exactly so at none and all.
pub async fn a_ratio_is_met<P: Providers>(stage: Stage<P>) {
    let count =
        |numerator, denominator| (0..4_000).filter(|_| stage.a.world.random().ratio(numerator, denominator)).count();
    assert_eq!(count(0, 5), 0);
    assert_eq!(count(5, 5), 4_000);
    // Ten standard deviations (27) around 1,000.
    assert!((730..1_270).contains(&count(1, 4)));
}

/// Clones and forks of a random provider do not repeat each other.
pub async fn clones_and_forks_do_not_repeat_each_other<P: Providers>(stage: Stage<P>) {
    use wavetank_core::rand_core::Rng;
    let random = stage.a.world.random();
    let clone = random.clone();
    let (mut one, mut other) = (random.fork(), clone.fork());
    let numbers = [random.next_u64(), clone.next_u64(), one.next_u64(), other.next_u64()];
    assert_eq!(BTreeSet::from(numbers).len(), 4, "{numbers:x?}");
}

/// Two hosts draw different numbers.
pub async fn the_hosts_draw_different_numbers<P: Providers>(stage: Stage<P>) {
    let there = stage.b.run(async |host| host.world.random().next_u64()).end().await;
    assert_ne!(stage.a.world.random().next_u64(), there);
}

/// Entropy fills all bytes, and differs each time.
pub async fn entropy_fills_all_it_is_given<P: Providers>(stage: Stage<P>) {
    let entropy = stage.a.world.entropy();
    let mut seen = [0u8; 67];
    for _ in 0..16 {
        let mut bytes = [0; 67];
        entropy.fill(&mut bytes).expect("there is entropy");
        seen.iter_mut().zip(bytes).for_each(|(seen, byte)| *seen |= byte);
    }
    assert!(seen.iter().all(|seen| *seen != 0), "a byte stayed zero 16 times");
    entropy.fill(&mut []).expect("nothing was asked for");
    let (mut one, mut other) = ([0; 16], [0; 16]);
    entropy.fill(&mut one).expect("there is entropy");
    entropy.fill(&mut other).expect("there is entropy");
    assert_ne!(one, other);
}
