//! `replay`: one seed of one simulation, in its target's own process, which tells all.

use super::build::build;
use super::crash::{how, is_own_fault};
use super::manifest::Manifest;
use super::sweep::no_bug;
use crate::options::{seed, value};
use crate::target::{COMMAND_WORD, REPLAY_USAGE};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::UnderwayFile;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::process::Command;

pub(super) fn command(mut parser: Parser) -> Result<Verdict, Trouble> {
    let (mut name, mut wanted, mut bug, mut profile) = (None, None, None, None);
    // What goes on to the target as it is.
    let mut words: Vec<OsString> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) if name.is_none() => name = Some(word.string()?),
            Arg::Long("seed") => wanted = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => bug = Some(value("bug", &mut parser)?),
            Arg::Long(flag @ ("log" | "overrides")) => {
                let flag = format!("--{flag}");
                words.extend([OsString::from(&flag), value(&flag[2..], &mut parser)?.into()]);
            }
            Arg::Long("profile") => profile = Some(value("profile", &mut parser)?),
            Arg::Long(flag) => {
                return Err(Trouble::new(format!("no flag --{flag}; usage: replay NAME {REPLAY_USAGE}")));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let manifest = Manifest::read()?;
    let usage = |what: &str| Trouble::new(format!("{what}; usage: replay NAME {REPLAY_USAGE}"));
    let name = name.ok_or_else(|| usage(&format!("replay which target? {}", manifest.known())))?;
    let wanted = wanted.ok_or_else(|| usage("replay which seed?"))?;
    let (target, simulation) = manifest.find(&name)?;
    if let Some(bug) = bug.as_ref().filter(|bug| !target.bugs.iter().any(|one| one.name == **bug)) {
        return Err(Trouble::new(no_bug(target, bug)));
    }
    let programs = build(&manifest, &[target], profile.as_deref(), bug.is_some())?;
    let mut command = Command::new(&programs[0]);
    command.args([COMMAND_WORD, "replay"]).args(simulation).args(["--seed", &wanted.to_string()]);
    command.args(bug.iter().flat_map(|bug| ["--bug", bug]));
    let underway = UnderwayFile::new();
    command.args(words).arg("--underway").arg(&underway.path);
    let failed = |what: String| Trouble::new(format!("target `{}`: {what}", target.name));
    let status = command.status().map_err(|error| failed(error.to_string()))?;
    let is_cut_short = !underway.read().seeds.is_empty();
    match status.code() {
        _ if is_cut_short && (status.code().is_some() || is_own_fault(status)) => {
            let (red, how) = (Paint::for_stdout().red("RED"), how(status));
            terminal::say(&format!("{name}: seed {wanted} is {red}\n  {red} the process of this run {how}\n"))?;
            Ok(Verdict::Red)
        }
        Some(0) => Ok(Verdict::Green),
        Some(1) => Ok(Verdict::Red),
        Some(130) => Ok(Verdict::Interrupted),
        Some(2) => Err(Trouble::told()),
        _ => Err(failed(format!("its process {} while it ran seed {wanted}", how(status)))),
    }
}
