//! Planned faults: how many of each kind, when, whom and for how long, all drawn
//! before the run begins. Applying them is the director's work.

use std::ops::RangeInclusive;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{Decisions, Domain, FaultKind, kinds, mix, name_key, scale};

/// How much goes wrong on purpose, and for how long. Plain data; everything is off
/// by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chaos {
    /// Faults begin within so much virtual time from the start; when it is over,
    /// everything is healed and restarted.
    pub window: Duration,
    /// How many processes crash; a process that is down already is not struck again.
    pub crashes: RangeInclusive<u32>,
    /// How many machines crash: their memory and page cache are lost.
    pub machine_crashes: RangeInclusive<u32>,
    /// How many machines lose power: as a crash, and what the disk had not
    /// persisted is torn.
    pub power_losses: RangeInclusive<u32>,
    /// How many processes stand still for a while.
    pub pauses: RangeInclusive<u32>,
    /// How many partitions there are: the machines fall into two halves that do not
    /// hear each other.
    pub partitions: RangeInclusive<u32>,
    /// How many links become slow for a while.
    pub slow_links: RangeInclusive<u32>,
    /// How long a crashed process is down, a pause, partition or slow link lasts.
    pub duration: RangeInclusive<Duration>,
    /// How much slower a slow link is.
    pub slowness: RangeInclusive<Duration>,
}

impl Default for Chaos {
    fn default() -> Self {
        Chaos {
            window: Duration::ZERO,
            crashes: 0..=0,
            machine_crashes: 0..=0,
            power_losses: 0..=0,
            pauses: 0..=0,
            partitions: 0..=0,
            slow_links: 0..=0,
            duration: Duration::from_millis(10)..=Duration::from_secs(5),
            slowness: Duration::from_millis(10)..=Duration::from_millis(500),
        }
    }
}

impl Chaos {
    /// No planned fault.
    pub fn none() -> Chaos {
        Chaos::default()
    }

    /// Up to three of each kind within `window`.
    pub fn storm(window: Duration) -> Chaos {
        Chaos {
            window,
            crashes: 0..=3,
            machine_crashes: 0..=2,
            power_losses: 0..=2,
            pauses: 0..=2,
            partitions: 0..=3,
            slow_links: 0..=3,
            ..Chaos::default()
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.counts().iter().all(|(_, range)| *range.end() == 0)
    }

    fn counts(&self) -> [(Strike, &RangeInclusive<u32>); 6] {
        [
            (Strike::Crash, &self.crashes),
            (Strike::MachineCrash, &self.machine_crashes),
            (Strike::PowerLoss, &self.power_losses),
            (Strike::Pause, &self.pauses),
            (Strike::Partition, &self.partitions),
            (Strike::SlowLink, &self.slow_links),
        ]
    }
}

/// What a planned fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strike {
    Crash,
    MachineCrash,
    PowerLoss,
    Pause,
    Partition,
    SlowLink,
}

impl Strike {
    pub(crate) fn kind(self) -> &'static FaultKind {
        match self {
            Strike::Crash => &kinds::CRASH,
            Strike::MachineCrash => &kinds::MACHINE_CRASH,
            Strike::PowerLoss => &kinds::POWER_LOSS,
            Strike::Pause => &kinds::PAUSE,
            Strike::Partition => &wavetank_network::kinds::PARTITION,
            Strike::SlowLink => &wavetank_network::kinds::SLOW,
        }
    }
}

/// One planned fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Planned {
    /// Nanoseconds of global virtual time.
    pub(crate) time: u64,
    pub(crate) strike: Strike,
    /// Which of its kind.
    pub(crate) nth: u64,
    /// How long it lasts, in nanoseconds.
    pub(crate) duration: u64,
    /// Bits to choose the target from.
    pub(crate) target: u64,
    /// How much slower, in nanoseconds.
    pub(crate) slowness: u64,
}

// What a fault's one draw is spread by. Neighbouring numbers would not do: products of
// neighbours are neighbours too.
const TIME: u64 = name_key("time");
const DURATION: u64 = name_key("duration");
const TARGET: u64 = name_key("target");
const SLOWNESS: u64 = name_key("slowness");

/// The entity of planned faults in their kinds' domains.
pub(crate) const PLAN: u64 = 0x706c_616e;
const HOW_MANY: Domain = Domain::new("chaos.count");

impl Chaos {
    /// The faults of a run, in the order of time. One that was overridden to be
    /// benign is not among them, and moves no other.
    pub(crate) fn plan(&self, decisions: &Decisions) -> Vec<Planned> {
        let nanos =
            |range: &RangeInclusive<Duration>| (saturating_nanos(*range.start()), saturating_nanos(*range.end()));
        let (duration, slowness) = (nanos(&self.duration), nanos(&self.slowness));
        let window = saturating_nanos(self.window);
        let mut plan = Vec::new();
        for (strike, range) in self.counts() {
            let domain = strike.kind().domain();
            let (fewest, most) = (u64::from(*range.start()), u64::from(*range.end()));
            let count = decisions.within(HOW_MANY, domain.key(), 0, fewest, most);
            for nth in 0..count {
                let Some(draw) = decisions.draw(domain, PLAN, nth) else { continue };
                plan.push(Planned {
                    time: scale(mix(draw, TIME), 0, window),
                    strike,
                    nth,
                    duration: scale(mix(draw, DURATION), duration.0, duration.1.max(duration.0)),
                    target: mix(draw, TARGET),
                    slowness: scale(mix(draw, SLOWNESS), slowness.0, slowness.1.max(slowness.0)),
                });
            }
        }
        plan.sort_unstable();
        plan
    }
}
