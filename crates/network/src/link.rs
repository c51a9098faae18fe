//! The links between machines: how long a packet takes, and which directions are
//! cut or slow. Decides, and changes no connection.

use crate::config::NetworkConfig;
use crate::kinds::{CLOG, DELAY_SPIKE, PARTITION, SEGMENT_LOSS, SLOW, mark};
use std::collections::BTreeMap;
use wavetank_engine::{Domain, Kernel, MachineId, Target};

/// The domain of a packet's time on its way.
pub(crate) const LATENCY: Domain = Domain::new("network.latency");

/// A time that no run reaches, 146 years. A link is never slower and never holds for longer,
/// so that what is due then still has its place among other times.
const ENDLESS: u64 = 1 << 62;

/// The way from one machine to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) from: MachineId,
    pub(crate) to: MachineId,
}

impl Path {
    /// Whether it never leaves the machine: such a path is never cut and never slow.
    #[inline]
    pub(crate) fn is_loopback(self) -> bool {
        self.from == self.to
    }

    /// The structural name of this direction.
    pub(crate) fn entity(self) -> u64 {
        u64::from(self.from.0) << 32 | u64::from(self.to.0)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Link {
    cut: bool,
    extra: u64,
    /// What departs before this is held until then.
    held_until: u64,
}

impl Link {
    fn is_disturbed(self) -> bool {
        self.cut || self.extra > 0 || self.held_until > 0
    }
}

/// What a packet's way will be like, drawn as it departs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) nanos: u64,
    /// It will not arrive.
    pub(crate) lost: bool,
    /// The kinds of fault that have touched it.
    pub(crate) marks: u16,
}

/// The links that differ from the configuration.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: BTreeMap<Path, Link>,
    disturbed: usize,
}

impl Links {
    pub(crate) fn reset(&mut self) {
        // To clear a map is to take it apart, an empty one too.
        if !self.links.is_empty() {
            self.links.clear();
        }
        self.disturbed = 0;
    }

    /// Whether any link is cut or slow.
    #[inline]
    pub(crate) fn is_disturbed(&self) -> bool {
        self.disturbed > 0
    }

    #[inline]
    pub(crate) fn is_cut(&self, path: Path) -> bool {
        self.disturbed_link(path).is_some_and(|link| link.cut)
    }

    #[inline]
    pub(crate) fn extra(&self, path: Path) -> u64 {
        self.disturbed_link(path).map_or(0, |link| link.extra)
    }

    /// Cuts a direction or mends it. Whether it was not so before.
    pub(crate) fn set_cut(&mut self, path: Path, cut: bool) -> bool {
        self.change(path, |link| std::mem::replace(&mut link.cut, cut) != cut)
    }

    /// Makes a direction slower by so many nanoseconds, 0 for none. Whether it was not so slow before.
    pub(crate) fn set_extra(&mut self, path: Path, nanos: u64) -> bool {
        let nanos = nanos.min(ENDLESS);
        self.change(path, |link| std::mem::replace(&mut link.extra, nanos) != nanos && nanos > 0)
    }

    /// What is still to wait for what departs at `now`.
    #[inline]
    pub(crate) fn hold(&self, path: Path, now: u64) -> u64 {
        self.disturbed_link(path).map_or(0, |link| link.held_until.saturating_sub(now))
    }

    /// What is known of a direction, if any is disturbed.
    #[inline]
    fn disturbed_link(&self, path: Path) -> Option<&Link> {
        if self.disturbed == 0 { None } else { self.find(path) }
    }

    #[cold]
    fn find(&self, path: Path) -> Option<&Link> {
        self.links.get(&path)
    }

    /// Holds what departs from now on until that time; 0 ends that.
    pub(crate) fn set_held(&mut self, path: Path, until: u64) {
        let until = until.min(ENDLESS);
        self.change(path, |link| {
            link.held_until = until;
            until > 0
        });
    }

    /// The directions that are cut, slow or clogged.
    pub(crate) fn disturbed(&self) -> Vec<Path> {
        self.links.iter().filter(|(_, link)| link.is_disturbed()).map(|(&path, _)| path).collect()
    }

    fn change(&mut self, path: Path, change: impl FnOnce(&mut Link) -> bool) -> bool {
        let link = self.links.entry(path).or_default();
        let before = link.is_disturbed();
        let is_fault = change(link);
        let after = link.is_disturbed();
        self.disturbed = self.disturbed + usize::from(after) - usize::from(before);
        is_fault
    }

    /// The time on the way without any fault.
    #[inline]
    pub(crate) fn latency(config: &NetworkConfig, kernel: &Kernel, path: Path, entity: u64, nth: u64) -> u64 {
        if path.is_loopback() {
            return config.loopback_latency;
        }
        kernel.decisions().within(LATENCY, entity, nth, config.latency_min, config.latency_max)
    }

    /// An acknowledgement's time on the way: the shortest there is, so that nothing is drawn for it.
    #[inline]
    pub(crate) fn latency_of_ack(&self, config: &NetworkConfig, path: Path, now: u64) -> u64 {
        if path.is_loopback() {
            return config.loopback_latency;
        }
        config.latency_min.saturating_add(self.extra(path)).saturating_add(self.hold(path, now))
    }

    /// Decides about a segment that departs, faults included if it is a rough time.
    #[inline]
    pub(crate) fn depart(
        &self,
        is_rough: bool,
        config: &NetworkConfig,
        kernel: &mut Kernel,
        path: Path,
        entity: u64,
        nth: u64,
    ) -> Flight {
        if is_rough {
            self.depart_roughly(config, kernel, path, entity, nth)
        } else {
            Flight { nanos: Links::latency(config, kernel, path, entity, nth), lost: false, marks: 0 }
        }
    }

    fn depart_roughly(&self, config: &NetworkConfig, kernel: &mut Kernel, path: Path, entity: u64, nth: u64) -> Flight {
        let mut flight = self.depart_datagram(config, kernel, path, entity, nth);
        if !path.is_loopback()
            && kernel.strikes(&SEGMENT_LOSS, entity, nth, config.segment_loss, Target::Machine(path.to))
        {
            flight.lost = true;
            flight.marks |= mark(&SEGMENT_LOSS);
        }
        flight
    }

    /// Decides about a datagram that departs; whether it is lost on the way is judged when it lands.
    pub(crate) fn depart_datagram(
        &self,
        config: &NetworkConfig,
        kernel: &mut Kernel,
        path: Path,
        entity: u64,
        nth: u64,
    ) -> Flight {
        let mut flight = Flight { nanos: Links::latency(config, kernel, path, entity, nth), lost: false, marks: 0 };
        if path.is_loopback() {
            return flight;
        }
        let extra = self.extra(path);
        if extra > 0 {
            flight.nanos = flight.nanos.saturating_add(extra);
            flight.marks |= mark(&SLOW);
        }
        let held = self.hold(path, kernel.now());
        if held > 0 {
            flight.nanos = flight.nanos.saturating_add(held);
            flight.marks |= mark(&CLOG);
        }
        if self.is_cut(path) {
            flight.lost = true;
            flight.marks |= mark(&PARTITION);
        }
        let (ratio, most) = (config.spike, config.spike_max);
        if let Some(late) = kernel.strikes_for(&DELAY_SPIKE, entity, nth, ratio, 1, most, Target::Machine(path.to)) {
            flight.nanos = flight.nanos.saturating_add(late);
            flight.marks |= mark(&DELAY_SPIKE);
        }
        flight
    }
}
