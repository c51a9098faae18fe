//! The tank's other half: faults by hand, and what ends them. Drawing faults is the
//! configurations' business.

use super::Tank;
use super::host::Host;
use crate::clock_step::ClockStep;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{CrashKind, Kernel, MachineId, NodeId, NodeState, Scope};
use wavetank_network::Fabric;

impl Tank {
    /// Cuts two hosts off from each other, in both directions.
    ///
    /// # Panics
    /// If they are one: a host always reaches itself.
    #[track_caller]
    pub fn partition(&mut self, one: &str, other: &str) {
        let (one, other) = self.find_two(one, other);
        self.strike_links(|fabric, kernel| fabric.partition(kernel, &[one], &[other]));
    }

    /// Cuts a host off from all others that there are by now, in both directions.
    #[track_caller]
    pub fn isolate(&mut self, name: &str) {
        let machine = self.find(name).machine;
        self.strike_links(|fabric, kernel| fabric.isolate(kernel, machine));
    }

    /// Cuts one direction between two hosts: the second does not hear the first.
    ///
    /// # Panics
    /// If they are one.
    #[track_caller]
    pub fn cut(&mut self, from: &str, to: &str) {
        let (from, to) = self.find_two(from, to);
        self.strike_links(|fabric, kernel| fabric.cut(kernel, from, to));
    }

    /// Ends what cuts one direction between two hosts, be it a partition.
    ///
    /// # Panics
    /// If they are one.
    #[track_caller]
    pub fn mend(&mut self, from: &str, to: &str) {
        let (from, to) = self.find_two(from, to);
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.mend(kernel, from, to));
    }

    /// Holds whatever departs in one direction between two hosts for so long; nothing is lost.
    /// Zero lets go what is held.
    ///
    /// # Panics
    /// If they are one.
    #[track_caller]
    pub fn clog(&mut self, from: &str, to: &str, duration: Duration) {
        let (from, to) = self.find_two(from, to);
        self.strike_links(|fabric, kernel| fabric.clog(kernel, from, to, saturating_nanos(duration)));
    }

    /// Mends every cut, lets go what is held, and ends every slowness of links.
    pub fn heal(&mut self) {
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, |fabric, kernel| fabric.heal(kernel));
    }

    /// Makes each packet of one direction between two hosts take so much longer; zero ends that.
    ///
    /// # Panics
    /// If they are one.
    #[track_caller]
    pub fn slow(&mut self, from: &str, to: &str, slowness: Duration) {
        let (from, to) = self.find_two(from, to);
        self.strike_links(|fabric, kernel| fabric.slow(kernel, from, to, saturating_nanos(slowness)));
    }

    /// Kills a host's process; its machine lives on. A host that is down stays so.
    #[track_caller]
    pub fn crash(&mut self, name: &str) {
        let Host { node, ref running, .. } = *self.find(name);
        running.set(false);
        self.blows += 1;
        self.crash_scope(Scope::Node(node), CrashKind::Process);
    }

    /// Crashes a host's machine: memory is lost, and with it what was not synced may be.
    #[track_caller]
    pub fn machine_crash(&mut self, name: &str) {
        self.crash_machine(name, CrashKind::Machine);
    }

    /// Cuts a host's power: what was not synced may be lost or torn.
    #[track_caller]
    pub fn power_loss(&mut self, name: &str) {
        self.crash_machine(name, CrashKind::PowerLoss);
    }

    /// Boots a host again; one that runs is crashed first.
    #[track_caller]
    pub fn restart(&mut self, name: &str) {
        let node = self.find(name).node;
        if self.is_up(node) {
            self.crash(name);
        }
        self.boot(name);
    }

    /// Freezes a host's process.
    #[track_caller]
    pub fn pause(&mut self, name: &str) {
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.blows += 1;
        self.rig.world.enter(|| control.pause(Scope::Node(node)));
    }

    /// Lets it go on.
    #[track_caller]
    pub fn resume(&mut self, name: &str) {
        let (node, control) = (self.find(name).node, self.rig.world.control());
        self.rig.world.enter(|| control.resume(Scope::Node(node)));
    }

    /// Makes a host's disk so many times slower than configured for what it is given from now on;
    /// 1 heals it.
    ///
    /// # Panics
    /// If `factor` is zero.
    #[track_caller]
    pub fn slow_disk(&mut self, name: &str, factor: u32) {
        let machine = self.find(name).machine;
        self.blows += 1;
        let disks = self.rig.disks;
        self.rig.world.device(disks, |disks, kernel| disks.slow(machine, factor, kernel));
    }

    /// Replaces a host's disk by an empty one. A host that runs loses its power first.
    #[track_caller]
    pub fn wipe(&mut self, name: &str) {
        let Host { node, machine, .. } = *self.find(name);
        if self.is_up(node) {
            self.power_loss(name);
        }
        self.blows += 1;
        let disks = self.rig.disks;
        self.rig.world.device(disks, |disks, kernel| disks.wipe(machine, kernel));
    }

    /// Makes a host's wall clock jump.
    #[track_caller]
    pub fn step_clock(&mut self, name: &str, step: ClockStep) {
        let machine = self.find(name).machine;
        self.blows += 1;
        self.rig.world.kernel(|kernel| kernel.topology.clock_mut(machine).step_wall(step.nanos()));
    }

    /// Lets both of a host's clocks run fast from now on by so many parts per million, or slow if
    /// it is negative; 0 lets them run right. What they have gained or lost by then stays.
    ///
    /// # Panics
    /// If it is beyond 50,000 either way.
    #[track_caller]
    pub fn skew_clock(&mut self, name: &str, ppm: i32) {
        let machine = self.find(name).machine;
        self.blows += 1;
        self.rig.world.kernel(|kernel| {
            let now = kernel.now();
            kernel.topology.clock_mut(machine).set_rate(now, i64::from(ppm) * 1000);
        });
    }

    fn strike_links(&mut self, strike: impl FnOnce(&mut Fabric, &mut Kernel)) {
        self.blows += 1;
        let fabric = self.rig.fabric;
        self.rig.world.device(fabric, strike);
    }

    #[track_caller]
    fn crash_machine(&mut self, name: &str, kind: CrashKind) {
        let Host { machine, ref running, .. } = *self.find(name);
        running.set(false);
        self.blows += 1;
        self.crash_scope(Scope::Machine(machine), kind);
    }

    #[track_caller]
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
