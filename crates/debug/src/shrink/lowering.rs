//! Lower values: whole domains of them, fewer nodes and clients, and those of each fault
//! and operation that is left. Takes none of these away.

use super::domains::{ARGUMENT, DURATION, EXTENT, SIZE, VALUES};
use super::passes::Passes;
use super::remains::remains;
use wavetank_harness::{Address, Choice, Count, Domain, Overrides, mix, name_key};

/// Arguments of an operation that are lowered one by one.
const ARGUMENTS_MOST: u64 = 8;

impl Passes<'_> {
    /// Whole domains of values.
    pub(super) fn values(&mut self) {
        self.begin("values");
        for domain in &VALUES {
            let low = lowered(self.overrides.clone(), domain);
            self.take_if_it_matters(&low);
        }
    }

    /// Fewer nodes and clients, the fewest first.
    pub(super) fn sizes(&mut self) {
        self.begin("nodes and clients");
        if self.overrides.is_domain_benign(SIZE) {
            return;
        }
        for (name, count) in self.groups.clone() {
            let entity = name_key(&name);
            let now = self.size(entity, count);
            let base = self.overrides.clone();
            self.take((now - count.low) as usize, |nth| {
                let mut smaller = base.clone();
                let choice = match nth {
                    0 => Choice::Benign,
                    _ => Choice::Draw(draw_of(count, nth as u32)),
                };
                smaller.set_in(SIZE, entity, 0, choice);
                smaller
            });
        }
    }

    /// How large a group is under the overrides so far.
    pub(super) fn size(&self, entity: u64, count: Count) -> u32 {
        let decisions = wavetank_harness::Decisions::new(self.seed, self.overrides.clone());
        decisions.within(SIZE, entity, 0, u64::from(count.low), u64::from(count.high)) as u32
    }

    /// Values of what is left, one by one: durations, extents, arguments.
    pub(super) fn lower(&mut self) {
        self.begin("single values");
        let left = remains(&self.record);
        let mut lower: Vec<Vec<(Domain, u64, u64)>> = Vec::new();
        for atom in left.atoms {
            let entity = mix(atom.address.domain, atom.address.entity);
            lower.push(vec![(DURATION, entity, atom.address.nth)]);
            lower.push(vec![(EXTENT, entity, atom.address.nth)]);
        }
        for operation in left.operations {
            let entity = mix(operation.address.entity, operation.address.nth);
            let arguments: Vec<(Domain, u64, u64)> = (0..ARGUMENTS_MOST).map(|nth| (ARGUMENT, entity, nth)).collect();
            lower.push(arguments.clone());
            lower.extend(arguments.into_iter().map(|one| vec![one]));
        }
        for addresses in lower {
            let mut low = self.overrides.clone();
            for (domain, entity, nth) in addresses {
                let address = Address { domain: domain.key(), entity, nth };
                if low.get(&address) != Some(Choice::Benign) {
                    low.set_in(domain, entity, nth, Choice::Benign);
                }
            }
            self.take_if_it_matters(&low);
        }
    }
}

/// The overrides, and a domain benign, also where it was overridden by itself.
pub(super) fn lowered(mut overrides: Overrides, domain: &Domain) -> Overrides {
    clear_single(&mut overrides, domain);
    overrides.set_domain_benign(*domain);
    overrides
}

pub(super) fn clear_single(overrides: &mut Overrides, domain: &Domain) {
    let single: Vec<Address> =
        overrides.iter().map(|(address, _)| *address).filter(|address| address.domain == domain.key()).collect();
    single.iter().for_each(|address| overrides.clear(address));
}

/// A draw that gives a group `more` members than the fewest.
fn draw_of(count: Count, more: u32) -> u64 {
    let span = u128::from(count.high - count.low) + 1;
    (((u128::from(more) << 64) / span) as u64).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::scale;

    #[test]
    fn a_draw_gives_the_size_that_it_was_made_for() {
        let count = Count::from(2..=9);
        for more in 0..=7 {
            assert_eq!(scale(draw_of(count, more), 2, 9), u64::from(2 + more));
        }
    }
}
