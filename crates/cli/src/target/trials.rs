//! The target as a test: a trial for each simulation, first of the seeds that failed
//! before, then of a few fixed ones, for `cargo test` and nextest. Sweeps are a command of
//! their own.

use super::{COMMAND_WORD, Target, TargetSimulation, one_line};
use crate::ending::{how, is_own_fault};
use crate::manifest::{Declared, Manifest};
use crate::terminal::legible;
use crate::trouble::Trouble;
use crate::underway::UnderwayFile;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use wavetank_debug::corpus::{Corpus, FOLDER};
use wavetank_harness::{Isolation, SimulationBuilder, TestStrategy};

/// The seeds of a trial, from 0 on, unless `WAVETANK_SEED` or `WAVETANK_SEEDS` says otherwise.
const SEEDS: u64 = 20;

pub(super) fn run(target: Target) -> ExitCode {
    let arguments = Arguments::from_args();
    if let Err(error) = TestStrategy::from_environment() {
        return crate::verdict::exit(Err(Trouble::new(error.to_string())));
    }
    // Stated here and not in the trial: trials run on threads of their own, statements need not be `Send`.
    let stated = |one: &TargetSimulation| target.state(one, None);
    let trials = target.simulations.iter().map(|one| {
        let line = Line { target: target.name.clone(), trial: one.name.clone() };
        let red = one.red;
        let stated = if arguments.list { None } else { Some(stated(one)) };
        Trial::test(one.name.clone(), move || match stated {
            // What failed says what it likes; the terminal is the tests'.
            Some(Ok(builder)) => trial(&line, red, &builder).map_err(|told| Failed::from(legible(&told))),
            Some(Err(trouble)) => Err(Failed::from(trouble.to_string())),
            None => Ok(()),
        })
    });
    let trials = trials.collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(line: &Line, red: Option<&str>, builder: &SimulationBuilder) -> Result<(), String> {
    if red.is_none() {
        repeat_failures(line, builder)?;
    }
    let result = builder.clone().with_strategy(TestStrategy::Count(SEEDS)).run();
    let mut failures = result.red.iter().flat_map(|red| &red.failures);
    let is_as_meant = match red {
        None => result.is_green(),
        Some(words) => failures.any(|failure| failure.to_string().contains(words)),
    };
    if is_as_meant {
        return Ok(());
    }
    let declared = line.declared();
    let told = result.with_reproduce_lines(|seed| line.text(seed, declared.as_ref())).to_string();
    Err(match red {
        None => told,
        Some(words) => format!("red on purpose, but no failure says {words:?}:\n{}", one_line(&told)),
    })
}

/// Runs what failed before, as the corpus has it; failures of planted bugs are none of ours.
fn repeat_failures(line: &Line, builder: &SimulationBuilder) -> Result<(), String> {
    let Some(folder) = corpus() else { return Ok(()) };
    let mut holdings = Corpus::new(&folder).holdings().map_err(|error| error.to_string())?;
    for (name, entry) in std::mem::take(&mut holdings.entries) {
        if entry.simulation != builder.name() || entry.bug.is_some() {
            continue;
        }
        let overrides = folder.join(&name).join("overrides.json");
        let failures = match fate(&line.trial, builder, entry.seed, &overrides) {
            Some(fate) => format!("\n  {fate}"),
            None => {
                let record = builder.run_seed(entry.seed, entry.overrides, None);
                record.failures.iter().map(|failure| format!("\n  {failure}")).collect()
            }
        };
        if !failures.is_empty() {
            let (seed, reproduce) = (entry.seed, entry.reproduce);
            return Err(format!(
                "seed {seed}, which failed before (failures/{name}), fails again:{failures}\n  reproduce: {reproduce}"
            ));
        }
    }
    Trouble::of_broken(&holdings).map_or(Ok(()), |broken| Err(broken.to_string()))
}

/// How a kept run ends its process, if it does: it is seen in one that is none of these tests',
/// for they would end with it, unnamed.
fn fate(simulation: &str, builder: &SimulationBuilder, seed: u64, overrides: &Path) -> Option<String> {
    let mut process = Command::new(std::env::current_exe().ok()?);
    process.args([COMMAND_WORD, "replay", simulation, "--seed", &seed.to_string(), "--overrides"]);
    process.arg(overrides);
    let underway = UnderwayFile::new();
    underway.hand_to(&mut process);
    let output = process.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let status = output.status;
    let is_cut_short = status.code().is_some() && !underway.read().seeds.is_empty();
    if is_cut_short || is_own_fault(status) {
        return Some(format!("the process of this run {}", how(status)));
    }
    // Where runs have processes of their own it says itself how that of this one ended.
    let is_apart = builder.isolation() != Isolation::Threads && status.code() == Some(1);
    let told = String::from_utf8_lossy(&output.stdout);
    is_apart.then(|| told.lines().filter_map(|line| line.strip_prefix("  RED ")).collect::<Vec<_>>().join("\n  "))
}

/// The corpus of the workspace: the one in the nearest folder above the package that has
/// one, or where `WAVETANK_FAILURES` says.
fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WAVETANK_FAILURES") {
        return Some(PathBuf::from(folder));
    }
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    package.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())
}

/// The line that runs a trial again with one seed.
struct Line {
    target: String,
    trial: String,
}

impl Line {
    /// What the manifest says of this program: which test it is, which a process knows only
    /// with `_` for `-`, and the features without which cargo would leave the trial out, and be
    /// green. Which others it was built with no process is told; whoever gave cargo some gives
    /// them again.
    fn declared(&self) -> Option<Declared> {
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        // Cargo starts a test in its package's folder. A line without all that is better than none.
        let declared = Manifest::read().map(|manifest| manifest.targets).unwrap_or_default();
        declared.into_iter().find(|one| one.name == self.target && one.package == package)
    }

    fn text(&self, seed: u64, declared: Option<&Declared>) -> String {
        let package = std::env::var("CARGO_PKG_NAME").map(|name| format!(" -p {name}")).unwrap_or_default();
        let test = declared.map(|own| format!(" --test {}", own.test)).unwrap_or_default();
        let features = declared.map(|own| own.required_features.join(",")).filter(|features| !features.is_empty());
        let features = features.map(|features| format!(" --features {features}")).unwrap_or_default();
        format!("WAVETANK_SEED={seed} cargo test{package}{test}{features} -- --exact {}", self.trial)
    }
}
