//! The simulation target: the store in a file, in every storm.

mod tank;

use small_kv::Filed;
use std::process::ExitCode;
use tank::judged;
use wavetank_cli::Target;

fn main() -> ExitCode {
    Target::new("small-kv").simulation("storm", |_| judged::<Filed<_>>()).main()
}
