//! The failures of a sweep by what they have in common: how often each was found, and the
//! first seed that shows it. What that is, the harness says.

use super::FailureGroup;
use crate::finding::Finding;
use std::collections::BTreeMap;
use wavetank_harness::SimulationResult;

/// The groups of a harness's result.
pub(super) fn of_result(result: &SimulationResult) -> Vec<FailureGroup> {
    let group = |(signature, &count)| {
        let first = result.firsts.get(signature);
        FailureGroup {
            signature: signature.to_string(),
            count,
            seed: first.map(|first| first.seed),
            message: first.map(|first| first.failure.to_string()).unwrap_or_default(),
            reproduce: first.map(|first| first.reproduce.clone()).unwrap_or_default(),
        }
    };
    sorted(result.signatures.iter().map(group).collect())
}

/// The groups of what was told one by one.
pub(super) fn of_findings(findings: &[Finding]) -> Vec<FailureGroup> {
    let mut groups: BTreeMap<&str, FailureGroup> = BTreeMap::new();
    for finding in findings {
        for failure in &finding.failures {
            let group = groups.entry(&failure.signature).or_insert_with(|| FailureGroup {
                signature: failure.signature.clone(),
                count: 0,
                seed: None,
                message: String::new(),
                reproduce: String::new(),
            });
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

/// The frequent ones first.
fn sorted(mut groups: Vec<FailureGroup>) -> Vec<FailureGroup> {
    groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.seed.cmp(&other.seed)));
    groups
}
