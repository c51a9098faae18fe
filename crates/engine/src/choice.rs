//! What devices ask of the kernel when something is chosen: notes for the digest and
//! the trace, faults that strike, numbers that are drawn. Who asks decides what the
//! answer does.

use crate::decision::{Address, Domain, mix, scale};
use crate::digest::Checkpoint;
use crate::fault::{Atom, FaultKind, Target, kinds};
use crate::kernel::Kernel;
use crate::node::NodeId;
use crate::ratio::Ratio;
use crate::tally::Tally;
use crate::trace::{Event, EventKind};

const FAULT: EventKind = EventKind::new("fault");
const CHOICE: EventKind = EventKind::new("choice");
pub(crate) const FIRE: EventKind = EventKind::new("fire");

impl Kernel {
    /// Notes an event: folds it into the digest, and traces it if the run keeps a trace.
    #[inline]
    pub fn note(&mut self, kind: EventKind, entity: u64, detail: u64) {
        if self.fold(kind, entity, detail) {
            self.attend(kind, entity, detail);
        }
    }

    /// Folds an event into the digest; whether somebody wants to look at it.
    #[inline]
    pub(crate) fn fold(&mut self, kind: EventKind, entity: u64, detail: u64) -> bool {
        self.digest.fold(entity ^ kind.key(), detail ^ self.now.rotate_left(32));
        self.noted += 1;
        self.noted >= self.attention
    }

    /// Traces an event, and takes a checkpoint where one is due.
    #[cold]
    #[inline(never)]
    pub(crate) fn attend(&mut self, kind: EventKind, entity: u64, detail: u64) {
        if self.trace.is_some() {
            self.trace_event(kind, entity, detail);
        }
        if self.checkpoints.is_due(self.noted) {
            self.checkpoints.push(Checkpoint { events: self.noted, time: self.now, digest: self.digest });
        }
        self.attention = if self.trace.is_some() { 0 } else { self.checkpoints.next(self.noted) };
    }

    fn trace_event(&mut self, kind: EventKind, entity: u64, detail: u64) {
        let task = self.current.get().map(|index| self.tasks.peek(index));
        let event = Event {
            number: self.noted - 1,
            time: self.now,
            node: task.map(|task| (task.node, task.incarnation)),
            task: task.map_or(0, |task| task.entity),
            kind,
            entity,
            detail,
        };
        self.trace.as_mut().expect("only a run that keeps a trace gets here").push(event);
    }

    /// Makes every fault benign from now on, or lets them strike again. Nothing is drawn
    /// meanwhile: who says that the world is quiet can prove it by the list of atoms.
    /// What a crash leaves is a fault too: a machine that loses power in a quiet world
    /// loses nothing.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// Counts that a fault was planned, and what a tolerance made of it. One that fires
    /// counts itself.
    pub fn planned(&mut self, kind: &'static FaultKind, count: impl FnOnce(&mut Tally)) {
        count(self.faults.tally_mut(kind));
    }

    /// Whether a fault of that kind strikes `entity` at its `nth` use, with the given
    /// probability. If so it is noted and logged as an atom.
    #[inline]
    pub fn strikes(&mut self, kind: &'static FaultKind, entity: u64, nth: u64, ratio: Ratio, target: Target) -> bool {
        !ratio.is_zero() && self.strikes_for(kind, entity, nth, ratio, 0, 0, target).is_some()
    }

    /// As [`strikes`](Self::strikes), with a parameter from `low` to `high` (both included).
    #[inline]
    pub fn strikes_for(
        &mut self,
        kind: &'static FaultKind,
        entity: u64,
        nth: u64,
        ratio: Ratio,
        low: u64,
        high: u64,
        target: Target,
    ) -> Option<u64> {
        if ratio.is_zero() || self.quiet {
            return None;
        }
        let draw = self.decisions.draw(kind.domain(), entity, nth)?;
        if !ratio.holds(draw) {
            return None;
        }
        let value = scale(mix(draw, 0x0070_6172_616d), low, high.max(low));
        self.fired(kind, entity, nth, target, [value, 0]);
        Some(value)
    }

    /// Notes and logs a fault that fired: one drawn by [`strikes`](Self::strikes) is already.
    #[cold]
    pub fn fired(&mut self, kind: &'static FaultKind, entity: u64, nth: u64, target: Target, parameters: [u64; 2]) {
        self.planned(kind, |tally| {
            tally.asked += 1;
            tally.granted += 1;
        });
        self.fired_as_planned(kind, entity, nth, target, parameters);
    }

    /// As [`fired`](Self::fired), for a fault whose plan was counted with
    /// [`planned`](Self::planned) before.
    pub fn fired_as_planned(
        &mut self,
        kind: &'static FaultKind,
        entity: u64,
        nth: u64,
        target: Target,
        parameters: [u64; 2],
    ) {
        debug_assert!(!self.quiet, "{} strikes in a quiet world", kind.name());
        let address = Address { domain: kind.domain().key(), entity, nth };
        let atom = Atom { address, time: self.now, kind, target, parameters };
        self.faults.push(atom);
        self.tell_fault(&atom);
        self.note(FAULT, entity ^ kind.domain().key(), parameters[0]);
    }

    /// Counts that product code saw a result which differs from the benign one.
    pub fn effective(&mut self, kind: &'static FaultKind) {
        self.faults.tally_mut(kind).effective += 1;
    }

    /// Counts that a process reads a clock that was stepped or is skewed.
    #[cold]
    pub(crate) fn clock_is_read(&mut self, node: NodeId, wall: bool) {
        let clock = *self.topology.clock(node);
        if wall && clock.is_stepped() {
            self.effective(&kinds::CLOCK_STEP);
        }
        if clock.is_skewed() {
            self.effective(&kinds::CLOCK_SKEW);
        }
    }

    /// A number from `low` to `high`, both included, noted. Benign: `low`.
    #[inline]
    pub fn choose(&mut self, domain: Domain, entity: u64, nth: u64, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        let value = self.decisions.within(domain, entity, nth, low, high);
        self.note(CHOICE, entity ^ domain.key(), value);
        value
    }

    /// A number for the next decision of the task being polled: the task's
    /// structural name, and which of its uses this is. Outside of a task: 0, 0.
    #[inline]
    pub fn next_use(&mut self) -> (u64, u64) {
        match self.current.get() {
            Some(index) => {
                let task = self.tasks.at(index);
                task.uses += 1;
                (task.entity, u64::from(task.uses))
            }
            None => (0, 0),
        }
    }
}
