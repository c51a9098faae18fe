//! The builder: states a simulation, and runs it. The front door of this crate.

mod running;

use crate::chaos::Chaos;
use crate::configuration::RunConfiguration;
use crate::context::SimContext;
use crate::count::Count;
use crate::coverage_rules::CoverageRules;
use crate::injector::Injector;
use crate::isolation::{Errands, Isolation};
use crate::ledger::StateRegistry;
use crate::outcome::{Ending, Outcome};
use crate::shared::Finished;
use crate::simulation::{Checker, Conditions, Group, Invariant, Liveness, Role, Simulation};
use crate::strategy::TestStrategy;
use crate::swarm::Swarm;
use crate::tolerance::Tolerance;
use crate::workload::{Body, Factory, Process, Workload};
use std::ffi::OsString;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;
use wavetank_engine::{EngineConfig, Limits, Policy, Ratio};
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

/// States a simulation: processes under test, workloads that drive them, the
/// conditions, what must hold, and which seeds to run.
///
/// ```
/// use std::time::Duration;
/// use wavetank_core::Providers;
/// use wavetank_harness::{SimContext, SimulationBuilder, TestStrategy};
///
/// async fn nap(context: SimContext) {
///     let world = context.providers();
///     let start = world.now();
///     world.sleep(Duration::from_secs(3600)).await;
///     assert!(world.now() - start >= Duration::from_secs(3600));
/// }
///
/// SimulationBuilder::new()
///     .workload("napper", 1..=3, nap)
///     .with_strategy(TestStrategy::Count(20))
///     .run()
///     .assert_green();
/// ```
#[derive(Clone)]
pub struct SimulationBuilder {
    /// Shared with the workers of its sweeps.
    simulation: Arc<Simulation>,
    strategy: TestStrategy,
    threads: Option<usize>,
    reproduce: Option<Arc<str>>,
    /// How its runs come to processes of their own, if they do.
    errands: Option<Errands>,
    coverage: CoverageRules,
    /// The arguments with which this program comes to this simulation, if it is no test.
    arguments: Option<Arc<[OsString]>>,
}

impl Default for SimulationBuilder {
    fn default() -> Self {
        SimulationBuilder::new()
    }
}

impl SimulationBuilder {
    /// A simulation without anybody in it, of 100 seeds, named after the test that makes it.
    pub fn new() -> SimulationBuilder {
        let buggify = Ratio::new(1, 4);
        let engine = EngineConfig { buggify_active: buggify, buggify_fires: buggify, ..EngineConfig::default() };
        SimulationBuilder {
            simulation: Arc::new(Simulation {
                name: std::thread::current().name().unwrap_or("simulation").to_string(),
                groups: Vec::new(),
                invariants: Vec::new(),
                conditions: Conditions {
                    engine,
                    network: NetworkConfig::default(),
                    storage: StorageConfiguration::default(),
                    chaos: Chaos::none(),
                    overdrawn: false,
                },
                swarm: None,
                tolerance: None,
                liveness: Vec::new(),
                injectors: Vec::new(),
                checkers: Vec::new(),
                fixed: None,
                leak_check: true,
                grace: Duration::from_secs(60),
            }),
            strategy: TestStrategy::Count(100),
            threads: None,
            reproduce: None,
            errands: None,
            coverage: CoverageRules::new(),
            arguments: None,
        }
    }

    /// Names the simulation, for its reports.
    pub fn with_name(mut self, name: impl Into<String>) -> SimulationBuilder {
        self.stated().name = name.into();
        self
    }

    /// Adds processes under test: an async function that is called at each boot. A
    /// fault may kill them at any instant; what they return early is their business,
    /// but an error is red.
    #[track_caller]
    pub fn process<F, Fut>(self, name: &str, count: impl Into<Count>, function: F) -> SimulationBuilder
    where
        F: Fn(SimContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        self.group(name, Role::Process, count.into(), Factory::function(function))
    }

    /// Adds processes as trait objects, made anew at each boot.
    #[track_caller]
    pub fn process_object<F, P>(self, name: &str, count: impl Into<Count>, factory: F) -> SimulationBuilder
    where
        F: Fn() -> P + Send + Sync + 'static,
        P: Process,
    {
        self.group(name, Role::Process, count.into(), Factory::Process(Arc::new(move || Box::new(factory()))))
    }

    /// Adds workloads: an async function each. No fault strikes them, and the run is
    /// over when all have returned.
    #[track_caller]
    pub fn workload<F, Fut>(self, name: &str, count: impl Into<Count>, function: F) -> SimulationBuilder
    where
        F: Fn(SimContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        self.group(name, Role::Workload, count.into(), Factory::function(function))
    }

    /// Adds one workload named after nothing but its kind: [`workload`](Self::workload) in short.
    #[track_caller]
    pub fn with_workload<F, Fut>(self, function: F) -> SimulationBuilder
    where
        F: Fn(SimContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        let name = match self.simulation.groups.iter().filter(|group| group.role == Role::Workload).count() {
            0 => "workload".to_string(),
            others => format!("workload-{}", others + 1),
        };
        self.workload(&name, 1, function)
    }

    /// Adds workloads as trait objects, with a setup and a check.
    #[track_caller]
    pub fn workload_object<F, W>(self, name: &str, count: impl Into<Count>, factory: F) -> SimulationBuilder
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Workload,
    {
        self.group(name, Role::Workload, count.into(), Factory::Workload(Arc::new(move || Box::new(factory()))))
    }

    /// Adds what must hold after every event; it reads the state that processes and
    /// workloads registered. It may panic, or return an error.
    pub fn with_invariant<F, O>(mut self, name: impl Into<String>, check: F) -> SimulationBuilder
    where
        F: Fn(&StateRegistry) -> O + Send + Sync + 'static,
        O: Outcome,
    {
        let check = move |state: &StateRegistry| check(state).ended().map(drop);
        self.stated().invariants.push(Invariant { name: name.into(), check: Arc::new(check) });
        self
    }

    /// The network's conditions.
    pub fn with_network_config(mut self, network: NetworkConfig) -> SimulationBuilder {
        self.stated().conditions.network = network;
        self
    }

    /// The disks' conditions.
    pub fn with_storage_config(mut self, storage: StorageConfiguration) -> SimulationBuilder {
        self.stated().conditions.storage = storage;
        self
    }

    /// The planned faults.
    pub fn with_chaos(mut self, chaos: Chaos) -> SimulationBuilder {
        self.stated().conditions.chaos = chaos;
        self
    }

    /// Draws each run's conditions: which kinds of fault it has at all, how often they
    /// strike, what its latencies and buffers are. What the other methods state is what is
    /// drawn around; of what they leave at zero there is nothing.
    pub fn with_swarm(mut self, swarm: Swarm) -> SimulationBuilder {
        self.stated().swarm = Some(swarm);
        self
    }

    /// What the processes survive together; planned faults stay within it, but for runs
    /// that overdraw it on purpose.
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> SimulationBuilder {
        self.stated().tolerance = Some(tolerance);
        self
    }

    /// Adds a demand for progress: an async function that must succeed within so much
    /// virtual time whenever the faults of a cycle are over. It runs on a machine of its
    /// own, which no fault strikes; nothing is demanded in runs that overdraw the
    /// [`Tolerance`].
    pub fn with_liveness<F, Fut>(mut self, name: &str, within: Duration, probe: F) -> SimulationBuilder
    where
        F: Fn(SimContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        let probe = move |context| -> Body { Box::pin(Ending::of(probe(context))) };
        self.stated().liveness.push(Liveness { name: name.into(), within, probe: Arc::new(probe) });
        self
    }

    /// Adds faults of the test's own: an async function that begins with each window of
    /// [`Chaos`] and is dropped when the window is over. An error of it is red.
    pub fn with_injector<F, Fut>(mut self, name: &str, inject: F) -> SimulationBuilder
    where
        F: Fn(Injector) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        let inject = move |injector| -> Body { Box::pin(Ending::of(inject(injector))) };
        self.stated().injectors.push((name.into(), Arc::new(inject)));
        self
    }

    /// Adds a judge of whole runs: it is asked when the last check is over and nothing was
    /// red so far, and reads what the workloads [shared](SimContext::shared), such as a
    /// history. It may panic, or return an error.
    pub fn with_checker<F, O>(mut self, name: impl Into<String>, judge: F) -> SimulationBuilder
    where
        F: Fn(&Finished) -> O + Send + Sync + 'static,
        O: Outcome,
    {
        let judge = move |run: &Finished| judge(run).ended().map(drop);
        self.stated().checkers.push(Checker { name: name.into(), judge: Arc::new(judge) });
        self
    }

    /// Gives every run the conditions that one run had: what was drawn before that began is
    /// not drawn any more. With that run's own seed it is the same run. The conditions of a
    /// simulation of another name are refused when it is to be run, see
    /// [`validate`](Self::validate).
    pub fn with_configuration(mut self, configuration: RunConfiguration) -> SimulationBuilder {
        self.stated().fixed = Some(Arc::new(configuration));
        self
    }

    /// How far each run may go.
    pub fn with_limits(mut self, limits: Limits) -> SimulationBuilder {
        self.stated().conditions.engine.limits = limits;
        self
    }

    /// The order among ready tasks.
    pub fn with_policy(mut self, policy: Policy) -> SimulationBuilder {
        self.stated().conditions.engine.policy = policy;
        self
    }

    /// Timers that fire late, polls that take time, `buggify!`: all that the engine
    /// itself can do.
    pub fn with_engine_config(mut self, change: impl FnOnce(&mut EngineConfig)) -> SimulationBuilder {
        change(&mut self.stated().conditions.engine);
        self
    }

    /// Whether tasks, sockets and files that outlive all workloads are red; they are by default.
    pub fn with_leak_check(mut self, leak_check: bool) -> SimulationBuilder {
        self.stated().leak_check = leak_check;
        self
    }

    /// Which seeds to run. `WAVETANK_SEED` and `WAVETANK_SEEDS` in the environment go before it.
    pub fn with_strategy(mut self, strategy: TestStrategy) -> SimulationBuilder {
        self.strategy = strategy;
        self
    }

    /// On how many threads; as many as there are cores by default. Results do not depend on it.
    ///
    /// # Panics
    /// At zero.
    pub fn with_threads(mut self, threads: usize) -> SimulationBuilder {
        assert!(threads > 0, "a simulation needs a thread to run on");
        self.threads = Some(threads);
        self
    }

    /// When a sweep of a whole target is red for what it did not show, and what is exempt
    /// from that. The command line judges by it; other rules of the target add up with it.
    pub fn with_coverage_rules(mut self, rules: CoverageRules) -> SimulationBuilder {
        self.coverage = rules;
        self
    }

    /// The rules that it was given.
    pub fn coverage_rules(&self) -> &CoverageRules {
        &self.coverage
    }

    /// Whether each run gets a process of its own.
    ///
    /// From a test this starts the test program again with that one test, which runs up
    /// to here, runs the one seed, and ends. What stands before it in the test is
    /// therefore done again for each seed. A test that judges one isolated sweep before
    /// it begins another never gets to the second one there: judge at the end, or give
    /// each a test of its own.
    pub fn with_isolation(mut self, isolation: Isolation) -> SimulationBuilder {
        self.errands = isolation.errands();
        self
    }

    /// The arguments with which this program comes to this simulation again, for a run in
    /// a process of its own. A test needs none.
    pub fn with_isolation_arguments<A: Into<OsString>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> SimulationBuilder {
        self.arguments = Some(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// Where its runs happen.
    pub fn isolation(&self) -> Isolation {
        self.errands.map_or(Isolation::Threads, |errands| Isolation::Process { timeout: errands.timeout })
    }

    /// The line that runs a red seed again; `{seed}` stands for it. By default it is
    /// this test's `cargo test` with `WAVETANK_SEED`, or this program's `cargo run`. Features and
    /// a profile that cargo was given are not in that: no process is told of them.
    pub fn with_reproduce_line(mut self, line: &str) -> SimulationBuilder {
        self.reproduce = Some(line.into());
        self
    }

    /// The simulation's name.
    pub fn name(&self) -> &str {
        &self.simulation.name
    }

    /// The groups of processes and workloads: their names, and how many there may be of each.
    pub fn groups(&self) -> impl Iterator<Item = (&str, Count)> {
        self.simulation.groups.iter().map(|group| (&*group.name, group.count))
    }

    /// How far each run may go.
    pub fn limits(&self) -> Limits {
        self.simulation.conditions.engine.limits
    }

    /// What was said so far, to be added to.
    fn stated(&mut self) -> &mut Simulation {
        Arc::make_mut(&mut self.simulation)
    }

    #[track_caller]
    fn group(mut self, name: &str, role: Role, count: Count, factory: Factory) -> SimulationBuilder {
        let site = Location::caller();
        self.stated().groups.push(Group { name: name.into(), role, count, factory, site });
        self
    }
}
