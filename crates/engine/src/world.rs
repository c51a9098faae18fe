//! The world: a kernel and its devices, owned by whoever runs simulations, and
//! used again for run after run. Knows neither workloads nor verdicts.

use crate::config::EngineConfig;
use crate::control::Control;
use crate::decision::Decisions;
use crate::device::Device;
use crate::foreign;
use crate::kernel::Kernel;
use crate::left;
use crate::limit::Stop;
use crate::local::{self, Key, Local, NO_RUN, Shell};
use crate::node::NodeId;
use crate::report::TaskReport;
use crate::stage::BoxRunnable;
use crate::task::{End, Who};
use crate::trace::Trace;
use crate::turn::{bury_panicked, close_dropped, drop_all, turn};
use std::panic::{self, AssertUnwindSafe, Location};

/// A panic that ended a poll.
#[derive(Debug, Clone)]
pub struct TaskPanic {
    /// The task's name.
    pub task: &'static str,
    /// The node it ran on, and its incarnation.
    pub node: NodeId,
    /// The node's incarnation.
    pub incarnation: u32,
    /// Where the task was spawned.
    pub spawned_at: &'static Location<'static>,
    /// Where it was, as whoever [locates](World::locate_panics) panics has it; empty if nobody does.
    pub site: String,
    /// What the panic said.
    pub message: String,
    /// The task's number; [`None`]: it was no task's.
    pub(crate) number: Option<u64>,
}

impl TaskPanic {
    pub(crate) fn of(who: Who, message: String) -> TaskPanic {
        let Who { number, node, incarnation, name, site: spawned_at } = who;
        TaskPanic { task: name, node, incarnation, spawned_at, site: String::new(), message, number: Some(number) }
    }

    /// Of no task: of what observes, or of what is dropped.
    pub(crate) fn of_nobody(message: String) -> TaskPanic {
        TaskPanic {
            task: "the simulation itself",
            node: NodeId(u32::MAX),
            incarnation: 0,
            spawned_at: Location::caller(),
            site: String::new(),
            message,
            number: None,
        }
    }
}

/// A simulated world; see the module's first lines.
pub struct World {
    shell: Box<Shell>,
    panics: Vec<TaskPanic>,
    /// Says where the last panic of this thread was.
    locate: fn() -> String,
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

impl World {
    /// A world without machines and devices.
    #[inline]
    pub fn new() -> World {
        World { shell: Box::default(), panics: Vec::new(), locate: String::new }
    }

    /// Has each panic's place asked for right after it: only a hook of the process knows it.
    pub fn locate_panics(&mut self, locate: fn() -> String) {
        self.locate = locate;
    }

    /// Adds a device, for all runs to come.
    pub fn add<D: Device>(&mut self, device: D) -> Key<D> {
        self.shell.add(device)
    }

    /// Begins a run: whatever was there of the last one is dropped and forgotten.
    /// Machines and nodes stay, all of them down, until [`clear_topology`](Self::clear_topology).
    #[inline]
    pub fn begin(&mut self, decisions: Decisions, config: &EngineConfig, trace: Option<Trace>) {
        self.end_tasks();
        self.panics.clear();
        self.forget();
        let run = self.shell.with(|split| {
            split.kernel.reset(decisions, config, trace);
            for device in split.devices.iter() {
                device.reset(&mut split.kernel);
            }
            split.kernel.run
        });
        self.shell.set_run(run);
    }

    /// Drops what the last run left besides tasks, outside of the borrow. Mostly that is nothing.
    #[inline]
    fn forget(&mut self) {
        let is_clean = self.shell.with(|split| {
            let kernel = &split.kernel;
            kernel.payloads.is_empty() && kernel.publications.is_empty() && kernel.wakers.is_empty()
        });
        if !is_clean || self.shell.closes.are_any() {
            self.forget_all();
        }
    }

    #[cold]
    fn forget_all(&mut self) {
        drop(self.shell.closes.take());
        let left = self.shell.with(|split| {
            let kernel = &mut split.kernel;
            (
                std::mem::take(&mut kernel.payloads),
                std::mem::take(&mut kernel.publications),
                std::mem::take(&mut kernel.wakers),
            )
        });
        install(&self.shell, || drop(left));
    }

    /// Removes all machines and nodes.
    ///
    /// # Panics
    /// If a run is under way.
    #[inline]
    pub fn clear_topology(&mut self) {
        self.end_tasks();
        self.kernel(|kernel| kernel.topology.clear());
    }

    /// Borrows the kernel: to build the topology, to read what a run did.
    pub fn kernel<R>(&mut self, body: impl FnOnce(&mut Kernel) -> R) -> R {
        self.shell.with(|split| body(&mut split.kernel))
    }

    /// Borrows a device and the kernel.
    ///
    /// # Panics
    /// If the device is another world's.
    pub fn device<D: Device, R>(&mut self, key: Key<D>, body: impl FnOnce(&mut D, &mut Kernel) -> R) -> R {
        assert!(key.is_of(&self.shell), "the key belongs to another world");
        key.get(&self.shell, body)
    }

    /// A device, for handles of this run.
    ///
    /// # Panics
    /// If the device is another world's, or no run has [begun](Self::begin).
    pub fn local<D: Device>(&self, key: Key<D>) -> Local<D> {
        assert!(key.is_of(&self.shell), "the key belongs to another world");
        self.expect_run();
        key.local(&self.shell)
    }

    /// The right to boot, crash and pause nodes from inside the run.
    ///
    /// # Panics
    /// If no run has [begun](Self::begin).
    pub fn control(&self) -> Control {
        self.expect_run();
        Control { run: self.shell.run() }
    }

    /// Before its first run a world is like any other that has had none, and a handle would
    /// reach whichever is installed.
    #[inline]
    fn expect_run(&self) {
        assert!(self.shell.run() != NO_RUN, "no run has begun: a handle is of one run, so begin it first");
    }

    /// Runs code with the world installed, so that it may use handles of this run.
    pub fn enter<R>(&mut self, body: impl FnOnce() -> R) -> R {
        install(&self.shell, body)
    }

    /// Steps until something stops it, or until nothing is due by global time `until`
    /// (in nanoseconds), which it then is.
    pub fn run(&mut self, until: u64) -> Stop {
        self.run_observed(until, None)
    }

    /// As [`run`](Self::run), and calls `observer` after every event and poll.
    pub fn run_observed(&mut self, until: u64, mut observer: Option<&mut dyn FnMut()>) -> Stop {
        let World { shell, panics, locate } = self;
        let shell: &Shell = shell;
        install(shell, || {
            shell.with(|split| {
                split.kernel.observed = observer.is_some();
                split.kernel.horizon = until.min(split.kernel.time_most);
            });
            let mut polled: Option<BoxRunnable> = None;
            loop {
                let turns = panic::catch_unwind(AssertUnwindSafe(|| turn(shell, &mut polled, until, &mut observer)));
                match turns {
                    Ok(stop) => {
                        if stop == Stop::Until {
                            shell.with(|split| split.kernel.pass(until));
                        }
                        return stop;
                    }
                    Err(payload) => {
                        // Asked for first: to drop what panicked may panic again.
                        let site = locate();
                        let Some(panic) = bury_panicked(shell, polled.take(), payload) else { continue };
                        let is_a_tasks = panic.number.is_some();
                        panics.push(TaskPanic { site, ..panic });
                        if !is_a_tasks || !shell.with(|split| split.kernel.config.survive_panics) {
                            return Stop::Panic;
                        }
                    }
                }
            }
        })
    }

    /// The panics of the run so far.
    pub fn panics(&self) -> &[TaskPanic] {
        &self.panics
    }

    /// The panics of the run so far that nobody heard of by joining the task, and nobody
    /// will: those whose handle still lives are not among them before the run is
    /// [finished](Self::finish). Of the first `most` that there were.
    pub fn unheard_panics(&mut self, most: usize) -> Vec<&TaskPanic> {
        let World { shell, panics, .. } = self;
        let mut others = shell.with(|split| {
            let waiting = split.kernel.payloads.iter().map(|(number, _)| *number);
            split.kernel.heard.iter().copied().chain(waiting).collect::<Vec<u64>>()
        });
        others.sort_unstable();
        let is_unheard = |number: u64| others.binary_search(&number).is_err();
        panics.iter().take(most).filter(|panic| panic.number.is_none_or(is_unheard)).collect()
    }

    /// The tasks that have not ended.
    pub fn tasks(&mut self) -> Vec<TaskReport> {
        self.shell.with(|split| split.kernel.report(&mut split.devices))
    }

    /// Whether any task has not been ended and joined.
    pub fn has_tasks(&mut self) -> bool {
        self.shell.with(|split| split.kernel.tasks.len() > 0)
    }

    /// Whether any task of those nodes has not ended.
    #[inline]
    pub fn has_tasks_of(&mut self, nodes: std::ops::Range<NodeId>) -> bool {
        self.shell.with(|split| {
            split.kernel.tasks.iter().any(|(_, task)| nodes.contains(&task.node) && task.end == End::Running)
        })
    }

    /// Drops every task of the run while the world is installed, then says what is
    /// still open: sleeps, sockets and files that no task owned. A panic of a destructor is
    /// then among [`panics`](Self::panics).
    #[inline]
    pub fn finish(&mut self) -> Vec<String> {
        self.end_tasks();
        if left::is_any() || self.shell.closes.are_any() {
            // What was dropped since the last step is not open any more.
            self.shell.enter_within(|| hooked(&self.shell, || close_dropped(&self.shell)));
        }
        self.shell.with(leaks)
    }

    /// Drops every task while the world is installed.
    #[inline]
    fn end_tasks(&mut self) {
        let World { shell, panics, locate } = self;
        let shell: &Shell = shell;
        if shell.with(|split| split.kernel.tasks.len() > 0 || !split.kernel.debris.is_empty()) {
            panics.append(&mut shell.enter_within(|| hooked(shell, || drop_all(shell, *locate))));
        }
    }

    /// How often handles or wakers of this run were used on other threads or in
    /// other runs; each such use is nondeterminism.
    #[inline]
    pub fn foreign_uses(&mut self) -> usize {
        self.shell.with(|split| foreign::take(|generation| split.kernel.is_ours(generation)))
    }

    /// The same of all its runs: uses of which a run was not told, because they came when it
    /// was over. Each with a number from that of its run up to that of the next, see
    /// [`run_number`](Self::run_number).
    pub fn late_uses(&mut self) -> Vec<(u64, usize)> {
        self.shell.with(|split| foreign::take_all(|generation| split.kernel.generations.is_of_any_run(generation)))
    }

    /// The number of the run that has begun last. Numbers of a world's runs grow, and no two
    /// worlds of a process have the same.
    #[inline]
    pub fn run_number(&self) -> u64 {
        self.shell.run()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A world may be dropped while a panic unwinds: then nothing of it is installed any more.
        self.end_tasks();
        if left::is_any() {
            left::take(self.shell.run());
        }
    }
}

/// Runs code with a world installed, its hooks included.
fn install<R>(shell: &Shell, body: impl FnOnce() -> R) -> R {
    shell.enter(|| hooked(shell, body))
}

/// Runs code with the hooks of the installed world, after what was dropped meanwhile is closed.
#[inline]
fn hooked<R>(shell: &Shell, body: impl FnOnce() -> R) -> R {
    let _hooks = crate::hook::Hooks::install();
    if left::is_any() {
        shell.closes.add(left::take(shell.run()));
        close_dropped(shell);
    }
    body()
}

#[inline]
fn leaks(split: &mut local::Split) -> Vec<String> {
    let mut leaks = Vec::new();
    let armed = split.kernel.timers.armed();
    if armed > 0 {
        leaks.push(format!("{armed} sleeps are armed that no task owns"));
    }
    for device in split.devices.iter() {
        leaks.append(&mut device.leaks());
    }
    leaks
}
