//! `list`: the targets of the workspace, without building them.

use crate::manifest::{Declared, Manifest};
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser};
use std::fmt::Write;

/// How it is called.
pub(super) const USAGE: &str = "list [--bugs]";

pub(super) fn command(mut parser: Parser) -> Result<Verdict, Trouble> {
    let mut bugs = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("bugs") => bugs = true,
            Arg::Long(flag) => return Err(Trouble::new(format!("no flag --{flag}; usage: {USAGE}"))),
            other => return Err(other.unexpected().into()),
        }
    }
    let manifest = Manifest::read()?;
    if manifest.targets.is_empty() {
        return Err(Trouble::new(manifest.known()));
    }
    let text: String = manifest.targets.iter().map(|target| lines(target, bugs)).collect();
    terminal::say(&text).map(|()| Verdict::Green)
}

fn lines(target: &Declared, bugs: bool) -> String {
    let Declared { name, package, test, about, .. } = target;
    let fixture = if target.fixture { " [fixture: swept only by name]" } else { "" };
    let about = if about.is_empty() { String::new() } else { format!(": {about}") };
    let mut text = format!("{name} (package {package}, test {test}){fixture}{about}\n");
    for bug in target.bugs.iter().filter(|_| bugs) {
        let reported = if bug.reported_by.is_empty() { "" } else { "; reported by: " };
        writeln!(text, "  --bug {}: {}{reported}{}", bug.name, bug.about, bug.reported_by)
            .expect("a string takes all that fits into memory");
    }
    text
}
