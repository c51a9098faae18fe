//! The simulation target: the key-value service under storms.

mod tank;

use kv::Bug;
use std::process::ExitCode;
use wavetank_cli::{Target, TargetOptions};

fn main() -> ExitCode {
    target().main()
}

/// Tests of red seeds call it, too.
pub(crate) fn target() -> Target {
    let bugs = Bug::ALL.iter().map(|(name, _)| *name).filter(|name| Bug::named(name).is_some());
    Target::new("kv").stated_by("target").bugs(bugs).simulation("storm", |options| tank::storm(bug(options)))
}

fn bug(options: &TargetOptions) -> Option<Bug> {
    options.bug().map(|name| Bug::named(name).expect("the target takes no other"))
}
