//! What the engine asks of a device: a model of something that takes time, such
//! as the network or the disks. The engine knows no device by name.

use crate::fault::{FaultKind, Target, kinds};
use crate::kernel::Kernel;
use crate::node::{MachineId, NodeId, Topology};

/// Whom a crash or a pause strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One process.
    Node(NodeId),
    /// A machine and every process on it.
    Machine(MachineId),
}

impl From<Scope> for Target {
    fn from(scope: Scope) -> Target {
        match scope {
            Scope::Node(node) => Target::Node(node),
            Scope::Machine(machine) => Target::Machine(machine),
        }
    }
}

/// How violently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum CrashKind {
    /// The process dies; the kernel beneath it lives on, closes its sockets and
    /// keeps its page cache.
    Process,
    /// The machine stops: memory is lost, and nobody is told.
    Machine,
    /// As `Machine`, and the disks' volatile caches are torn too.
    PowerLoss,
}

impl CrashKind {
    /// Whom it strikes when it is aimed at a node: that one, or its machine with all on it.
    pub fn scope(self, node: NodeId, topology: &Topology) -> Scope {
        match self {
            CrashKind::Process => Scope::Node(node),
            CrashKind::Machine | CrashKind::PowerLoss => Scope::Machine(topology.node(node).machine),
        }
    }

    /// The kind of fault that it is.
    pub const fn fault(self) -> &'static FaultKind {
        match self {
            CrashKind::Process => &kinds::CRASH,
            CrashKind::Machine => &kinds::MACHINE_CRASH,
            CrashKind::PowerLoss => &kinds::POWER_LOSS,
        }
    }

    /// Its name, as traces have it.
    pub const fn name(self) -> &'static str {
        match self {
            CrashKind::Process => "process",
            CrashKind::Machine => "machine",
            CrashKind::PowerLoss => "power-loss",
        }
    }
}

/// A model that the engine drives. It owns slabs of operations; a queued record
/// names one of them by slot.
///
/// A device runs under the one borrow of the world: it never calls a waker, never
/// drops one that is not the engine's, and never runs user code. Wakers go to
/// [`Kernel::wake`] as [`Waiter`](crate::Waiter)s.
pub trait Device: 'static {
    /// A record of this device is due. The record is gone; its slot may be reused
    /// from now on.
    fn fire(&mut self, slot: u32, kernel: &mut Kernel);

    /// A record of this device will be due soon: what it is about may be
    /// [prefetched](crate::prefetch). Asked only when very much is queued, and not
    /// of each record.
    fn expect(&self, slot: u32) {
        let _ = slot;
    }

    /// A record of this device will be due next, as it seems: whom it will wake may be
    /// [prefetched](Kernel::prefetch_waiter). Asked only when very much is queued.
    fn expect_next(&self, slot: u32, kernel: &Kernel) {
        let _ = (slot, kernel);
    }

    /// A handle was dropped while the world was borrowed: close what it stood for
    /// if `generation` is still its.
    fn close(&mut self, slot: u32, generation: u32, kernel: &mut Kernel) {
        let _ = (slot, generation, kernel);
    }

    /// The scope's processes died this instant. Their tasks are gone already;
    /// nothing may complete for them any more.
    fn crash(&mut self, scope: Scope, kind: CrashKind, kernel: &mut Kernel);

    /// A new run begins: forget everything but memory and configuration. What the
    /// device does afterwards must not depend on what came before.
    fn reset(&mut self, kernel: &mut Kernel);

    /// The structural name of a queued slot; asked for only when several records
    /// are due at one instant, to draw their order.
    fn name(&self, slot: u32) -> u64;

    /// What a task that waits for this slot waits for, in words, such as
    /// `10.0.0.1:80 <- 10.0.0.2:4242`.
    fn describe(&self, slot: u32) -> String;

    /// What is still open although every task is gone, a line each: leaks.
    fn leaks(&self) -> Vec<String>;
}
