//! The simulation target: the counter service on ordinary and on hostile devices.

mod tank;

use counter::Bug;
use std::process::ExitCode;
use wavetank_cli::{Target, TargetOptions};

/// The planted bugs that are compiled in.
const BUGS: &[&str] = if cfg!(feature = "bugs") { &["acknowledge-before-sync"] } else { &[] };

fn main() -> ExitCode {
    Target::new("counter")
        .bugs(BUGS.iter().copied())
        .simulation("storm", |options| tank::counter(bug(options)))
        .simulation("hostile", |options| tank::counter_hostile(bug(options)))
        .main()
}

fn bug(options: &TargetOptions) -> Option<Bug> {
    options.bug().map(|name| Bug::named(name).expect("the target takes no other"))
}
