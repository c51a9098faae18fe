//! The commands of a target's own binary: which one, and with which arguments. The
//! runner calls them; what they do is beside this file.

use super::{Target, apart, print, replay, shrink, sweep, timeline, trace};
use crate::options::{self, SweepOptions, seed, value};
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::path::PathBuf;

const COMMANDS: &str = "sweep, replay, shrink, trace, timeline, list and print";

pub(super) fn run(target: &Target, arguments: Vec<OsString>) -> Result<Verdict, Trouble> {
    let mut words = arguments.into_iter();
    let command = words.next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    let parser = Parser::from_args(words);
    match command.as_str() {
        "sweep" => sweep_command(target, parser),
        "replay" => replay_command(target, parser),
        "shrink" => shrink::command(target, parser),
        "trace" => trace::command(target, parser),
        "timeline" => timeline::command(target, parser),
        "print" => print_command(target, parser),
        "apart" => apart_command(target, parser, apart::run),
        "isolated" => apart_command(target, parser, |target, name, _, bug| apart::isolated(target, name, bug)),
        // What the runner asks first; nobody types it.
        "roster" => terminal::hand_over(&target.roster().to_line()).map(|()| Verdict::Green),
        "list" => {
            let names: String = target.simulations.iter().map(|one| format!("{}\n", target.full_name(one))).collect();
            terminal::say(&names).map(|()| Verdict::Green)
        }
        _ => Err(Trouble::new(format!("target `{}` has no command `{command}`; it has {COMMANDS}", target.name))),
    }
}

fn sweep_command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut asked = sweep::Asked::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) => asked.simulations.push(name.string()?),
            // For the runner: reports as data, and an end when standard input ends.
            Arg::Long("attended") => asked.attended = true,
            Arg::Long(flag) => {
                let flag = flag.to_string();
                if !asked.keeping.take(&flag, &mut parser)? && !asked.options.take(&flag, &mut parser)? {
                    return Err(unknown(&flag, SweepOptions::USAGE));
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    asked.options.validate()?;
    sweep::run(target, &asked)
}

fn replay_command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut asked = replay::Asked::default();
    let mut wanted = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if asked.simulation.is_none() => asked.simulation = Some(name.string()?),
            Arg::Long("seed") => wanted = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => asked.bug = Some(value("bug", &mut parser)?),
            Arg::Long("overrides") => asked.overrides = Some(PathBuf::from(value("overrides", &mut parser)?)),
            Arg::Long("config") => asked.config = Some(PathBuf::from(value("config", &mut parser)?)),
            Arg::Long("log") => asked.log = Some(value("log", &mut parser)?),
            Arg::Long("faults") => asked.faults = Some(replay::Faults::read(&value("faults", &mut parser)?)?),
            Arg::Long(flag) => return Err(unknown(flag, replay::USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    asked.seed = wanted.ok_or_else(|| Trouble::new("replay needs --seed S"))?;
    replay::run(target, &asked)
}

type Apart = fn(&Target, Option<&str>, &[u64], Option<&str>) -> Result<Verdict, Trouble>;

/// What the runner and a sweep call; nobody types it.
fn apart_command(target: &Target, mut parser: Parser, command: Apart) -> Result<Verdict, Trouble> {
    let (mut simulation, mut seeds, mut bug) = (None, Vec::new(), None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if simulation.is_none() => simulation = Some(name.string()?),
            Arg::Long("seed") => seeds.push(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => bug = Some(value("bug", &mut parser)?),
            Arg::Long(flag) => return Err(unknown(flag, "--seed S [--bug NAME]")),
            other => return Err(other.unexpected().into()),
        }
    }
    command(target, simulation.as_deref(), &seeds, bug.as_deref())
}

fn print_command(target: &Target, mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut options = SweepOptions::default();
    let (mut simulation, mut window) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(name) if simulation.is_none() => simulation = Some(name.string()?),
            Arg::Long("window") => window = Some(options::window(&value("window", &mut parser)?)?),
            Arg::Long(flag @ ("seeds" | "bug")) => {
                let flag = flag.to_string();
                options.take(&flag, &mut parser)?;
            }
            Arg::Long(flag) => return Err(unknown(flag, "--seeds N|A..B [--bug NAME] [--window A..B]")),
            other => return Err(other.unexpected().into()),
        }
    }
    print::run(target, simulation.as_deref(), &options, window)
}

fn unknown(flag: &str, usage: &str) -> Trouble {
    Trouble::new(format!("no flag --{flag}; there are {usage}"))
}
