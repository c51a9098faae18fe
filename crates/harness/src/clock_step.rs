//! A jump of a wall clock that a test asks for. Whose clock, and when, it does not know.

use std::time::Duration;
use wavetank_core::saturating_nanos;

/// How a wall clock jumps: [`Tank::step_clock`](crate::Tank::step_clock),
/// [`Injector::step_clock`](crate::Injector::step_clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockStep {
    /// So far into the future.
    Ahead(Duration),
    /// So far into the past, and not beyond 1970.
    Back(Duration),
}

impl ClockStep {
    /// Nanoseconds, negative into the past; the most are 292 years.
    pub(crate) fn nanos(self) -> i64 {
        let nanos = |by| i64::try_from(saturating_nanos(by)).unwrap_or(i64::MAX);
        match self {
            ClockStep::Ahead(by) => nanos(by),
            ClockStep::Back(by) => -nanos(by),
        }
    }
}
