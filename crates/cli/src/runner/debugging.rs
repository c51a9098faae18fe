//! `campaign debugging`: finds every planted bug of the workspace, makes its first red
//! seeds small, and says how small, how fast, whether they are minimal and stay the same,
//! and how they compare with what was found by hand. The dated result is kept with the
//! sources.

mod hunt;

use super::build::build;
use super::campaign::{commit, free, today};
use super::out::write_json;
use super::roster;
use crate::interruption::Interruption;
use crate::manifest::{Declared, Manifest, Minimum};
use crate::options::{duration, jobs, runs, value};
use crate::report::grouped;
use crate::shrunk::ShrunkReport;
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use hunt::Hunt;
use lexopt::{Arg, Parser, ValueExt};
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The goal: a run this small, this fast.
const ATOMS_GOAL: usize = 10;
const OPERATIONS_GOAL: usize = 12;
const CPU_GOAL: Duration = Duration::from_secs(60);
/// What a shrinker gets: the run that is under way when it ends counts too.
const BUDGET: Duration = Duration::from_secs(55);
/// Replays of each small run.
const REPLAYS: usize = 100;
/// How much larger than the one found by hand a small run may be.
const MINIMA_MOST: usize = 2;
/// Seeds in which a bug must be found, and at a time.
const SEEDS_MOST: u64 = 2_000;
const SEEDS_STEP: u64 = 250;
/// Red seeds of each bug that are made small.
const EACH: usize = 3;

/// What stands behind its name.
pub(super) const USAGE: &str =
    "[NAME..] [--each N] [--replays N] [--budget 55s] [--jobs J] [--profile NAME] [--no-record]";

struct Asked {
    names: Vec<String>,
    each: usize,
    replays: usize,
    budget: Duration,
    jobs: usize,
    profile: Option<String>,
    /// Whether the result is written down.
    is_recorded: bool,
}

/// A small run, and the smallest one of its bug that was found by hand.
#[derive(Serialize)]
struct Small {
    #[serde(flatten)]
    report: ShrunkReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<Minimum>,
}

/// What the campaign found, as it is committed.
#[derive(Serialize)]
struct Record {
    date: String,
    command: String,
    commit: Option<String>,
    figures: Figures,
    shrunk: Vec<Small>,
    /// Bugs that no seed showed.
    not_found: Vec<String>,
}

/// The figures of all small runs together.
#[derive(Serialize)]
struct Figures {
    /// Small runs.
    runs: usize,
    /// Of these: with at most 10 faults and 12 operations, in at most 60 s of processor time.
    small: usize,
    /// Of these: minimal, each remaining fault and operation tried.
    minimal: usize,
    /// Replays, and those that failed in the same way.
    replays: u64,
    replays_same: u64,
    /// Small runs of bugs of which somebody found the smallest one by hand, and those of
    /// them that are at most twice as large, in faults and in operations.
    by_hand: usize,
    twice_by_hand: usize,
    /// The largest ones and the longest.
    atoms_most: usize,
    operations_most: usize,
    cpu_seconds_most: f64,
}

pub(super) fn command(mut parser: Parser) -> Result<Verdict, Trouble> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked {
        names: Vec::new(),
        each: EACH,
        replays: REPLAYS,
        budget: BUDGET,
        jobs: cores,
        profile: None,
        is_recorded: true,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) => asked.names.push(name.string()?),
            Arg::Long("each") => asked.each = runs("each", &value("each", &mut parser)?)?,
            Arg::Long("replays") => asked.replays = runs("replays", &value("replays", &mut parser)?)?,
            Arg::Long("no-record") => asked.is_recorded = false,
            Arg::Long("budget") => asked.budget = duration("budget", &value("budget", &mut parser)?)?,
            Arg::Long("jobs") => asked.jobs = jobs(&value("jobs", &mut parser)?)?,
            Arg::Long("profile") => asked.profile = Some(value("profile", &mut parser)?),
            Arg::Long(flag) => {
                return Err(Trouble::new(format!("no flag --{flag}; usage: campaign debugging {USAGE}")));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let manifest = Manifest::read()?;
    let interruption = Interruption::listen()?;
    let record = run(&manifest, &asked, repeat(&asked), &interruption)?;
    terminal::say(&record.figures.words(&record.not_found))?;
    if interruption.is_wanted() {
        terminal::complain("interrupted: what was made small until then is told, and nothing is recorded");
        return Ok(Verdict::Interrupted);
    }
    if asked.is_recorded {
        write(&manifest.root.join("docs").join("campaigns"), &record)?;
    }
    Ok(if record.figures.are_good() && record.not_found.is_empty() { Verdict::Green } else { Verdict::Red })
}

/// What repeats it: the number of threads changes nothing.
fn repeat(asked: &Asked) -> String {
    let mut words = vec!["cargo xtask campaign debugging".to_string()];
    words.extend(asked.names.iter().cloned());
    let budget = (asked.budget.as_millis(), BUDGET.as_millis(), "ms");
    let numbers = [(asked.each as u128, EACH as u128, ""), (asked.replays as u128, REPLAYS as u128, ""), budget];
    let given = ["each", "replays", "budget"].into_iter().zip(numbers).filter(|(_, (here, usual, _))| here != usual);
    words.extend(given.map(|(flag, (here, _, unit))| format!("--{flag} {here}{unit}")));
    words.extend(asked.profile.iter().map(|profile| format!("--profile {profile}")));
    words.join(" ")
}

fn write(folder: &Path, record: &Record) -> Result<(), Trouble> {
    fs::create_dir_all(folder)
        .map_err(|error| Trouble::new(format!("{}: it cannot be made: {error}", folder.display())))?;
    let path = free(folder, &format!("{}-debugging", record.date));
    write_json(&path, record)?;
    terminal::say(&format!("written: {}\n", path.display()))
}

fn run(manifest: &Manifest, asked: &Asked, command: String, interruption: &Interruption) -> Result<Record, Trouble> {
    asked.names.iter().try_for_each(|name| manifest.find(name).map(drop))?;
    let wanted = |target: &&Declared| match asked.names.as_slice() {
        [] => !target.fixture,
        names => names.contains(&target.name),
    };
    let targets: Vec<&Declared> =
        manifest.targets.iter().filter(wanted).filter(|target| !target.bugs.is_empty()).collect();
    if targets.is_empty() {
        return Err(Trouble::new(format!("no target with planted bugs is meant; {}", manifest.known())));
    }
    let programs = build(manifest, &targets, asked.profile.as_deref(), true)?;
    let (mut shrunk, mut not_found) = (Vec::new(), Vec::new());
    for (target, program) in targets.iter().zip(&programs) {
        roster::ask(target, program)?;
        let hunt = Hunt { target, program, asked, interruption };
        for bug in &target.bugs {
            let found = hunt.of_bug(bug)?;
            if found.is_empty() && !interruption.is_wanted() {
                terminal::say(&format!("{}: no seed shows {}\n", target.name, bug.name))?;
                not_found.push(format!("{} {}", target.name, bug.name));
            }
            shrunk.extend(found);
        }
    }
    let (date, commit) = (today()?, commit(&manifest.root));
    Ok(Record { date, command, commit, figures: Figures::of(&shrunk), shrunk, not_found })
}

fn row(small: &Small) -> String {
    let Small { report, minimum } = small;
    let ShrunkReport { simulation, bug, seed, before, after, runs, cpu_seconds, .. } = report;
    let bug = bug.as_deref().unwrap_or_default();
    let proof = report.proof.as_ref().map_or(String::new(), |proof| {
        let minimal = if proof.superfluous == 0 { "minimal" } else { "NOT MINIMAL" };
        format!(", {minimal}, {} of {} replays the same", proof.same, proof.replays)
    });
    let by_hand = minimum.map_or(String::new(), |Minimum { faults, operations }| {
        let too_large = if small.is_twice_at_most() { "" } else { " TOO LARGE" };
        format!(", by hand {faults} and {operations}{too_large}")
    });
    format!(
        "{simulation} {bug} seed {seed}: {} faults, {} operations -> {}, {} in {} runs, {cpu_seconds:.1} s{proof}{by_hand}\n",
        grouped(before.atoms as u64),
        grouped(before.operations as u64),
        after.atoms,
        after.operations,
        grouped(*runs),
    )
}

impl Small {
    fn is_small(&self) -> bool {
        let after = &self.report.after;
        after.atoms <= ATOMS_GOAL
            && after.operations <= OPERATIONS_GOAL
            && self.report.cpu_seconds <= CPU_GOAL.as_secs_f64()
    }

    /// Whether it is at most twice as large as the one that was found by hand, if any was.
    fn is_twice_at_most(&self) -> bool {
        let after = &self.report.after;
        self.minimum.is_none_or(|Minimum { faults, operations }| {
            after.atoms <= MINIMA_MOST * faults && after.operations <= MINIMA_MOST * operations
        })
    }
}

impl Figures {
    fn of(shrunk: &[Small]) -> Figures {
        let reports = || shrunk.iter().map(|small| &small.report);
        let proofs = || reports().filter_map(|one| one.proof.as_ref());
        let by_hand = || shrunk.iter().filter(|small| small.minimum.is_some());
        Figures {
            runs: shrunk.len(),
            small: shrunk.iter().filter(|small| small.is_small()).count(),
            minimal: proofs().filter(|proof| proof.superfluous == 0).count(),
            replays: proofs().map(|proof| proof.replays).sum(),
            replays_same: proofs().map(|proof| proof.same).sum(),
            by_hand: by_hand().count(),
            twice_by_hand: by_hand().filter(|small| small.is_twice_at_most()).count(),
            atoms_most: reports().map(|one| one.after.atoms).max().unwrap_or(0),
            operations_most: reports().map(|one| one.after.operations).max().unwrap_or(0),
            cpu_seconds_most: reports().map(|one| one.cpu_seconds).fold(0.0, f64::max),
        }
    }

    /// At least nine in ten small, all of them minimal, every replay the same, and none
    /// more than twice as large as what was found by hand.
    fn are_good(&self) -> bool {
        self.small * 10 >= self.runs * 9
            && self.minimal == self.runs
            && self.replays == self.replays_same
            && self.twice_by_hand == self.by_hand
    }

    fn words(&self, not_found: &[String]) -> String {
        let share = 100 * self.small / self.runs.max(1);
        let mut text = format!(
            "{} small runs: {share} % with at most {ATOMS_GOAL} faults and {OPERATIONS_GOAL} operations in {} s; \
             {} minimal; {} of {} replays the same\n  \
             {} of {} at most {MINIMA_MOST} times as large as found by hand\n  at most {} faults, {} operations, {:.1} s of processor time\n",
            self.runs,
            CPU_GOAL.as_secs(),
            self.minimal,
            grouped(self.replays_same),
            grouped(self.replays),
            self.twice_by_hand,
            self.by_hand,
            self.atoms_most,
            self.operations_most,
            self.cpu_seconds_most,
        );
        if !not_found.is_empty() {
            text.push_str(&format!("  not found: {}\n", not_found.join(", ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Bug;

    /// A small run of so many faults and operations, of which so many need not be there.
    fn small(atoms: usize, operations: usize, superfluous: usize) -> Small {
        let size = serde_json::json!({ "atoms": atoms, "operations": operations, "events": 9 });
        let report = serde_json::json!({
            "simulation": "kv", "bug": "early", "seed": 7, "failure": "lost", "before": size, "after": size,
            "signature": { "property": "checker", "message": "lost", "role": "" },
            "ended": "minimal", "runs": 9, "cpu_seconds": 1.5, "recipe": [], "further": [],
            "proof": { "superfluous": superfluous, "replays": 10, "same": 10 }, "reproduce": "", "folder": null,
        });
        let report = serde_json::from_value(report).expect("a report as the target prints it");
        Small { report, minimum: Some(Minimum { faults: 2, operations: 1 }) }
    }

    #[test]
    fn a_target_that_nobody_knows_is_told_before_others_are_run() {
        let early = Bug { name: "early".into(), about: String::new(), reported_by: String::new(), minimum: None };
        let kv = Declared { name: "kv".into(), bugs: vec![early], ..Declared::default() };
        let manifest = Manifest { root: "/nowhere".into(), built: "/nowhere".into(), targets: vec![kv] };
        let names = vec!["kv".to_string(), "nobody".to_string()];
        let asked = Asked { names, each: 1, replays: 1, budget: BUDGET, jobs: 1, profile: None, is_recorded: false };
        let interruption = Interruption::listen().expect("signals can be listened for");
        let trouble = run(&manifest, &asked, String::new(), &interruption)
            .map(drop)
            .expect_err("there is no such target")
            .to_string();
        assert_eq!(trouble, "no target `nobody`; there are kv");
    }

    #[test]
    fn what_repeats_it_has_its_flags() {
        let names = vec!["kv".to_string()];
        let usual =
            Asked { names, each: EACH, replays: REPLAYS, budget: BUDGET, jobs: 1, profile: None, is_recorded: true };
        assert_eq!(repeat(&usual), "cargo xtask campaign debugging kv");
        let other = Asked { each: 1, replays: 5, budget: Duration::from_secs(5), profile: Some("dev".into()), ..usual };
        let flags = "--each 1 --replays 5 --budget 5000ms --profile dev";
        assert_eq!(repeat(&other), format!("cargo xtask campaign debugging kv {flags}"));
    }

    #[test]
    fn what_is_larger_than_promised_is_not_good() {
        let good = |shrunk: &[Small]| Figures::of(shrunk).are_good();
        assert!(good(&[small(4, 2, 0)]));
        assert!(!good(&[small(5, 2, 0)]), "more than twice the faults");
        assert!(!good(&[small(4, 3, 0)]), "more than twice the operations");
        assert!(!good(&[small(4, 2, 1)]), "one of them can go");
        let unknown = |atoms| Small { minimum: None, ..small(atoms, 2, 0) };
        assert!(good(&[unknown(10)]) && !good(&[unknown(11)]), "nobody knows how small it can be");
        let mut often: Vec<Small> = (0..9).map(|_| unknown(3)).collect();
        often.push(unknown(11));
        assert!(good(&often), "nine in ten");
        let mut fickle = small(4, 2, 0);
        fickle.report.proof.as_mut().expect("it has one").same = 9;
        assert!(!good(&[fickle]), "a replay differs");
        assert!(row(&small(5, 2, 0)).contains("by hand 2 and 1 TOO LARGE"), "{}", row(&small(5, 2, 0)));
    }
}
