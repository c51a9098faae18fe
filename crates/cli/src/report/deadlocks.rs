//! The deadlocks of a sweep, each kind by itself: who waits, from where, and for what, as
//! shrinking tells them apart. Other failures are the harness's to count.

use super::{FailureGroup, signature};
use std::collections::BTreeMap;
use wavetank_harness::Failure;

/// Whether the harness's words for what failures have in common are those of a deadlock.
pub(super) fn is_one(signature: &str) -> bool {
    signature.starts_with("deadlock of ")
}

/// Deadlocks so far. There are few kinds: places in the source, and what is waited for there.
#[derive(Debug, Default)]
pub(crate) struct Deadlocks {
    groups: BTreeMap<String, Group>,
}

#[derive(Debug)]
struct Group {
    count: u64,
    /// The lowest one that shows it.
    seed: u64,
    message: String,
}

impl Deadlocks {
    /// Adds those among a run's failures.
    pub(crate) fn add(&mut self, seed: u64, failures: &[Failure]) {
        for failure in failures.iter().filter(|failure| matches!(failure, Failure::Deadlock { .. })) {
            let words = || failure.to_string();
            let new = || Group { count: 0, seed, message: words() };
            let group = self.groups.entry(signature(failure)).or_insert_with(new);
            group.count += 1;
            if seed < group.seed {
                (group.seed, group.message) = (seed, words());
            }
        }
    }

    /// Their groups in a report; `reproduce` gives the line that runs a seed again.
    pub(crate) fn groups(&self, reproduce: impl Fn(u64) -> String) -> Vec<FailureGroup> {
        let group = |(signature, group): (&String, &Group)| FailureGroup {
            signature: signature.clone(),
            count: group.count,
            seed: Some(group.seed),
            message: group.message.clone(),
            reproduce: reproduce(group.seed),
        };
        self.groups.iter().map(group).collect()
    }
}
