//! The director: carries out the planned faults of a run, and ends them. What goes
//! wrong and when was drawn before.

use crate::cast::Starter;
use crate::chaos::{PLAN, Planned, Strike};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;
use wavetank_core::{Instant, TimeProvider, saturating_nanos};
use wavetank_engine::{
    CrashKind, Home, Kernel, MachineId, NodeId, NodeState, Scope, SimTimeProvider, Target, mix, name_key,
};

/// What ends a fault that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relief {
    Restart(NodeId),
    Resume(NodeId),
    Heal(u64),
    Hasten(MachineId, MachineId),
}

struct Partition {
    nth: u64,
    halves: (Vec<MachineId>, Vec<MachineId>),
}

pub(crate) struct Director {
    starter: Starter,
    processes: u32,
    machines: u32,
    reliefs: BinaryHeap<Reverse<(u64, Relief)>>,
    /// Partitions that are in force, by their number in the plan.
    partitions: Vec<Partition>,
}

impl Director {
    /// A director over the first `processes` nodes; `machines` are all but its own.
    pub(crate) fn new(starter: Starter, processes: u32, machines: u32) -> Director {
        Director { starter, processes, machines, reliefs: BinaryHeap::new(), partitions: Vec::new() }
    }

    /// Carries the plan out, then ends whatever is still wrong when `window` is over.
    pub(crate) async fn direct(mut self, home: Home, plan: Vec<Planned>, window: Duration) {
        let time = SimTimeProvider::new(home);
        let mut plan = plan.into_iter().peekable();
        let end = saturating_nanos(window);
        loop {
            let strike = plan.peek().map(|planned| planned.time);
            let relief = self.reliefs.peek().map(|Reverse((time, _))| *time);
            let Some(next) = strike.into_iter().chain(relief).min().filter(|&next| next <= end) else { break };
            time.sleep_until(Instant::from_nanos(next)).await;
            match plan.next_if(|planned| planned.time == next) {
                Some(planned) => self.strike(planned),
                None => {
                    let Reverse((_, relief)) = self.reliefs.pop().expect("nothing else was due");
                    self.relieve(relief);
                }
            }
        }
        time.sleep_until(Instant::from_nanos(end)).await;
        self.end_all();
    }

    /// Heals the network, resumes and restarts everybody.
    pub(crate) fn end_all(&mut self) {
        self.reliefs.clear();
        self.partitions.clear();
        self.starter.handles.fabric.with(|fabric, kernel| fabric.heal(kernel));
        for node in (0..self.processes).map(NodeId) {
            self.relieve(Relief::Resume(node));
            self.relieve(Relief::Restart(node));
        }
    }

    fn strike(&mut self, planned: Planned) {
        let over = planned.time.saturating_add(planned.duration);
        let struck = match planned.strike {
            Strike::Crash | Strike::MachineCrash | Strike::PowerLoss => self.crash(planned),
            Strike::Pause => self.pause(planned),
            Strike::Partition => self.partition(planned),
            Strike::SlowLink => self.slow(planned),
        };
        if let Some(relief) = struck {
            self.reliefs.push(Reverse((over, relief)));
        }
    }

    /// One of the processes that are up, by the plan's bits.
    fn process(&self, planned: Planned) -> Option<NodeId> {
        self.starter.handles.control.kernel(|kernel| {
            let up = |node: &NodeId| kernel.topology.node(*node).state == NodeState::Up;
            let candidates: Vec<NodeId> = (0..self.processes).map(NodeId).filter(up).collect();
            let place = (u128::from(planned.target) * candidates.len() as u128) >> 64;
            candidates.get(place as usize).copied()
        })
    }

    fn note(&self, planned: Planned, target: Target) {
        let kind = planned.strike.kind();
        let note = |kernel: &mut Kernel| {
            kernel.fired(kind, PLAN, planned.nth, target, [planned.duration, planned.slowness]);
        };
        self.starter.handles.control.kernel(note);
    }

    fn crash(&mut self, planned: Planned) -> Option<Relief> {
        let node = self.process(planned)?;
        let control = self.starter.handles.control;
        let machine = control.kernel(|kernel| {
            // That a process died is an effect by itself.
            kernel.effective(planned.strike.kind());
            kernel.topology.node(node).machine
        });
        let (scope, kind, target) = match planned.strike {
            Strike::Crash => (Scope::Node(node), CrashKind::Process, Target::Node(node)),
            Strike::MachineCrash => (Scope::Machine(machine), CrashKind::Machine, Target::Machine(machine)),
            _ => (Scope::Machine(machine), CrashKind::PowerLoss, Target::Machine(machine)),
        };
        self.note(planned, target);
        control.crash(scope, kind);
        Some(Relief::Restart(node))
    }

    fn pause(&mut self, planned: Planned) -> Option<Relief> {
        let node = self.process(planned)?;
        self.note(planned, Target::Node(node));
        self.starter.handles.control.kernel(|kernel| kernel.effective(planned.strike.kind()));
        self.starter.handles.control.pause(Scope::Node(node));
        Some(Relief::Resume(node))
    }

    fn partition(&mut self, planned: Planned) -> Option<Relief> {
        if self.machines < 2 {
            return None;
        }
        let mut halves = (Vec::new(), Vec::new());
        for machine in (0..self.machines).map(MachineId) {
            let half = if mix(planned.target, name_key("half").wrapping_mul(2 * u64::from(machine.0) + 1)) & 1 == 0 {
                &mut halves.0
            } else {
                &mut halves.1
            };
            half.push(machine);
        }
        if halves.0.is_empty() || halves.1.is_empty() {
            // All on one side: set one of them apart instead.
            let mut all = if halves.0.is_empty() { halves.1 } else { halves.0 };
            let alone = all.swap_remove((planned.target % u64::from(self.machines)) as usize);
            halves = (vec![alone], all);
        }
        self.note(planned, Target::World);
        self.starter.handles.fabric.with(|fabric, kernel| fabric.partition(kernel, &halves.0, &halves.1));
        self.partitions.push(Partition { nth: planned.nth, halves });
        Some(Relief::Heal(planned.nth))
    }

    fn slow(&mut self, planned: Planned) -> Option<Relief> {
        if self.machines < 2 {
            return None;
        }
        let from = (planned.target % u64::from(self.machines)) as u32;
        let to = (from + 1 + (planned.target >> 32) as u32 % (self.machines - 1)) % self.machines;
        let (from, to) = (MachineId(from), MachineId(to));
        self.note(planned, Target::Link(from, to));
        self.starter.handles.fabric.with(|fabric, kernel| fabric.slow(kernel, from, to, planned.slowness));
        Some(Relief::Hasten(from, to))
    }

    fn relieve(&mut self, relief: Relief) {
        let handles = self.starter.handles;
        match relief {
            Relief::Restart(node) => {
                let down = handles.control.kernel(|kernel| kernel.topology.node(node).state == NodeState::Down);
                if down {
                    self.starter.start(node);
                }
            }
            Relief::Resume(node) => handles.control.resume(Scope::Node(node)),
            Relief::Heal(nth) => self.mend(nth),
            Relief::Hasten(from, to) => handles.fabric.with(|fabric, kernel| fabric.slow(kernel, from, to, 0)),
        }
    }

    /// Ends one partition; links that another one cuts too stay cut.
    fn mend(&mut self, nth: u64) {
        let Some(place) = self.partitions.iter().position(|partition| partition.nth == nth) else { return };
        let over = self.partitions.swap_remove(place);
        let still = |a: &MachineId, b: &MachineId| {
            self.partitions.iter().any(|Partition { halves, .. }| {
                (halves.0.contains(a) && halves.1.contains(b)) || (halves.0.contains(b) && halves.1.contains(a))
            })
        };
        self.starter.handles.fabric.with(|fabric, kernel| {
            for (a, b) in over.halves.0.iter().flat_map(|a| over.halves.1.iter().map(move |b| (a, b))) {
                if !still(a, b) {
                    fabric.mend(kernel, *a, *b);
                    fabric.mend(kernel, *b, *a);
                }
            }
        });
    }
}
