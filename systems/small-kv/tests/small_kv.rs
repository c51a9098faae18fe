//! The simulation target: the store in a file, in every storm.

mod tank;

use small_kv::Filed;
use std::process::ExitCode;
use tank::judged;
use wavetank_cli::Target;
use wavetank_harness::CoverageRules;

fn main() -> ExitCode {
    let aside = "what a power loss takes is of `values.new`, which nobody reads: the next put writes it anew";
    let rules = CoverageRules::new().exempt_fault("storage.lost", aside).exempt_fault("storage.size-lost", aside);
    Target::new("small-kv").coverage_rules(rules).simulation("storm", |_| judged::<Filed<_>>()).main()
}
