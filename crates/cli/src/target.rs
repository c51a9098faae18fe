//! A simulation target: one test binary, its simulations, and what its command line
//! can do with them. How a workspace finds its targets is the runner's matter.

mod aftermath;
mod apart;
mod command;
mod conditions;
mod determinism;
mod flag;
mod fresh;
mod overrides;
mod print;
mod replay;
mod seed_run;
mod shrink;
mod sweep;
mod timeline;
mod trace;
mod trials;
mod watched;
mod witness;

pub(crate) use flag::Flag;
pub(crate) use replay::{FLAGS as REPLAY_FLAGS, USAGE as REPLAY_USAGE};
pub use seed_run::SeedRun;
pub(crate) use shrink::{FLAGS as SHRINK_FLAGS, MARK as SHRINK_MARK, USAGE as SHRINK_USAGE};
pub(crate) use sweep::begins;
pub(crate) use timeline::{FLAGS as TIMELINE_FLAGS, USAGE as TIMELINE_USAGE};
pub(crate) use trace::{FLAGS as TRACE_FLAGS, USAGE as TRACE_USAGE};

use crate::roster::{Roster, is_word};
use crate::trouble::Trouble;
use std::panic::{self, AssertUnwindSafe, Location};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use wavetank_debug::Stated;
use wavetank_harness::{CoverageRules, SimulationBuilder};

/// The word before the commands of a target, so that `cargo test sweep` filters tests
/// here as everywhere.
pub(crate) const COMMAND_WORD: &str = "wavetank";

/// What the command line asks of a simulation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetOptions {
    bug: Option<String>,
}

impl TargetOptions {
    /// The planted bug that was chosen with `--bug`; none is on by default.
    pub fn bug(&self) -> Option<&str> {
        self.bug.as_deref()
    }
}

type State = Box<dyn Fn(&TargetOptions) -> SimulationBuilder>;

struct TargetSimulation {
    name: String,
    /// Words of the failure that it must show, if it is red on purpose.
    red: Option<&'static str>,
    state: State,
}

/// A test binary with `harness = false`: its `main` builds one and ends with
/// [`main`](Target::main).
pub struct Target {
    name: String,
    bugs: Vec<String>,
    rules: CoverageRules,
    simulations: Vec<TargetSimulation>,
    stated: Option<Stated<'static>>,
}

/// A target of one simulation that has no planted bugs: all of a test binary's `main`.
///
/// ```no_run
/// use wavetank_harness::{SimContext, SimulationBuilder};
///
/// fn main() -> std::process::ExitCode {
///     wavetank_cli::target("nap", || SimulationBuilder::new().workload("napper", 1..=3, |_: SimContext| async {}))
/// }
/// ```
pub fn target(name: &str, state: impl Fn() -> SimulationBuilder + 'static) -> ExitCode {
    Target::new(name).simulation(name, move |_| state()).main()
}

impl Target {
    /// A target without simulations, by the name that the manifest gives it.
    pub fn new(name: impl Into<String>) -> Target {
        let (bugs, rules, simulations) = (Vec::new(), CoverageRules::new(), Vec::new());
        Target { name: name.into(), bugs, rules, simulations, stated: None }
    }

    /// The planted bugs that are compiled in; `--bug` takes no other.
    pub fn bugs<B: Into<String>>(mut self, bugs: impl IntoIterator<Item = B>) -> Target {
        self.bugs = bugs.into_iter().map(Into::into).collect();
        self
    }

    /// Which function of this file gives the target: for the tests that are written of its
    /// red seeds, each a file beside this one that calls it. Without it they go through the
    /// command line. The file belongs below a folder `tests`; it can be a module of another
    /// one, as long as it does not say `crate::`. There its own `buggify!` points, which are
    /// known by their modules, are others; those of the library are not.
    ///
    /// ```no_run
    /// use wavetank_cli::Target;
    /// use wavetank_harness::{SimContext, SimulationBuilder};
    ///
    /// fn main() -> std::process::ExitCode {
    ///     target().main()
    /// }
    ///
    /// pub fn target() -> Target {
    ///     let nap = |_: &_| SimulationBuilder::new().workload("napper", 1..=3, |_: SimContext| async {});
    ///     Target::new("nap").stated_by("target").simulation("nap", nap)
    /// }
    /// ```
    #[track_caller]
    pub fn stated_by(mut self, function: &'static str) -> Target {
        self.stated = Some(Stated { file: Location::caller().file(), function });
        self
    }

    /// When a sweep of all its simulations is red for what it did not show, and what is
    /// exempt from that; the rules of its simulations add up with them.
    pub fn coverage_rules(mut self, rules: CoverageRules) -> Target {
        self.rules = rules;
        self
    }

    /// Adds a simulation. What states it is called once per command, not per seed. Its name
    /// stands in lines to type: one word, of letters, digits and `-_.:+`.
    pub fn simulation(
        self,
        name: impl Into<String>,
        state: impl Fn(&TargetOptions) -> SimulationBuilder + 'static,
    ) -> Target {
        self.add(name.into(), None, Box::new(state))
    }

    /// Adds a simulation that is red on purpose. As a test it passes if one of its
    /// failures says `words`, and fails if it is green.
    pub fn red_simulation(
        self,
        name: impl Into<String>,
        words: &'static str,
        state: impl Fn(&TargetOptions) -> SimulationBuilder + 'static,
    ) -> Target {
        self.add(name.into(), Some(words), Box::new(state))
    }

    /// Does what the process's arguments ask for: nothing but test flags runs the
    /// simulations as tests, `wavetank COMMAND` is a command of the target itself.
    pub fn main(self) -> ExitCode {
        if let Err(trouble) = self.validate() {
            return crate::verdict::exit(Err(trouble));
        }
        let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
        if arguments.first().is_some_and(|word| word == COMMAND_WORD) {
            arguments.remove(0);
            return crate::verdict::exit(command::run(&self, arguments));
        }
        trials::run(self)
    }

    fn add(mut self, name: String, red: Option<&'static str>, state: State) -> Target {
        self.simulations.push(TargetSimulation { name, red, state });
        self
    }

    /// Says what keeps its simulations from being run, and from being called by their names.
    fn validate(&self) -> Result<(), Trouble> {
        let Target { name, simulations, .. } = self;
        if simulations.is_empty() {
            return Err(Trouble::new(format!(
                "target `{name}` has no simulation: give it one with `Target::simulation`"
            )));
        }
        for (place, one) in simulations.iter().enumerate() {
            let wrong = |what: &str| Trouble::new(format!("simulation `{}` of target `{name}`: {what}", one.name));
            if !is_word(&one.name) {
                return Err(wrong(
                    "its name must be one word, of letters, digits and `-_.:+`: it stands in lines to type",
                ));
            }
            if simulations[..place].iter().any(|other| other.name == one.name) {
                return Err(wrong("another one has that name, too"));
            }
        }
        Ok(())
    }

    fn roster(&self) -> Roster {
        let simulations = self.simulations.iter().map(|one| self.full_name(one)).collect();
        Roster { target: self.name.clone(), simulations }
    }

    /// What `sweep` and `replay` call a simulation of it.
    fn full_name(&self, simulation: &TargetSimulation) -> String {
        match self.simulations.len() {
            1 => self.name.clone(),
            _ => format!("{}/{}", self.name, simulation.name),
        }
    }

    /// The simulation of a name, or the only one.
    fn find(&self, name: Option<&str>) -> Result<&TargetSimulation, Trouble> {
        match (name, self.simulations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => {
                Err(Trouble::new(format!("which simulation of target `{}`? it has {}", self.name, self.names())))
            }
            (Some(name), all) => all.iter().find(|one| one.name == name).ok_or_else(|| {
                Trouble::new(format!("target `{}` has no simulation `{name}`; it has {}", self.name, self.names()))
            }),
        }
    }

    fn names(&self) -> String {
        let names = self.simulations.iter().map(|one| format!("{}/{}", self.name, one.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// States a simulation, ready to run.
    ///
    /// # Errors
    /// If the bug is not compiled in, the statement panics, or what it states cannot be run.
    fn state(&self, simulation: &TargetSimulation, bug: Option<&str>) -> Result<SimulationBuilder, Trouble> {
        if let Some(bug) = bug.filter(|bug| !self.bugs.iter().any(|known| known == bug)) {
            let known = if self.bugs.is_empty() { "none".to_string() } else { self.bugs.join(", ") };
            return Err(Trouble::new(format!("target `{}` has no bug `{bug}` compiled in; it has {known}", self.name)));
        }
        let options = TargetOptions { bug: bug.map(str::to_string) };
        let builder = quietly(|| (simulation.state)(&options)).map_err(|panic| {
            Trouble::new(format!("simulation `{}` cannot be stated: it panicked {panic}", self.full_name(simulation)))
        })?;
        let builder = builder
            .with_name(self.full_name(simulation))
            .with_isolation_arguments(apart::arguments(&simulation.name, bug));
        builder.validate().map_err(|error| Trouble::new(one_line(&error)))?;
        Ok(builder)
    }
}

/// Runs what may panic, and gives the panic as one line instead of printing it.
fn quietly<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = said.clone();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|place| format!("at {}:{}", place.file(), place.line()));
        let words = info.payload_as_str().unwrap_or("without words");
        *heard.lock().expect("only one thread panics here") = format!("{}: {words}", place.unwrap_or_default());
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    panic::set_hook(before);
    result.map_err(|_| one_line(&said.lock().expect("the panic is over")))
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
