//! The search in time: what is left stays when it was. The other passes let all of it move up.
//!
//! Faults and operations also pass the time, and a failure may need that it passes: a lease has
//! to run out, two clients have to ask within a moment. Then none of them can go by itself. So a
//! part is also taken away together with waits of the clients before they begin, which bring the
//! first or the last operation that is left of each back to its time.

use super::domains::WAIT;
use super::jury::Trial;
use super::passes::Passes;
use super::remains::{remains, without};
use std::collections::BTreeMap;
use wavetank_harness::{Address, Choice, Overrides};

/// Which of a client's operations is to come when it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fixed {
    First,
    Last,
}

impl Passes<'_> {
    /// Takes parts away, the clients waiting for as long as they took.
    pub(super) fn in_time(&mut self) {
        self.begin("in time");
        let left = remains(&self.record);
        let mut units = left.units();
        units.extend(left.operations.iter().map(|operation| vec![operation.address]));
        let mut chunk = units.len();
        while chunk > 0 && !self.is_over() {
            let mut place = 0;
            while place < units.len() && !self.is_over() {
                let part = units[place..(place + chunk).min(units.len())].concat();
                if self.goes_in_time(&part) {
                    let left = remains(&self.record);
                    units.retain(|unit| unit.iter().any(|address| left.contains(address)));
                } else {
                    place += chunk;
                }
            }
            chunk /= 2;
        }
    }

    /// Whether a part can go if what comes after it comes when it did.
    fn goes_in_time(&mut self, part: &[Address]) -> bool {
        let fewer = without(&self.overrides, part);
        let Some(seen) = self.jury.look(&fewer, self.over) else { return false };
        [Fixed::First, Fixed::Last].into_iter().any(|fixed| {
            let waiting = self.waiting(&fewer, &seen, fixed);
            waiting != fewer && self.take(1, |_| waiting.clone()).is_some()
        })
    }

    /// The overrides under which a run was seen, and for each client the wait with which an
    /// operation of it comes when it does now.
    fn waiting(&self, overrides: &Overrides, seen: &Trial, fixed: Fixed) -> Overrides {
        let mut early: BTreeMap<u64, u64> = BTreeMap::new();
        for operation in &self.record.operations {
            let Some(span) = seen.spans.iter().find(|span| span.address == operation.address) else { continue };
            let by = operation.given.saturating_sub(span.given);
            let of_client = early.entry(operation.address.entity).or_insert(by);
            if fixed == Fixed::Last {
                *of_client = by;
            }
        }
        let mut waiting = overrides.clone();
        for (client, by) in early.into_iter().filter(|(_, by)| *by > 0) {
            let known = match waiting.get(&Address { domain: WAIT.key(), entity: client, nth: 0 }) {
                Some(Choice::Draw(known)) => known,
                _ => 0,
            };
            waiting.set_in(WAIT, client, 0, Choice::Draw(known.saturating_add(by)));
        }
        waiting
    }

    /// Waits that are not needed, or not for so long.
    pub(super) fn hurry(&mut self) {
        self.begin("waits");
        let waits: Vec<Address> =
            self.overrides.iter().map(|(address, _)| *address).filter(|one| one.domain == WAIT.key()).collect();
        for address in waits {
            let mut shorter = self.overrides.clone();
            shorter.clear(&address);
            if self.take(1, |_| shorter.clone()).is_some() {
                continue;
            }
            while let Some(Choice::Draw(wait)) = self.overrides.get(&address) {
                let mut shorter = self.overrides.clone();
                shorter.set_in(WAIT, address.entity, address.nth, Choice::Draw(wait / 2));
                if self.take(1, |_| shorter.clone()).is_none() {
                    break;
                }
            }
        }
    }
}
