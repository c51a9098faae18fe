//! A small world to test in: some nodes, each on a machine of its own, and what a
//! process there is given. Checks nothing.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use wavetank_engine::{
    Control, CrashKind, Decisions, EngineConfig, Home, NodeId, Overrides, Placement, Policy, Scope, SimJoinHandle,
    SimTaskProvider, SimTimeProvider, Stop, Trace, World, mix,
};

/// A world and its nodes.
pub(crate) struct Basin {
    pub(crate) world: World,
    pub(crate) nodes: Vec<NodeId>,
}

/// A process and its providers.
#[derive(Clone, Copy)]
pub(crate) struct Process {
    pub(crate) home: Home,
    pub(crate) time: SimTimeProvider,
    pub(crate) task: SimTaskProvider,
    pub(crate) control: Control,
}

/// What the tasks of a test say, in order.
pub(crate) type Log<T> = Rc<RefCell<Vec<T>>>;

pub(crate) fn log<T>() -> Log<T> {
    Rc::new(RefCell::new(Vec::new()))
}

/// First in, first out, and nothing else switched on.
pub(crate) fn fifo() -> EngineConfig {
    EngineConfig { policy: Policy::Fifo, ..EngineConfig::default() }
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Milliseconds in the engine's nanoseconds.
pub(crate) const MILLI: u64 = 1_000_000;

impl Basin {
    /// So many nodes, in a run of seed 1 in FIFO order.
    pub(crate) fn new(nodes: usize) -> Basin {
        Basin::with(nodes, 1, &fifo())
    }

    /// So many nodes, in a run of that seed.
    pub(crate) fn with(nodes: usize, seed: u64, config: &EngineConfig) -> Basin {
        let mut world = World::new();
        let nodes = world.kernel(|kernel| {
            (0..nodes)
                .map(|nth| {
                    let machine = kernel.topology.add_machine(format!("machine-{nth}"), Placement::default());
                    kernel.topology.add_node(format!("node-{nth}"), machine)
                })
                .collect()
        });
        world.begin(Decisions::of(seed), config, None);
        Basin { world, nodes }
    }

    /// Begins another run.
    pub(crate) fn begin(&mut self, seed: u64, config: &EngineConfig) {
        self.world.begin(Decisions::of(seed), config, None);
    }

    pub(crate) fn begin_overridden(&mut self, seed: u64, config: &EngineConfig, overrides: Overrides) {
        self.world.begin(Decisions::new(seed, overrides), config, None);
    }

    pub(crate) fn begin_traced(&mut self, seed: u64, config: &EngineConfig, trace: Trace) {
        self.world.begin(Decisions::of(seed), config, Some(trace));
    }

    /// Starts the process of a node.
    pub(crate) fn boot(&mut self, nth: usize) -> Process {
        let (control, node) = (self.world.control(), self.nodes[nth]);
        self.world.enter(|| Process::boot(control, node))
    }

    /// Puts a task on a process, detached.
    pub(crate) fn spawn<T: 'static>(&mut self, process: Process, future: impl Future<Output = T> + 'static) {
        self.world.enter(|| drop(process.spawn("task", future)));
    }

    pub(crate) fn crash(&mut self, nth: usize) {
        let (control, node) = (self.world.control(), self.nodes[nth]);
        self.world.enter(|| control.crash(Scope::Node(node), CrashKind::Process));
    }

    /// Runs until something stops it.
    pub(crate) fn run(&mut self) -> Stop {
        self.world.run(u64::MAX)
    }

    /// Runs until nothing is left to do, and expects that.
    #[track_caller]
    pub(crate) fn run_idle(&mut self) {
        let stop = self.run();
        let tasks = self.world.tasks();
        assert_eq!(stop, Stop::Idle, "{:?} {tasks:?}", self.world.panics());
    }

    /// Global time in nanoseconds.
    pub(crate) fn now(&mut self) -> u64 {
        self.world.kernel(|kernel| kernel.now())
    }
}

impl Process {
    /// Starts a node's next process, from inside the run.
    pub(crate) fn boot(control: Control, node: NodeId) -> Process {
        Process::of(control, control.boot(node))
    }

    pub(crate) fn of(control: Control, home: Home) -> Process {
        Process { home, time: SimTimeProvider::new(home), task: SimTaskProvider::new(home), control }
    }

    #[track_caller]
    pub(crate) fn spawn<T: 'static>(
        self,
        name: &'static str,
        future: impl Future<Output = T> + 'static,
    ) -> SimJoinHandle<T> {
        self.control.spawn(self.home, name, future)
    }

    /// Kills the process, from inside the run.
    pub(crate) fn crash(self) {
        self.control.crash(Scope::Node(self.home.node), CrashKind::Process);
    }
}

/// A supply of numbers for property tests; repeatable.
pub(crate) struct Numbers {
    seed: u64,
    nth: u64,
}

impl Numbers {
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers { seed, nth: 0 }
    }

    /// 64 uniform bits.
    pub(crate) fn any(&mut self) -> u64 {
        self.nth += 1;
        mix(mix(self.seed, 0x006e_756d_6265_7273), self.nth)
    }

    /// A number in `0..end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.any() % end
    }
}

/// Calls its closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
