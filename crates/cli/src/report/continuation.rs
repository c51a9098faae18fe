//! One report of a sweep that was begun again behind the seeds that had ended its process.
//! When that is done, and how often, is the runner's business.

use super::{FailureGroup, Report};

impl Report {
    /// The report of what was found until a process ended, if the sweep is to go on.
    pub(crate) fn unfinished(mut self) -> Report {
        self.restarts.extend(self.incomplete.take());
        self
    }

    /// This report with that of the seeds behind it. What is counted by the way (events,
    /// faults, points) was lost with the process: it is that of the seeds behind it.
    pub(crate) fn continued_by(self, rest: Report) -> Report {
        let Report { seeds, red, failures, red_seeds, restarts, kept, .. } = self;
        let mut whole = rest;
        whole.seeds += seeds;
        whole.red += red;
        whole.red_seeds = red_seeds.into_iter().chain(whole.red_seeds).collect();
        whole.restarts = restarts.into_iter().chain(whole.restarts).collect();
        // Each is run again once.
        whole.kept = kept.into_iter().chain(whole.kept).collect();
        // One digest of all runs it is not.
        whole.digest = String::new();
        for group in failures {
            whole.add(group);
        }
        whole.failures.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.seed.cmp(&other.seed)));
        whole
    }

    /// Adds failures of lower seeds.
    fn add(&mut self, group: FailureGroup) {
        match self.failures.iter_mut().find(|one| one.signature == group.signature) {
            Some(one) => *one = FailureGroup { count: one.count + group.count, ..group },
            None => self.failures.push(group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seeds: u64, failures: &[(&str, u64, u64)]) -> Report {
        let group = |&(signature, count, seed): &(&str, u64, u64)| FailureGroup {
            signature: signature.to_string(),
            count,
            seed: Some(seed),
            message: format!("{signature} of {seed}"),
            reproduce: String::new(),
        };
        let red_seeds: Vec<u64> = failures.iter().map(|(_, _, seed)| *seed).collect();
        let red = red_seeds.len() as u64;
        Report { seeds, red, red_seeds, failures: failures.iter().map(group).collect(), ..Report::default() }
    }

    #[test]
    fn what_was_found_on_both_sides_of_a_crash_adds_up() {
        let mut first = report(8, &[("late", 1, 3), ("the process", 1, 7)]);
        first.incomplete = Some("its process died".to_string());
        let whole = first.unfinished().continued_by(report(12, &[("late", 4, 9), ("lost", 1, 11)]));
        assert_eq!((whole.seeds, whole.red, whole.red_seeds.as_slice()), (20, 4, [3, 7, 9, 11].as_slice()));
        assert_eq!((whole.incomplete.as_ref(), whole.restarts.len()), (None, 1));
        let groups: Vec<_> = whole.failures.iter().map(|one| (one.message.as_str(), one.count)).collect();
        assert_eq!(groups, [("late of 3", 5), ("the process of 7", 1), ("lost of 11", 1)]);
    }
}
