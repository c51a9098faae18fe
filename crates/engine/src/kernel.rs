//! The world's state under one borrow: time, queue, tasks, decisions, digest,
//! faults, topology; and what a device may ask of it. Devices stand beside it.

use crate::broken::{Broken, Memory};
use crate::config::EngineConfig;
use crate::decision::{Decisions, Domain};
use crate::digest::{Checkpoint, Checkpoints, Digest};
use crate::fault::FaultLog;
use crate::generation::Generations;
use crate::hook::{Publication, Violation};
use crate::limit::Stop;
use crate::node::{NodeId, Topology};
use crate::pct::Pct;
use crate::queue::{Queue, Ticket};
use crate::ready::{Policy, Ready};
use crate::task::{Current, Debris, Tasks, Who, index_of};
use crate::timer::Timers;
use crate::trace::{EventKind, Trace};
use std::task::Waker;
use wavetank_probe::Coverage;

/// The device number of the engine's own timers.
pub(crate) const TIMERS: u32 = 0;
/// The pseudo-device whose slots are tasks, for those who wait for a task.
pub(crate) const TASKS: u32 = u32::MAX;

/// The time that never comes: the last there is, so that it stands for all that are beyond.
pub(crate) const NEVER: u64 = u64::MAX;

/// The domain of the order among ready tasks.
pub const SCHEDULE: Domain = Domain::new("engine.schedule");
/// The domain of the order among records due at one instant.
pub const TIES: Domain = Domain::new("engine.ties");
/// The domain of the points at which PCT changes priorities.
pub const CHANGES: Domain = Domain::new("engine.pct-change");
/// The domain of the first branch of a `select!`.
pub const SELECT: Domain = Domain::new("engine.select");

pub(crate) const POLL: EventKind = EventKind::new("poll");

/// The state of a run; see the module's first lines.
pub struct Kernel {
    /// What there is and who is up.
    pub topology: Topology,
    pub(crate) now: u64,
    pub(crate) queue: Queue,
    pub(crate) tasks: Tasks,
    pub(crate) ready: Ready,
    pub(crate) timers: Timers,
    pub(crate) config: EngineConfig,
    pub(crate) run: u64,
    pub(crate) generations: Generations,
    /// The task being polled.
    pub(crate) current: Current,
    /// Why to stop, wakers to call and debris to drop; `urgent` if there is any of them.
    pub(crate) urgent: bool,
    pub(crate) stop: Option<Stop>,
    pub(crate) observed: bool,
    /// Whether there is more to do after a poll than to put its future back.
    pub(crate) unusual: bool,
    /// Whether a sleep may end at another time than its deadline, or is told of.
    pub(crate) unpunctual: bool,
    pub(crate) broken: Memory,
    pub(crate) events: u64,
    pub(crate) polls: u64,
    /// Polls before this instant.
    pub(crate) polls_before: u64,
    /// Polls that no limit forbids, of the run or of an instant; there may be more of them when
    /// time has moved, see [`may_poll`](Self::may_poll).
    pub(crate) polls_most: u64,
    pub(crate) time_most: u64,
    /// The time until which steps are taken: as asked for, but within the limit.
    pub(crate) horizon: u64,
    pub(crate) paused: u32,
    /// Numbers drawn by processes that were dead already.
    pub(crate) dead_draws: u64,
    pub(crate) shuffled_at: u64,
    pub(crate) scratch: Vec<(u64, u32)>,
    pub(crate) wakers: Vec<Waker>,
    pub(crate) debris: Vec<Debris>,
    pub(crate) pct: Pct,
    /// Who left what panicked as it was dropped.
    pub(crate) blamed: Option<Box<Who>>,
    /// Whether what the dead left is being dropped: nothing of it would have happened.
    pub(crate) mourning: bool,
    /// The payloads of panicked tasks that nobody has joined yet, by number.
    pub(crate) payloads: Vec<(u64, Box<dyn std::any::Any + Send>)>,
    /// The numbers of panicked tasks that were joined.
    pub(crate) heard: Vec<u64>,
    pub(crate) faults: FaultLog,
    /// Whether every fault is benign for now.
    pub(crate) quiet: bool,
    /// What was hit since it was last taken, over any number of runs.
    pub coverage: Coverage,
    /// Whether anybody reads what `publish!` offers.
    pub reads_publications: bool,
    /// Whether something was published since this was last reset by its reader.
    pub published_anew: bool,
    pub(crate) violations: Vec<Violation>,
    pub(crate) publications: Vec<Publication>,
    pub(crate) decisions: Decisions,
    /// Of the last waking: see [`next_sequence`](crate::waking::next_sequence).
    pub(crate) sequence: u32,
    pub(crate) digest: Digest,
    pub(crate) noted: u64,
    /// The number of events at which somebody wants to look.
    pub(crate) attention: u64,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) trace: Option<Box<Trace>>,
}

impl Default for Kernel {
    /// Before its first run. Inline, so that a shell is made in place.
    #[inline]
    fn default() -> Kernel {
        Kernel {
            topology: Topology::default(),
            now: 0,
            queue: Queue::new(),
            tasks: Tasks::new(),
            ready: Ready::default(),
            timers: Timers::new(),
            config: EngineConfig::default(),
            run: 0,
            generations: Generations::default(),
            current: Current::NOBODY,
            urgent: false,
            stop: None,
            observed: false,
            unusual: false,
            unpunctual: false,
            broken: Memory::default(),
            events: 0,
            polls: 0,
            polls_before: 0,
            polls_most: 0,
            time_most: 0,
            horizon: 0,
            paused: 0,
            dead_draws: 0,
            shuffled_at: u64::MAX,
            scratch: Vec::new(),
            wakers: Vec::new(),
            debris: Vec::new(),
            pct: Pct::default(),
            blamed: None,
            mourning: false,
            payloads: Vec::new(),
            heard: Vec::new(),
            faults: FaultLog::new(),
            quiet: false,
            coverage: Coverage::new(),
            reads_publications: false,
            published_anew: false,
            violations: Vec::new(),
            publications: Vec::new(),
            decisions: Decisions::default(),
            sequence: 1,
            digest: Digest::EMPTY,
            noted: 0,
            attention: 0,
            checkpoints: Checkpoints::new(),
            trace: None,
        }
    }
}

impl Kernel {
    /// Everything as a fresh kernel has it, but for memory and topology.
    pub(crate) fn reset(&mut self, decisions: Decisions, config: &EngineConfig, trace: Option<Trace>) {
        assert_eq!(self.tasks.len(), 0, "the last run's tasks are dropped before the next begins");
        self.topology.reset();
        self.now = 0;
        self.queue.reset();
        self.tasks.clear();
        self.ready.clear();
        self.timers.reset();
        self.config.clone_from(config);
        self.generations.begin();
        self.run = self.generations.next();
        self.current = Current::NOBODY;
        self.stop = None;
        self.urgent = false;
        let is_broken = config.broken.is_some();
        self.unusual = matches!(config.policy, Policy::Pct { .. }) || !config.poll_cost.is_zero() || is_broken;
        self.unpunctual = !config.timer_late.is_zero() || is_broken || trace.is_some();
        self.topology.skewed = matches!(config.broken, Some(Broken::Monotonic | Broken::Clones));
        self.broken = Memory::default();
        self.heard.clear();
        self.events = 0;
        self.polls = 0;
        self.time_most = wavetank_core::saturating_nanos(config.limits.time).min(NEVER - 1);
        self.paused = 0;
        self.dead_draws = 0;
        self.polls_before = 0;
        self.polls_most = 0;
        self.shuffled_at = u64::MAX;
        self.faults.reset();
        self.quiet = false;
        self.published_anew = false;
        self.violations.clear();
        let seed = decisions.seed();
        self.decisions = decisions;
        self.sequence = 1;
        self.digest = Digest::EMPTY;
        self.digest.fold(seed, 0);
        self.noted = 0;
        self.attention = 0;
        self.checkpoints.reset();
        self.trace = trace.map(Box::new);
        self.pct.plan(&self.config.policy, &self.decisions);
    }

    /// Global virtual time in nanoseconds: for devices and the harness, never for a system under test.
    #[inline]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// When the next record is due, if any is queued that will ever be.
    pub fn next_time(&self) -> Option<u64> {
        self.queue.next_time().filter(|&time| time != NEVER)
    }

    /// The run's seed.
    pub fn seed(&self) -> u64 {
        self.decisions.seed()
    }

    /// Records fired so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Tasks polled so far.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// The digest of all that was noted so far.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The digest at regular intervals of the run so far.
    pub fn checkpoints(&self) -> &[Checkpoint] {
        self.checkpoints.as_slice()
    }

    /// Events noted so far.
    pub fn noted(&self) -> u64 {
        self.noted
    }

    /// The trace, if the run keeps one.
    pub fn trace(&self) -> Option<&Trace> {
        self.trace.as_deref()
    }

    /// The faults that fired so far.
    pub fn faults(&self) -> &FaultLog {
        &self.faults
    }

    /// The assertions that were violated so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What product code published last, by name and process.
    pub fn publications(&self) -> &[Publication] {
        &self.publications
    }

    /// The run's decisions, to draw from; folding what was drawn is up to the caller.
    #[inline]
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// The node and incarnation whose task is being polled.
    pub fn current_node(&self) -> Option<(NodeId, u32)> {
        self.current.get().map(|index| {
            let task = self.tasks.peek(index);
            (task.node, task.incarnation)
        })
    }

    /// Slots that were ever needed at once: of records, timers and tasks, and panics
    /// that nobody has joined. For tests of what a run may keep.
    #[doc(hidden)]
    pub fn footprint(&self) -> [usize; 4] {
        [self.queue.slots(), self.timers.slots(), self.tasks.slots(), self.payloads.len()]
    }

    /// Queues a record: `device` (see [`World::add`](crate::World::add)) will be fired
    /// for `slot` at `time`, or now if that is past.
    #[inline]
    pub fn at(&mut self, time: u64, device: u32, slot: u32) -> Ticket {
        self.queue.insert(time.max(self.now), device, slot)
    }

    /// Takes a record out before it fires.
    #[inline]
    pub fn cancel(&mut self, ticket: Ticket) {
        self.queue.cancel(ticket);
    }

    /// Takes back the memory of debris that was dropped, unless more came in the meantime.
    pub(crate) fn keep_debris(&mut self, dropped: Vec<Debris>) {
        if self.debris.is_empty() {
            self.debris = dropped;
        }
    }

    /// Has something dropped after the borrow.
    pub(crate) fn bring_out(&mut self, debris: Debris) {
        self.urgent = true;
        self.debris.push(debris);
    }

    /// Has the rest of what was to be dropped wait, and a panic count as that of the task that left it.
    #[cold]
    pub(crate) fn blame(&mut self, who: Option<Who>, mut rest: Vec<Debris>) {
        rest.append(&mut self.debris);
        self.debris = rest;
        self.urgent = true;
        self.blamed = who.map(Box::new);
        if let Some(Who { number, .. }) = who
            && self.tasks.get(number).is_some()
        {
            self.current = Current::of(index_of(number));
        }
    }

    /// Stops the run before the next step.
    pub(crate) fn stop(&mut self, stop: Stop) {
        self.urgent = true;
        self.stop = Some(stop);
    }

    /// Whether a generation is one of this run's.
    #[inline]
    pub(crate) fn is_ours(&self, generation: u64) -> bool {
        self.generations.is_ours(generation)
    }

    /// Lets time pass in which nothing is due.
    pub(crate) fn pass(&mut self, until: u64) {
        if until > self.now {
            self.now = until;
            self.begin_instant();
        }
    }

    /// Time moves: polls are counted anew towards the limit of an instant.
    #[inline]
    pub(crate) fn begin_instant(&mut self) {
        self.polls_before = self.polls;
    }

    /// Whether so many polls are within the limits of the run and of this instant. Computes
    /// anew how many may be made before that is asked again.
    #[cold]
    pub(crate) fn may_poll(&mut self) -> bool {
        let limits = &self.config.limits;
        self.polls_most = limits.polls.min(self.polls_before.saturating_add(limits.polls_per_instant));
        self.polls <= self.polls_most
    }
}
