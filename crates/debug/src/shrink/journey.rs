//! A planned fault that strikes at another time: in its own cycle of faults, or in the
//! first one, where a run can be short. Which time is worth a try is for the passes.

use super::domains::{COUNT, DURATION, EXTENT, TIME};
use super::jury::Trial;
use super::passes::Passes;
use super::remains::without;
use wavetank_core::saturating_nanos;
use wavetank_harness::{Address, Atom, Choice, Decisions, Domain, Overrides, PLAN, mix, scale};

/// Moments of a window, where nobody knows better.
const MOMENTS: u64 = 8;
/// Faults of one kind in one cycle.
const SAME_MOST: u64 = 64;

/// A planned fault that may strike at other times.
pub(super) struct Journey {
    kind: Domain,
    /// Its decision now.
    address: Address,
    /// When it strikes now.
    time: u64,
    /// When its own cycle begins, and the first one, if that is another.
    base: u64,
    first: Option<u64>,
    /// For how long faults strike in a cycle.
    window: u64,
    /// How long after the beginning of an operation it strikes now.
    after: u64,
    /// How long it lasts and how strong it is, drawn; nothing if that is the least.
    duration: Option<u64>,
    extent: Option<u64>,
}

impl Journey {
    pub(super) fn of(passes: &Passes<'_>, atom: &Atom) -> Option<Journey> {
        let chaos = &passes.record.configuration.chaos;
        let window = saturating_nanos(chaos.window);
        let decisions = Decisions::new(passes.seed, passes.overrides.clone());
        let base = |atom: &Atom| {
            let plan = mix(atom.address.domain, atom.address.entity);
            atom.time.checked_sub(decisions.within(TIME, plan, atom.address.nth, 0, window))
        };
        let Address { domain, entity, nth } = atom.address;
        let of_first = |other: &&Atom| other.kind.index() == atom.kind.index() && other.address.entity == PLAN;
        let first = (entity != PLAN).then(|| {
            let there = passes.record.atoms.iter().find(of_first).and_then(base);
            there.unwrap_or(saturating_nanos(chaos.warm))
        });
        let began = passes.record.operations.iter().map(|operation| operation.begun);
        Some(Journey {
            kind: atom.kind.domain(),
            address: atom.address,
            time: atom.time,
            base: base(atom)?,
            first,
            window,
            after: atom.time - began.filter(|begun| *begun <= atom.time).max().unwrap_or(0),
            duration: decisions.draw(DURATION, mix(domain, entity), nth),
            extent: decisions.draw(EXTENT, mix(domain, entity), nth),
        })
    }

    /// The operations that it could meet, those first that it would have met.
    pub(super) fn spans(&self, seen: &Trial, most: usize) -> Vec<(u64, u64)> {
        let mut spans: Vec<(u64, u64)> = seen.spans.iter().map(|span| (span.begun, span.ended)).collect();
        spans.sort_unstable_by_key(|(begun, _)| (begun + self.after).abs_diff(self.time));
        spans.truncate(most);
        spans
    }

    /// How long after the beginning of an operation it strikes now.
    pub(super) fn after(&self) -> u64 {
        self.after
    }

    pub(super) fn anywhere(&self) -> Vec<u64> {
        let moment = |nth| scale(mix(nth, self.address.entity ^ self.address.nth), 0, self.window);
        let within = |base: u64| (1..=MOMENTS).map(move |nth| base + moment(nth));
        within(self.base).chain(self.first.into_iter().flat_map(within)).collect()
    }

    pub(super) fn reaches(&self, time: u64) -> bool {
        self.is_in(self.base, time) || self.first.is_some_and(|first| self.is_in(first, time))
    }

    fn is_in(&self, base: u64, time: u64) -> bool {
        time.checked_sub(base).is_some_and(|time| time <= self.window)
    }

    /// The overrides, and the fault at a time that it reaches.
    pub(super) fn moved(&self, overrides: &Overrides, time: u64) -> Overrides {
        let Address { domain, entity, nth } = self.address;
        match self.first {
            Some(first) if !self.is_in(self.base, time) => self.moved_to_first(overrides, time - first),
            _ => {
                let mut moved = overrides.clone();
                let draw = draw_within(time - self.base, self.window);
                moved.set_in(TIME, mix(domain, entity), nth, Choice::Draw(draw));
                moved
            }
        }
    }

    /// The overrides without the fault, and another one of its kind in the first cycle.
    fn moved_to_first(&self, overrides: &Overrides, time: u64) -> Overrides {
        let mut moved = without(overrides, &[self.address]);
        let Address { domain, nth, .. } = self.address;
        let is_free = |nth: &u64| overrides.get(&Address { domain, entity: PLAN, nth: *nth }) == Some(Choice::Benign);
        let Some(free) = [nth].into_iter().chain(0..SAME_MOST).find(is_free) else { return moved };
        let plan = mix(domain, PLAN);
        moved.set_in(self.kind, PLAN, free, Choice::Kept);
        // What nobody planned for that cycle is not there to be kept.
        moved.set_in(COUNT, plan, 0, Choice::Draw(u64::MAX));
        moved.set_in(TIME, plan, free, Choice::Draw(draw_within(time, self.window)));
        for (domain, draw) in [(DURATION, self.duration), (EXTENT, self.extent)] {
            moved.set_in(domain, plan, free, draw.map_or(Choice::Benign, Choice::Draw));
        }
        moved
    }
}

/// A draw that gives this number of nanoseconds between zero and `window`, both included.
fn draw_within(time: u64, window: u64) -> u64 {
    let draw = (u128::from(time) << 64).div_ceil(u128::from(window) + 1);
    u64::try_from(draw).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_gives_the_time_that_it_was_made_for() {
        for window in [1, 2, 999, 5_000_000_000, u64::MAX >> 1] {
            for time in [0, 1, window / 3, window - 1, window] {
                assert_eq!(scale(draw_within(time, window), 0, window), time, "{time} of {window}");
            }
        }
    }
}
