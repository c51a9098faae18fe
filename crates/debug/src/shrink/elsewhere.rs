//! The search elsewhere: what to change besides when something is taken away. The other
//! passes change one thing at a time.
//!
//! What is taken away before a crash moves what the crash meets: another write is under
//! way then, and the window of the bug is at another time. So here a crash may lose
//! anything again, and planned faults are moved to where they meet the same operation, or
//! another one, as they did before. What then fails is reduced anew.

use super::domains::{is_planned, losses};
use super::journey::Journey;
use super::jury::Trial;
use super::loss::Loss;
use super::lowering::clear_single;
use super::passes::Passes;
use super::remains::{remains, without};
use std::sync::Arc;
use wavetank_harness::{Address, Atom, Domain, Overrides};

/// How much is tried for one part.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// Planned faults that are moved, those near the failure first.
    moved: usize,
    /// Operations to which one is moved, those near it first.
    met: usize,
    /// How often the moments between moments are looked at.
    rounds: usize,
}

impl Effort {
    /// Where much is left, a long look at each part would take all the time there is.
    fn for_units(units: usize) -> Effort {
        match units {
            0..=MANY => Effort { moved: 2, met: 3, rounds: 5 },
            _ => Effort { moved: 1, met: 1, rounds: 2 },
        }
    }
}

/// Faults and operations that are many.
const MANY: usize = 8;
/// Moments of an operation's time, and half as many right behind it.
const MOMENTS: u64 = 8;
/// Nanoseconds between two moments that are looked at.
const GAP_LEAST: u64 = 10_000;

impl Passes<'_> {
    /// Takes parts away, with losses and times as free as can be.
    pub(super) fn elsewhere(&mut self) {
        self.begin("elsewhere");
        let losses: Vec<Domain> = losses().collect();
        let is_loss = |address: &Address| losses.iter().any(|domain| domain.key() == address.domain);
        let mut units: Vec<Address> = remains(&self.record).addresses();
        units.retain(|address| !is_loss(address));
        let mut chunk = units.len();
        while chunk > 0 && !self.is_over() {
            let mut place = 0;
            while place < units.len() && !self.is_over() {
                let part = units[place..(place + chunk).min(units.len())].to_vec();
                if self.goes_elsewhere(&part, &losses, Effort::for_units(units.len())) {
                    let left = remains(&self.record);
                    units.retain(|address| left.contains(address));
                } else {
                    place += chunk;
                }
            }
            chunk /= 2;
        }
    }

    /// Whether a part can go if crashes lose other writes, or planned faults strike at
    /// other times.
    fn goes_elsewhere(&mut self, part: &[Address], losses: &[Domain], effort: Effort) -> bool {
        // Where nothing is lost, freedom could only lose what must stay.
        let loses = |atom: &Atom| losses.iter().any(|domain| domain.key() == atom.address.domain);
        let fewer = without(&self.overrides, part);
        if !self.record.atoms.iter().any(loses) {
            return self.is_smaller_after(&fewer, losses) || self.goes_with(part, fewer, losses, effort);
        }
        let alike = self.losing(fewer.clone(), Loss::Alike(0));
        let freed = freed(fewer, losses);
        self.is_smaller_after(&alike, losses)
            || self.is_smaller_after(&freed, losses)
            || self.goes_with(part, alike, losses, effort)
            || self.goes_with(part, freed, losses, effort)
    }

    /// Whether a candidate without a part fails if a planned fault strikes at another time.
    fn goes_with(&mut self, part: &[Address], freed: Overrides, losses: &[Domain], effort: Effort) -> bool {
        let Some(seen) = self.jury.look(&freed, self.over) else { return false };
        let planned = |atom: &&Atom| is_planned(atom.kind) && !part.contains(&atom.address);
        let planned: Vec<Atom> = self.record.atoms.iter().filter(planned).rev().take(effort.moved).copied().collect();
        planned.iter().any(|atom| {
            let Some(journey) = Journey::of(self, atom) else { return false };
            journey
                .spans(&seen, effort.met)
                .into_iter()
                .any(|span| self.meets(&journey, &freed, span, losses, effort.rounds))
                || self.is_found(&journey, &freed, &journey.anywhere(), losses)
        })
    }

    /// Whether a planned fault that meets an operation at another moment makes a smaller
    /// failure. First it strikes all over the operation's time, then between any two
    /// moments at which the operations end differently: the window of a bug lies there.
    pub(super) fn meets(
        &mut self,
        journey: &Journey,
        candidate: &Overrides,
        span: (u64, u64),
        losses: &[Domain],
        rounds: usize,
    ) -> bool {
        let part = (span.1 - span.0) / MOMENTS;
        let mut times: Vec<u64> = (0..=MOMENTS * 3 / 2).map(|nth| span.0 + nth * part).collect();
        times.push(span.0 + journey.after());
        let mut known: Vec<u64> = Vec::new();
        for _ in 0..rounds {
            times.retain(|time| journey.reaches(*time));
            if times.is_empty() || self.is_over() {
                return false;
            }
            if self.is_found(journey, candidate, &times, losses) {
                return true;
            }
            known.append(&mut times);
            known.sort_unstable();
            known.dedup();
            let ends: Vec<Option<Arc<Trial>>> =
                known.iter().map(|time| self.jury.look(&journey.moved(candidate, *time), self.over)).collect();
            for (pair, ends) in known.windows(2).zip(ends.windows(2)) {
                let [Some(one), Some(other)] = ends else { continue };
                if one.spans != other.spans && pair[1] - pair[0] >= GAP_LEAST {
                    times.push(pair[0].midpoint(pair[1]));
                }
            }
        }
        false
    }

    /// Whether a planned fault at one of these times makes a smaller failure.
    fn is_found(&mut self, journey: &Journey, candidate: &Overrides, times: &[u64], losses: &[Domain]) -> bool {
        let mut from = 0;
        while from < times.len() {
            let at = |nth: usize| journey.moved(candidate, times[from + nth]);
            let Some((place, found, _)) = self.jury.first(times.len() - from, at, self.over) else { return false };
            if self.is_smaller_after(&found, losses) {
                return true;
            }
            from += place + 1;
        }
        false
    }

    /// Whether a candidate fails in the same way, and is smaller once it is reduced. Then
    /// it is taken.
    pub(super) fn is_smaller_after(&mut self, candidate: &Overrides, kept: &[Domain]) -> bool {
        let Some(trial) = self.jury.try_one(candidate, self.over) else { return false };
        let before = (self.overrides.clone(), self.record.clone());
        self.overrides = candidate.clone();
        self.record = trial.record.clone().expect("the jury found that it fails in the same way");
        let only = self.only(kept);
        let is_kept = self.keeps(only);
        self.reduce(remains(&self.record).units());
        let single = remains(&self.record).addresses();
        self.reduce(single.into_iter().map(|address| vec![address]).collect());
        if is_kept && remains(&self.record).count() < remains(&before.1).count() {
            return true;
        }
        (self.overrides, self.record) = before;
        false
    }
}

/// The overrides, and domains in which the seed draws everything again.
fn freed(mut overrides: Overrides, domains: &[Domain]) -> Overrides {
    for domain in domains {
        clear_single(&mut overrides, domain);
        overrides.clear_domain(*domain);
    }
    overrides
}
