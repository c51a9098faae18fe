//! What a sweep of a whole target did not show, as data and in words. What must be
//! shown is the rules' business, which are the harness's.

use super::text::grouped;
use crate::terminal::Paint;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wavetank_harness::{Coverage, CoverageRules, FaultKind, Miss, SimulationResult, Standing, Tally};

/// What begins a line with such a report: the program under test may print, too.
const MARK: &str = "wavetank-coverage:";
/// Stands below what is red.
const WAY_OUT: &str =
    "  show it in any simulation of the target, or say why none can: `CoverageRules::exempt_site`, `exempt_fault`\n";

/// How a target's sweep stands by the rules of coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageReport {
    /// The target.
    pub target: String,
    /// Its simulations that were swept.
    pub simulations: usize,
    /// Seeds of that of its simulations that had the fewest.
    pub seeds: u64,
    /// Whether points were judged: all its simulations were swept for long enough.
    pub judges_points: bool,
    /// Whether somebody interrupted the sweep: then nothing is red for what it did not show.
    #[serde(default)]
    pub interrupted: bool,
    /// What was missed, sites before faults.
    pub misses: Vec<MissReport>,
}

/// One thing that was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissReport {
    /// The rule: `reached`, `true` or `felt`.
    pub rule: String,
    /// What was missed, in words, with its place or its counts.
    pub what: String,
    /// Whether the sweep is red for it.
    pub red: bool,
    /// Why it is not, if somebody said so.
    pub exempt: Option<String>,
}

/// What the simulations of a target showed together.
pub(crate) struct Shown {
    coverage: Coverage,
    tallies: BTreeMap<&'static str, Tally>,
    rules: CoverageRules,
    seeds: Option<u64>,
    simulations: usize,
    /// Whether a run was red.
    has_red: bool,
}

impl Shown {
    pub(crate) fn new(rules: &CoverageRules) -> Shown {
        Shown {
            coverage: Coverage::new(),
            tallies: BTreeMap::new(),
            rules: rules.clone(),
            seeds: None,
            simulations: 0,
            has_red: false,
        }
    }

    /// Adds what one simulation showed, and its rules.
    pub(crate) fn add(&mut self, result: &SimulationResult, rules: &CoverageRules) {
        self.coverage.merge(&result.coverage);
        for (kind, tally) in result.faults() {
            self.tallies.entry(kind.name()).or_default().merge(tally);
        }
        self.rules.merge(rules);
        self.simulations += 1;
        self.has_red |= !result.is_green();
        self.seeds = Some(self.seeds.map_or(result.seeds, |seeds| seeds.min(result.seeds)));
    }

    /// Judges it. `is_whole`: whether all simulations of the target are in it.
    /// `is_interrupted`: whether more would have been shown.
    pub(crate) fn judge(self, target: &str, is_whole: bool, is_interrupted: bool) -> CoverageReport {
        let (rules, seeds) = (self.rules, self.seeds.unwrap_or(0));
        let judged = if is_whole && !is_interrupted { seeds } else { 0 };
        let tally = |kind: &FaultKind| self.tallies.get(kind.name()).copied().unwrap_or_default();
        let misses = rules.judge(judged, &self.coverage, tally);
        let report = |(miss, standing): (Miss, Standing<'_>)| MissReport {
            rule: miss.rule().to_string(),
            what: miss.to_string(),
            // A red run ends early: what it did not show is no further finding.
            red: standing == Standing::Red && !self.has_red && !is_interrupted,
            exempt: match standing {
                Standing::Exempt(exemption) => Some(exemption.reason.to_string()),
                Standing::Red | Standing::Told => None,
            },
        };
        CoverageReport {
            target: target.to_string(),
            simulations: self.simulations,
            seeds,
            judges_points: judged >= rules.seeds,
            interrupted: is_interrupted,
            misses: misses.into_iter().map(report).collect(),
        }
    }
}

impl CoverageReport {
    pub(crate) fn to_line(&self) -> String {
        format!("{MARK}{}\n", serde_json::to_string(self).expect("such a report has nothing that JSON lacks"))
    }

    pub(crate) fn from_line(line: &str) -> Option<(&str, CoverageReport)> {
        let (before, json) = line.split_once(MARK)?;
        Some((before, serde_json::from_str(json.trim_end()).ok()?))
    }

    pub(crate) fn verdict(&self) -> Verdict {
        if self.is_red() { Verdict::Red } else { Verdict::Green }
    }

    /// Whether anything was missed that is not exempt.
    pub fn is_red(&self) -> bool {
        self.misses.iter().any(|miss| miss.red)
    }

    /// The report for a reader; empty if nothing was missed. What is only told stands in
    /// the simulation's own report, if there is one simulation.
    pub(crate) fn painted(&self, paint: Paint) -> String {
        let lines: Vec<String> = self.misses.iter().filter_map(|miss| self.line(miss, paint)).collect();
        if lines.is_empty() {
            return String::new();
        }
        let verdict = if self.is_red() { format!(", {}", paint.red("RED")) } else { String::new() };
        let of = if self.simulations > 1 { " each" } else { "" };
        let way_out = if self.is_red() { WAY_OUT } else { "" };
        let seeds = grouped(self.seeds);
        format!("{}: what {seeds} seeds{of} did not show{verdict}\n{}{way_out}", self.target, lines.concat())
    }

    fn line(&self, miss: &MissReport, paint: Paint) -> Option<String> {
        let MissReport { rule, what, red, exempt } = miss;
        match exempt {
            _ if *red => Some(format!("  {} by rule `{rule}`: {what}\n", paint.red("RED"))),
            Some(reason) => Some(format!("  {what}; exempt: {reason}\n")),
            None => (self.simulations > 1).then(|| format!("  {what}\n")),
        }
    }
}
