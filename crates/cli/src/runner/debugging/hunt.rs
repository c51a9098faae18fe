//! The hunt for planted bugs: a target's processes sweep until a bug shows, and make what it shows
//! small. What the small runs come to is counted next door.

use super::{Asked, SEEDS_MOST, SEEDS_STEP, Small, row};
use crate::interruption::Interruption;
use crate::manifest::{Bug, Declared};
use crate::report::Report;
use crate::runner::tied;
use crate::shrunk::ShrunkReport;
use crate::target::{COMMAND_WORD, SHRINK_MARK};
use crate::terminal;
use crate::trouble::Trouble;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// A hunt in one target.
pub(super) struct Hunt<'a> {
    pub(super) target: &'a Declared,
    pub(super) program: &'a Path,
    pub(super) asked: &'a Asked,
    pub(super) interruption: &'a Interruption,
}

impl Hunt<'_> {
    /// The first red seeds of a bug, made small; those until somebody interrupted.
    pub(super) fn of_bug(&self, bug: &Bug) -> Result<Vec<Small>, Trouble> {
        let mut shrunk = Vec::new();
        let mut first = 0;
        while first < SEEDS_MOST && shrunk.len() < self.asked.each && !self.interruption.is_wanted() {
            let last = first + SEEDS_STEP;
            for report in self.sweep(bug, first..last)? {
                // Every failure of the bug counts, whichever oracle saw it first.
                for seed in report.red_seeds.iter().take(self.asked.each - shrunk.len()) {
                    let report = self.shrink(&report.name, bug, *seed);
                    if self.interruption.is_wanted() {
                        return Ok(shrunk);
                    }
                    let small = Small { report: report?, minimum: bug.minimum };
                    terminal::say(&row(&small))?;
                    shrunk.push(small);
                }
            }
            first = last;
        }
        Ok(shrunk)
    }

    fn sweep(&self, bug: &Bug, seeds: std::ops::Range<u64>) -> Result<Vec<Report>, Trouble> {
        let mut command = Command::new(self.program);
        let range = format!("{}..{}", seeds.start, seeds.end);
        command.args([COMMAND_WORD, "sweep", "--attended", "--seeds", &range, "--bug", &bug.name, "--no-shrink"]);
        let output = self.listen(command)?;
        Ok(output.lines().filter_map(Report::from_line).map(|(_, report)| report).collect())
    }

    fn shrink(&self, name: &str, bug: &Bug, seed: u64) -> Result<ShrunkReport, Trouble> {
        let Asked { replays, budget, jobs, .. } = self.asked;
        let mut command = Command::new(self.program);
        command.args([COMMAND_WORD, "shrink", "--attended", "--tied"]);
        command.args(name.split_once('/').map(|(_, simulation)| simulation));
        command.args(["--seed", &seed.to_string(), "--bug", &bug.name, "--verify", &replays.to_string()]);
        command.args(["--budget", &format!("{}ms", budget.as_millis()), "--jobs", &jobs.to_string()]);
        let output = self.listen(command)?;
        let line = output.lines().find_map(|line| line.split_once(SHRINK_MARK));
        let report = line.and_then(|(_, json)| serde_json::from_str(json).ok());
        report.ok_or_else(|| Trouble::new(format!("target `{}`: seed {seed} was not made small", self.target.name)))
    }

    /// What a target's process says; its complaints go on.
    fn listen(&self, mut command: Command) -> Result<String, Trouble> {
        let failed = |error| Trouble::new(format!("target `{}`: {error}", self.target.name));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let mut stdout = child.stdout.take().expect("it was started with a pipe");
        let mut output = String::new();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| stdout.read_to_string(&mut output));
            tied::wait(&mut child, self.interruption)?;
            reading.join().expect("to read does not panic")
        })
        .map_err(failed)?;
        Ok(output)
    }
}
