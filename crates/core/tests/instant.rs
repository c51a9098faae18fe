//! Instants at the ends of time, and what is said of them.

use std::time::Duration;
use wavetank_core::{Instant, saturating_nanos};

const MOST: Duration = Duration::from_nanos(u64::MAX);

#[test]
fn arithmetic_saturates_at_both_ends() {
    let near = Instant::from_nanos(5);
    assert_eq!(near + MOST, Instant::MAX);
    assert_eq!(near - MOST, Instant::ZERO);
    assert_eq!(near - Duration::from_nanos(2), Instant::from_nanos(3));
    assert_eq!(near - Instant::MAX, Duration::ZERO);
    assert_eq!(Instant::MAX - near, Duration::from_nanos(u64::MAX - 5));
}

#[test]
fn an_instant_moves_in_place_as_it_does_by_value() {
    let mut instant = Instant::from_nanos(5);
    instant += Duration::from_nanos(7);
    assert_eq!(instant, Instant::from_nanos(12));
    instant -= Duration::from_nanos(2);
    assert_eq!(instant, Instant::from_nanos(10));
}

#[test]
fn durations_of_more_nanoseconds_than_there_are_saturate() {
    assert_eq!(saturating_nanos(MOST), u64::MAX);
    // Whole seconds fit, and the rest does not.
    assert_eq!(saturating_nanos(MOST + Duration::from_nanos(1)), u64::MAX);
    assert_eq!(saturating_nanos(Duration::MAX), u64::MAX);
    assert_eq!(saturating_nanos(Duration::new(2, 3)), 2_000_000_003);
}

#[test]
fn an_instant_reads_as_the_time_since_the_origin() {
    assert_eq!(format!("{:?}", Instant::from_nanos(1_500_000_000)), "1.5s");
}
