//! `sweep`: builds the targets that are chosen, runs one after the other (each uses all
//! cores), and reports.

use super::attend::{Heard, attend};
use super::build::build;
use super::chosen::{Chosen, choose};
use super::crash::Crash;
use super::out::Out;
use super::{roster, shrink};
use crate::ending::how;
use crate::interruption::Interruption;
use crate::manifest::{Declared, Manifest};
use crate::options::{SweepOptions, path};
use crate::report::{CoverageReport, Report, grouped, troubled};
use crate::roster::Roster;
use crate::target::COMMAND_WORD;
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::{Left, UnderwayFile};
use crate::verdict::Verdict;
use crate::written;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use wavetank_debug::corpus::{Corpus, FOLDER};
use wavetank_debug::junit::{Suite, to_xml};

/// The one flag that the targets do not know.
pub(super) const JUNIT: &str = "[--junit FILE]";

/// The names and flags of a sweep.
pub(super) struct Asked {
    pub(super) names: Vec<String>,
    pub(super) options: SweepOptions,
    /// The file for JUnit XML.
    pub(super) junit: Option<PathBuf>,
}

/// What a sweep of several targets came to.
pub(super) struct Swept {
    pub(super) reports: Vec<Report>,
    pub(super) coverage: Vec<CoverageReport>,
    pub(super) verdict: Verdict,
    /// What kept a part of it from running, or from being reported.
    pub(super) trouble: Option<Trouble>,
}

impl Swept {
    fn nothing(verdict: Verdict) -> Swept {
        Swept { reports: Vec::new(), coverage: Vec::new(), verdict, trouble: None }
    }

    fn add(&mut self, reports: Vec<Report>) {
        for report in reports {
            self.verdict = self.verdict.and(report.verdict());
            self.reports.push(report);
        }
    }

    pub(super) fn verdict(self) -> Result<Verdict, Trouble> {
        self.trouble.map_or(Ok(self.verdict), Err)
    }
}

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    let asked = read(parser)?;
    run(&Manifest::read()?, &asked)?.verdict()
}

/// Reads names and flags.
///
/// # Errors
/// If one is wrong.
pub(super) fn read(mut parser: Parser) -> Result<Asked, Trouble> {
    let mut asked = Asked { names: Vec::new(), options: SweepOptions::default(), junit: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) => asked.names.push(name.string()?),
            Arg::Long("junit") => asked.junit = Some(path("junit", &mut parser)?),
            Arg::Long(flag) => {
                let flag = flag.to_string();
                if !asked.options.take(&flag, &mut parser)? {
                    let usage = SweepOptions::USAGE;
                    return Err(Trouble::new(format!("no flag --{flag}; usage: sweep [NAME..] {usage} {JUNIT}")));
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    asked.options.validate()?;
    Ok(asked)
}

/// Sweeps what was asked for.
///
/// # Errors
/// If it could not begin. What went wrong later is beside what was found.
pub(super) fn run(manifest: &Manifest, asked: &Asked) -> Result<Swept, Trouble> {
    let options = &asked.options;
    let chosen = choose(manifest, asked)?;
    let out = options.out.as_deref().map(Out::claim).transpose()?;
    asked.junit.as_deref().map(|path| written::claim_file("junit", path)).transpose()?;
    let interruption = Interruption::listen()?;
    let targets: Vec<&Declared> = chosen.iter().map(|one| one.target).collect();
    let programs = match build(manifest, &targets, options.profile.as_deref(), options.bug.is_some()) {
        // Ctrl-C reaches cargo, too.
        Err(_) if interruption.is_wanted() => return Ok(Swept::nothing(Verdict::Interrupted)),
        built => built?,
    };
    let keeping = shrink::words(manifest);
    let mut swept = Swept::nothing(Verdict::Green);
    let mut troubles: Vec<Trouble> = Vec::new();
    for (one, program) in chosen.iter().zip(&programs) {
        // A target that cannot be run does not keep the others from it.
        let done = roster::ask(one.target, program).and_then(|roster| {
            let (keeping, interruption, out) = (&keeping, &interruption, out.as_ref());
            TargetSweep { chosen: one, roster, program, options, keeping, interruption, out }.run(&mut swept)
        });
        troubles.extend(done.err());
        if interruption.is_wanted() {
            swept.verdict = swept.verdict.and(Verdict::Interrupted);
            break;
        }
    }
    troubles.extend(homeless(manifest, asked));
    if !swept.reports.is_empty() {
        let told = terminal::say(&format!("{}\n", summary(&swept, !troubles.is_empty(), Paint::for_stdout())));
        troubles.extend(told.err());
    }
    if let Some(path) = &asked.junit {
        let mut suites: Vec<Suite> = swept.reports.iter().map(Report::suite).collect();
        suites.extend(swept.coverage.iter().map(CoverageReport::suite));
        if !troubles.is_empty() {
            suites.push(troubled(&troubles));
        }
        troubles.extend(write_junit(path, &suites).err());
    }
    // The last one ends the command, which tells it; none of the others is lost.
    troubles.dedup();
    swept.trouble = troubles.pop();
    troubles.iter().for_each(Trouble::tell);
    Ok(swept)
}

/// What is kept of a target that is gone, where all are swept. What cannot be read each target tells.
fn homeless(manifest: &Manifest, asked: &Asked) -> Option<Trouble> {
    if !asked.names.is_empty() {
        return None;
    }
    let holdings = Corpus::new(manifest.root.join(FOLDER)).holdings().ok()?;
    let targets: Vec<&str> = manifest.targets.iter().map(|target| target.name.as_str()).collect();
    Trouble::of_homeless(&holdings.entries, asked.options.bug.as_deref(), &targets)
}

/// Writes what was checked as JUnit XML.
fn write_junit(path: &Path, suites: &[Suite]) -> Result<(), Trouble> {
    let xml = to_xml(suites).map_err(|error| Trouble::new(format!("--junit {}: {error}", path.display())))?;
    written::write("junit", path, &xml)
}

/// How often a simulation's process is started again behind seeds that ended it.
const RESTARTS_MOST: usize = 20;

/// What of a target's sweep is yet to be run.
struct Remainder {
    /// Simulations; all, if none is named.
    simulations: Vec<String>,
    /// First of all, these seeds of a simulation.
    part: Option<(String, Range<u64>)>,
    /// How often that simulation's process was started again.
    restarts: usize,
    /// What is kept of that simulation and was run again.
    kept: Vec<String>,
}

/// A target's sweep: whom to run, how, and who hears of it.
struct TargetSweep<'a> {
    chosen: &'a Chosen<'a>,
    roster: Roster,
    program: &'a Path,
    options: &'a SweepOptions,
    /// Where the target keeps what it finds.
    keeping: &'a [OsString],
    interruption: &'a Interruption,
    out: Option<&'a Out>,
}

impl TargetSweep<'_> {
    /// Runs the target's process, and again for what is left if that ends before its time:
    /// the seeds behind those that ended it, then the other simulations.
    fn run(&self, swept: &mut Swept) -> Result<(), Trouble> {
        let mut left = Remainder {
            simulations: self.chosen.simulations.iter().map(ToString::to_string).collect(),
            part: None,
            restarts: 0,
            kept: Vec::new(),
        };
        let mut heard = Heard::new(self.oracle());
        let mut trouble = None;
        let status = loop {
            let underway = UnderwayFile::new();
            let mut command = self.command(&left, &underway);
            heard.is_part = left.part.is_some();
            let status = attend(&mut command, &mut heard, self.out, self.interruption, &underway)
                .map_err(|error| self.failed(&format!("it cannot be started: {error}")))?;
            if let Some(coverage) = heard.coverage.take() {
                swept.verdict = swept.verdict.and(coverage.verdict());
                swept.coverage.push(coverage);
            }
            let begun = heard.begun.take();
            let seeds = left.part.take();
            let finished = match (&begun, &seeds) {
                (Some(name), seeds) => {
                    let seeds = seeds.as_ref().map_or_else(|| self.options.range(), |(_, seeds)| seeds.clone());
                    let infrastructure = self.end(&mut heard, name, seeds, status, underway.read(), &mut left);
                    trouble = trouble.or(infrastructure);
                    (left.part.is_none()).then(|| name.clone())
                }
                (None, Some((name, _))) => {
                    if heard.earlier.is_some() {
                        // It had not even begun.
                        let why = format!("the process for its other seeds {}", how(status));
                        let rest = Report { incomplete: Some(why), ..Report::of_nothing(name, self.options) };
                        heard.tell(rest, self.out);
                    }
                    trouble = trouble.or(self.ended(status).err());
                    Some(name.clone())
                }
                (None, None) => {
                    trouble = trouble.or(heard.trouble.take()).or(self.ended(status).err());
                    break status;
                }
            };
            if let Some(name) = finished {
                left.simulations = self.after(&name, &left.simulations);
                left.restarts = 0;
                left.kept.clear();
                if left.simulations.is_empty() || self.interruption.is_wanted() {
                    break status;
                }
            }
        };
        trouble = trouble.or(heard.trouble.take()).or(self.told_all(&heard.reports, status).err());
        swept.add(heard.reports);
        trouble.map_or(Ok(()), Err)
    }

    /// Looks whether each simulation that was to be swept was, by what was told of it: a
    /// process may end well before it comes to one.
    fn told_all(&self, reports: &[Report], status: ExitStatus) -> Result<(), Trouble> {
        if self.interruption.is_wanted() || reports.iter().any(|report| report.interrupted) {
            return Ok(());
        }
        let is_swept = |name: &String| reports.iter().any(|report| report.name == *name && report.seeds > 0);
        let missing: Vec<String> = self.meant().into_iter().filter(|name| !is_swept(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(self.failed(&format!("its process {} and has not swept {}", how(status), missing.join(", "))))
    }

    /// The full names of the simulations that are to be swept.
    fn meant(&self) -> Vec<String> {
        let Chosen { target, simulations } = self.chosen;
        match (self.roster.simulations.as_slice(), simulations.as_slice()) {
            (all @ [_], _) | (all, []) => all.to_vec(),
            (_, some) => some.iter().map(|simulation| format!("{}/{simulation}", target.name)).collect(),
        }
    }

    /// Makes something of a process that ended while a simulation had begun: reports it, or
    /// says in `left` where to go on. What was to blame, if it is not the code under test.
    fn end(
        &self,
        heard: &mut Heard,
        begun: &str,
        seeds: Range<u64>,
        status: ExitStatus,
        underway: Left,
        left: &mut Remainder,
    ) -> Option<Trouble> {
        let is_told = status.code() == Some(i32::from(crate::verdict::TROUBLE));
        let Chosen { target, .. } = *self.chosen;
        let crash =
            Crash { target, program: self.program, options: self.options, simulation: begun, status, left: underway };
        left.kept.extend(heard.kept.iter().chain(&heard.again).map(|kept| kept.name.clone()));
        if let Some(report) = crash.report_of_kept(heard).filter(|_| !is_told && !self.interruption.is_wanted()) {
            // No seed was run: all of them are, without what is kept.
            heard.put_aside(report);
            left.part = Some((begun.to_string(), seeds));
            return None;
        }
        let (mut report, infrastructure) = crash.report(heard, self.out);
        let infrastructure = if is_told { Some(Trouble::told()) } else { infrastructure };
        let rest = crash.rest(seeds).filter(|_| infrastructure.is_none() && !self.interruption.is_wanted());
        match rest {
            Some(rest) if left.restarts < RESTARTS_MOST => {
                heard.put_aside(report);
                if rest.is_empty() {
                    heard.tell(Report::of_nothing(begun, self.options), self.out);
                } else {
                    left.restarts += 1;
                    left.part = Some((begun.to_string(), rest));
                }
            }
            Some(rest) => {
                let why = report.incomplete.take().unwrap_or_default();
                let why =
                    format!("{why}; seeds from {} on were not run: {RESTARTS_MOST} restarts are enough", rest.start);
                report.incomplete = Some(why);
                heard.tell(report, self.out);
            }
            None => heard.tell(report, self.out),
        }
        infrastructure
    }

    /// Words of the failure that must report the planted bug, if its manifest has any.
    fn oracle(&self) -> Option<&str> {
        let bug = self.options.bug.as_ref()?;
        let declared = self.chosen.target.bugs.iter().find(|one| one.name == *bug)?;
        (!declared.reported_by.is_empty()).then_some(declared.reported_by.as_str())
    }

    fn command(&self, left: &Remainder, underway: &UnderwayFile) -> Command {
        let mut command = Command::new(self.program);
        command.args([COMMAND_WORD, "sweep", "--attended"]);
        match &left.part {
            Some((name, seeds)) => {
                let options = SweepOptions { seeds: Some(seeds.clone()), ..self.options.clone() };
                command.arg(short(name)).args(options.arguments());
            }
            None => drop(command.args(&left.simulations).args(self.options.arguments())),
        }
        command.args(left.kept.iter().flat_map(|name| ["--without", name]));
        // A fixture is red on purpose: nobody wants to hear of it again.
        command.args(self.keeping.iter().filter(|_| !self.chosen.target.fixture));
        command.args(shrink::features(self.chosen.target, self.options.bug.as_deref()));
        underway.hand_to(&mut command);
        command
    }

    /// What a process's end means that had nothing under way.
    fn ended(&self, status: ExitStatus) -> Result<(), Trouble> {
        let told = i32::from(crate::verdict::TROUBLE);
        match status.code() {
            Some(0 | 1) => Ok(()),
            Some(code) if code == i32::from(crate::verdict::INTERRUPTED) => Ok(()),
            Some(code) if code == told => Err(Trouble::told()),
            _ => Err(self.failed(&format!("its process {}", how(status)))),
        }
    }

    /// The simulations that would have come after one.
    fn after(&self, begun: &str, simulations: &[String]) -> Vec<String> {
        let short = short(begun);
        let all = || self.roster.simulations.iter().map(|name| self::short(name).to_string()).collect();
        let all = if simulations.is_empty() { all() } else { simulations.to_vec() };
        all.into_iter().skip_while(|name| name != short).skip(1).collect()
    }

    fn failed(&self, what: &str) -> Trouble {
        Trouble::new(format!("target `{}`: {what}", self.chosen.target.name))
    }
}

/// A simulation's name in its target.
fn short(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, name)| name)
}

fn summary(swept: &Swept, incomplete: bool, paint: Paint) -> String {
    let simulations = swept.reports.len();
    let seeds: u64 = swept.reports.iter().map(|report| report.seeds).sum();
    let of = match simulations {
        1 => "1 simulation".to_string(),
        several => format!("{several} simulations"),
    };
    let mut red: Vec<String> = swept.reports.iter().filter(|one| one.is_red()).map(|one| one.name.clone()).collect();
    red.extend(swept.coverage.iter().filter(|one| one.is_red()).map(|one| format!("coverage of {}", one.target)));
    let rest = if incomplete { "; incomplete" } else { "" };
    let verdict = match swept.verdict {
        Verdict::Red => format!("{} {}{rest}", paint.red("RED:"), red.join(", ")),
        _ if incomplete => "incomplete".to_string(),
        Verdict::Green => paint.green("green"),
        Verdict::Interrupted => "interrupted, nothing red so far".to_string(),
    };
    let oracles = || swept.reports.iter().filter_map(|report| report.oracle.as_ref());
    let bug = match oracles().map(|oracle| oracle.count).max() {
        Some(0) => "; the planted bug was not reported by its oracle",
        Some(_) => "; the planted bug was reported by its oracle",
        None => "",
    };
    format!("{of}, {} seeds, {verdict}{bug}", grouped(seeds))
}
