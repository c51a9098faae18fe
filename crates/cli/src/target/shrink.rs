//! `shrink`: one red seed made small, and its files written. Which candidates are tried
//! is the business of `wavetank-debug`.

use super::aftermath::Keeping;
use super::flag::Flag;
use super::{Target, overrides, watched};
use crate::interruption::Interruption;
use crate::options::{duration, jobs, path, runs, seed, value};
use crate::report::grouped;
use crate::shrunk::{Made, ShrunkReport, Wanted, budget, size_now};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use crate::written;
use lexopt::{Arg, Parser, ValueExt};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wavetank_debug::corpus::{Corpus, Kept};
use wavetank_debug::shrink::Step;
use wavetank_harness::{Overrides, SimulationBuilder};

pub(crate) const USAGE: &str =
    "--seed S [--bug NAME] [--overrides FILE] [--budget 60s] [--jobs J] [--out DIR] [--profile NAME]";
/// Flags with a value that go on to the target.
pub(crate) const FLAGS: [Flag; 4] = [
    Flag::new("overrides", overrides::look),
    Flag::new("budget", |look| duration(look.flag, look.value).map(drop)),
    Flag::new("jobs", |look| jobs(look.value).map(drop)),
    Flag::new("out", |look| written::claim_folder(look.flag, Path::new(look.value))),
];

/// What begins a line with a report, for a runner that asks for it.
pub(crate) const MARK: &str = "wavetank-shrunk:";
/// Processor time unless `--budget` says more.
const BUDGET: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Asked {
    simulation: Option<String>,
    seed: Option<u64>,
    bug: Option<String>,
    overrides: Option<PathBuf>,
    budget: Option<Duration>,
    jobs: Option<usize>,
    out: Option<PathBuf>,
    /// Where it is kept; nowhere, if that is not said.
    keeping: Keeping,
    profile: Option<String>,
    /// Whether the runner wants a report as data.
    attended: bool,
    /// Whether the end of standard input is an interruption.
    tied: bool,
    /// How often the small run is run again; it is proved minimal, too.
    verify: Option<u64>,
}

pub(super) fn command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut asked = Asked::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if asked.simulation.is_none() => asked.simulation = Some(name.string()?),
            Arg::Long("seed") => asked.seed = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => asked.bug = Some(value("bug", &mut parser)?),
            Arg::Long("overrides") => asked.overrides = Some(path("overrides", &mut parser)?),
            Arg::Long("budget") => asked.budget = Some(duration("budget", &value("budget", &mut parser)?)?),
            Arg::Long("jobs") => asked.jobs = Some(jobs(&value("jobs", &mut parser)?)?),
            Arg::Long("out") => asked.out = Some(path("out", &mut parser)?),
            Arg::Long("profile") => asked.profile = Some(value("profile", &mut parser)?),
            Arg::Long("verify") => asked.verify = Some(runs("verify", &value("verify", &mut parser)?)? as u64),
            Arg::Long("attended") => asked.attended = true,
            Arg::Long("tied") => asked.tied = true,
            Arg::Long(flag) => {
                let flag = flag.to_string();
                if !asked.keeping.take(&flag, &mut parser)? {
                    return Err(Trouble::new(format!("no flag --{flag}; there are {USAGE}")));
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    run(target, asked)
}

fn run(target: &Target, asked: Asked) -> Result<Verdict, Trouble> {
    let seed = asked.seed.ok_or_else(|| Trouble::new("shrink needs --seed S"))?;
    let simulation = target.find(asked.simulation.as_deref())?;
    let builder = target.state(simulation, asked.bug.as_deref())?;
    let read = |path: &Path| overrides::read("overrides", path, builder.name());
    let overrides = asked.overrides.as_deref().map_or(Ok(Overrides::new()), read)?;
    let name = target.full_name(simulation);
    let bug = asked.bug.as_ref().map(|bug| format!(" --bug {bug}")).unwrap_or_default();
    let profile = asked.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
    let wanted = Wanted {
        simulation: &name,
        bug: asked.bug.as_deref(),
        builder: &builder,
        stated: target.stated,
        features: &asked.keeping.features(asked.bug.as_deref()),
        seed,
        overrides,
        signature: None,
        suffix: bug + &profile,
        revision: asked.keeping.revision.clone(),
    };
    // What never ends cannot be made small.
    if wanted.overrides.is_empty() && watched::is_fatal(&name, &builder, seed)? {
        return Ok(Verdict::Red);
    }
    let interruption = Interruption::listen()?;
    if asked.tied {
        interruption.when_stdin_ends();
    }
    let budget = budget(asked.budget.unwrap_or(BUDGET));
    let show = Show::new(&name);
    let threads = asked.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let make = || wanted.make(budget, threads, || interruption.is_wanted(), |step| show.tell(step));
    let made = watched::during(seed, make);
    show.end();
    let mut made = made.map_err(|error| Trouble::new(format!("simulation `{name}`: {error}")))?;
    if let Some(replays) = asked.verify {
        made.prove(&builder, replays);
    }
    let (report, trouble) = write(made, &builder, asked.out.as_deref(), asked.keeping.corpus.as_deref());
    if asked.attended {
        let json = serde_json::to_string(&report).expect("a report has nothing that JSON lacks");
        terminal::hand_over(&format!("{MARK}{json}\n"))?;
    } else {
        terminal::say(&report.painted(Paint::for_stdout()))?;
    }
    // What was found is told in any case: it may have taken a minute.
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    Ok(if interruption.is_wanted() { Verdict::Interrupted } else { Verdict::Green })
}

/// Writes its files. The report says where; or why not, in words beside it.
fn write(
    made: Made,
    builder: &SimulationBuilder,
    out: Option<&Path>,
    corpus: Option<&Path>,
) -> (ShrunkReport, Option<Trouble>) {
    let place = match (out, corpus) {
        (Some(folder), _) => Kept::New(folder.to_path_buf()),
        (None, Some(corpus)) => Corpus::new(corpus).place(&made.entry, |kept| size_now(builder, kept)),
        (None, None) => return (made.report, None),
    };
    let (report, error) = made.put(place);
    (report, error.map(|error| Trouble::new(format!("it cannot be kept: {error}"))))
}

/// A line on a terminal that says how far it is.
struct Show<'a> {
    name: &'a str,
    rewrites: bool,
    told: Cell<bool>,
}

impl Show<'_> {
    fn new(name: &str) -> Show<'_> {
        Show { name, rewrites: terminal::rewrites(), told: Cell::new(false) }
    }

    fn tell(&self, step: &Step) {
        if !self.rewrites {
            return;
        }
        self.told.set(true);
        let (atoms, operations) = (grouped(step.size.atoms as u64), grouped(step.size.operations as u64));
        let (runs, cpu) = (grouped(step.runs), step.cpu.as_secs_f64());
        let line =
            format!("{}: {atoms} faults, {operations} operations; {runs} runs, {cpu:.1} s: {}", self.name, step.pass);
        terminal::rewrite(&line);
    }

    fn end(&self) {
        if self.told.get() {
            terminal::rewrite("");
        }
    }
}
