//! The simulation target of the guide's chapter "a small key-value store".

#[path = "guide/small_kv/mod.rs"]
mod small_kv;

use small_kv::{file::Filed, storm::judged};
use std::process::ExitCode;
use wavetank_cli::Target;

fn main() -> ExitCode {
    Target::new("small-kv").simulation("storm", |_| judged::<Filed<_>>()).main()
}
