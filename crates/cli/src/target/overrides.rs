//! What is overridden of a run's choices, as a file has it. What an
//! override does to a run is the engine's business.

use crate::trouble::Trouble;
use std::path::Path;
use wavetank_debug::corpus::Entry;
use wavetank_harness::Overrides;

/// Reads what is overridden of a run of `simulation`, from the value of a flag.
///
/// # Errors
/// If the file cannot be read, holds something else, or lies with a kept failure of
/// another simulation, whose choices have no meaning here.
pub(super) fn read(flag: &str, path: &Path, simulation: &str) -> Result<Overrides, Trouble> {
    let failed = |error: String| Trouble::new(format!("--{flag} {}: {error}", path.display()));
    let json = std::fs::read_to_string(path).map_err(|error| failed(format!("it cannot be read: {error}")))?;
    let overrides = serde_json::from_str(&json).map_err(|error| failed(format!("these are no overrides: {error}")))?;
    match Entry::of_overrides(path) {
        Some(entry) if entry.simulation != simulation => Err(failed(of_another(&entry.simulation, simulation))),
        _ => Ok(overrides),
    }
}

/// That a file is of another simulation than the one that was asked for.
pub(super) fn of_another(theirs: &str, asked: &str) -> String {
    format!("it is of simulation `{theirs}`, and `{asked}` was asked for: name that one, or give a file of this one")
}
