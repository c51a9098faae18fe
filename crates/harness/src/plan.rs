//! The plan of a run's faults: what strikes when, whom and for how long, drawn before
//! the run begins and held within the tolerance. Carrying it out is the director's work.

use crate::chaos::Chaos;
use crate::cut::Cut;
use crate::strike::Strike;
use crate::tolerance::{Grant, Outages, Tolerance};
use std::ops::RangeInclusive;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{CrashKind, Decisions, Domain, Kernel, MachineId, NodeId, mix, name_key, scale};

/// What a planned fault does, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blow {
    Crash(NodeId, CrashKind),
    Pause(NodeId),
    Cut(Cut),
    /// With so many nanoseconds more.
    Slow(MachineId, MachineId, u64),
    Clog(MachineId, MachineId),
    /// By so many nanoseconds.
    Step(MachineId, i64),
    /// By parts per billion.
    Skew(MachineId, i64),
}

/// One planned fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Nanoseconds since its cycle began.
    pub(crate) time: u64,
    pub(crate) strike: Strike,
    /// The entity of its decisions: the plan of its cycle.
    pub(crate) entity: u64,
    /// Which of its kind in its cycle.
    pub(crate) nth: u64,
    /// How long it lasts, in nanoseconds.
    pub(crate) duration: u64,
    pub(crate) blow: Blow,
}

/// A cycle's faults, in the order of time, and what the tolerance made of all that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) faults: Vec<Planned>,
    pub(crate) grants: Vec<(Strike, Grant)>,
}

impl Plan {
    /// Counts what was asked for, and what the tolerance made of it.
    pub(crate) fn count(&self, kernel: &mut Kernel) {
        for (strike, grant) in &self.grants {
            kernel.planned(strike.kind(), |tally| {
                tally.asked += 1;
                match grant {
                    Grant::Granted => tally.granted += 1,
                    Grant::Downgraded => tally.downgraded += 1,
                    Grant::Refused => tally.refused += 1,
                }
            });
        }
    }
}

/// Who there is to strike: processes are the first nodes, each on the machine of its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) processes: u32,
    /// Of processes and workloads.
    pub(crate) machines: u32,
}

/// The entity of the first cycle's planned faults in their kinds' domains; the next cycle's
/// is one more.
pub const PLAN: u64 = 0x706c_616e;
const HOW_MANY: Domain = Domain::new("chaos.count");
/// When a planned fault strikes, within its window; benign: when it begins.
const TIME: Domain = Domain::new("chaos.time");
/// How long a planned fault lasts; benign: the shortest.
pub const DURATION: Domain = Domain::new("chaos.duration");
/// How much slower a link is, how far a clock jumps or goes wrong; benign: the least.
pub const EXTENT: Domain = Domain::new("chaos.extent");
const CYCLES: Domain = Domain::new("chaos.cycles");

// What a fault's one draw is spread by to choose whom it strikes: a product of its own.
const TARGET: u64 = name_key("target");

/// How many cycles a run has.
pub(crate) fn cycles(chaos: &Chaos, decisions: &Decisions) -> u32 {
    let (fewest, most) = (u64::from(*chaos.cycles.start()), u64::from(*chaos.cycles.end()));
    decisions.within(CYCLES, PLAN, 0, fewest, most) as u32
}

/// The faults of one cycle. One that was overridden to be benign is not among them, and
/// moves no other: what the tolerance grants goes by the plan without overrides, but for
/// the times of those that were moved by one.
pub(crate) fn plan(
    chaos: &Chaos,
    tolerance: Option<&Tolerance>,
    decisions: &Decisions,
    field: Field,
    cycle: u32,
) -> Plan {
    let plain = decisions.plain();
    let mut draft = Draft { chaos, tolerance, field, outages: Outages::default(), plan: Plan::default() };
    let entity = PLAN + u64::from(cycle);
    for draw in draft.draws(&plain, decisions, entity) {
        draft.place(&draw, &plain, entity);
    }
    let mut plan = draft.plan;
    plan.faults.retain(|planned| {
        let count = how_many(chaos, decisions, planned.strike, entity);
        planned.nth < count && decisions.draw(planned.strike.kind().domain(), entity, planned.nth).is_some()
    });
    for planned in &mut plan.faults {
        planned.duration = duration(chaos, decisions, planned.strike, entity, planned.nth);
        planned.blow.measure(chaos, decisions, planned.strike, entity, planned.nth);
    }
    plan
}

fn how_many(chaos: &Chaos, decisions: &Decisions, strike: Strike, entity: u64) -> u64 {
    let range = strike.count(chaos);
    let (fewest, most) = (u64::from(*range.start()), u64::from(*range.end()));
    decisions.within(HOW_MANY, mix(strike.kind().domain().key(), entity), 0, fewest, most)
}

fn duration(chaos: &Chaos, decisions: &Decisions, strike: Strike, entity: u64, nth: u64) -> u64 {
    let (low, high) = nanos(&chaos.duration);
    decisions.within(DURATION, mix(strike.kind().domain().key(), entity), nth, low, high)
}

fn nanos(range: &RangeInclusive<Duration>) -> (u64, u64) {
    (saturating_nanos(*range.start()), saturating_nanos(*range.end()))
}

/// A fault that was asked for, before it is known whom it strikes.
struct Draw {
    time: u64,
    strike: Strike,
    nth: u64,
    bits: u64,
}

struct Draft<'a> {
    chaos: &'a Chaos,
    tolerance: Option<&'a Tolerance>,
    field: Field,
    outages: Outages,
    plan: Plan,
}

impl Draft<'_> {
    /// What is asked for, in the order of time.
    fn draws(&self, plain: &Decisions, decisions: &Decisions, entity: u64) -> Vec<Draw> {
        let window = saturating_nanos(self.chaos.window);
        let mut draws = Vec::new();
        for strike in Strike::ALL {
            // As many as the seed draws, however few are wanted; or more, if more are.
            let count = how_many(self.chaos, plain, strike, entity);
            for nth in 0..count.max(how_many(self.chaos, decisions, strike, entity)) {
                let bits = plain.draw(strike.kind().domain(), entity, nth).expect("nothing is overridden in it");
                let time = decisions.within(TIME, mix(strike.kind().domain().key(), entity), nth, 0, window);
                draws.push(Draw { time, strike, nth, bits: mix(bits, TARGET) });
            }
        }
        draws.sort_unstable_by_key(|draw| (draw.time, draw.strike, draw.nth));
        draws
    }

    /// Finds whom a fault strikes, as far as the tolerance lets it.
    fn place(&mut self, draw: &Draw, plain: &Decisions, entity: u64) {
        let duration = duration(self.chaos, plain, draw.strike, entity, draw.nth);
        let span = (draw.time, draw.time.saturating_add(duration.max(1)));
        self.outages.forget(draw.time);
        let Some(blow) = self.blow(draw) else { return };
        let (blow, grant) = self.judge(blow, draw, span);
        self.plan.grants.push((draw.strike, grant));
        if grant == Grant::Refused {
            return;
        }
        for process in self.struck(&blow) {
            self.outages.enter(span.0, span.1, process);
        }
        let Draw { time, strike, nth, .. } = *draw;
        self.plan.faults.push(Planned { time, strike, entity, nth, duration, blow });
    }

    fn blow(&self, draw: &Draw) -> Option<Blow> {
        let bits = draw.bits;
        Some(match draw.strike {
            Strike::Crash => Blow::Crash(self.process(draw)?, CrashKind::Process),
            Strike::MachineCrash => Blow::Crash(self.process(draw)?, CrashKind::Machine),
            Strike::PowerLoss => Blow::Crash(self.process(draw)?, CrashKind::PowerLoss),
            Strike::Pause => Blow::Pause(self.process(draw)?),
            Strike::Partition if self.field.machines < 2 => return None,
            Strike::Partition => Blow::Cut(Cut::drawn(bits, self.field.machines)),
            Strike::SlowLink => self.link(bits).map(|(from, to)| Blow::Slow(from, to, 0))?,
            Strike::Clog => self.link(bits).map(|(from, to)| Blow::Clog(from, to))?,
            Strike::ClockStep => Blow::Step(self.machine(bits)?, sign(bits)),
            Strike::ClockSkew => Blow::Skew(self.machine(bits)?, sign(bits)),
        })
    }

    /// One of the processes that are in order at that time.
    fn process(&self, draw: &Draw) -> Option<NodeId> {
        let is_in = |process: &u32| !self.outages.is_out(*process, draw.time);
        let candidates: Vec<u32> = (0..self.field.processes).filter(is_in).collect();
        let place = (u128::from(draw.bits) * candidates.len() as u128) >> 64;
        candidates.get(place as usize).copied().map(NodeId)
    }

    /// A machine that a process runs on.
    fn machine(&self, bits: u64) -> Option<MachineId> {
        (self.field.processes > 0).then(|| MachineId(scale(bits, 0, u64::from(self.field.processes) - 1) as u32))
    }

    fn link(&self, bits: u64) -> Option<(MachineId, MachineId)> {
        let machines = self.field.machines;
        if machines < 2 {
            return None;
        }
        let from = (bits % u64::from(machines)) as u32;
        let to = (from + 1 + (bits >> 32) as u32 % (machines - 1)) % machines;
        Some((MachineId(from), MachineId(to)))
    }

    /// The processes that are out of order because of it. Of those that a cut separates,
    /// the fewer.
    fn struck(&self, blow: &Blow) -> Vec<u32> {
        match blow {
            Blow::Crash(node, _) | Blow::Pause(node) => vec![node.0],
            Blow::Cut(cut) => cut.minority(self.field.processes),
            Blow::Slow(..) | Blow::Clog(..) | Blow::Step(..) | Blow::Skew(..) => Vec::new(),
        }
    }

    /// What the tolerance makes of a fault.
    fn judge(&self, blow: Blow, draw: &Draw, span: (u64, u64)) -> (Blow, Grant) {
        let Some(tolerance) = self.tolerance else { return (blow, Grant::Granted) };
        let fits = |blow: &Blow| {
            let struck = self.struck(blow);
            struck.is_empty() || self.outages.most(span.0, span.1, &struck) + struck.len() as u32 <= tolerance.down
        };
        match blow {
            Blow::Crash(node, kind) if kind > tolerance.worst && fits(&blow) => {
                (Blow::Crash(node, tolerance.worst), Grant::Downgraded)
            }
            blow if fits(&blow) => (blow, Grant::Granted),
            Blow::Cut(_) => {
                let weaker =
                    self.process(draw).map(|node| Blow::Cut(Cut::isolating(MachineId(node.0), self.field.machines)));
                match weaker.filter(|weaker| fits(weaker)) {
                    Some(weaker) => (weaker, Grant::Downgraded),
                    None => (blow, Grant::Refused),
                }
            }
            blow => (blow, Grant::Refused),
        }
    }
}

impl Blow {
    /// How strong it is.
    fn measure(&mut self, chaos: &Chaos, decisions: &Decisions, strike: Strike, entity: u64, nth: u64) {
        let within = |low, high| decisions.within(EXTENT, mix(strike.kind().domain().key(), entity), nth, low, high);
        match self {
            Blow::Slow(_, _, extra) => {
                let (low, high) = nanos(&chaos.slowness);
                *extra = within(low, high);
            }
            Blow::Step(_, step) => {
                let (low, high) = nanos(&chaos.clock_step);
                *step = step.signum() * i64::try_from(within(low, high)).unwrap_or(i64::MAX);
            }
            Blow::Skew(_, rate) => {
                let (low, high) = (*chaos.clock_skew_ppm.start(), *chaos.clock_skew_ppm.end());
                *rate = rate.signum() * within(u64::from(low), u64::from(high)) as i64 * 1000;
            }
            Blow::Crash(..) | Blow::Pause(_) | Blow::Cut(_) | Blow::Clog(..) => {}
        }
    }

    /// The number beside its duration that its atom tells; a clock's has a sign.
    pub(crate) fn extent(&self) -> u64 {
        match self {
            Blow::Slow(_, _, extra) => *extra,
            Blow::Step(_, extent) | Blow::Skew(_, extent) => extent.cast_unsigned(),
            Blow::Cut(cut) => cut.links().len() as u64,
            Blow::Crash(..) | Blow::Pause(_) | Blow::Clog(..) => 0,
        }
    }
}

fn sign(bits: u64) -> i64 {
    if bits & 1 == 0 { 1 } else { -1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use wavetank_engine::Overrides;

    const FIELD: Field = Field { processes: 3, machines: 4 };
    const SECOND: Duration = Duration::from_secs(1);

    fn stormy() -> Chaos {
        Chaos { crashes: 1..=5, clock_steps: 1..=3, clock_skews: 1..=3, ..Chaos::storm(10 * SECOND) }
    }

    /// The faults of a cycle under overrides, for each of some seeds.
    fn plans(tolerance: Option<&Tolerance>, change: impl Fn(&mut Overrides), cycle: u32) -> Vec<Vec<Planned>> {
        let mut overrides = Overrides::new();
        change(&mut overrides);
        let plan = |seed| plan(&stormy(), tolerance, &Decisions::new(seed, overrides.clone()), FIELD, cycle).faults;
        (0..50).map(plan).collect()
    }

    #[test]
    fn each_cycle_has_a_plan_of_its_own() {
        let [first, second] = [0, 1].map(|cycle| plans(None, |_| (), cycle));
        let times = |plan: &[Planned]| plan.iter().map(|planned| planned.time).collect::<Vec<_>>();
        assert!(first.iter().zip(&second).all(|(first, second)| times(first) != times(second)));
    }

    #[test]
    fn fewer_faults_are_the_first_of_those_that_the_seed_draws_and_more_are_more() {
        let tolerance = Tolerance::down(1);
        let plain = plans(Some(&tolerance), |_| (), 0);
        let few = plans(Some(&tolerance), |overrides| overrides.set_domain_benign(HOW_MANY), 0);
        for (plain, few) in plain.into_iter().zip(few) {
            let least = |planned: &Planned| planned.nth < u64::from(*planned.strike.count(&stormy()).start());
            let first: Vec<Planned> = plain.into_iter().filter(least).collect();
            assert_eq!(few, first);
        }
        let most = plans(None, |overrides| overrides.set_domain_draw(HOW_MANY, u64::MAX), 0);
        assert!(most.iter().all(|plan| plan.iter().filter(|planned| planned.strike == Strike::ClockSkew).count() == 3));
    }

    #[test]
    fn a_duration_and_an_extent_can_be_the_least() {
        for planned in plans(None, |overrides| overrides.set_domain_benign(DURATION), 0).concat() {
            assert_eq!(planned.duration, saturating_nanos(*stormy().duration.start()));
        }
        for planned in plans(None, |overrides| overrides.set_domain_benign(EXTENT), 0).concat() {
            let least = match planned.blow {
                Blow::Slow(..) => 10_000_000,
                Blow::Step(..) => 100_000_000,
                // Ten parts in a million.
                Blow::Skew(..) => 10_000,
                _ => continue,
            };
            assert_eq!(planned.blow.extent().cast_signed().unsigned_abs(), least, "{planned:?}");
        }
    }

    #[test]
    fn clocks_are_disturbed_either_way_and_every_link_is_struck() {
        let (mut ways, mut links) = (BTreeSet::new(), BTreeSet::new());
        for planned in plans(None, |_| (), 0).concat() {
            match planned.blow {
                Blow::Step(_, step) => _ = ways.insert(("step", step.signum())),
                Blow::Skew(_, rate) => _ = ways.insert(("skew", rate.signum())),
                Blow::Slow(from, to, _) => _ = links.insert((from.0, to.0)),
                _ => {}
            }
        }
        assert_eq!((ways.len(), links.len()), (4, 12), "{ways:?} {links:?}");
    }

    #[test]
    fn a_tolerance_weakens_what_is_worse_and_counts_nobody_twice() {
        let chaos = stormy();
        let tolerance = Tolerance { worst: CrashKind::Machine, ..Tolerance::down(1) };
        let judge = |out: Option<u32>, blow: Blow| {
            let mut draft = Draft {
                chaos: &chaos,
                tolerance: Some(&tolerance),
                field: FIELD,
                outages: Outages::default(),
                plan: Plan::default(),
            };
            out.into_iter().for_each(|process| draft.outages.enter(0, 10, process));
            draft.judge(blow, &Draw { time: 5, strike: Strike::Partition, nth: 0, bits: 0 }, (5, 6)).1
        };
        let crash = |how| Blow::Crash(NodeId(0), how);
        assert_eq!(judge(None, crash(CrashKind::Machine)), Grant::Granted);
        assert_eq!(judge(None, crash(CrashKind::PowerLoss)), Grant::Downgraded);
        assert_eq!(judge(Some(1), crash(CrashKind::Process)), Grant::Refused);
        let alone = |process| Blow::Cut(Cut::isolating(MachineId(process), FIELD.machines));
        assert_eq!(judge(Some(1), alone(1)), Grant::Granted, "who is out is cut off, too");
        assert_eq!(judge(Some(1), alone(0)), Grant::Refused, "nor can anybody else be");
    }
}
