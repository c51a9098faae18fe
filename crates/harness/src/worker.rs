//! A worker: runs one seed after another in a rig of its own, and says of each
//! whether it was red. Which seeds, and on how many threads, is the runner's choice.

mod closing;

use crate::cast::Cast;
use crate::configuration::RunConfiguration;
use crate::failure::{Failure, limit_reached};
use crate::ledger::StateRegistry;
use crate::metrics::SimulationMetrics;
use crate::names::Names;
use crate::panic_site::Simulating;
use crate::past::Past;
use crate::record::RunRecord;
use crate::rig::Rig;
use crate::setting::Setting;
use crate::simulation::Simulation;
use crate::starter::Starter;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use wavetank_core::saturating_nanos;
use wavetank_engine::{Decisions, Digest, FaultLog, Limit, NodeId, Stop, TaskPanic, Trace};
use wavetank_probe::Coverage;

/// What a sweep keeps of one run.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct RunOutcome {
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) polls: u64,
    /// Nanoseconds.
    pub(crate) virtual_time: u64,
    pub(crate) failures: Vec<Failure>,
    pub(crate) metrics: SimulationMetrics,
}

pub(crate) struct Worker {
    pub(crate) simulation: Arc<Simulation>,
    pub(crate) rig: Rig,
    /// That of the run under way; none before the first.
    setting: Option<Arc<Setting>>,
    past: Past,
    /// Whether runs are recorded: what operations say of themselves is kept.
    pub(crate) recorded: bool,
}

impl Worker {
    pub(crate) fn new(simulation: Arc<Simulation>) -> Worker {
        let rig = Rig::new(&simulation.conditions.network, &simulation.conditions.storage);
        Worker { simulation, rig, setting: None, past: Past::default(), recorded: false }
    }

    fn setting(&self) -> &Arc<Setting> {
        self.setting.as_ref().expect("a run has begun")
    }

    /// Who took part in the run that was run last.
    pub(crate) fn cast(&self) -> &Cast {
        &self.setting().cast
    }

    /// Runs one seed, or what overrides make of it.
    pub(crate) fn run(&mut self, decisions: Decisions, trace: Option<Trace>) -> RunOutcome {
        let seed = decisions.seed();
        let _simulating = Simulating::begin(seed);
        let starter = self.begin(decisions, trace);
        let mut failures = Vec::new();
        let ended = self.course(&starter);
        match ended {
            Ok(()) if self.simulation.leak_check => failures.extend(self.leaked_tasks(&starter)),
            Ok(()) | Err(None) => {}
            Err(Some(failure)) => failures.push(failure),
        }
        let (events, polls, virtual_time) =
            self.rig.world.kernel(|kernel| (kernel.events(), kernel.polls(), kernel.now()));
        self.close(&mut failures);
        let digest = self.rig.world.kernel(|kernel| kernel.digest());
        let ledger = self.rig.ledger;
        let metrics = self.rig.world.device(ledger, |ledger, _| std::mem::take(&mut ledger.metrics));
        RunOutcome { digest, events, polls, virtual_time, failures, metrics }
    }

    /// The details of the run that was run last.
    pub(crate) fn record(&mut self, seed: u64, outcome: RunOutcome) -> RunRecord {
        let setting = self.setting().clone();
        let (simulation, conditions) = (&setting.simulation, setting.conditions());
        let sizes = setting.cast.sizes(simulation);
        let mut record = self.rig.world.kernel(|kernel| RunRecord {
            seed,
            digest: outcome.digest,
            events: outcome.events,
            polls: outcome.polls,
            virtual_time: outcome.virtual_time,
            noted: kernel.noted(),
            checkpoints: kernel.checkpoints().to_vec(),
            trace: kernel
                .trace()
                .map(|trace| trace.events().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            names: Names::of(kernel, setting.cast.parts.len()),
            atoms: kernel.faults().atoms().to_vec(),
            cuts: BTreeMap::new(),
            calm: Vec::new(),
            failures: outcome.failures,
            story: None,
            operations: Vec::new(),
            configuration: RunConfiguration {
                simulation: simulation.name.clone(),
                seed,
                sizes,
                engine: conditions.engine.clone(),
                network: conditions.network.clone(),
                storage: conditions.storage.clone(),
                chaos: conditions.chaos.clone(),
                overdrawn: conditions.overdrawn,
            },
        });
        self.rig.world.device(self.rig.ledger, |ledger, _| {
            record.operations = ledger.take_operations();
            record.cuts = std::mem::take(&mut ledger.cuts);
            record.calm = std::mem::take(&mut ledger.calm);
        });
        record
    }

    pub(crate) fn faults<R>(&mut self, body: impl FnOnce(&FaultLog) -> R) -> R {
        self.rig.world.kernel(|kernel| body(kernel.faults()))
    }

    /// Events of the run that was run last, as far as its digest has them.
    pub(crate) fn noted(&mut self) -> u64 {
        self.rig.world.kernel(|kernel| kernel.noted())
    }

    /// How often handles or wakers were used when their run was over, by its seed.
    pub(crate) fn late_uses(&mut self) -> BTreeMap<u64, usize> {
        let mut uses = BTreeMap::new();
        for (number, count) in self.rig.world.late_uses() {
            if let Some(seed) = self.past.seed_of(number) {
                *uses.entry(seed).or_insert(0) += count;
            }
        }
        uses
    }

    /// What the runs so far have reached; forgotten here.
    pub(crate) fn take_coverage(&mut self) -> Coverage {
        self.rig.world.kernel(|kernel| std::mem::replace(&mut kernel.coverage, Coverage::new()))
    }

    fn begin(&mut self, decisions: Decisions, trace: Option<Trace>) -> Starter {
        let Worker { simulation, rig, setting, past, recorded } = self;
        let seed = decisions.seed();
        let fitting = setting.take().filter(|last| last.cast.fits(simulation, &decisions));
        let setting = setting.insert(match fitting {
            Some(last) if simulation.is_uniform() => last,
            fitting => {
                let cast = match fitting {
                    Some(last) => last.cast.clone(),
                    None => Arc::new(Cast::arrange(simulation, &decisions, rig)),
                };
                let drawn = simulation.expand(&decisions);
                Arc::new(Setting { simulation: simulation.clone(), cast, drawn })
            }
        });
        if let Some(conditions) = &setting.drawn {
            rig.world.device(rig.fabric, |fabric, _| fabric.configure(&conditions.network));
            rig.world.device(rig.disks, |disks, _| disks.configure(conditions.storage.clone()));
        }
        let conditions = setting.conditions();
        rig.world.begin(decisions, &conditions.engine, trace);
        past.enter(rig.world.run_number(), seed);
        rig.world.kernel(|kernel| kernel.reads_publications = !simulation.invariants.is_empty());
        rig.world.device(rig.ledger, |ledger, _| {
            ledger.recorded = *recorded;
            ledger.swarm = simulation.swarm.is_some();
            ledger.overdrawn = conditions.overdrawn;
            ledger.quiet.begin(!simulation.has_phases());
        });
        Starter { setting: setting.clone(), handles: rig.handles(), seed }
    }

    /// Runs until everybody who is awaited is done, or somebody returned an error:
    /// what comes after that is nobody's business.
    pub(crate) fn wait(&mut self, starter: &Starter) -> Result<(), Option<Failure>> {
        let ledger = self.rig.ledger;
        if self.rig.world.device(ledger, |ledger, _| ledger.remaining == 0) {
            return Ok(());
        }
        let (stop, invariant) = self.run_engine(starter, u64::MAX);
        let failure = match stop {
            Stop::Requested => {
                match self.rig.world.device(ledger, |ledger, _| (ledger.errors.is_empty(), ledger.not_live)) {
                    (_, Some(index)) => Some(self.not_live(index)),
                    (true, None) => return Ok(()),
                    (false, None) => None,
                }
            }
            Stop::Idle | Stop::Until => Some(Failure::Deadlock { tasks: self.unfinished() }),
            Stop::Limit(limit) => Some(self.limited(limit)),
            Stop::Panic => Some(self.panicked(invariant)),
        };
        Err(failure)
    }

    fn not_live(&mut self, index: usize) -> Failure {
        let liveness = &self.simulation.liveness[index];
        let (name, within) = (liveness.name.to_string(), liveness.within);
        Failure::NotLive { name, within, tasks: self.unfinished() }
    }

    /// The panic at which the engine stopped, as a failure.
    fn panicked(&mut self, invariant: Option<usize>) -> Failure {
        let panic = self.rig.world.panics().last().expect("the engine stopped at a panic").clone();
        match invariant {
            Some(index) => {
                let name = self.simulation.invariants[index].name.clone();
                Failure::Invariant { name, message: panic.message }
            }
            None => self.tell(panic),
        }
    }

    /// A task's panic as a failure.
    fn tell(&mut self, panic: TaskPanic) -> Failure {
        let TaskPanic { task, node, spawned_at, site, message, .. } = panic;
        let task = format!("task `{task}` of {}, spawned at {spawned_at},", self.rig.name_of(node));
        Failure::Panic { task, site, message }
    }

    /// Steps the world up to a time, checking the invariants after every event.
    fn run_engine(&mut self, starter: &Starter, until: u64) -> (Stop, Option<usize>) {
        if self.simulation.invariants.is_empty() {
            return (self.rig.world.run(until), None);
        }
        let checking = Cell::new(None);
        let state = StateRegistry::new(starter.handles.ledger);
        let invariants = &self.simulation.invariants;
        let mut observer = || {
            for (index, invariant) in invariants.iter().enumerate() {
                checking.set(Some(index));
                if let Err(message) = (invariant.check)(&state) {
                    panic!("{message}");
                }
            }
            checking.set(None);
        };
        let stop = self.rig.world.run_observed(until, Some(&mut observer));
        (stop, checking.get())
    }

    /// A limit that was reached, as a failure.
    fn limited(&mut self, limit: Limit) -> Failure {
        let limit = limit_reached(limit, &self.setting().conditions().engine.limits);
        Failure::Limit { limit, tasks: self.unfinished() }
    }

    /// Tasks of workloads that outlive all workloads, after some time of grace.
    fn leaked_tasks(&mut self, starter: &Starter) -> Option<Failure> {
        let (first, last) = self.workloads();
        let grace = saturating_nanos(self.simulation.grace);
        let end = self.rig.world.kernel(|kernel| kernel.now()).saturating_add(grace);
        let mut step = 1_000_000;
        while self.rig.world.has_tasks_of(NodeId(first)..NodeId(last)) {
            let now = self.rig.world.kernel(|kernel| kernel.now());
            if now >= end {
                let mut tasks = self.rig.world.tasks();
                tasks.retain(|task| (first..last).contains(&task.node.0));
                return Some(Failure::LeakedTasks { tasks });
            }
            let (stop, invariant) = self.run_engine(starter, end.min(now.saturating_add(step)));
            match stop {
                Stop::Panic => return Some(self.panicked(invariant)),
                // No time is left, which is no fault of who is left.
                Stop::Limit(limit) if limit != Limit::Time => return Some(self.limited(limit)),
                Stop::Idle => step = grace,
                _ => step = step.saturating_mul(4),
            }
            if self.rig.world.kernel(|kernel| kernel.now()) == now {
                // Nothing will ever happen again.
                let mut tasks = self.rig.world.tasks();
                tasks.retain(|task| (first..last).contains(&task.node.0));
                return (!tasks.is_empty()).then_some(Failure::LeakedTasks { tasks });
            }
        }
        None
    }

    /// The tasks of workloads that have not ended; all tasks, if there is none.
    fn unfinished(&mut self) -> Vec<wavetank_engine::TaskReport> {
        let tasks = self.rig.world.tasks();
        let (first, last) = self.workloads();
        let (mut ours, others): (Vec<_>, Vec<_>) =
            tasks.into_iter().partition(|task| (first..last).contains(&task.node.0));
        ours.extend(others);
        ours
    }

    /// The first node of a workload, and that after the last.
    fn workloads(&self) -> (u32, u32) {
        (self.cast().processes, self.cast().parts.len() as u32)
    }
}
