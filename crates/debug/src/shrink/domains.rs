//! The domains of decisions: those of values, as the passes lower them, and the others. Those
//! of fault kinds are not lowered: their atoms are taken away one by one.

use wavetank_harness::{Domain, FaultKind, all_kinds};

/// The domain of operations: benign, an operation is not done.
pub(super) const OPERATION: Domain = Domain::new("workload.operation");
/// The domain of arguments of operations: benign, zero.
pub(super) const ARGUMENT: Domain = Domain::new("workload.argument");
/// The domain of for how long clients wait besides: no seed lets them.
pub(super) const WAIT: Domain = Domain::new("workload.wait");
/// The domain of how many planned faults of a kind there are.
pub(super) const COUNT: Domain = Domain::new("chaos.count");
/// The domain of when planned faults strike.
pub(super) const TIME: Domain = Domain::new("chaos.time");
/// The domain of how long planned faults last: benign, the shortest.
pub(super) const DURATION: Domain = Domain::new("chaos.duration");
/// The domain of how strong planned faults are: benign, the least.
pub(super) const EXTENT: Domain = Domain::new("chaos.extent");
/// The domain of the sizes of groups: benign, the least.
pub(super) const SIZE: Domain = Domain::new("topology.size");

/// Domains whose benign value is the least or the plainest, in the order in which they
/// are tried: those whose benign value makes a run easier to read come first.
pub const VALUES: [Domain; 24] = [
    Domain::new("engine.schedule"),
    Domain::new("engine.ties"),
    Domain::new("engine.pct-change"),
    Domain::new("engine.select"),
    SIZE,
    Domain::new("network.latency"),
    Domain::new("network.short-length"),
    Domain::new("storage.read-latency"),
    Domain::new("storage.write-latency"),
    Domain::new("storage.sync-latency"),
    Domain::new("storage.parts-landed"),
    Domain::new("buggify.knob"),
    Domain::new("buggify.active"),
    COUNT,
    Domain::new("workload.count"),
    Domain::new("chaos.cycles"),
    DURATION,
    EXTENT,
    ARGUMENT,
    Domain::new("workload.alphabet"),
    Domain::new("quiesce.left"),
    Domain::new("restart.kind"),
    Domain::new("swarm.knob"),
    Domain::new("tolerance.overdraft"),
];

/// Domains that no pass lowers as a whole, and why.
const OTHERS: [Domain; 6] = [
    // Taken away one by one, as faults are.
    OPERATION,
    // Moved, not lowered.
    TIME,
    // Added and shortened one by one.
    WAIT,
    // Which kinds of fault there are at all: the passes switch off those that fire.
    Domain::new("swarm.weather"),
    Domain::new("swarm.on"),
    Domain::new("swarm.rate"),
];

/// The domain of writes of which a crash leaves a part.
pub(super) const TORN: Domain = Domain::new("storage.torn");

/// The kinds of fault that say what a crash leaves of what was not durable.
const LOSSES: [&str; 5] =
    ["storage.lost", "storage.torn", "storage.size-lost", "storage.entry-lost", "storage.in-flight-lost"];

/// The kinds of fault that are planned, not drawn.
const PLANNED: [&str; 9] = [
    "node.crash",
    "machine.crash",
    "machine.power-loss",
    "node.pause",
    "network.partition",
    "network.slow",
    "network.clog",
    "clock.step",
    "clock.skew",
];

/// Every domain that anything is decided in, those of the kinds of fault among them.
pub fn domains() -> impl Iterator<Item = Domain> {
    all_kinds().map(|kind| kind.domain()).chain(VALUES).chain(OTHERS)
}

pub(super) fn is_planned(kind: &FaultKind) -> bool {
    PLANNED.contains(&kind.name())
}

/// The domains of what a crash loses.
pub(super) fn losses() -> impl Iterator<Item = Domain> {
    all_kinds().filter(|kind| LOSSES.contains(&kind.name())).map(|kind| kind.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_that_is_named_is_one() {
        assert_eq!(all_kinds().filter(|kind| is_planned(kind)).count(), PLANNED.len());
        assert_eq!(losses().count(), LOSSES.len());
    }
}
