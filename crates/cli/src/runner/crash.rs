//! A target's process that ended in the middle of a sweep: which seeds ended it, and
//! what the sweep had found until then.

use super::attend::Heard;
use super::out::Out;
use crate::ending::{how, is_own_fault};
use crate::finding::{Finding, FoundFailure, reproduce_line};
use crate::manifest::Declared;
use crate::options::SweepOptions;
use crate::report::Report;
use crate::target::COMMAND_WORD;
use crate::terminal;
use crate::trouble::Trouble;
use crate::underway::Left;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// What is known of the end.
pub(super) struct Crash<'a> {
    pub(super) target: &'a Declared,
    pub(super) program: &'a Path,
    pub(super) options: &'a SweepOptions,
    /// The simulation, as `sweep` calls it.
    pub(super) simulation: &'a str,
    pub(super) status: ExitStatus,
    pub(super) left: Left,
}

impl Crash<'_> {
    /// The seeds behind those that were under way, of those that were to be run: if their
    /// order is that of their numbers, and none before them was skipped.
    pub(super) fn rest(&self, seeds: Range<u64>) -> Option<Range<u64>> {
        let last = *self.left.seeds.last()?;
        let all = last.checked_sub(seeds.start)? + 1;
        let by_number = !self.options.until_covered && self.options.time.is_none();
        (by_number && self.left.done + self.left.seeds.len() as u64 == all).then(|| last + 1..seeds.end)
    }

    /// The report of what was found in this process, with the seeds that ended it among it;
    /// and what is to blame if it is not the code under test.
    pub(super) fn report(&self, heard: &mut Heard, out: Option<&Out>) -> (Report, Option<Trouble>) {
        let how = how(self.status);
        let seeds = under_way(&self.left.seeds);
        // The seeds that were under way run again, each in a process of its own.
        let again = self.again();
        let found = again.iter().any(is_crash);
        again.into_iter().for_each(|finding| heard.find(finding, out));
        let mut trouble = None;
        if !found && is_own_fault(self.status) && !self.left.seeds.is_empty() {
            heard.find(self.suspicion(&how), out);
        } else if !found {
            // The runs of which a small one is made are of no seed.
            let is_shrinking = !heard.findings.is_empty() && self.left.seeds.is_empty() && !self.options.no_shrink;
            let hint = if is_shrinking { "; `--no-shrink` makes none of its red seeds small" } else { "" };
            let name = &self.target.name;
            trouble = Some(Trouble::new(format!("target `{name}`: its process {how} while {seeds}{hint}")));
        }
        let why = format!("its process {how} after {} seeds, while {seeds}", self.left.done);
        let kept = std::mem::take(&mut heard.kept);
        let found = Report::of_findings(self.simulation, self.options, &heard.findings, &self.left, why);
        (Report { kept, ..found }, trouble)
    }

    /// The report of what was run again in this process, if that ended it: before any seed.
    pub(super) fn report_of_kept(&self, heard: &mut Heard) -> Option<Report> {
        let is_own = self.status.code().is_some() || is_own_fault(self.status);
        let mut last = heard.again.take_if(|_| is_own)?;
        let how = how(self.status);
        let why = format!("its process {how} while it ran again what is kept as {}", last.name);
        last.failure = Some(format!("the process of this run {how}"));
        terminal::interject(&format!("RED {} seed {}: the process of this run {how}", self.simulation, last.seed));
        let mut kept = std::mem::take(&mut heard.kept);
        kept.push(last);
        Some(Report { kept, incomplete: Some(why), ..Report::of_nothing(self.simulation, self.options) })
    }

    fn again(&self) -> Vec<Finding> {
        if self.left.seeds.is_empty() {
            return Vec::new();
        }
        let mut command = Command::new(self.program);
        command.args([COMMAND_WORD, "apart"]).args(self.simulation.split_once('/').map(|(_, name)| name));
        command.args(self.left.seeds.iter().flat_map(|seed| ["--seed".to_string(), seed.to_string()]));
        command.args(self.options.bug.iter().flat_map(|bug| ["--bug", bug]));
        let Ok(output) = command.stdin(Stdio::null()).stderr(Stdio::null()).output() else { return Vec::new() };
        let said = String::from_utf8_lossy(&output.stdout);
        said.lines().filter_map(|line| Finding::from_line(line)).map(|(_, finding)| self.ours(finding)).collect()
    }

    /// The finding with the line that reproduces it here.
    fn ours(&self, mut finding: Finding) -> Finding {
        finding.reproduce = reproduce_line(self.simulation, finding.seed, &self.options.replay_suffix());
        finding
    }

    /// The process crashed, and none of the seeds that were under way does so alone.
    fn suspicion(&self, how: &str) -> Finding {
        let seeds = under_way(&self.left.seeds);
        let message = format!("the target's process {how} while {seeds}; none does so alone");
        let seed = self.left.seeds[0];
        Finding {
            simulation: self.simulation.to_string(),
            bug: self.options.bug.clone(),
            seed,
            failures: vec![FoundFailure { signature: format!("the target's process {how}"), message }],
            reproduce: reproduce_line(self.simulation, seed, &self.options.replay_suffix()),
        }
    }
}

fn is_crash(finding: &Finding) -> bool {
    let ended = |failure: &FoundFailure| {
        ["its process died", "its process ended"].iter().any(|words| failure.signature.starts_with(words))
    };
    finding.failures.iter().any(ended)
}

/// Which seeds were under way, in words.
fn under_way(seeds: &[u64]) -> String {
    match seeds {
        [] => "no seed was under way".to_string(),
        [one] => format!("seed {one} was under way"),
        all => format!("seeds {} were under way", all.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}
