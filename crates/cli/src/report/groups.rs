//! The failures of a sweep by what they have in common: how often each was found, and the
//! first seed that shows it. Why a run is red is the harness's to say.

use super::{FailureGroup, deadlocks};
use crate::finding::Finding;
use std::collections::BTreeMap;
use wavetank_debug::Signature;
use wavetank_harness::{Failure, SimulationResult};

/// What a failure has in common with others. Where the harness's words are of another kind
/// than those that shrinking goes by, they are the latter: it knows a deadlock by where its
/// tasks were spawned, whatever they wait for, and an assertion with all that it tells.
pub(crate) fn signature(failure: &Failure) -> String {
    match failure {
        Failure::Deadlock { .. } | Failure::Violated { .. } => Signature::of(failure).to_string(),
        other => other.signature(),
    }
}

/// The groups of a harness's result, with its deadlocks told apart.
pub(super) fn of_result(result: &SimulationResult, deadlocks: Vec<FailureGroup>) -> Vec<FailureGroup> {
    let mut groups: BTreeMap<String, FailureGroup> = BTreeMap::new();
    for (words, &count) in result.signatures.iter().filter(|(words, _)| !deadlocks::is_one(words)) {
        let first = result.firsts.get(words);
        let signature = first.map_or_else(|| words.clone(), |first| signature(&first.failure));
        let group = groups.entry(signature.clone()).or_insert_with(|| empty(signature));
        group.count += count;
        if let Some(first) = first.filter(|first| group.seed.is_none_or(|seed| first.seed < seed)) {
            group.seed = Some(first.seed);
            group.message = first.failure.to_string();
            group.reproduce = first.reproduce.clone();
        }
    }
    sorted(groups.into_values().chain(deadlocks).collect())
}

/// The groups of what was told one by one.
pub(super) fn of_findings(findings: &[Finding]) -> Vec<FailureGroup> {
    let mut groups: BTreeMap<&str, FailureGroup> = BTreeMap::new();
    for finding in findings {
        for failure in &finding.failures {
            let group = groups.entry(&failure.signature).or_insert_with(|| empty(failure.signature.clone()));
            group.count += 1;
            if group.seed.is_none_or(|seed| finding.seed < seed) {
                group.seed = Some(finding.seed);
                group.message = failure.message.clone();
                group.reproduce = finding.reproduce.clone();
            }
        }
    }
    sorted(groups.into_values().collect())
}

fn empty(signature: String) -> FailureGroup {
    FailureGroup { signature, count: 0, seed: None, message: String::new(), reproduce: String::new() }
}

/// The frequent ones first.
fn sorted(mut groups: Vec<FailureGroup>) -> Vec<FailureGroup> {
    groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.seed.cmp(&other.seed)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_that_repeats_a_letter_more_or_less_often_is_one() {
        let violated = |words: &str| {
            let assertion = format!("kv: \"nothing is said\" (always, src/kv.rs:7): words={words:?}");
            signature(&Failure::Violated { assertion, who: "client-3".into() })
        };
        assert_eq!(violated("xxxx"), violated("xxxxxxxxxxx"));
        assert_ne!(violated("xxxx"), violated("xyxx"));
    }
}
