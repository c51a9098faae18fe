//! The simulation target: ping-pong on an ordinary and on a hostile network.

mod tank;

use std::process::ExitCode;
use wavetank_cli::Target;

fn main() -> ExitCode {
    Target::new("ping-pong")
        .simulation("storm", |_| tank::ping_pong())
        .simulation("hostile", |_| tank::ping_pong_hostile())
        .main()
}
