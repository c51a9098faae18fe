//! Swarm testing: which kinds of fault a run has at all, how often they strike, and what
//! its world is like, drawn per run around what the builder stated.
//!
//! A fault that is always on hides what only happens without it, so each kind is off in
//! half of all runs (Groce et al., "Swarm Testing", ISSTA 2012); of those that are on
//! the rate is drawn log-uniformly, a spike at zero and a slab above it.

use crate::simulation::Conditions;
use crate::strike::Strike;
use wavetank_engine::{Decisions, Domain, FaultKind, Ratio, kinds, mix, name_key, scale};
use wavetank_network::kinds as network;
use wavetank_storage::kinds as storage;

/// How a run's conditions are drawn from those that the builder stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Swarm {
    /// How many runs have no fault at all.
    pub calm: Ratio,
    /// How many runs have one kind of fault only.
    pub single: Ratio,
    /// How often a kind is on in every other run.
    pub on: Ratio,
    /// The rate of a kind that is on is drawn log-uniformly, from the stated one halved so
    /// many times;
    pub halvings: u32,
    /// to the stated one doubled so many times, and at most 1 in 2, or what was stated.
    pub doublings: u32,
    /// Whether latencies, buffers and windows are drawn too.
    pub knobs: bool,
}

impl Default for Swarm {
    /// A tenth calm, a tenth with one kind, else each kind on with 1 in 2; rates from a
    /// 16th of what was stated to 8 times as much; knobs too.
    fn default() -> Self {
        Swarm {
            calm: Ratio::new(1, 10),
            single: Ratio::new(1, 10),
            on: Ratio::new(1, 2),
            halvings: 4,
            doublings: 3,
            knobs: true,
        }
    }
}

const WEATHER: Domain = Domain::new("swarm.weather");
/// Whether a kind is on; benign: it is not.
const ON: Domain = Domain::new("swarm.on");
/// How often it strikes; benign: as rarely as can be.
const RATE: Domain = Domain::new("swarm.rate");
/// A knob of the world; benign: as stated.
const WORLD: Domain = Domain::new("swarm.knob");
/// Whether a verb is in a run's alphabet and how heavy it is; benign: as any other.
pub(crate) const ALPHABET: Domain = Domain::new("workload.alphabet");

/// Which kinds a run may have.
enum Weather {
    Calm,
    Single(usize),
    Mixed,
}

impl Swarm {
    /// Draws a run's conditions, in place of those stated.
    pub(crate) fn draw(&self, decisions: &Decisions, conditions: &mut Conditions) {
        let stated: Vec<&'static FaultKind> = stated(conditions);
        let weather = self.weather(decisions, stated.len());
        let is_on = |kind: &'static FaultKind| match weather {
            Weather::Calm => false,
            Weather::Single(place) => stated[place].index() == kind.index(),
            Weather::Mixed => decisions.chance(ON, kind.domain().key(), 0, self.on),
        };
        for (kind, rate) in rates(conditions) {
            *rate = match rate.is_zero() || !is_on(kind) {
                true => Ratio::ZERO,
                // How many sites are active is drawn for each of them already.
                false if kind.index() == kinds::BUGGIFY.index() => *rate,
                false => self.rate(decisions, kind, *rate),
            };
        }
        for strike in Strike::ALL {
            let count = strike.count_mut(&mut conditions.chaos);
            // One at least: a kind that is on and does not strike is off.
            *count =
                if *count.end() > 0 && is_on(strike.kind()) { (*count.start()).max(1)..=*count.end() } else { 0..=0 };
        }
        if self.knobs {
            draw_knobs(decisions, conditions);
        }
    }

    fn weather(&self, decisions: &Decisions, kinds: usize) -> Weather {
        let Some(draw) = decisions.draw(WEATHER, 0, 0).filter(|_| kinds > 0) else { return Weather::Calm };
        if self.calm.holds(draw) {
            return Weather::Calm;
        }
        if self.single.holds(mix(draw, name_key("single"))) {
            return Weather::Single(scale(mix(draw, name_key("which")), 0, kinds as u64 - 1) as usize);
        }
        Weather::Mixed
    }

    /// A rate around the stated one, log-uniformly: first which octave, then where in it.
    fn rate(&self, decisions: &Decisions, kind: &FaultKind, stated: Ratio) -> Ratio {
        let (stated, half) = (stated.parts(), Ratio::new(1, 2).parts());
        let octaves = (u64::from(self.halvings) + u64::from(self.doublings)).max(1);
        let draw = decisions.draw(RATE, kind.domain().key(), 0);
        let octave = draw.map_or(octaves - 1, |draw| scale(draw, 0, octaves - 1));
        let high = ((stated << self.doublings.min(24)) >> octave.min(63)).max(1);
        let within = draw.map_or(high / 2, |draw| scale(mix(draw, name_key("within")), high / 2, high));
        Ratio::from_parts(within.clamp(1, stated.max(half)))
    }
}

/// The drawn rates of the conditions, each with its kind.
fn rates(conditions: &mut Conditions) -> [(&'static FaultKind, &mut Ratio); 14] {
    let (engine, net, disk) = (&mut conditions.engine, &mut conditions.network, &mut conditions.storage);
    [
        (&kinds::TIMER_LATE, &mut engine.timer_late),
        (&kinds::POLL_COST, &mut engine.poll_cost),
        (&kinds::BUGGIFY, &mut engine.buggify_active),
        (&network::DELAY_SPIKE, &mut net.spike),
        (&network::SEGMENT_LOSS, &mut net.segment_loss),
        (&network::RESET, &mut net.reset),
        (&network::CONNECT_REFUSED, &mut net.connect_refused),
        (&network::CONNECT_HANG, &mut net.connect_hang),
        (&network::SHORT_READ, &mut net.short_read),
        (&network::SHORT_WRITE, &mut net.short_write),
        (&network::DATAGRAM_LOSS, &mut net.datagram_loss),
        (&network::DATAGRAM_DUPLICATE, &mut net.datagram_duplicate),
        (&storage::LOST, &mut disk.crash_fault_probability),
        (&storage::SYNC_FAILURE, &mut disk.sync_failure_probability),
    ]
}

/// The kinds that the conditions have on.
fn stated(conditions: &mut Conditions) -> Vec<&'static FaultKind> {
    let mut kinds: Vec<&'static FaultKind> =
        rates(conditions).into_iter().filter(|(_, rate)| !rate.is_zero()).map(|(kind, _)| kind).collect();
    let strikes = Strike::ALL.into_iter().filter(|strike| *strike.count(&conditions.chaos).end() > 0);
    kinds.extend(strikes.map(Strike::kind));
    kinds
}

/// What a figure may become: so many times as much, in quarters; as stated first.
const FACTORS: [u64; 5] = [4, 1, 2, 8, 16];

fn draw_knobs(decisions: &Decisions, conditions: &mut Conditions) {
    let factor =
        |name: &'static str| FACTORS[decisions.within(WORLD, name_key(name), 0, 0, FACTORS.len() as u64 - 1) as usize];
    let (net, disk) = (&mut conditions.network, &mut conditions.storage);
    let times = |value: &mut u64, factor: u64| *value = value.saturating_mul(factor) / 4;
    let latency = factor("network.latency");
    times(&mut net.latency_min, latency);
    times(&mut net.latency_max, latency);
    for (name, figure) in
        [("network.send-buffer", &mut net.send_buffer), ("network.receive-window", &mut net.receive_window)]
    {
        let drawn = u64::from(*figure) * factor(name) / 4;
        *figure = u32::try_from(drawn.max(1)).unwrap_or(u32::MAX);
    }
    for (name, range) in [
        ("storage.read-latency", &mut disk.read_latency),
        ("storage.write-latency", &mut disk.write_latency),
        ("storage.sync-latency", &mut disk.sync_latency),
    ] {
        let factor = factor(name) as u32;
        (range.min, range.max) = (range.min.saturating_mul(factor) / 4, range.max.saturating_mul(factor) / 4);
    }
}
