//! Faults as data: the kinds, and what fired in a run. Draws nothing and injects
//! nothing; counting is the tallies'.

use crate::decision::{Address, Domain};
use crate::node::{MachineId, NodeId};
use crate::tally::{Tallies, Tally};
use std::fmt;

/// Kinds there is room for. Indices below 16 belong to the engine, 16 to 39 to
/// the network, 40 to 63 to storage.
pub const KINDS_MOST: usize = 64;

/// A kind of fault: its name, and its index among all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultKind {
    name: &'static str,
    index: u8,
    domain: Domain,
}

impl FaultKind {
    /// The kind with that index (see [`KINDS_MOST`]) and name, such as `network.partition`.
    pub const fn new(index: u8, name: &'static str) -> FaultKind {
        assert!((index as usize) < KINDS_MOST, "fault kinds are numbered from 0 to 63");
        FaultKind { name, index, domain: Domain::new(name) }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its index.
    pub const fn index(&self) -> usize {
        self.index as usize
    }

    /// The domain that its decisions are drawn in.
    pub const fn domain(&self) -> Domain {
        self.domain
    }
}

/// The engine's own kinds of fault.
pub mod kinds {
    use super::FaultKind;

    /// A node's process dies, and may be started again.
    pub static CRASH: FaultKind = FaultKind::new(0, "node.crash");
    /// A machine loses its memory, and every node on it dies.
    pub static MACHINE_CRASH: FaultKind = FaultKind::new(1, "machine.crash");
    /// A machine loses power: as a crash, and its disks' caches are torn.
    pub static POWER_LOSS: FaultKind = FaultKind::new(2, "machine.power-loss");
    /// A node stands still for a while.
    pub static PAUSE: FaultKind = FaultKind::new(3, "node.pause");
    /// A wall clock jumps.
    pub static CLOCK_STEP: FaultKind = FaultKind::new(4, "clock.step");
    /// A machine's clock runs fast or slow.
    pub static CLOCK_SKEW: FaultKind = FaultKind::new(5, "clock.skew");
    /// A timer fires late.
    pub static TIMER_LATE: FaultKind = FaultKind::new(6, "timer.late");
    /// A poll takes virtual time.
    pub static POLL_COST: FaultKind = FaultKind::new(7, "poll.cost");
    /// A `buggify!` site fires.
    pub static BUGGIFY: FaultKind = FaultKind::new(8, "buggify");

    /// All of them.
    pub static ALL: [&FaultKind; 9] =
        [&CRASH, &MACHINE_CRASH, &POWER_LOSS, &PAUSE, &CLOCK_STEP, &CLOCK_SKEW, &TIMER_LATE, &POLL_COST, &BUGGIFY];
}

/// What a fault struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The simulated world as a whole.
    World,
    /// A machine.
    Machine(MachineId),
    /// A node.
    Node(NodeId),
    /// The direction from one machine to another.
    Link(MachineId, MachineId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::World => write!(f, "world"),
            Target::Machine(machine) => write!(f, "machine {}", machine.0),
            Target::Node(node) => write!(f, "node {}", node.0),
            Target::Link(from, to) => write!(f, "link {} -> {}", from.0, to.0),
        }
    }
}

/// One fault that fired: setting it to benign is one step of shrinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atom {
    /// The decision that made it fire.
    pub address: Address,
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// What kind of fault.
    pub kind: &'static FaultKind,
    /// What it struck.
    pub target: Target,
    /// Numbers whose meaning the kind defines, such as a duration in nanoseconds.
    pub parameters: [u64; 2],
}

/// The faults of one run.
#[derive(Debug)]
pub struct FaultLog {
    atoms: Vec<Atom>,
    atoms_dropped: u64,
    tallies: Tallies,
}

/// Atoms that a run remembers; further ones are counted only.
const ATOMS_MOST: usize = 1 << 20;

impl FaultLog {
    pub(crate) fn new() -> FaultLog {
        FaultLog { atoms: Vec::new(), atoms_dropped: 0, tallies: Tallies::default() }
    }

    pub(crate) fn reset(&mut self) {
        self.atoms.clear();
        self.atoms_dropped = 0;
        self.tallies.clear();
    }

    /// The atoms that fired, in the order of time.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Atoms that fired but were too many to remember.
    pub fn atoms_dropped(&self) -> u64 {
        self.atoms_dropped
    }

    /// The tally of a kind.
    pub fn tally(&self, kind: &FaultKind) -> &Tally {
        self.tallies.of(kind)
    }

    /// Those of all kinds.
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    pub(crate) fn tally_mut(&mut self, kind: &FaultKind) -> &mut Tally {
        self.tallies.of_mut(kind.index())
    }

    /// Logs a fault that fired; that it was asked for is counted before.
    pub(crate) fn push(&mut self, atom: Atom) {
        self.tally_mut(atom.kind).fired += 1;
        if self.atoms.len() < ATOMS_MOST {
            self.atoms.push(atom);
        } else {
            self.atoms_dropped += 1;
        }
    }
}
