//! A target's process while it sweeps: its lines are passed on as they come, and what
//! they tell is kept. What to make of an early end is decided elsewhere.

use super::out::Out;
use crate::finding::Finding;
use crate::interruption::Interruption;
use crate::report::{CoverageReport, KeptReport, Report};
use crate::target::begins;
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::UnderwayFile;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Signatures of a simulation of which the first is told at once; the report has them all.
const SHOWN_MOST: usize = 20;
/// How long after an interruption it is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a process told until it ended.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) reports: Vec<Report>,
    pub(super) coverage: Option<CoverageReport>,
    /// The simulation that had begun and is not reported.
    pub(super) begun: Option<String>,
    /// What was kept of that simulation and was run again.
    pub(super) kept: Vec<KeptReport>,
    /// What was kept of it and is run again just now.
    pub(super) again: Option<KeptReport>,
    /// That simulation's red runs so far.
    pub(super) findings: Vec<Finding>,
    shown: BTreeSet<String>,
    /// What was found of that simulation before its process was started again, behind it.
    pub(super) earlier: Option<Report>,
    /// Whether the process runs no more than the rest of a simulation's seeds.
    pub(super) is_part: bool,
    /// Words of the failure that must report the planted bug.
    oracle: Option<String>,
    /// What could not be told or written; the first of it.
    pub(super) trouble: Option<Trouble>,
}

/// Runs a sweep's process to its end, and hears what it tells.
///
/// # Errors
/// If it cannot be started.
pub(super) fn attend(
    command: &mut Command,
    heard: &mut Heard,
    out: Option<&Out>,
    interruption: &Interruption,
    underway: &UnderwayFile,
) -> std::io::Result<ExitStatus> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    passing_on(&mut child, interruption, underway, |line| heard.hear(line, out));
    child.wait()
}

impl Heard {
    /// Nothing so far; a planted bug must be reported in these words.
    pub(super) fn new(oracle: Option<&str>) -> Heard {
        Heard { oracle: oracle.map(str::to_string), ..Heard::default() }
    }

    fn hear(&mut self, line: &str, out: Option<&Out>) {
        if let Some((before, name)) = begins(line) {
            self.pass_on(before);
            self.begun = Some(name.to_string());
            self.findings.clear();
            self.kept.clear();
            self.again = None;
            if self.earlier.is_none() {
                self.shown.clear();
                self.note(out.map_or(Ok(()), |out| out.begin(name)));
            }
        } else if let Some((before, finding)) = Finding::from_line(line) {
            self.pass_on(before);
            self.find(finding, out);
        } else if let Some((before, kept)) = KeptReport::from_begin(line) {
            self.pass_on(before);
            self.again = Some(kept);
        } else if let Some((before, kept)) = KeptReport::from_line(line) {
            self.pass_on(before);
            self.again = None;
            self.kept.push(kept);
        } else if let Some((before, report)) = Report::from_line(line) {
            self.pass_on(before);
            self.begun = None;
            self.tell(report, out);
        } else if let Some((before, coverage)) = CoverageReport::from_line(line) {
            self.pass_on(before);
            if self.is_part {
                // What some of a simulation's seeds did not show says nothing.
                return;
            }
            self.note(terminal::say(&coverage.painted(Paint::for_stdout())));
            self.note(out.map_or(Ok(()), |out| out.write_coverage(&coverage)));
            self.coverage = Some(coverage);
        } else {
            self.pass_on(line);
        }
    }

    /// Keeps what was found of a simulation until its process ended: its rest follows.
    pub(super) fn put_aside(&mut self, report: Report) {
        let report = match self.earlier.take() {
            Some(earlier) => earlier.continued_by(report),
            None => report,
        };
        self.earlier = Some(report.unfinished());
    }

    /// Keeps a red run, and tells of it now if there was none like it.
    pub(super) fn find(&mut self, finding: Finding, out: Option<&Out>) {
        let room = self.shown.len() < SHOWN_MOST;
        if room && finding.failures.iter().any(|failure| self.shown.insert(failure.signature.clone())) {
            terminal::interject(&format!("RED {}", finding.headline()));
        }
        self.note(out.map_or(Ok(()), |out| out.append(&finding)));
        self.findings.push(finding);
    }

    /// Tells a report to people and to machines.
    pub(super) fn tell(&mut self, report: Report, out: Option<&Out>) {
        let mut report = match self.earlier.take() {
            Some(earlier) => earlier.continued_by(report),
            None => report,
        };
        if let Some(words) = &self.oracle {
            report.ask_oracle(words);
        }
        self.note(terminal::say(&report.painted(Paint::for_stdout())));
        self.note(out.map_or(Ok(()), |out| out.write(&report)));
        self.reports.push(report);
    }

    /// What the program under test printed.
    fn pass_on(&mut self, line: &str) {
        if !line.is_empty() {
            self.note(terminal::hand_over(line));
        }
    }

    pub(super) fn note(&mut self, done: Result<(), Trouble>) {
        if let Err(trouble) = done {
            self.trouble.get_or_insert(trouble);
        }
    }
}

/// Reads the child's lines. When somebody wants an end, its standard input is closed,
/// for it to report what it has; and if that takes long, it is told what it waits for.
fn passing_on(child: &mut Child, interruption: &Interruption, underway: &UnderwayFile, mut each: impl FnMut(&str)) {
    let mut lines = BufReader::new(child.stdout.take().expect("it was started with a pipe"));
    let mut stdin = child.stdin.take();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let closer = scope.spawn(|| {
            let (mut since, mut is_told) = (None, false);
            while !over.load(Ordering::Relaxed) {
                if interruption.is_wanted() {
                    stdin = None;
                    let since: &mut Instant = since.get_or_insert_with(Instant::now);
                    if !is_told && since.elapsed() >= PATIENCE {
                        is_told = true;
                        terminal::interject(&waiting(&underway.read().seeds));
                    }
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            each(&String::from_utf8_lossy(&line));
            line.clear();
        }
        over.store(true, Ordering::Relaxed);
        closer.thread().unpark();
    });
}

/// What an end waits for, and how to have it without.
fn waiting(seeds: &[u64]) -> String {
    let what = if seeds.is_empty() { "what is under way is over".to_string() } else { format!("{} over", are(seeds)) };
    format!("interrupted: the sweep reports and ends as soon as {what}; a second Ctrl-C ends it now, without a report")
}

fn are(seeds: &[u64]) -> String {
    let words = seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if seeds.len() == 1 { format!("seed {words} is") } else { format!("seeds {words} are") }
}
