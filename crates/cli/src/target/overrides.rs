//! What is overridden of a run's choices, as a file has it. What an
//! override does to a run is the engine's business.

use super::flag::{Look, of_another};
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
    let overrides = of_file(flag, path)?;
    match Entry::of_overrides(path) {
        Some(entry) if entry.simulation != simulation => {
            let why = of_another(&entry.simulation, simulation);
            Err(Trouble::new(format!("--{flag} {}: {why}", path.display())))
        }
        _ => Ok(overrides),
    }
}

/// Looks at such a file before there is a target.
///
/// # Errors
/// As [`read`], as far as it can be known.
pub(super) fn look(look: &Look<'_>) -> Result<(), Trouble> {
    let Some(path) = look.file() else { return Ok(()) };
    of_file(look.flag, path)?;
    Entry::of_overrides(path).map_or(Ok(()), |entry| look.same_simulation(&entry.simulation))
}

/// Reads overrides from their data form.
///
/// # Errors
/// If they are none.
pub(super) fn parse(json: &str) -> Result<Overrides, String> {
    serde_json::from_str(json).map_err(|error| format!("these are no overrides: {error}"))
}

fn of_file(flag: &str, path: &Path) -> Result<Overrides, Trouble> {
    let failed = |error: String| Trouble::new(format!("--{flag} {}: {error}", path.display()));
    let json = std::fs::read_to_string(path).map_err(|error| failed(format!("it cannot be read: {error}")))?;
    parse(&json).map_err(failed)
}
