//! A sweep as JUnit has it: a case per property, red where the sweep is. What a case looks like in XML is the
//! business of `wavetank-debug`.

use super::{AssertionCount, CoverageReport, Determinism, FailureGroup, KeptReport, MissReport, Report, grouped};
use crate::trouble::Trouble;
use std::time::Duration;
use wavetank_debug::junit::{Case, CaseVerdict, Suite};

impl Report {
    /// Its properties: every assertion that is planted, everything that failed, now or when
    /// it was kept, that two runs of a seed agree if that was looked at, and that the sweep
    /// did what it was to do. One of them is broken if, and only if, the report is red or
    /// incomplete.
    pub(crate) fn suite(&self) -> Suite {
        let mut cases: Vec<Case> = self.assertions.iter().filter_map(|one| self.assertion(one)).collect();
        let told = |group: &&FailureGroup| !self.assertions.iter().any(|one| is_about(group, one));
        cases.extend(
            self.failures.iter().filter(told).map(|group| case(group.signature.clone(), "failure", broken(group))),
        );
        cases.extend(self.kept.iter().map(kept));
        cases.extend(self.determinism.as_ref().map(determinism));
        if self.uncovered && !self.interrupted {
            let missed = self.assertions.iter().filter(|one| one.missed).map(ToString::to_string);
            let message = format!("not covered after {} seeds", grouped(self.seeds));
            let details = missed.collect::<Vec<_>>().join("\n");
            cases.push(case("every point is reached", "coverage", CaseVerdict::Broken { message, details }));
        }
        if let Some(why) = &self.incomplete {
            let verdict = CaseVerdict::Broken { message: why.clone(), details: String::new() };
            cases.push(case("every seed is run", "sweep", verdict));
        } else if self.failures.is_empty() {
            cases.push(case("no run is red", "failure", CaseVerdict::Held));
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
        let place = format!("{}:{}", one.file, one.line);
        let verdict = match (self.failures.iter().find(|group| is_about(group, one)), one.kind.as_str()) {
            (Some(group), _) => broken(group),
            // Not to be there is what it is for.
            (None, "unreachable") => CaseVerdict::Held,
            (None, _) if one.hits_true + one.hits_false == 0 => {
                CaseVerdict::Unshown { why: format!("never reached: {place}") }
            }
            (None, "sometimes") if one.hits_true == 0 => CaseVerdict::Unshown { why: format!("never true: {place}") },
            (None, _) => CaseVerdict::Held,
        };
        Some(case(property, &one.kind, verdict))
    }
}

impl CoverageReport {
    /// What a target had to show, as cases: what it did not.
    pub(crate) fn suite(&self) -> Suite {
        let miss = |miss: &MissReport| {
            let verdict = match &miss.exempt {
                _ if miss.red => {
                    CaseVerdict::Broken { message: miss.what.clone(), details: format!("by rule `{}`", miss.rule) }
                }
                Some(reason) => CaseVerdict::Unshown { why: format!("exempt: {reason}") },
                None => CaseVerdict::Unshown { why: "nothing asks for it here".to_string() },
            };
            case(miss.what.clone(), "coverage", verdict)
        };
        let mut cases: Vec<Case> = self.misses.iter().map(miss).collect();
        if !self.is_red() {
            let verdict = match self.interrupted {
                false => CaseVerdict::Held,
                true => CaseVerdict::Unshown { why: "the sweep was interrupted".to_string() },
            };
            cases.push(case("the rules of coverage are kept", "coverage", verdict));
        }
        Suite { name: format!("coverage of {}", self.target), seeds: self.seeds, time: Duration::ZERO, cases }
    }
}

/// The suite of a sweep that could not do, or tell, all that it was asked for.
pub(crate) fn troubled(troubles: &[Trouble]) -> Suite {
    let words = |trouble: &Trouble| match trouble.is_told() {
        true => "see what the sweep printed".to_string(),
        false => trouble.to_string(),
    };
    let mut words = troubles.iter().map(words);
    let message = words.next().unwrap_or_default();
    let verdict = CaseVerdict::Broken { message, details: words.collect::<Vec<_>>().join("\n") };
    let cases = vec![case("all that was asked for is swept", "sweep", verdict)];
    Suite { name: "sweep".to_string(), seeds: 0, time: Duration::ZERO, cases }
}

fn case(property: impl Into<String>, sort: &str, verdict: CaseVerdict) -> Case {
    Case { property: property.into(), sort: sort.to_string(), verdict }
}

fn kept(kept: &KeptReport) -> Case {
    let verdict = match &kept.failure {
        Some(failure) => failed(failure, &kept.reproduce),
        None => CaseVerdict::Held,
    };
    case(format!("failed before: {}", kept.name), "kept", verdict)
}

fn determinism(determinism: &Determinism) -> Case {
    let verdict = match determinism.divergences.first() {
        _ if determinism.divergent.is_empty() => CaseVerdict::Held,
        first => CaseVerdict::Broken {
            message: format!("{} seeds give two runs", grouped(determinism.divergent.len() as u64)),
            details: first.map(|one| one.reproduce.clone()).unwrap_or_default(),
        },
    };
    case("a seed is one run", "determinism", verdict)
}

/// Whether a failure is that an assertion did not hold. A failure's signature has no
/// numbers, so its words are looked for without them.
fn is_about(group: &FailureGroup, one: &AssertionCount) -> bool {
    let is_demand = one.kind == "always" || one.kind == "unreachable";
    is_demand && one.name.as_ref().is_some_and(|name| group.message.contains(&format!("{name:?}")))
}

fn broken(group: &FailureGroup) -> CaseVerdict {
    let words = if group.message.is_empty() { &group.signature } else { &group.message };
    failed(words, &format!("{} times\n{}", grouped(group.count), group.reproduce))
}

/// A failure's first line, and the others, such as a history, before what is said of it.
fn failed(words: &str, of_it: &str) -> CaseVerdict {
    let (message, others) = words.split_once('\n').unwrap_or((words, ""));
    let details = if others.is_empty() { of_it.to_string() } else { format!("{}\n{of_it}", others.trim_end()) };
    CaseVerdict::Broken { message: message.to_string(), details }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(kind: &str, name: &str, hits: (u64, u64)) -> AssertionCount {
        AssertionCount {
            kind: kind.into(),
            name: Some(name.into()),
            file: "src/kv.rs".into(),
            line: 7,
            hits_true: hits.0,
            hits_false: hits.1,
            missed: hits.0 == 0,
        }
    }

    fn group(message: &str) -> FailureGroup {
        FailureGroup {
            signature: message.into(),
            count: 3,
            seed: Some(17),
            message: message.into(),
            reproduce: "cargo xtask replay kv --seed 17".into(),
        }
    }

    /// Each case's property, with `+` if it held, `-` if it was broken, `?` if it was not shown.
    fn cases(suite: &Suite) -> Vec<String> {
        let sign = |verdict: &CaseVerdict| match verdict {
            CaseVerdict::Held => '+',
            CaseVerdict::Broken { .. } => '-',
            CaseVerdict::Unshown { .. } => '?',
        };
        suite.cases.iter().map(|case| format!("{} {}", sign(&case.verdict), case.property)).collect()
    }

    #[track_caller]
    fn check(report: &Report, expected: &[&str]) {
        let cases = cases(&report.suite());
        assert_eq!(cases, expected);
        let is_broken = cases.iter().any(|case| case.starts_with('-'));
        assert_eq!(is_broken, report.is_red() || report.incomplete.is_some(), "as the sweep says");
    }

    #[test]
    fn each_property_is_a_case() {
        let report = Report {
            red: 6,
            assertions: vec![
                assertion("always", "nothing is lost", (5, 3)),
                assertion("always", "nothing is torn", (5, 0)),
                assertion("always", "nobody looks", (0, 0)),
                assertion("sometimes", "a retry is seen", (0, 0)),
                assertion("sometimes", "a retry helps", (0, 9)),
                assertion("sometimes", "a retry is late", (1, 9)),
                assertion("unreachable", "the log ends twice", (0, 0)),
            ],
            failures: vec![
                group("client violated kv: \"nothing is lost\" (always)"),
                group("deadlock: nobody goes on"),
            ],
            ..Report::default()
        };
        let expected = [
            "- nothing is lost",
            "+ nothing is torn",
            "? nobody looks",
            "? a retry is seen",
            "? a retry helps",
            "+ a retry is late",
            "+ the log ends twice",
            "- deadlock: nobody goes on",
        ];
        check(&report, &expected);
        let suite = report.suite();
        let why = |place: usize| match &suite.cases[place].verdict {
            CaseVerdict::Unshown { why } => why.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!([why(3), why(4)], ["never reached: src/kv.rs:7", "never true: src/kv.rs:7"]);
    }

    #[test]
    fn what_is_red_beside_the_runs_is_a_broken_case() {
        check(&Report::default(), &["+ no run is red"]);
        let kept = |failure: Option<&str>| KeptReport {
            name: "lost".into(),
            seed: 7,
            failure: failure.map(str::to_string),
            clean: 0,
            retired: false,
            reproduce: "cargo xtask replay kv --seed 7".into(),
        };
        let of_kept = |failure| Report { kept: vec![kept(failure)], ..Report::default() };
        check(&of_kept(Some("a write is lost")), &["- failed before: lost", "+ no run is red"]);
        check(&of_kept(None), &["+ failed before: lost", "+ no run is red"]);
        check(&Report { uncovered: true, ..Report::default() }, &["- every point is reached", "+ no run is red"]);
        check(&Report { uncovered: true, interrupted: true, ..Report::default() }, &["+ no run is red"]);
        let died = Some("its process died".to_string());
        check(&Report { incomplete: died, ..Report::default() }, &["- every seed is run"]);
        let divergent = Determinism { seeds: 2, divergent: vec![1], divergences: Vec::new() };
        let report = Report { determinism: Some(divergent), ..Report::default() };
        check(&report, &["- a seed is one run", "+ no run is red"]);
    }

    #[test]
    fn a_failure_of_many_lines_is_told_in_full() {
        let report =
            Report { red: 3, failures: vec![group("not linearizable\nput(1)\nget -> 2\n")], ..Report::default() };
        let CaseVerdict::Broken { message, details } = &report.suite().cases[0].verdict else { panic!("it is red") };
        let told = "put(1)\nget -> 2\n3 times\ncargo xtask replay kv --seed 17";
        assert_eq!((message.as_str(), details.as_str()), ("not linearizable", told));
    }

    #[test]
    fn what_a_target_did_not_show_is_a_case() {
        let miss = |what: &str, red, exempt: Option<&str>| MissReport {
            rule: "reached".into(),
            what: what.into(),
            red,
            exempt: exempt.map(str::to_string),
        };
        let shown = |misses| CoverageReport {
            target: "kv".into(),
            simulations: 2,
            seeds: 1000,
            judges_points: true,
            interrupted: false,
            misses,
        };
        let red = shown(vec![miss("an owl", true, None), miss("the moon", false, Some("it is day"))]);
        assert_eq!(cases(&red.suite()), ["- an owl", "? the moon"]);
        let green = shown(vec![miss("a fault", false, None)]);
        assert_eq!(cases(&green.suite()), ["? a fault", "+ the rules of coverage are kept"]);
        let cut_short = CoverageReport { interrupted: true, ..green };
        assert_eq!(cases(&cut_short.suite()), ["? a fault", "? the rules of coverage are kept"]);
        assert_eq!(cases(&troubled(&[Trouble::told()])), ["- all that was asked for is swept"]);
    }
}
