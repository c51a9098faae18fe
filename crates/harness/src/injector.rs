//! Injectors: faults that a test brings about itself while the chaos lasts, beside the
//! planned ones. What they do is logged and can be taken out like any other fault.

use crate::clock_step::ClockStep;
use crate::context::SimContext;
use crate::cut::Cut;
use crate::simulation::Group;
use crate::starter::Starter;
use crate::topology::Peer;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{Address, CrashKind, FaultKind, MachineId, NodeState, Scope, Target, kinds, mix, name_key};
use wavetank_network::kinds as network;
use wavetank_storage::kinds as storage;

/// The right to strike; given to an injector, see
/// [`SimulationBuilder::with_injector`](crate::SimulationBuilder::with_injector).
///
/// Each strike is a decision (its kind, the injector's name, how many it has made) whose
/// benign value is that nothing happens, and an atom of the run. When the window of faults
/// is over the injector is dropped, and everything it did is ended as the plan's is.
pub struct Injector {
    starter: Starter,
    context: SimContext,
    /// The entity of its decisions.
    entity: u64,
    struck: Cell<u64>,
}

impl std::fmt::Debug for Injector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injector").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Keeps injectors' decisions apart from those of the plan.
const INJECTOR: u64 = 0x696e_6a65_6374;

impl Injector {
    pub(crate) fn new(starter: Starter, context: SimContext, name: &Arc<str>, cycle: usize) -> Injector {
        let entity = mix(name_key(name), INJECTOR + cycle as u64);
        Injector { starter, context, entity, struck: Cell::new(0) }
    }

    /// Its view of the run: providers on the harness's own machine, the topology, state.
    pub fn context(&self) -> &SimContext {
        &self.context
    }

    /// Whether a process runs.
    pub fn is_up(&self, process: &Peer) -> bool {
        self.starter.handles.control.kernel(|kernel| kernel.topology.is_up(process.node))
    }

    /// Kills a process. Nothing happens if it is not up; says whether it was.
    ///
    /// # Panics
    /// If it is a workload: those survive everything.
    pub fn crash(&self, process: &Peer, kind: CrashKind) -> bool {
        self.expect_process(process);
        let control = self.starter.handles.control;
        let fault = kind.fault();
        let scope = control.kernel(|kernel| kind.scope(process.node, &kernel.topology));
        if !self.is_up(process) || !self.strikes(fault, scope.into(), [0, 0]) {
            return false;
        }
        control.kernel(|kernel| kernel.effective(fault));
        control.crash(scope, kind);
        true
    }

    /// Starts a process that is down; not a fault.
    pub fn restart(&self, process: &Peer) {
        self.expect_process(process);
        if self.is_down(process) {
            self.starter.restart(process.node);
        }
    }

    /// Freezes a process that is up; says whether it was.
    ///
    /// # Panics
    /// If it is a workload.
    pub fn pause(&self, process: &Peer) -> bool {
        self.expect_process(process);
        if !self.is_up(process) || !self.strikes(&kinds::PAUSE, Target::Node(process.node), [0, 0]) {
            return false;
        }
        let control = self.starter.handles.control;
        control.kernel(|kernel| kernel.effective(&kinds::PAUSE));
        control.pause(Scope::Node(process.node));
        true
    }

    /// Lets a frozen process go on; not a fault.
    pub fn resume(&self, process: &Peer) {
        self.expect_process(process);
        self.starter.handles.control.resume(Scope::Node(process.node));
    }

    /// Cuts the direction from one machine to another.
    pub fn cut(&self, from: &Peer, to: &Peer) {
        let (from, to) = (self.machine(from), self.machine(to));
        self.cut_off(Cut { ones: vec![from], others: vec![to], back: false }, Target::Link(from, to));
    }

    /// Cuts both directions between each of some machines and each of others, as one fault.
    pub fn partition(&self, ones: &[Peer], others: &[Peer]) {
        let machines = |peers: &[Peer]| {
            let mut machines: Vec<MachineId> = peers.iter().map(|peer| self.machine(peer)).collect();
            machines.sort_unstable();
            machines
        };
        self.cut_off(Cut { ones: machines(ones), others: machines(others), back: true }, Target::World);
    }

    fn cut_off(&self, cut: Cut, target: Target) {
        let links = cut.links();
        let Some(address) = self.strike(&network::PARTITION, target, [0, links.len() as u64]) else { return };
        self.starter.handles.fabric.with(|fabric, kernel| {
            links.iter().for_each(|&(from, to)| fabric.cut(kernel, from, to));
        });
        self.starter.handles.ledger.with(|ledger, _| ledger.keep_cut(address, &cut));
    }

    /// Ends a cut of one direction; not a fault.
    pub fn mend(&self, from: &Peer, to: &Peer) {
        let (from, to) = (self.machine(from), self.machine(to));
        self.starter.handles.fabric.with(|fabric, kernel| fabric.mend(kernel, from, to));
    }

    /// Makes each packet of a direction take so much longer, until it is slowed by zero. What
    /// has departed then is as late as it was to be; see [`Chaos::slowness`](crate::Chaos::slowness).
    pub fn slow(&self, from: &Peer, to: &Peer, extra: Duration) {
        let (from, to, extra) = (self.machine(from), self.machine(to), saturating_nanos(extra));
        if extra == 0 || self.strikes(&network::SLOW, Target::Link(from, to), [0, extra]) {
            self.starter.handles.fabric.with(|fabric, kernel| fabric.slow(kernel, from, to, extra));
        }
    }

    /// Holds what departs in a direction for so long.
    pub fn clog(&self, from: &Peer, to: &Peer, duration: Duration) {
        let (from, to, nanos) = (self.machine(from), self.machine(to), saturating_nanos(duration));
        if self.strikes(&network::CLOG, Target::Link(from, to), [nanos, 0]) {
            self.starter.handles.fabric.with(|fabric, kernel| fabric.clog(kernel, from, to, nanos));
        }
    }

    /// Heals every link, those that the plan has cut included; not a fault.
    pub fn heal(&self) {
        self.starter.handles.fabric.with(|fabric, kernel| fabric.heal(kernel));
    }

    /// Makes the disk of a process' machine so many times slower than configured for what it is
    /// given from now on; 1 heals it, which is no fault.
    ///
    /// # Panics
    /// If `factor` is zero.
    pub fn slow_disk(&self, process: &Peer, factor: u32) {
        let machine = self.machine(process);
        if factor == 1 || self.strikes(&storage::SLOW, Target::Machine(machine), [u64::from(factor), 0]) {
            self.starter.handles.disks.with(|disks, kernel| disks.slow(machine, factor, kernel));
        }
    }

    /// Replaces the disk of a process that is down by an empty one. Nothing happens if it is not
    /// down; says whether it was.
    ///
    /// # Panics
    /// If it is a workload.
    pub fn wipe(&self, process: &Peer) -> bool {
        self.expect_process(process);
        let machine = self.machine(process);
        if !self.is_down(process) || !self.strikes(&storage::WIPED, Target::Machine(machine), [0, 0]) {
            return false;
        }
        self.starter.handles.disks.with(|disks, kernel| disks.wipe(machine, kernel));
        true
    }

    /// Makes the wall clock of a process' machine jump.
    pub fn step_clock(&self, process: &Peer, step: ClockStep) {
        let (machine, nanos) = (self.machine(process), step.nanos());
        if self.strikes(&kinds::CLOCK_STEP, Target::Machine(machine), [0, nanos.cast_unsigned()]) {
            self.starter.handles.control.kernel(|kernel| kernel.topology.clock_mut(machine).step_wall(nanos));
        }
    }

    /// Lets both clocks of a process' machine run fast from now on by so many parts per million, or
    /// slow if it is negative; 0 lets them run right, which is no fault. What they have gained or
    /// lost by then stays.
    ///
    /// # Panics
    /// If it is beyond 50,000 either way.
    pub fn skew_clock(&self, process: &Peer, ppm: i32) {
        let (machine, rate) = (self.machine(process), i64::from(ppm) * 1000);
        if ppm == 0 || self.strikes(&kinds::CLOCK_SKEW, Target::Machine(machine), [0, rate.cast_unsigned()]) {
            self.starter.handles.control.kernel(|kernel| {
                let now = kernel.now();
                kernel.topology.clock_mut(machine).set_rate(now, rate);
            });
        }
    }

    fn is_down(&self, process: &Peer) -> bool {
        self.starter.handles.control.kernel(|kernel| kernel.topology.node(process.node).state == NodeState::Down)
    }

    fn machine(&self, peer: &Peer) -> MachineId {
        self.starter.handles.control.kernel(|kernel| kernel.topology.node(peer.node).machine)
    }

    fn expect_process(&self, peer: &Peer) {
        let Peer { node, name, .. } = peer;
        let is_process = self.starter.setting.group(*node).is_some_and(Group::is_process);
        assert!(is_process, "an injector strikes processes, and `{name}` is none: workloads survive everything");
    }

    /// Whether the next strike happens; logged if so.
    fn strikes(&self, kind: &'static FaultKind, target: Target, parameters: [u64; 2]) -> bool {
        self.strike(kind, target, parameters).is_some()
    }

    /// The address of the next strike, if it happens; logged then.
    fn strike(&self, kind: &'static FaultKind, target: Target, parameters: [u64; 2]) -> Option<Address> {
        let (entity, nth) = (self.entity, self.struck.replace(self.struck.get() + 1));
        self.starter.handles.control.kernel(|kernel| {
            kernel.decisions().draw(kind.domain(), entity, nth)?;
            kernel.fired(kind, entity, nth, target, parameters);
            Some(Address { domain: kind.domain().key(), entity, nth })
        })
    }
}
