//! How far a run may go, and how one run of the engine ended. Says nothing of
//! whether the run was right.

use std::time::Duration;

/// The bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Records fired.
    pub events: u64,
    /// Tasks polled.
    pub polls: u64,
    /// Tasks polled without time moving forward: what a livelock reaches first.
    pub polls_per_instant: u64,
    /// Virtual time.
    pub time: Duration,
}

impl Default for Limits {
    /// 10^9 events and polls, 10^7 polls in one instant, an hour of virtual time.
    fn default() -> Self {
        Limits {
            events: 1_000_000_000,
            polls: 1_000_000_000,
            polls_per_instant: 10_000_000,
            time: Duration::from_secs(3600),
        }
    }
}

/// A bound of [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::events`].
    Events,
    /// [`Limits::polls`].
    Polls,
    /// [`Limits::polls_per_instant`].
    PollsPerInstant,
    /// [`Limits::time`].
    Time,
}

/// Why the engine stopped stepping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked for it.
    Requested,
    /// Nothing is ready and nothing is due.
    Idle,
    /// What is due next lies behind the time that the caller gave.
    Until,
    /// A bound was reached.
    Limit(Limit),
    /// A task panicked.
    Panic,
}
