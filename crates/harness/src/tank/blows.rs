//! The tank's other half: faults by hand, and what ends them. Drawing faults is the
//! configurations' business.

use super::Tank;
use super::host::Host;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{CrashKind, MachineId, NodeId, NodeState, Scope};

impl Tank {
    /// Cuts two hosts off from each other, in both directions.
    ///
    /// # Panics
    /// If they are one: a host always reaches itself.
    pub fn partition(&mut self, one: &str, other: &str) {
        let (one, other) = self.find_two(one, other);
        self.blows += 1;
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.partition(kernel, &[one], &[other]));
    }

    /// Ends every partition and every slowness.
    pub fn heal(&mut self) {
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.heal(kernel));
    }

    /// Makes one direction between two hosts slower.
    ///
    /// # Panics
    /// If they are one.
    pub fn slow(&mut self, from: &str, to: &str, slowness: Duration) {
        let (from, to) = self.find_two(from, to);
        self.blows += 1;
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.slow(kernel, from, to, saturating_nanos(slowness)));
    }

    /// Kills a host's process; its machine lives on. A host that is down stays so.
    pub fn crash(&mut self, name: &str) {
        let Host { node, ref running, .. } = *self.find(name);
        running.set(false);
        self.blows += 1;
        self.crash_scope(Scope::Node(node), CrashKind::Process);
    }

    /// Cuts a host's power: what was not synced may be lost or torn.
    pub fn power_loss(&mut self, name: &str) {
        let Host { machine, ref running, .. } = *self.find(name);
        running.set(false);
        self.blows += 1;
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
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.blows += 1;
        self.rig.world.enter(|| control.pause(Scope::Node(node)));
    }

    /// Lets it go on.
    pub fn resume(&mut self, name: &str) {
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.rig.world.enter(|| control.resume(Scope::Node(node)));
    }

    fn find_two(&self, one: &str, other: &str) -> (MachineId, MachineId) {
        assert!(one != other, "nothing lies between host `{one}` and itself: name two hosts");
        (self.find(one).machine, self.find(other).machine)
    }

    fn crash_scope(&mut self, scope: Scope, kind: CrashKind) {
        let control = self.rig.world.control();
        self.rig.world.enter(|| control.crash(scope, kind));
    }

    fn is_up(&mut self, node: NodeId) -> bool {
        self.rig.world.kernel(|kernel| kernel.topology.node(node).state != NodeState::Down)
    }
}
