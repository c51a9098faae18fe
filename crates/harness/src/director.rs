//! The director: leads a run through its phases, carries out the planned faults, ends
//! them, and demands progress afterwards. What goes wrong and when was planned before.

mod leaving;

use crate::injector::Injector;
use crate::lasting::{Force, Lasting, Link};
use crate::left::Left;
use crate::outcome::Outcome;
use crate::phase::{self, PHASE, Phase};
use crate::plan::{Blow, Field, Plan, Planned};
use crate::simulation::Inject;
use crate::starter::Starter;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use wavetank_core::{Instant, JoinHandle, TimeProvider, saturating_nanos};
use wavetank_engine::{
    Address, CrashKind, Home, MachineId, NodeId, NodeState, Scope, SimJoinHandle, SimTimeProvider, Target,
};

/// What ends a fault that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relief {
    Restart(NodeId),
    Resume(NodeId),
    StepBack(MachineId, i64),
    /// Of what lasts, by its number.
    End(u64),
}

pub(crate) struct Director {
    starter: Starter,
    home: Home,
    field: Field,
    reliefs: BinaryHeap<Reverse<(u64, Relief)>>,
    lasting: Lasting,
}

impl Director {
    pub(crate) fn new(starter: Starter, home: Home, field: Field) -> Director {
        Director { starter, home, field, reliefs: BinaryHeap::new(), lasting: Lasting::default() }
    }

    fn time(&self) -> SimTimeProvider {
        SimTimeProvider::new(self.home)
    }

    /// The whole course of faults: the rest of the warm-up, then cycles of faults and quiet.
    pub(crate) async fn direct(mut self, plans: Vec<Plan>, left: Vec<(NodeId, Left)>) {
        let chaos = self.starter.setting.conditions().chaos.clone();
        self.time().sleep(chaos.warm).await;
        let last = plans.len().saturating_sub(1);
        for (cycle, plan) in plans.into_iter().enumerate() {
            self.starter.handles.control.kernel(|kernel| plan.count(kernel));
            self.set_quiet(false);
            self.enter(Phase::Chaos, cycle);
            let start = self.time().now();
            let injectors = self.start_injectors(cycle);
            self.carry_out(start, plan.faults).await;
            // Dropped where they stand: what they did is ended with the rest.
            injectors.iter().for_each(JoinHandle::abort);
            self.enter(Phase::Taper, cycle);
            self.taper().await;
            if cycle < last {
                self.quiesce(&[], cycle);
                self.time().sleep(chaos.settle).await;
                self.check_live(cycle).await;
            } else {
                self.conclude(&left, cycle).await;
            }
        }
    }

    /// Lets the test's own faults begin. An error of an injector ends the run.
    fn start_injectors(&self, cycle: usize) -> Vec<SimJoinHandle<()>> {
        let handles = self.starter.handles;
        let start = |(name, inject): &(Arc<str>, Inject)| {
            let context = self.starter.context_of_harness(self.home, name);
            let body = inject(Injector::new(self.starter.clone(), context, name, cycle));
            let name = name.clone();
            handles.control.spawn(self.home, "injector", async move {
                let ended = body.await;
                if ended.is_err() {
                    handles.ledger.with(|ledger, _| ledger.enter(|| format!("injector `{name}`"), ended));
                    handles.control.stop();
                }
            })
        };
        self.starter.setting.simulation.injectors.iter().map(start).collect()
    }

    /// Ends everything for good, and demands progress.
    pub(crate) async fn conclude(&mut self, left: &[(NodeId, Left)], cycle: usize) {
        // Whoever is left is so for good: the load may end when that is done.
        if self.starter.handles.ledger.with(|ledger, _| ledger.left.is_empty()) {
            self.quiesce(left, cycle);
        }
        self.time().sleep(self.starter.setting.conditions().chaos.settle).await;
        phase::announce(self.starter.handles.ledger);
        self.check_live(cycle).await;
        self.starter.handles.ledger.with(|ledger, _| ledger.concluded = true);
    }

    /// Notes that a phase begins.
    pub(crate) fn enter(&self, phase: Phase, cycle: usize) {
        let handles = self.starter.handles;
        handles.ledger.with(|ledger, kernel| {
            ledger.phase = phase;
            if phase == Phase::Quiesce && ledger.recorded {
                ledger.calm.push(kernel.now());
            }
            kernel.note_and_tell(PHASE, phase as u64, cycle as u64, |telling| {
                telling.arg("name", phase.name()).arg("cycle", cycle as u64);
            });
        });
    }

    fn set_quiet(&self, quiet: bool) {
        self.starter.handles.control.kernel(|kernel| kernel.set_quiet(quiet));
    }

    /// Carries one cycle's plan out, until its window is over.
    async fn carry_out(&mut self, start: Instant, plan: Vec<Planned>) {
        let time = self.time();
        let mut plan = plan.into_iter().peekable();
        let start = start.as_nanos();
        let end = start.saturating_add(saturating_nanos(self.starter.setting.conditions().chaos.window));
        loop {
            let strike = plan.peek().map(|planned| start + planned.time);
            let relief = self.reliefs.peek().map(|Reverse((time, _))| *time);
            let Some(next) = strike.into_iter().chain(relief).min().filter(|&next| next <= end) else { break };
            time.sleep_until(Instant::from_nanos(next)).await;
            match plan.next_if(|planned| start + planned.time == next) {
                Some(planned) => self.strike(planned, next),
                None => {
                    let Reverse((_, relief)) = self.reliefs.pop().expect("nothing else was due");
                    self.relieve(relief);
                }
            }
        }
        time.sleep_until(Instant::from_nanos(end)).await;
    }

    /// Ends what is still wrong, one thing after another.
    async fn taper(&mut self) {
        let taper = self.starter.setting.conditions().chaos.taper;
        if taper.is_zero() {
            return self.end_all();
        }
        let pause = taper / (self.reliefs.len() as u32 + 1);
        while let Some(Reverse((_, relief))) = self.reliefs.pop() {
            self.time().sleep(pause).await;
            self.relieve(relief);
        }
        self.time().sleep(pause).await;
        self.end_all();
    }

    /// Heals the network and the disks, sets the clocks right, resumes and restarts everybody.
    pub(crate) fn end_all(&mut self) {
        self.reliefs.clear();
        self.lasting.clear();
        self.starter.handles.fabric.with(|fabric, kernel| fabric.heal(kernel));
        self.starter.handles.disks.with(|disks, kernel| disks.heal(kernel));
        self.starter.handles.control.kernel(|kernel| {
            let now = kernel.now();
            for machine in (0..self.field.machines).map(MachineId) {
                // Touched only where it is wrong: exact clocks are read faster.
                if kernel.topology.machine(machine).clock.is_disturbed() {
                    kernel.topology.clock_mut(machine).correct(now);
                }
            }
        });
        for node in (0..self.field.processes).map(NodeId) {
            self.relieve(Relief::Resume(node));
            self.relieve(Relief::Restart(node));
        }
    }

    /// Makes the world quiet; who is left behind stays so.
    fn quiesce(&mut self, left: &[(NodeId, Left)], cycle: usize) {
        self.enter(Phase::Quiesce, cycle);
        self.end_all();
        // It may be quiet already, and who is left is struck.
        self.set_quiet(false);
        for &(node, how) in left {
            self.leave(node, how);
        }
        let nodes = left.iter().map(|(node, _)| *node).collect();
        self.starter.handles.ledger.with(|ledger, _| ledger.left = nodes);
        self.set_quiet(true);
    }

    /// Asks of each demand in turn whether it is met in time. Nothing is to be demanded
    /// where the tolerance is overdrawn.
    async fn check_live(&self, cycle: usize) {
        if self.starter.setting.conditions().overdrawn {
            return;
        }
        self.enter(Phase::CheckLive, cycle);
        let handles = self.starter.handles;
        let setting = self.starter.setting.clone();
        for (index, liveness) in setting.simulation.liveness.iter().enumerate() {
            let body = (liveness.probe)(self.starter.context_of_harness(self.home, &liveness.name));
            let probe = handles.control.spawn(self.home, "liveness", body);
            let stop = match self.time().timeout(liveness.within, probe).await {
                // A panic has ended the run, or was survived and is told by its own report.
                Ok(ended) => {
                    let ended = ended.map_or_else(|error| Err(error.to_string()), Outcome::ended);
                    let failed = ended.is_err();
                    handles.ledger.with(|ledger, _| ledger.enter(|| format!("liveness `{}`", liveness.name), ended));
                    failed
                }
                Err(_) => {
                    handles.ledger.with(|ledger, _| ledger.not_live = Some(index));
                    true
                }
            };
            if stop {
                handles.control.stop();
                std::future::pending::<()>().await;
            }
        }
    }

    fn strike(&mut self, planned: Planned, now: u64) {
        let over = now.saturating_add(planned.duration);
        if let Some(relief) = self.deal(&planned, over) {
            self.reliefs.push(Reverse((over, relief)));
        }
    }

    /// Does what a planned fault does; what will end it.
    fn deal(&mut self, planned: &Planned, over: u64) -> Option<Relief> {
        let handles = self.starter.handles;
        let kind = planned.strike.kind();
        match planned.blow {
            Blow::Crash(node, how) => self.crash(planned, node, how),
            Blow::Pause(node) => {
                if !self.is_up(node) {
                    return None;
                }
                self.note(planned, Target::Node(node));
                handles.control.kernel(|kernel| kernel.effective(kind));
                handles.control.pause(Scope::Node(node));
                Some(Relief::Resume(node))
            }
            Blow::Cut(ref cut) => {
                let links = cut.links();
                self.note(planned, Target::World);
                let address = Address { domain: kind.domain().key(), entity: planned.entity, nth: planned.nth };
                handles.ledger.with(|ledger, _| ledger.keep_cut(address, cut));
                handles.fabric.with(|fabric, kernel| links.iter().for_each(|&(a, b)| fabric.cut(kernel, a, b)));
                Some(Relief::End(self.lasting.begin(over, Force::Cut(links))))
            }
            Blow::Slow(from, to, extra) => {
                self.note(planned, Target::Link(from, to));
                let number = self.lasting.begin(over, Force::Slow((from, to), extra));
                self.slow((from, to));
                Some(Relief::End(number))
            }
            Blow::Clog(from, to) => {
                self.note(planned, Target::Link(from, to));
                let number = self.lasting.begin(over, Force::Clog((from, to)));
                self.clog((from, to));
                Some(Relief::End(number))
            }
            Blow::Step(machine, nanos) => {
                self.note(planned, Target::Machine(machine));
                handles.control.kernel(|kernel| kernel.topology.clock_mut(machine).step_wall(nanos));
                Some(Relief::StepBack(machine, nanos))
            }
            Blow::Skew(machine, rate) => {
                self.note(planned, Target::Machine(machine));
                let number = self.lasting.begin(over, Force::Skew(machine, rate));
                self.skew(machine);
                Some(Relief::End(number))
            }
        }
    }

    fn crash(&mut self, planned: &Planned, node: NodeId, how: CrashKind) -> Option<Relief> {
        if !self.is_up(node) {
            return None;
        }
        let control = self.starter.handles.control;
        let scope = control.kernel(|kernel| {
            // That a process died is an effect by itself.
            kernel.effective(planned.strike.kind());
            how.scope(node, &kernel.topology)
        });
        self.note(planned, scope.into());
        control.crash(scope, how);
        Some(Relief::Restart(node))
    }

    fn is_up(&self, node: NodeId) -> bool {
        self.starter.handles.control.kernel(|kernel| kernel.topology.is_up(node))
    }

    /// Ends what lasts; what others do to the same links and clocks goes on.
    fn end(&mut self, number: u64) {
        match self.lasting.end(number) {
            Some(Force::Cut(links)) => self.mend(&links),
            Some(Force::Slow(link, _)) => self.slow(link),
            Some(Force::Clog(link)) => self.clog(link),
            Some(Force::Skew(machine, _)) => self.skew(machine),
            None => {}
        }
    }

    fn mend(&self, links: &[Link]) {
        self.starter.handles.fabric.with(|fabric, kernel| {
            for link in links.iter().filter(|link| !self.lasting.is_cut(**link)) {
                fabric.mend(kernel, link.0, link.1);
            }
        });
    }

    fn slow(&self, link: Link) {
        let slowness = self.lasting.slowness(link);
        self.starter.handles.fabric.with(|fabric, kernel| fabric.slow(kernel, link.0, link.1, slowness));
    }

    fn clog(&self, link: Link) {
        let until = self.lasting.clogged_until(link);
        self.starter.handles.fabric.with(|fabric, kernel| {
            let rest = until.map_or(0, |until| until.saturating_sub(kernel.now()));
            fabric.clog(kernel, link.0, link.1, rest);
        });
    }

    fn skew(&self, machine: MachineId) {
        let rate = self.lasting.rate(machine);
        self.starter.handles.control.kernel(|kernel| {
            let now = kernel.now();
            kernel.topology.clock_mut(machine).set_rate(now, rate);
        });
    }

    fn note(&self, planned: &Planned, target: Target) {
        let Planned { strike, entity, nth, duration, .. } = *planned;
        let parameters = [duration, planned.blow.extent()];
        self.starter.handles.control.kernel(|kernel| {
            kernel.fired_as_planned(strike.kind(), entity, nth, target, parameters);
        });
    }

    fn relieve(&mut self, relief: Relief) {
        let handles = self.starter.handles;
        match relief {
            Relief::Restart(node) => {
                let down = handles.control.kernel(|kernel| kernel.topology.node(node).state == NodeState::Down);
                if down {
                    self.starter.restart(node);
                }
            }
            Relief::Resume(node) => handles.control.resume(Scope::Node(node)),
            Relief::StepBack(machine, nanos) => {
                handles.control.kernel(|kernel| kernel.topology.clock_mut(machine).step_wall(-nanos));
            }
            Relief::End(number) => self.end(number),
        }
    }
}
