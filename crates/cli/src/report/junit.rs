//! A report as JUnit has it: a case per property. What a case looks like in XML is the
//! business of `wavetank-debug`.

use super::{AssertionCount, FailureGroup, Report};
use crate::report::grouped;
use std::time::Duration;
use wavetank_debug::junit::{Case, CaseVerdict, Suite};

impl Report {
    /// Its properties: every assertion that is planted, everything that failed, and that
    /// two runs of a seed agree if that was looked at.
    pub(crate) fn suite(&self) -> Suite {
        let mut cases: Vec<Case> = self.assertions.iter().filter_map(|one| self.assertion(one)).collect();
        let told = |group: &&FailureGroup| !self.assertions.iter().any(|one| is_about(group, one));
        cases.extend(self.failures.iter().filter(told).map(|group| Case {
            property: group.signature.clone(),
            sort: "failure".to_string(),
            verdict: broken(group),
        }));
        if let Some(determinism) = &self.determinism {
            let verdict = match determinism.divergences.first() {
                _ if determinism.divergent.is_empty() => CaseVerdict::Held,
                first => CaseVerdict::Broken {
                    message: format!("{} seeds give two runs", grouped(determinism.divergent.len() as u64)),
                    details: first.map(|one| one.reproduce.clone()).unwrap_or_default(),
                },
            };
            cases.push(Case { property: "a seed is one run".into(), sort: "determinism".into(), verdict });
        }
        if self.failures.is_empty() {
            let property = "no run is red".to_string();
            cases.push(Case { property, sort: "failure".to_string(), verdict: CaseVerdict::Held });
        }
        Suite {
            name: self.name.clone(),
            seeds: self.seeds,
            time: Duration::try_from_secs_f64(self.real_seconds).unwrap_or_default(),
            cases,
        }
    }

    fn assertion(&self, one: &AssertionCount) -> Option<Case> {
        let property = one.name.clone()?;
        let verdict = match self.failures.iter().find(|group| is_about(group, one)) {
            Some(group) => broken(group),
            None if one.hits_true + one.hits_false == 0 => {
                CaseVerdict::Unreached { place: format!("{}:{}", one.file, one.line) }
            }
            None => CaseVerdict::Held,
        };
        Some(Case { property, sort: one.kind.clone(), verdict })
    }
}

/// Whether a failure is that an assertion did not hold. A failure's signature has no
/// numbers, so its words are looked for without them.
fn is_about(group: &FailureGroup, one: &AssertionCount) -> bool {
    let is_demand = one.kind == "always" || one.kind == "unreachable";
    is_demand && one.name.as_ref().is_some_and(|name| group.message.contains(&format!("{name:?}")))
}

fn broken(group: &FailureGroup) -> CaseVerdict {
    let message = group.message.lines().next().unwrap_or(&group.signature).to_string();
    CaseVerdict::Broken { message, details: format!("{} times\n{}", grouped(group.count), group.reproduce) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_property_is_a_case() {
        let assertion = |name: &str, kind: &str, hits| AssertionCount {
            kind: kind.into(),
            name: Some(name.into()),
            file: "src/kv.rs".into(),
            line: 7,
            hits_true: hits,
            hits_false: 0,
            missed: hits == 0,
        };
        let group = |message: &str| FailureGroup {
            signature: message.into(),
            count: 3,
            seed: Some(17),
            message: message.into(),
            reproduce: "cargo xtask replay kv --seed 17".into(),
        };
        let report = Report {
            name: "kv".into(),
            seeds: 10,
            assertions: vec![
                assertion("nothing is lost", "always", 5),
                assertion("nothing is torn", "always", 5),
                assertion("a retry is seen", "sometimes", 0),
            ],
            failures: vec![
                group("client violated kv: \"nothing is lost\" (always)"),
                group("deadlock: nobody goes on"),
            ],
            ..Report::default()
        };
        let suite = report.suite();
        let verdicts: Vec<(&str, bool)> = suite
            .cases
            .iter()
            .map(|case| (case.property.as_str(), matches!(case.verdict, CaseVerdict::Broken { .. })))
            .collect();
        let expected = [
            ("nothing is lost", true),
            ("nothing is torn", false),
            ("a retry is seen", false),
            ("deadlock: nobody goes on", true),
        ];
        assert_eq!(verdicts, expected);
        assert!(matches!(suite.cases[2].verdict, CaseVerdict::Unreached { .. }));
    }
}
