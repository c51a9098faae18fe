//! The tank's other half: faults by hand, and what ends them. Drawing faults is the
//! configurations' business.

use super::Tank;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{CrashKind, NodeId, NodeState, Scope};

impl Tank {
    /// Cuts two hosts off from each other, in both directions.
    pub fn partition(&mut self, one: &str, other: &str) {
        self.blows += 1;
        let (one, other) = (self.find(one).machine, self.find(other).machine);
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.partition(kernel, &[one], &[other]));
    }

    /// Ends every partition and every slowness.
    pub fn heal(&mut self) {
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.heal(kernel));
    }

    /// Makes one direction between two hosts slower.
    pub fn slow(&mut self, from: &str, to: &str, slowness: Duration) {
        self.blows += 1;
        let (from, to) = (self.find(from).machine, self.find(to).machine);
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.slow(kernel, from, to, saturating_nanos(slowness)));
    }

    /// Kills a host's process; its machine lives on. A host that is down stays so.
    pub fn crash(&mut self, name: &str) {
        self.blows += 1;
        let node = self.find(name).node;
        self.crash_scope(Scope::Node(node), CrashKind::Process);
    }

    /// Cuts a host's power: what was not synced may be lost or torn.
    pub fn power_loss(&mut self, name: &str) {
        self.blows += 1;
        let machine = self.find(name).machine;
        self.crash_scope(Scope::Machine(machine), CrashKind::PowerLoss);
    }

    /// Boots a host again; one that runs is crashed first.
    pub fn restart(&mut self, name: &str) {
        let node = self.find(name).node;
        if self.is_up(node) {
            self.crash(name);
        }
        self.boot(name);
    }

    /// Freezes a host's process.
    pub fn pause(&mut self, name: &str) {
        self.blows += 1;
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.rig.world.enter(|| control.pause(Scope::Node(node)));
    }

    /// Lets it go on.
    pub fn resume(&mut self, name: &str) {
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.rig.world.enter(|| control.resume(Scope::Node(node)));
    }

    fn crash_scope(&mut self, scope: Scope, kind: CrashKind) {
        let control = self.rig.world.control();
        self.rig.world.enter(|| control.crash(scope, kind));
    }

    fn is_up(&mut self, node: NodeId) -> bool {
        self.rig.world.kernel(|kernel| kernel.topology.node(node).state != NodeState::Down)
    }
}
