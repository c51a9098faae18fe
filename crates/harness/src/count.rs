//! How many of a kind a run has: a number, or a range that each run draws from.

use std::ops::{Range, RangeInclusive};

/// A number of processes or workloads, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The fewest.
    pub low: u32,
    /// The most.
    pub high: u32,
}

impl Count {
    #[track_caller]
    fn new(low: u32, high: u32) -> Count {
        assert!(
            1 <= low && low <= high,
            "a count is at least one, and a range of counts is not empty: not {low}..={high}"
        );
        Count { low, high }
    }
}

impl From<u32> for Count {
    /// # Panics
    /// At zero.
    #[track_caller]
    fn from(count: u32) -> Count {
        Count::new(count, count)
    }
}

impl From<RangeInclusive<u32>> for Count {
    /// # Panics
    /// If the range is empty or begins with zero.
    #[track_caller]
    fn from(range: RangeInclusive<u32>) -> Count {
        Count::new(*range.start(), *range.end())
    }
}

impl From<Range<u32>> for Count {
    /// # Panics
    /// If the range is empty or begins with zero.
    #[track_caller]
    fn from(range: Range<u32>) -> Count {
        Count::new(range.start, range.end.saturating_sub(1))
    }
}
