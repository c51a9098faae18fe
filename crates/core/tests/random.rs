//! Numbers below a bound, drawn from a stream that the test writes.

use std::sync::{Arc, Mutex};
use wavetank_core::RandomProvider;

/// Gives these numbers, the last first.
#[derive(Clone)]
struct Script(Arc<Mutex<Vec<u64>>>);

fn script(numbers: &[u64]) -> Script {
    Script(Arc::new(Mutex::new(numbers.iter().rev().copied().collect())))
}

impl RandomProvider for Script {
    fn next_u64(&self) -> u64 {
        self.0.lock().expect("one thread").pop().expect("no number more is drawn")
    }
}

#[test]
fn a_number_that_would_be_too_frequent_is_drawn_again() {
    // Of 2^64 numbers 2^63 - 1 are too many for this bound, zero among them.
    let bound = (1 << 63) + 1;
    assert_eq!(script(&[0, u64::MAX]).below(bound), bound - 1);
    assert_eq!(script(&[u64::MAX]).below(1), 0);
    assert_eq!(script(&[u64::MAX]).below(10), 9);
}

#[test]
fn a_ratio_of_nothing_is_never_met_and_of_all_always() {
    assert!(!script(&[1]).ratio(0, 5));
    assert!(script(&[1]).ratio(1, 5) && !script(&[1 << 62]).ratio(1, 5));
    assert!(script(&[u64::MAX]).ratio(5, 5));
}

#[test]
#[should_panic = "there is no number below zero"]
fn nothing_is_below_zero() {
    script(&[7]).below(0);
}
