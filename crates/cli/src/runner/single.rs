//! A command about one run: one seed of one simulation, in its target's own process.
//! What the target does with it is said beside the target's other commands.

use super::build::build;
use super::chosen::no_bug;
use super::{roster, tied};
use crate::ending::{how, is_own_fault};
use crate::interruption::Interruption;
use crate::manifest::{Declared, Manifest};
use crate::options::{seed, value};
use crate::target::{COMMAND_WORD, Flag};
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::UnderwayFile;
use crate::verdict::{INTERRUPTED, Verdict};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// Reads `NAME --seed S [--bug NAME] [--profile NAME]` and those of `flags`, each with a
/// value that is looked at, builds the target and has it do `command` with them.
///
/// # Errors
/// In one line that ends with `usage`, if something is missing or unknown; and if the target
/// cannot be built or did not say how it went.
pub(super) fn command(command: &str, flags: &[Flag], usage: &str, parser: Parser) -> Result<Verdict, Trouble> {
    command_with(command, flags, usage, parser, |_| Vec::new())
}

/// What a target was built of, and how.
pub(super) struct Built<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) target: &'a Declared,
    pub(super) bug: Option<&'a str>,
    /// The profile, if it is not the usual one.
    pub(super) profile: Option<&'a str>,
}

impl Built<'_> {
    /// For the lines that a target prints: with which profile they are to be run.
    pub(super) fn profile_words(&self) -> Vec<OsString> {
        self.profile.iter().flat_map(|profile| ["--profile", profile]).map(OsString::from).collect()
    }
}

/// As [`command`], and the target is told `more` of what it was built of.
pub(super) fn command_with(
    command: &str,
    flags: &[Flag],
    usage: &str,
    mut parser: Parser,
    more: impl Fn(&Built<'_>) -> Vec<OsString>,
) -> Result<Verdict, Trouble> {
    let (mut name, mut wanted, mut bug, mut profile) = (None, None, None, None);
    // What goes on to the target as it is.
    let mut handed_on: Vec<(Flag, String)> = Vec::new();
    let misuse = |what: &str| Trouble::new(format!("{what}; usage: {command} NAME {usage}"));
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) if name.is_none() => name = Some(word.string()?),
            Arg::Long("seed") => wanted = Some(seed(&value("seed", &mut parser)?)?),
            Arg::Long("bug") => bug = Some(value("bug", &mut parser)?),
            Arg::Long("profile") => profile = Some(value("profile", &mut parser)?),
            Arg::Long(flag) => match flags.iter().find(|known| known.name == flag) {
                Some(&flag) => handed_on.push((flag, value(flag.name, &mut parser)?)),
                None => return Err(misuse(&format!("no flag --{flag}"))),
            },
            other => return Err(other.unexpected().into()),
        }
    }
    let manifest = Manifest::read()?;
    let name = name.ok_or_else(|| misuse(&format!("{command} which target? {}", manifest.known())))?;
    let wanted = wanted.ok_or_else(|| misuse(&format!("{command} which seed?")))?;
    let (target, simulation) = manifest.find(&name)?;
    if let Some(bug) = bug.as_ref().filter(|bug| !target.bugs.iter().any(|one| one.name == **bug)) {
        return Err(Trouble::new(no_bug(target, bug)));
    }
    // A build may take long: what can be told without it is told before.
    handed_on.iter().try_for_each(|(flag, value)| flag.look(value, &name))?;
    let values = handed_on.iter().map(|(flag, value)| (flag.name, value.as_str()));
    written_over(&values.collect::<Vec<_>>()).map_or(Ok(()), Err)?;
    let programs = build(&manifest, &[target], profile.as_deref(), bug.is_some())?;
    roster::ask(target, &programs[0])?;
    let built = Built { manifest: &manifest, target, bug: bug.as_deref(), profile: profile.as_deref() };
    let mut process = Command::new(&programs[0]);
    process.args([COMMAND_WORD, command]).args(simulation).args(["--seed", &wanted.to_string()]);
    process.args(bug.iter().flat_map(|bug| ["--bug", bug]));
    process.args(handed_on.iter().flat_map(|(flag, value)| [format!("--{}", flag.name), value.clone()]));
    process.args(more(&built));
    let failed = |what: String| Trouble::new(format!("target `{}`: {what}", target.name));
    let underway = UnderwayFile::new();
    underway.hand_to(&mut process);
    let is_tied = command == "shrink";
    let status = match is_tied {
        true => tied(&mut process)?,
        false => process.status(),
    };
    let status = status.map_err(|error| failed(error.to_string()))?;
    // Ctrl-C reaches it, too, and a second one ends it so.
    let is_interrupted = is_tied && status.code() == Some(i32::from(INTERRUPTED));
    let is_cut_short = !underway.read().seeds.is_empty() && status.code().is_some() && !is_interrupted;
    if is_cut_short || is_own_fault(status) {
        // It ended in the middle of the run, and by what the run did.
        let (red, how) = (Paint::for_stdout().red("RED"), how(status));
        terminal::say(&format!("{name}: seed {wanted} is {red}\n  {red} the process of this run {how}\n"))?;
        return Ok(Verdict::Red);
    }
    match status.code() {
        Some(0) => Ok(Verdict::Green),
        Some(1) => Ok(Verdict::Red),
        Some(130) => Ok(Verdict::Interrupted),
        Some(2) => Err(Trouble::told()),
        _ => Err(failed(format!("its process {} while it ran seed {wanted}", how(status)))),
    }
}

/// A file that one flag has read and `--out` would write over: it may be all that is left of a run.
fn written_over(values: &[(&str, &str)]) -> Option<Trouble> {
    let file = |value: &str| fs::canonicalize(value).ok().filter(|path| path.is_file());
    let (_, out) = values.iter().rfind(|(flag, _)| *flag == "out")?;
    let place = file(out)?;
    let is_read = |(flag, value): &&(&str, &str)| *flag != "out" && file(value).as_ref() == Some(&place);
    let (reader, _) = values.iter().find(is_read)?;
    Some(Trouble::new(format!("--out {out}: it would write over what --{reader} reads: give another file")))
}

/// Runs a process that makes something of an interruption.
fn tied(process: &mut Command) -> Result<io::Result<ExitStatus>, Trouble> {
    let interruption = Interruption::listen()?;
    let child = process.stdin(Stdio::piped()).spawn();
    Ok(child.and_then(|mut child| tied::wait(&mut child, &interruption)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_written_over() {
        let file = std::env::temp_dir().join(format!("wavetank-read-{}", std::process::id()));
        fs::write(&file, "{}").expect("it is written");
        let path = file.to_str().expect("a name");
        let told = written_over(&[("overrides", path), ("out", path)]).expect("it would be lost").to_string();
        assert_eq!(told, format!("--out {path}: it would write over what --overrides reads: give another file"));
        for other in [vec![("overrides", path), ("out", "another")], vec![("out", path)], vec![("overrides", path)]] {
            assert_eq!(written_over(&other), None, "{other:?}");
        }
        fs::remove_file(&file).expect("it is still there");
    }
}
