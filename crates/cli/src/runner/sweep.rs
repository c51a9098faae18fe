//! `sweep`: chooses targets, builds them, runs one after the other (each uses all
//! cores), and reports.

use super::build::build;
use super::manifest::{Declared, Manifest};
use crate::interruption::Interruption;
use crate::options::SweepOptions;
use crate::report::{Report, grouped};
use crate::target::COMMAND_WORD;
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser, ValueExt};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The names and flags of a sweep.
pub(super) struct Asked {
    pub(super) names: Vec<String>,
    pub(super) options: SweepOptions,
}

/// A target to run, and which of its simulations; all if none is named.
struct Chosen<'a> {
    target: &'a Declared,
    simulations: Vec<&'a str>,
}

/// What a sweep of several targets came to.
pub(super) struct Swept {
    pub(super) reports: Vec<Report>,
    pub(super) verdict: Verdict,
    /// What kept a part of it from running, or from being reported.
    pub(super) trouble: Option<Trouble>,
}

impl Swept {
    fn nothing(verdict: Verdict) -> Swept {
        Swept { reports: Vec::new(), verdict, trouble: None }
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
    let mut asked = Asked { names: Vec::new(), options: SweepOptions::default() };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) => asked.names.push(name.string()?),
            Arg::Long(flag) => {
                let flag = flag.to_string();
                if !asked.options.take(&flag, &mut parser)? {
                    let usage = SweepOptions::USAGE;
                    return Err(Trouble::new(format!("no flag --{flag}; usage: sweep [NAME..] {usage}")));
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
    if let Some(folder) = &options.out {
        claim(folder)?;
    }
    let interruption = Interruption::listen()?;
    let targets: Vec<&Declared> = chosen.iter().map(|one| one.target).collect();
    let programs = match build(manifest, &targets, options.profile.as_deref(), options.bug.is_some()) {
        // Ctrl-C reaches cargo, too.
        Err(_) if interruption.is_wanted() => return Ok(Swept::nothing(Verdict::Interrupted)),
        built => built?,
    };
    let mut swept = Swept::nothing(Verdict::Green);
    let mut trouble = None;
    for (one, program) in chosen.iter().zip(&programs) {
        // A target that cannot be run does not keep the others from it.
        trouble = sweep_target(one, program, options, &interruption, &mut swept).err().or(trouble);
        if interruption.is_wanted() {
            swept.verdict = swept.verdict.and(Verdict::Interrupted);
            break;
        }
    }
    if !swept.reports.is_empty() {
        let told = terminal::say(&format!("{}\n", summary(&swept, trouble.is_some(), Paint::for_stdout())));
        trouble = told.err().or(trouble);
    }
    swept.trouble = trouble;
    Ok(swept)
}

fn choose<'a>(manifest: &'a Manifest, asked: &'a Asked) -> Result<Vec<Chosen<'a>>, Trouble> {
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    for name in &asked.names {
        let (target, simulation) = manifest.find(name)?;
        match chosen.iter_mut().find(|one| one.target.name == target.name) {
            Some(one) => one.simulations.extend(simulation),
            None => chosen.push(Chosen { target, simulations: simulation.into_iter().collect() }),
        }
    }
    let bug = asked.options.bug.as_deref();
    let has_bug = |target: &Declared| bug.is_none_or(|bug| target.bugs.iter().any(|one| one.name == bug));
    if asked.names.is_empty() {
        let all = manifest.targets.iter().filter(|target| !target.fixture && has_bug(target));
        chosen.extend(all.map(|target| Chosen { target, simulations: Vec::new() }));
    }
    let bug_name = bug.unwrap_or_default();
    if let Some(one) = chosen.iter().find(|one| !has_bug(one.target)) {
        return Err(Trouble::new(no_bug(one.target, bug_name)));
    }
    match (chosen.is_empty(), bug) {
        (true, Some(bug)) => {
            Err(Trouble::new(format!("no target has a bug `{bug}`; `list --bugs` shows those there are")))
        }
        (true, None) => Err(Trouble::new(format!("there is nothing to sweep: {}", manifest.known()))),
        (false, _) => Ok(chosen),
    }
}

/// Why a target cannot be run with a bug.
pub(super) fn no_bug(target: &Declared, bug: &str) -> String {
    let known: Vec<&str> = target.bugs.iter().map(|one| one.name.as_str()).collect();
    let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
    format!("target `{}` has no bug `{bug}`; it has {known}", target.name)
}

/// Makes sure, before anything runs, that reports can be written.
fn claim(folder: &Path) -> Result<(), Trouble> {
    let failed = |error| Trouble::new(format!("--out {}: it cannot be written: {error}", folder.display()));
    let trial = folder.join(".wavetank-trial");
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(&trial, b"may I?").and_then(|()| fs::remove_file(&trial)).map_err(failed)
}

/// Runs one target's process, and tells its reports as they come.
fn sweep_target(
    chosen: &Chosen<'_>,
    program: &Path,
    options: &SweepOptions,
    interruption: &Interruption,
    swept: &mut Swept,
) -> Result<(), Trouble> {
    let name = &chosen.target.name;
    let failed = |what: String| Trouble::new(format!("target `{name}`: {what}"));
    let mut command = Command::new(program);
    command.args([COMMAND_WORD, "sweep", "--attended"]).args(&chosen.simulations).args(options.arguments());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("it cannot be started: {error}")))?;
    let mut trouble = None;
    let told = swept.reports.len();
    passing_on(&mut child, interruption, |line| match Report::from_line(line) {
        Some((before, report)) => {
            let told = terminal::say(&format!("{before}{}", report.painted(Paint::for_stdout())));
            let written = options.out.as_ref().map_or(Ok(()), |folder| write(folder, &report));
            trouble = told.and(written).err().or(trouble.take());
            swept.verdict = swept.verdict.and(report.verdict());
            swept.reports.push(report);
        }
        // The program under test printed it.
        None => drop(terminal::say(line)),
    });
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match (trouble, status.code()) {
        (Some(trouble), _) => Err(trouble),
        (None, Some(0 | 1)) if swept.reports.len() > told => Ok(()),
        (None, Some(code)) if code == i32::from(crate::verdict::INTERRUPTED) => Ok(()),
        (None, Some(code)) if code == i32::from(crate::verdict::TROUBLE) => Err(Trouble::told()),
        (None, _) => {
            Err(failed(format!("its process ended with {status} before it reported; runs may have crashed it")))
        }
    }
}

/// Reads the child's lines. When somebody wants an end, its standard input is closed,
/// for it to report what it has.
fn passing_on(child: &mut Child, interruption: &Interruption, mut each: impl FnMut(&str)) {
    let mut lines = BufReader::new(child.stdout.take().expect("it was started with a pipe"));
    let mut stdin = child.stdin.take();
    let over = AtomicBool::new(false);
    #[expect(clippy::disallowed_methods, reason = "it waits for a process of the real world; no run sees it")]
    std::thread::scope(|scope| {
        let closer = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if interruption.is_wanted() {
                    stdin = None;
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

/// Writes a report into the folder, under its name.
fn write(folder: &Path, report: &Report) -> Result<(), Trouble> {
    let path: PathBuf = folder.join(format!("{}.json", report.name.replace('/', ".")));
    write_json(&path, report)
}

/// Writes JSON for machines and people.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Trouble> {
    let mut json = serde_json::to_string_pretty(value).expect("a report has nothing that JSON lacks");
    json.push('\n');
    fs::write(path, json).map_err(|error| Trouble::new(format!("{}: it cannot be written: {error}", path.display())))
}

fn summary(swept: &Swept, incomplete: bool, paint: Paint) -> String {
    let simulations = swept.reports.len();
    let seeds: u64 = swept.reports.iter().map(|report| report.seeds).sum();
    let of = match simulations {
        1 => "1 simulation".to_string(),
        several => format!("{several} simulations"),
    };
    let red: Vec<&str> = swept.reports.iter().filter(|one| one.is_red()).map(|one| one.name.as_str()).collect();
    let verdict = match swept.verdict {
        Verdict::Red => format!("{} {}", paint.red("RED:"), red.join(", ")),
        _ if incomplete => "incomplete".to_string(),
        Verdict::Green => paint.green("green"),
        Verdict::Interrupted => "interrupted, nothing red so far".to_string(),
    };
    format!("{of}, {} seeds, {verdict}", grouped(seeds))
}
