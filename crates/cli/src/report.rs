//! What a sweep of one simulation found, as data: what machines read, and what goes
//! from a target's process to the one that asked. Its words are in `report/text.rs`.

mod continuation;
mod coverage;
mod groups;
mod junit;
mod kept;
mod text;

pub use coverage::{CoverageReport, MissReport};
pub use kept::KeptReport;

pub(crate) use coverage::Shown;
pub(crate) use junit::troubled;
pub(crate) use text::{grouped, seconds};

use crate::finding::Finding;
use crate::options::SweepOptions;
use crate::shrunk::ShrunkReport;
use crate::underway::Left;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wavetank_harness::{SimulationResult, Tally};

/// What begins a line with a report: the program under test may print, too.
const MARK: &str = "wavetank-report:";

/// The report of one simulation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What `sweep` and `replay` call it: `target`, or `target/simulation`.
    pub name: String,
    /// The planted bug that was switched on.
    pub bug: Option<String>,
    /// Seeds that were run.
    pub seeds: u64,
    /// How many of them were red.
    pub red: u64,
    /// Whether somebody interrupted it before it was done.
    pub interrupted: bool,
    /// Why its other seeds were not run, if something went wrong; then its counts are
    /// those of its red runs only.
    #[serde(default)]
    pub incomplete: Option<String>,
    /// How its process ended, each time that it was started again behind the seeds that were
    /// under way; then counts other than those of seeds and failures lack what was before.
    #[serde(default)]
    pub restarts: Vec<String>,
    /// Records fired, over all runs.
    pub events: u64,
    /// Tasks polled, over all runs.
    pub polls: u64,
    /// Seconds of virtual time, over all runs.
    pub virtual_seconds: f64,
    /// Seconds of real time.
    pub real_seconds: f64,
    /// One digest of all runs; the same for any number of threads.
    pub digest: String,
    /// The kinds of fault that were asked for, by name.
    pub faults: BTreeMap<String, Tally>,
    /// The points planted in the program.
    pub assertions: Vec<AssertionCount>,
    /// What the workloads counted.
    pub metrics: BTreeMap<String, u64>,
    /// Failures by signature, the frequent ones first.
    pub failures: Vec<FailureGroup>,
    /// The red seeds with the lowest numbers.
    pub red_seeds: Vec<u64>,
    /// Whether coverage was asked for and not reached; that is red.
    pub uncovered: bool,
    /// The outcome of the determinism check, if there was one.
    pub determinism: Option<Determinism>,
    /// Whether who must report the planted bug did, if that is known.
    #[serde(default)]
    pub oracle: Option<OracleReport>,
    /// Failures that were kept, run again before anything else.
    #[serde(default)]
    pub kept: Vec<KeptReport>,
    /// Red seeds that were made small, the first of each signature.
    #[serde(default)]
    pub shrunk: Vec<ShrunkReport>,
}

/// Whether the oracle that a planted bug's manifest names has reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleReport {
    /// Words of its failure, as the manifest has them.
    pub words: String,
    /// Failures that say them.
    pub count: u64,
    /// Failures that do not.
    pub others: u64,
}

/// How often a planted point was executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionCount {
    /// `always`, `sometimes`, `reachable` and so on.
    pub kind: String,
    /// Its name; points may have none.
    pub name: Option<String>,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Executions in which it held or fired.
    pub hits_true: u64,
    /// Executions in which it did not.
    pub hits_false: u64,
    /// Whether it should have been reached and never was, or never held.
    pub missed: bool,
}

/// Failures with the same signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// What they have in common: kind, place, and message without numbers.
    pub signature: String,
    /// How often it was found.
    pub count: u64,
    /// The lowest seed that shows it, unless there are too many failures to keep one of each.
    pub seed: Option<u64>,
    /// What that seed's run said.
    pub message: String,
    /// The line that runs that seed again.
    pub reproduce: String,
}

/// What running every seed a second time, in a fresh process, showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Determinism {
    /// Seeds that were run twice.
    pub seeds: u64,
    /// Seeds whose two runs differ.
    pub divergent: Vec<u64>,
    /// The first event that differs, from both sides, for some of them.
    pub divergences: Vec<DivergenceReport>,
}

/// Where the two runs of a seed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DivergenceReport {
    /// The seed.
    pub seed: u64,
    /// The first run's event.
    pub first: String,
    /// The second run's event.
    pub second: String,
    /// The line that compares the two runs again.
    pub reproduce: String,
}

impl Report {
    /// The report of a harness's result.
    pub(crate) fn new(name: &str, options: &SweepOptions, result: &SimulationResult) -> Report {
        Report {
            name: name.to_string(),
            bug: options.bug.clone(),
            seeds: result.seeds,
            red: result.red_count,
            interrupted: false,
            incomplete: None,
            restarts: Vec::new(),
            events: result.events,
            polls: result.polls,
            virtual_seconds: result.virtual_time.as_secs_f64(),
            real_seconds: result.real_time.as_secs_f64(),
            digest: result.digest().to_string(),
            faults: result.faults().map(|(kind, tally)| (kind.name().to_string(), *tally)).collect(),
            assertions: assertions(result),
            metrics: result.metrics.iter().map(|(name, count)| (name.to_string(), count)).collect(),
            failures: groups::of_result(result),
            red_seeds: result.red.iter().map(|red| red.seed).collect(),
            uncovered: options.until_covered && !result.all_sometimes_reached(),
            determinism: None,
            oracle: None,
            kept: Vec::new(),
            shrunk: Vec::new(),
        }
    }

    /// The report of no seed at all.
    pub(crate) fn of_nothing(name: &str, options: &SweepOptions) -> Report {
        Report { name: name.to_string(), bug: options.bug.clone(), ..Report::default() }
    }

    /// The report of a sweep whose process ended before it reported: what it had told of.
    pub(crate) fn of_findings(
        name: &str,
        options: &SweepOptions,
        findings: &[Finding],
        left: &Left,
        why: String,
    ) -> Report {
        let mut red_seeds: Vec<u64> = findings.iter().map(|finding| finding.seed).collect();
        red_seeds.sort_unstable();
        red_seeds.dedup();
        let red = left.red.max(red_seeds.len() as u64);
        Report {
            name: name.to_string(),
            bug: options.bug.clone(),
            // Those that were under way were run again, each by itself.
            seeds: (left.done + left.seeds.len() as u64).max(red),
            red,
            interrupted: false,
            incomplete: Some(why),
            restarts: Vec::new(),
            events: 0,
            polls: 0,
            virtual_seconds: 0.0,
            real_seconds: 0.0,
            digest: String::new(),
            faults: BTreeMap::new(),
            assertions: Vec::new(),
            metrics: BTreeMap::new(),
            failures: groups::of_findings(findings),
            red_seeds,
            uncovered: false,
            determinism: None,
            oracle: None,
            kept: Vec::new(),
            shrunk: Vec::new(),
        }
    }

    /// Looks whether the oracle of the planted bug has reported it: whether failures say its
    /// words, those of seeds that are kept among them.
    pub(crate) fn ask_oracle(&mut self, words: &str) {
        let swept = self.failures.iter().map(|group| {
            let says = group.message.contains(words) || group.signature.contains(words);
            (says, group.count)
        });
        let kept = self.kept.iter().filter_map(|kept| kept.failure.as_ref()).map(|said| (said.contains(words), 1));
        let (mut count, mut others) = (0, 0);
        for (says, many) in swept.chain(kept) {
            *if says { &mut count } else { &mut others } += many;
        }
        self.oracle = Some(OracleReport { words: words.to_string(), count, others });
    }

    /// The report as one line, for the process that asked for it.
    pub(crate) fn to_line(&self) -> String {
        let json = serde_json::to_string(self).expect("a report has nothing that JSON lacks");
        format!("{MARK}{json}\n")
    }

    /// The report in a line that may hold other output before it.
    pub(crate) fn from_line(line: &str) -> Option<(&str, Report)> {
        let (before, json) = line.split_once(MARK)?;
        Some((before, serde_json::from_str(json.trim_end()).ok()?))
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match (self.is_red(), self.interrupted) {
            (true, _) => Verdict::Red,
            (false, true) => Verdict::Interrupted,
            (false, false) => Verdict::Green,
        }
    }

    /// Whether anything is red.
    pub fn is_red(&self) -> bool {
        let divergent = self.determinism.as_ref().is_some_and(|determinism| !determinism.divergent.is_empty());
        let as_before = self.kept.iter().any(|kept| kept.failure.is_some());
        self.red > 0 || as_before || divergent || (self.uncovered && !self.interrupted)
    }
}

fn assertions(result: &SimulationResult) -> Vec<AssertionCount> {
    let missed: Vec<_> = result.coverage.never_reached().chain(result.coverage.never_true()).collect();
    let sites = result.coverage.iter().map(|(site, count)| AssertionCount {
        kind: site.kind().to_string(),
        name: site.name().map(str::to_string),
        file: site.file().to_string(),
        line: site.line(),
        hits_true: count.hits_true,
        hits_false: count.hits_false,
        missed: missed.iter().any(|other| std::ptr::eq(*other, site)),
    });
    sites.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Paint;

    fn kept(failure: Option<&str>) -> KeptReport {
        KeptReport {
            name: "lost".to_string(),
            seed: 7,
            failure: failure.map(str::to_string),
            clean: 0,
            retired: false,
            reproduce: String::new(),
        }
    }

    #[track_caller]
    fn check_oracle(failures: &[Option<&str>], counts: (u64, u64), words: &str) {
        let options = SweepOptions { bug: Some("early".to_string()), ..SweepOptions::default() };
        let mut report = Report::of_findings("kv", &options, &[], &Left::default(), String::new());
        report.kept = failures.iter().map(|failure| kept(*failure)).collect();
        report.ask_oracle("a write is lost");
        let oracle = report.oracle.as_ref().expect("it was asked");
        assert_eq!((oracle.count, oracle.others), counts);
        let told = report.painted(Paint::PLAIN);
        assert!(told.contains(words), "{told}");
    }

    #[test]
    fn an_oracle_that_reports_a_kept_seed_has_reported() {
        check_oracle(&[Some("always: a write is lost"), None], (1, 0), "reported by \"a write is lost\"");
        check_oracle(
            &[Some("the client dawdles")],
            (0, 1),
            "RED bug early: \"a write is lost\" must report it, and did not",
        );
        check_oracle(&[None], (0, 0), "not found");
    }
}
