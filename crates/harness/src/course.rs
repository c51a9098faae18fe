//! The course of a run, phase after phase: boot, setup, load under faults, quiet, checks,
//! a restart of everybody, and checks again. What a failure looks like is the worker's.

use crate::director::Director;
use crate::failure::Failure;
use crate::ledger::wake_up;
use crate::left;
use crate::operations::WAIT;
use crate::outcome::Outcome;
use crate::panic_site;
use crate::phase::Phase;
use crate::plan::{self, Field};
use crate::restart;
use crate::shared::Finished;
use crate::simulation::DIRECTOR;
use crate::starter::Starter;
use crate::worker::Worker;
use crate::workload::Factory;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wavetank_core::TimeProvider;
use wavetank_engine::{CrashKind, Home, NodeId, Scope, SimTimeProvider, name_key};

impl Worker {
    /// Runs everything that a run consists of. An error is what ended it early: a
    /// failure, or nothing if the ledger has it.
    pub(crate) fn course(&mut self, starter: &Starter) -> Result<(), Option<Failure>> {
        let cast = &starter.setting.cast;
        let (nodes, processes, director) = (cast.parts.len() as u32, cast.processes, cast.director);
        let field = Field { processes, machines: nodes };
        let objects = self.simulation.has_workload_objects();
        let workloads = move || (processes..nodes).map(NodeId);
        self.begin_all(|| {
            if director.is_some() {
                starter.handles.control.kernel(|kernel| kernel.set_quiet(true));
            }
            (0..processes).map(NodeId).for_each(|node| starter.start(node));
            if objects {
                workloads().for_each(|node| set_up(starter, node));
            }
        })?;
        if objects {
            self.wait(starter)?;
        }
        self.begin_all(|| {
            if let Some(node) = director {
                start_director(starter, node, field);
            }
            workloads().for_each(|node| run(starter, node));
            hold_back(starter, workloads());
        })?;
        self.wait(starter)?;
        if let Some(node) = director {
            self.conclude(starter, node, field)?;
        }
        if objects || director.is_some() {
            self.check_all(starter, director, field)?;
        }
        self.judge(starter)
    }

    /// Starts what a phase consists of. Factories are user code: a panic in one is a
    /// finding of this seed.
    fn begin_all(&mut self, start: impl FnOnce()) -> Result<(), Option<Failure>> {
        let started = self.rig.world.enter(|| catch_unwind(AssertUnwindSafe(start)).map_err(panic_site::told));
        started.map_err(|(site, message)| {
            Some(Failure::Panic { task: "a factory of the simulation".to_string(), site, message })
        })
    }

    /// Ends the faults, and demands progress, unless that was done before the load ended.
    fn conclude(&mut self, starter: &Starter, node: NodeId, field: Field) -> Result<(), Option<Failure>> {
        let ledger = self.rig.ledger;
        if self.rig.world.device(ledger, |ledger, _| ledger.concluded) {
            return Ok(());
        }
        self.begin_all(|| {
            // What is planned for later does not happen any more.
            starter.handles.control.crash(Scope::Node(node), CrashKind::Process);
            let home = starter.handles.control.boot(node);
            let left = starter.handles.control.kernel(|kernel| {
                left::left(starter.setting.simulation.tolerance.as_ref(), kernel.decisions(), field.processes)
            });
            let mut director = Director::new(starter.clone(), home, field);
            starter.await_end(home, DIRECTOR, DIRECTOR.into(), async move {
                director.conclude(&left, 0).await;
                ().ended()
            });
        })?;
        self.wait(starter)
    }

    /// The last checks: of what is there, and of what is there when everybody was
    /// killed and started again. Where no check takes any time, those who come back have
    /// that of a quiet phase to show what is wrong with them.
    fn check_all(&mut self, starter: &Starter, director: Option<NodeId>, field: Field) -> Result<(), Option<Failure>> {
        let workloads = move || (field.processes..field.machines).map(NodeId);
        self.begin_all(|| {
            if let Some(node) = director {
                Director::new(starter.clone(), starter.handles.control.home(node), field).enter(Phase::FinalCheck, 0);
            }
            workloads().for_each(|node| check(starter, node));
        })?;
        self.wait(starter)?;
        let Some(node) = director else { return Ok(()) };
        let tolerance = starter.setting.simulation.tolerance.as_ref();
        let chaos = &starter.setting.conditions().chaos;
        let Some(kind) = self.rig.world.kernel(|kernel| restart::kind(chaos, tolerance, kernel.decisions())) else {
            return Ok(());
        };
        let restarted = self.rig.world.kernel(|kernel| kernel.now());
        self.begin_all(|| {
            restart_all(starter, starter.handles.control.home(node), field, kind);
            workloads().for_each(|node| check(starter, node));
        })?;
        self.wait(starter)?;
        if self.rig.world.kernel(|kernel| kernel.now()) > restarted {
            return Ok(());
        }
        self.begin_all(|| settle(starter, starter.handles.control.home(node)))?;
        self.wait(starter)
    }

    /// Asks the checkers about what was gathered.
    fn judge(&mut self, starter: &Starter) -> Result<(), Option<Failure>> {
        let finished = Finished {
            ledger: starter.handles.ledger,
            seed: starter.seed,
            overdrawn: starter.setting.conditions().overdrawn,
        };
        for checker in &starter.setting.simulation.checkers {
            let judge = AssertUnwindSafe(|| (checker.judge)(&finished));
            let judged = self.rig.world.enter(|| catch_unwind(judge).map_err(panic_site::told));
            let message = match judged {
                Ok(Ok(())) => continue,
                Ok(Err(message)) => message,
                Err((_, message)) => message,
            };
            return Err(Some(Failure::Checker { name: checker.name.clone(), message }));
        }
        Ok(())
    }
}

/// Kills every process and starts it again, in a world that is healed.
fn restart_all(starter: &Starter, home: Home, field: Field, kind: CrashKind) {
    let control = starter.handles.control;
    let mut director = Director::new(starter.clone(), home, field);
    director.enter(Phase::RestartAll, 0);
    director.end_all();
    starter.handles.ledger.with(|ledger, _| ledger.left.clear());
    // A crash in a quiet world would lose nothing.
    control.kernel(|kernel| kernel.set_quiet(false));
    for node in (0..field.processes).map(NodeId) {
        control.crash(control.kernel(|kernel| kind.scope(node, &kernel.topology)), kind);
    }
    control.kernel(|kernel| kernel.set_quiet(true));
    (0..field.processes).map(NodeId).for_each(|node| starter.start(node));
    director.enter(Phase::FinalCheck, 1);
}

/// Has the run last until the world has settled.
fn settle(starter: &Starter, home: Home) {
    let settle = starter.setting.conditions().chaos.settle;
    starter.await_end(home, DIRECTOR, DIRECTOR.into(), async move {
        SimTimeProvider::new(home).sleep(settle).await;
        ().ended()
    });
}

fn start_director(starter: &Starter, node: NodeId, field: Field) {
    let control = starter.handles.control;
    let (simulation, chaos) = (&starter.setting.simulation, &starter.setting.conditions().chaos);
    // A run that overdraws the tolerance is planned as if there were none.
    let tolerance = simulation.tolerance.as_ref().filter(|_| !starter.setting.conditions().overdrawn);
    let (plans, left) = control.kernel(|kernel| {
        let decisions = kernel.decisions();
        let plan = |cycle| plan::plan(chaos, tolerance, decisions, field, cycle);
        let plans: Vec<plan::Plan> = (0..plan::cycles(chaos, decisions)).map(plan).collect();
        (plans, left::left(simulation.tolerance.as_ref(), decisions, field.processes))
    });
    let home = control.boot(node);
    let director = Director::new(starter.clone(), home, field);
    director.enter(Phase::Warm, 0);
    drop(control.spawn(home, DIRECTOR, director.direct(plans, left)));
}

/// Makes a workload object, if that is what the node is for, and spawns its setup.
fn set_up(starter: &Starter, node: NodeId) {
    let Some(Factory::Workload(make)) = starter.setting.group(node).map(|group| &group.factory) else { return };
    let home = starter.handles.control.boot(node);
    let context = starter.context(home);
    let (mut workload, ledger) = (make(), starter.handles.ledger);
    starter.await_end(home, "setup", context.name_shared().clone(), async move {
        let ended = workload.setup(&context).await.ended();
        ledger.with(|ledger, _| ledger.workloads.push((node.0 as usize, workload)));
        ended
    });
}

/// Starts a workload's load.
fn run(starter: &Starter, node: NodeId) {
    let Some((home, mut workload)) = take_workload(starter, node) else { return starter.start(node) };
    let (context, ledger) = (starter.context(home), starter.handles.ledger);
    starter.await_end(home, "workload", context.name_shared().clone(), async move {
        let ended = workload.run(&context).await.ended();
        ledger.with(|ledger, _| ledger.workloads.push((node.0 as usize, workload)));
        ended
    });
}

/// Stops those before their first step whom an override lets wait.
fn hold_back(starter: &Starter, workloads: impl Iterator<Item = NodeId>) {
    starter.handles.control.kernel(|kernel| {
        // Most runs have no override, and are begun by the million.
        if kernel.decisions().are_plain() {
            return;
        }
        for node in workloads {
            let name = name_key(&starter.setting.peer(node).name);
            if let Some(wait) = kernel.decisions().given(WAIT, name, 0) {
                kernel.pause(Scope::Node(node));
                kernel.at(kernel.now().saturating_add(wait), starter.handles.ledger.number(), wake_up(node));
            }
        }
    });
}

/// Starts a workload object's check.
fn check(starter: &Starter, node: NodeId) {
    let Some((home, mut workload)) = take_workload(starter, node) else { return };
    let (context, ledger) = (starter.context(home), starter.handles.ledger);
    starter.await_end(home, "check", context.name_shared().clone(), async move {
        let ended = workload.check(&context).await.ended();
        // It checks again when everybody was restarted.
        ledger.with(|ledger, _| ledger.workloads.push((node.0 as usize, workload)));
        ended
    });
}

fn take_workload(
    starter: &Starter,
    node: NodeId,
) -> Option<(wavetank_engine::Home, Box<dyn crate::workload::Workload>)> {
    let handles = starter.handles;
    let workload = handles.ledger.with(|ledger, _| {
        let place = ledger.workloads.iter().position(|(owner, _)| *owner == node.0 as usize)?;
        Some(ledger.workloads.swap_remove(place).1)
    })?;
    debug_assert!(handles.control.kernel(|kernel| kernel.topology.is_up(node)), "workloads survive");
    Some((handles.control.home(node), workload))
}
