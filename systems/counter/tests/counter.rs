//! The simulation target: the counter service on ordinary and on hostile devices.

mod tank;

use counter::Bug;
use std::process::ExitCode;
use wavetank_cli::{Target, TargetOptions};
use wavetank_harness::CoverageRules;

/// The planted bugs that are compiled in.
const BUGS: &[&str] = if cfg!(feature = "bugs") { &["acknowledge-before-sync"] } else { &[] };

fn main() -> ExitCode {
    target().main()
}

/// Tests of red seeds call it, too.
pub(crate) fn target() -> Target {
    Target::new("counter")
        .stated_by("target")
        .bugs(BUGS.iter().copied())
        .coverage_rules(CoverageRules::new().exempt_site(
            "a record is torn within",
            "records are short, so that few lie across two sectors: one run in thousands tears one within",
        ))
        .simulation("storm", |options| tank::counter(bug(options)))
        .simulation("hostile", |options| tank::counter_hostile(bug(options)))
}

fn bug(options: &TargetOptions) -> Option<Bug> {
    options.bug().map(|name| Bug::named(name).expect("the target takes no other"))
}
