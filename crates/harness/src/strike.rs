//! The kinds of planned faults: which kind of fault each is, and which figure of the
//! chaos says how many there are. Plans none of them.

use crate::chaos::Chaos;
use std::ops::RangeInclusive;
use wavetank_engine::{FaultKind, kinds};

/// A kind of planned fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strike {
    Crash,
    MachineCrash,
    PowerLoss,
    Pause,
    Partition,
    SlowLink,
    Clog,
    ClockStep,
    ClockSkew,
}

impl Strike {
    pub(crate) const ALL: [Strike; 9] = [
        Strike::Crash,
        Strike::MachineCrash,
        Strike::PowerLoss,
        Strike::Pause,
        Strike::Partition,
        Strike::SlowLink,
        Strike::Clog,
        Strike::ClockStep,
        Strike::ClockSkew,
    ];

    pub(crate) fn kind(self) -> &'static FaultKind {
        match self {
            Strike::Crash => &kinds::CRASH,
            Strike::MachineCrash => &kinds::MACHINE_CRASH,
            Strike::PowerLoss => &kinds::POWER_LOSS,
            Strike::Pause => &kinds::PAUSE,
            Strike::Partition => &wavetank_network::kinds::PARTITION,
            Strike::SlowLink => &wavetank_network::kinds::SLOW,
            Strike::Clog => &wavetank_network::kinds::CLOG,
            Strike::ClockStep => &kinds::CLOCK_STEP,
            Strike::ClockSkew => &kinds::CLOCK_SKEW,
        }
    }

    pub(crate) fn count(self, chaos: &Chaos) -> &RangeInclusive<u32> {
        match self {
            Strike::Crash => &chaos.crashes,
            Strike::MachineCrash => &chaos.machine_crashes,
            Strike::PowerLoss => &chaos.power_losses,
            Strike::Pause => &chaos.pauses,
            Strike::Partition => &chaos.partitions,
            Strike::SlowLink => &chaos.slow_links,
            Strike::Clog => &chaos.clogs,
            Strike::ClockStep => &chaos.clock_steps,
            Strike::ClockSkew => &chaos.clock_skews,
        }
    }

    pub(crate) fn count_mut(self, chaos: &mut Chaos) -> &mut RangeInclusive<u32> {
        match self {
            Strike::Crash => &mut chaos.crashes,
            Strike::MachineCrash => &mut chaos.machine_crashes,
            Strike::PowerLoss => &mut chaos.power_losses,
            Strike::Pause => &mut chaos.pauses,
            Strike::Partition => &mut chaos.partitions,
            Strike::SlowLink => &mut chaos.slow_links,
            Strike::Clog => &mut chaos.clogs,
            Strike::ClockStep => &mut chaos.clock_steps,
            Strike::ClockSkew => &mut chaos.clock_skews,
        }
    }
}
