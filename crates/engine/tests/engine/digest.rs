//! A digest depends on every bit of what was folded, and on its order.

use std::collections::BTreeSet;
use wavetank_engine::{Digest, mix};

/// Numbers as runs fold them: small counts, times, and hashes.
fn folded(length: u64) -> Vec<(u64, u64)> {
    (0..length).map(|nth| if nth % 3 == 0 { (nth % 5, nth / 7) } else { (mix(nth, 1), nth << 32) }).collect()
}

fn digest(numbers: &[(u64, u64)]) -> Digest {
    let mut digest = Digest::EMPTY;
    numbers.iter().for_each(|&(one, other)| digest.fold(one, other));
    digest
}

#[test]
fn one_bit_that_differs_anywhere_makes_another_digest() {
    let numbers = folded(50);
    let mut digests = BTreeSet::from([digest(&numbers).to_string()]);
    for nth in 0..numbers.len() {
        for bit in 0..64 {
            for other in [false, true] {
                let mut changed = numbers.clone();
                let number = if other { &mut changed[nth].1 } else { &mut changed[nth].0 };
                *number ^= 1 << bit;
                assert!(digests.insert(digest(&changed).to_string()), "bit {bit} of number {nth}");
            }
        }
    }
}

#[test]
fn two_events_that_change_places_make_another_digest() {
    let numbers = folded(50);
    let mut digests = BTreeSet::from([digest(&numbers).to_string()]);
    for nth in 1..numbers.len() {
        let mut changed = numbers.clone();
        changed.swap(nth - 1, nth);
        assert!(digests.insert(digest(&changed).to_string()), "{nth}");
    }
}

#[test]
fn nothing_but_zeroes_counts_too() {
    let mut digest = Digest::EMPTY;
    let mut digests = BTreeSet::from([digest.to_string()]);
    for length in 1..1000 {
        digest.fold(0, 0);
        assert!(digests.insert(digest.to_string()), "{length} events of zeroes");
    }
}
