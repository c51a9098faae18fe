//! What the benchmarks share: how a limit is made of what was measured.
//!
//! They need valgrind, and `cargo install gungraun-runner` of the version of gungraun;
//! `cargo xtask ci counts` has both, and runs them.

use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig};

/// Fails a benchmark that takes 5 % more than was measured.
pub fn limit(measured: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    let most = measured + measured / 20;
    config.tool(Callgrind::with_args(["--cache-sim=no"]).hard_limits([(EventKind::Ir, most)]));
    config
}
