//! What a sweep checked as JUnit XML, a case per property: what continuous integration
//! shows. Which properties there are is told by the report.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// What was checked of one simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The simulation.
    pub name: String,
    /// Seeds that were run.
    pub seeds: u64,
    /// Real time.
    pub time: Duration,
    /// Its properties.
    pub cases: Vec<Case>,
}

/// One property and its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The property, in words.
    pub property: String,
    /// What sort of property: `always`, `sometimes`, `invariant`, `panic`.
    pub sort: String,
    /// Whether it held.
    pub verdict: CaseVerdict,
}

/// Whether a property held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseVerdict {
    /// It did.
    Held,
    /// It was broken.
    Broken {
        /// The failure, in a line.
        message: String,
        /// The failure's other lines, how often it was, and how it is repeated.
        details: String,
    },
    /// Nobody saw it hold, and nobody asked for that.
    Unshown {
        /// Why not, in a line.
        why: String,
    },
}

/// The suites as XML.
///
/// # Errors
/// If the XML cannot be written, which no suite brings about.
pub fn to_xml(suites: &[Suite]) -> Result<String, quick_junit::SerializeError> {
    report(suites).to_string()
}

fn report(suites: &[Suite]) -> Report {
    let mut report = Report::new("wavetank");
    for suite in suites {
        let mut shown = TestSuite::new(suite.name.as_str());
        shown.set_time(suite.time);
        shown.add_property(("seeds".to_string(), suite.seeds.to_string()));
        for case in &suite.cases {
            shown.add_test_case(test_case(suite, case));
        }
        report.add_test_suite(shown);
    }
    report
}

fn test_case(suite: &Suite, case: &Case) -> TestCase {
    let status = match &case.verdict {
        CaseVerdict::Held => TestCaseStatus::success(),
        CaseVerdict::Broken { message, details } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(case.sort.as_str()).set_message(message.as_str()).set_description(details.as_str());
            status
        }
        CaseVerdict::Unshown { why } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why.as_str());
            status
        }
    };
    let mut shown = TestCase::new(case.property.as_str(), status);
    shown.set_classname(format!("{}.{}", suite.name, case.sort));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> Suite {
        let case = |property: &str, verdict| Case { property: property.into(), sort: "always".into(), verdict };
        Suite {
            name: "kv/storm".into(),
            seeds: 1000,
            time: Duration::from_millis(1500),
            cases: vec![
                case("nothing is <lost> & \"found\"", CaseVerdict::Held),
                case(
                    "no write is torn",
                    CaseVerdict::Broken {
                        message: "torn: \u{1b}[31m3 of 4".into(),
                        details: "in 3 of 1,000 seeds\ncargo xtask replay kv/storm --seed 17".into(),
                    },
                ),
                case("a retry is seen", CaseVerdict::Unshown { why: "never reached: src/kv.rs:12".into() }),
            ],
        }
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let xml = to_xml(&[suite()]).expect("it is written");
        let back = Report::deserialize_from_str(&xml).expect("it is read");
        // What XML has no letters for, such as colours, is dropped when it is written.
        assert_eq!(back.to_string().expect("it is written"), xml);
        assert_eq!((back.tests, back.failures), (3, 1));
        let cases = &back.test_suites[0].test_cases;
        assert_eq!(cases[0].name.as_str(), "nothing is <lost> & \"found\"");
        let TestCaseStatus::NonSuccess { message, description, .. } = &cases[1].status else {
            panic!("it is broken: {:?}", cases[1].status);
        };
        assert_eq!(message.as_ref().map(|text| text.as_str()), Some("torn: 3 of 4"));
        assert!(description.as_ref().is_some_and(|text| text.as_str().contains("--seed 17")));
        assert!(matches!(cases[2].status, TestCaseStatus::Skipped { .. }));
    }
}
