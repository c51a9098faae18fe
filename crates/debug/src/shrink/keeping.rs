//! What is kept: the list of what fires, from which the passes take, and the overrides
//! that say no more than they must. What is taken from the list is theirs.

use super::domains::{OPERATION, VALUES};
use super::passes::Passes;
use super::remains::remains;
use wavetank_harness::{Address, Choice, Domain, Overrides, all_kinds};

impl Passes<'_> {
    /// Decisions that were kept and do not come about any more are kept no longer.
    pub(super) fn forget_what_is_gone(&mut self) {
        let left = remains(&self.record);
        let gone: Vec<Address> = self
            .overrides
            .iter()
            .filter(|(address, choice)| **choice == Choice::Kept && !left.contains(address))
            .map(|(address, _)| *address)
            .collect();
        if gone.is_empty() {
            return;
        }
        let mut fewer = self.overrides.clone();
        gone.iter().for_each(|address| fewer.clear(address));
        self.replace_if_same(fewer);
    }

    /// From "all but these" to "only these": fault by fault, what fired is kept, and all
    /// else of its kind is benign. What is taken away then brings no other in its place.
    pub(super) fn keep_what_fires(&mut self) {
        self.begin("keep what fires");
        let domains: Vec<Domain> = all_kinds().map(|kind| kind.domain()).chain([OPERATION]).collect();
        let all = self.only(&domains);
        if self.keeps(all) {
            return;
        }
        for domain in domains {
            let one = self.only(&[domain]);
            self.keeps(one);
        }
    }

    /// Takes overrides that keep what fires, also if the run is the very same one.
    pub(super) fn keeps(&mut self, only: Overrides) -> bool {
        let Some(trial) = self.jury.try_one(&only, self.over) else { return false };
        let record = trial.record.as_ref().expect("the jury found that it fails in the same way");
        let fits = remains(record).count() <= remains(&self.record).count();
        if fits {
            self.adopt(only, &trial);
        }
        fits
    }

    pub(super) fn only(&self, domains: &[Domain]) -> Overrides {
        let mut overrides = self.overrides.clone();
        let left = remains(&self.record);
        for domain in domains {
            if overrides.is_domain_benign(*domain) {
                continue;
            }
            let choice = overrides.domain_draw(*domain).map_or(Choice::Kept, Choice::Draw);
            overrides.set_domain_benign(*domain);
            for address in left.addresses().into_iter().filter(|address| address.domain == domain.key()) {
                if overrides.get(&address) == Some(Choice::Benign) {
                    overrides.set_in(*domain, address.entity, address.nth, choice);
                }
            }
        }
        overrides
    }

    /// Takes overrides of values away that change nothing. That whole kinds of fault are
    /// benign stays: it says so about faults too that other code would meet.
    pub(super) fn tidy(&mut self) {
        self.begin("tidy");
        for domain in &VALUES {
            if self.overrides.is_domain_benign(*domain) {
                let mut fewer = self.overrides.clone();
                fewer.clear_domain(*domain);
                self.replace_if_same(fewer);
            }
        }
        let single: Vec<Address> = self.overrides.iter().map(|(address, _)| *address).collect();
        for address in single {
            let mut fewer = self.overrides.clone();
            fewer.clear(&address);
            self.replace_if_same(fewer);
        }
    }

    /// Takes other overrides under which the very same run happens.
    pub(super) fn replace_if_same(&mut self, overrides: Overrides) {
        let trial = self.jury.try_one(&overrides, self.over);
        if trial.is_some_and(|trial| trial.digest == self.record.digest) {
            self.overrides = overrides;
        }
    }
}
