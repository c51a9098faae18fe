//! The simulation target: ping-pong on an ordinary and on a hostile network.

mod tank;

use ping_pong::Bug;
use std::process::ExitCode;
use wavetank_cli::{Target, TargetOptions};

/// The planted bugs that are compiled in.
const BUGS: &[&str] = if cfg!(feature = "bugs") { &["take-any-answer"] } else { &[] };

fn main() -> ExitCode {
    target().main()
}

/// Tests of red seeds call it, too.
pub(crate) fn target() -> Target {
    Target::new("ping-pong")
        .stated_by("target")
        .bugs(BUGS.iter().copied())
        .simulation("storm", |options| tank::ping_pong(bug(options)))
        .simulation("hostile", |options| tank::ping_pong_hostile(bug(options)))
}

fn bug(options: &TargetOptions) -> Option<Bug> {
    options.bug().map(|name| Bug::named(name).expect("the target takes no other"))
}
