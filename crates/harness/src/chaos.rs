//! Planned faults: how many of each kind, for how long, and in which rhythm. What a run
//! makes of it is planned elsewhere, and carried out by the director.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How much goes wrong on purpose, and for how long. Plain data; everything is off
/// by default.
///
/// A run goes through `warm`, then `cycles` times through a window of faults and a quiet
/// time after it. In the quiet time every fault, planned or drawn, is benign, so that a
/// demand for progress is fair.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Virtual time of load before the first window, in which the world is quiet.
    pub warm: Duration,
    /// Faults begin within so much virtual time from the start of their cycle. Faults
    /// that are drawn and not planned strike in it too, and no longer.
    pub window: Duration,
    /// How often there is a window, and quiet after it.
    pub cycles: RangeInclusive<u32>,
    /// Within so much time after a window, what is still wrong ends, one thing after
    /// another; with zero, all at once.
    pub taper: Duration,
    /// Quiet time until progress is demanded: for retransmissions and backoffs to pass. As
    /// much again for everybody to come back after the last restart, if no check takes time.
    pub settle: Duration,
    /// How many processes crash; a process that is down already is not struck again.
    pub crashes: RangeInclusive<u32>,
    /// How many machines crash: their memory and page cache are lost.
    pub machine_crashes: RangeInclusive<u32>,
    /// How many machines lose power: as a crash, and what the disk had not
    /// persisted is torn.
    pub power_losses: RangeInclusive<u32>,
    /// How many processes stand still for a while.
    pub pauses: RangeInclusive<u32>,
    /// How many partitions there are: two halves that do not hear each other, one machine
    /// alone, one half that is not heard, or two halves that one machine bridges.
    pub partitions: RangeInclusive<u32>,
    /// How many links become slow for a while.
    pub slow_links: RangeInclusive<u32>,
    /// How many links hold everything for a while, then let it go.
    pub clogs: RangeInclusive<u32>,
    /// How many wall clocks jump, and jump back later.
    pub clock_steps: RangeInclusive<u32>,
    /// How many clocks run fast or slow for a while.
    pub clock_skews: RangeInclusive<u32>,
    /// How long a crashed process is down, and everything else lasts.
    pub duration: RangeInclusive<Duration>,
    /// How much slower a slow link is. What has departed on it is as late as that even when
    /// it is quiet by then: with less than `settle`, a demand for progress is fair.
    pub slowness: RangeInclusive<Duration>,
    /// How far a wall clock jumps, either way.
    pub clock_step: RangeInclusive<Duration>,
    /// How fast or slow a skewed clock runs, in parts per million; 50,000 at most.
    pub clock_skew_ppm: RangeInclusive<u32>,
}

impl Default for Chaos {
    fn default() -> Self {
        Chaos {
            warm: Duration::ZERO,
            window: Duration::ZERO,
            cycles: 1..=1,
            taper: Duration::ZERO,
            settle: Duration::from_secs(10),
            crashes: 0..=0,
            machine_crashes: 0..=0,
            power_losses: 0..=0,
            pauses: 0..=0,
            partitions: 0..=0,
            slow_links: 0..=0,
            clogs: 0..=0,
            clock_steps: 0..=0,
            clock_skews: 0..=0,
            duration: Duration::from_millis(10)..=Duration::from_secs(5),
            slowness: Duration::from_millis(10)..=Duration::from_millis(500),
            clock_step: Duration::from_millis(100)..=Duration::from_secs(3600),
            clock_skew_ppm: 10..=500,
        }
    }
}

impl Chaos {
    /// No planned fault.
    pub fn none() -> Chaos {
        Chaos::default()
    }

    /// Up to three of each kind in each ten seconds of `window`, or what was begun of them; once,
    /// and clocks are left alone. A window of more than a day has as many as a day.
    pub fn storm(window: Duration) -> Chaos {
        let spells = window.as_nanos().div_ceil(SPELL.as_nanos()).clamp(1, SPELLS_MOST) as u32;
        let up_to = |most: u32| 0..=most * spells;
        Chaos {
            window,
            crashes: up_to(3),
            machine_crashes: up_to(2),
            power_losses: up_to(2),
            pauses: up_to(2),
            partitions: up_to(3),
            slow_links: up_to(3),
            clogs: up_to(2),
            ..Chaos::default()
        }
    }

    /// Whether there is nothing to plan: no fault, and no window for those that are drawn.
    pub fn is_none(&self) -> bool {
        self.window.is_zero()
    }

    /// Says whether the figures make sense.
    ///
    /// # Errors
    /// If not, in one line that says what to do.
    pub fn validate(&self) -> Result<(), ChaosError> {
        let check = |holds: bool, error: ChaosError| if holds { Ok(()) } else { Err(error) };
        let counts = [
            (&self.crashes, "crashes"),
            (&self.machine_crashes, "machine_crashes"),
            (&self.power_losses, "power_losses"),
            (&self.pauses, "pauses"),
            (&self.partitions, "partitions"),
            (&self.slow_links, "slow_links"),
            (&self.clogs, "clogs"),
            (&self.clock_steps, "clock_steps"),
            (&self.clock_skews, "clock_skews"),
        ];
        for (range, name) in counts {
            check(!range.is_empty(), ChaosError::Empty(name))?;
            check(*range.end() == 0 || !self.window.is_zero(), ChaosError::NoWindow(name))?;
        }
        check(!self.cycles.is_empty() && *self.cycles.start() > 0, ChaosError::NoCycle)?;
        let faults = counts.iter().map(|(range, _)| u64::from(*range.end())).sum::<u64>().max(1);
        let asked = faults.saturating_mul(u64::from(*self.cycles.end()));
        check(asked <= FAULTS_MOST, ChaosError::TooMany(asked))?;
        check(!self.duration.is_empty(), ChaosError::Empty("duration"))?;
        check(!self.slowness.is_empty(), ChaosError::Empty("slowness"))?;
        check(!self.clock_step.is_empty(), ChaosError::Empty("clock_step"))?;
        check(!self.clock_skew_ppm.is_empty(), ChaosError::Empty("clock_skew_ppm"))?;
        check(*self.clock_skew_ppm.end() <= SKEW_PPM_MOST, ChaosError::Skew(*self.clock_skew_ppm.end()))
    }
}

/// The stretch of a storm that has up to three faults of a kind.
const SPELL: Duration = Duration::from_secs(10);
/// The most such stretches that a storm's faults are counted for: a day's.
const SPELLS_MOST: u128 = 24 * 60 * 6;

/// The most that a clock may be skewed, in parts per million.
const SKEW_PPM_MOST: u32 = (wavetank_engine::RATE_PPB_MOST / 1000) as u32;

/// The most faults, or cycles without any, that a run's plan has room for: all is planned before
/// the run begins.
const FAULTS_MOST: u64 = 1_000_000;

/// What is wrong with a [`Chaos`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChaosError {
    /// A range is empty.
    #[error("the range of `Chaos::{0}` is empty: begin with the smaller number")]
    Empty(&'static str),
    /// Faults are asked for, and there is no time for them.
    #[error("`Chaos::{0}` asks for faults, but `Chaos::window` is zero: say within how much time they strike")]
    NoWindow(&'static str),
    /// A plan would not fit into memory.
    #[error("`Chaos` asks for up to {0} faults or cycles in a run: 1,000,000 at most, in all of `Chaos::cycles`")]
    TooMany(u64),
    /// There is no cycle.
    #[error("`Chaos::cycles` is at least one")]
    NoCycle,
    /// A clock would run too wrong.
    #[error("`Chaos::clock_skew_ppm` is 50,000 at most, not {0}")]
    Skew(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_that_lasts_longer_has_more_faults() {
        let check = |window, crashes, clogs| {
            let storm = Chaos::storm(window);
            assert_eq!((storm.crashes.clone(), storm.clogs.clone()), (0..=crashes, 0..=clogs), "{window:?}");
            assert_eq!(storm.validate(), Ok(()), "{window:?}");
        };
        check(Duration::from_millis(1), 3, 2);
        check(Duration::from_secs(10), 3, 2);
        check(Duration::from_millis(10_001), 6, 4);
        check(Duration::from_secs(60), 18, 12);
        check(Duration::from_secs(24 * 3600), 25_920, 17_280);
        check(Duration::MAX, 25_920, 17_280);
    }
}
