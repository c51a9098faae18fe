//! One red run as a test of its own: the seed, what is overridden, and the verdict. The
//! text of such a test is the business of `wavetank-debug`.

use super::{Target, overrides};
use crate::finding::reproduce_line;
use crate::terminal::legible;
use crate::trouble::Trouble;
use std::fmt::Write;
use wavetank_harness::Overrides;

/// A run that was red once: what [`Target::assert_green`] runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedRun<'a> {
    /// What `replay` calls the simulation.
    pub simulation: &'a str,
    /// The planted bug that is on.
    pub bug: Option<&'a str>,
    /// The seed.
    pub seed: u64,
    /// What is overridden of its choices, as `overrides.json` has it; nothing, if empty.
    pub overrides: &'a str,
}

impl Target {
    /// Runs a seed of one of its simulations, here and now: what a `witness.rs` calls, which
    /// a shrunk failure has among its files.
    ///
    /// # Panics
    /// If the run is red, with what was wrong and the line that repeats the seed; and in one
    /// line, if it cannot be run: the simulation or the bug is unknown, or the overrides are none.
    #[track_caller]
    pub fn assert_green(&self, run: &SeedRun<'_>) {
        match self.judge(run) {
            Ok(None) => (),
            Ok(Some(red)) => panic!("{}", legible(&red)),
            Err(trouble) => panic!("{trouble}"),
        }
    }

    /// What is wrong with a run, in words, unless it is green.
    fn judge(&self, run: &SeedRun<'_>) -> Result<Option<String>, Trouble> {
        let SeedRun { simulation, bug, seed, overrides } = *run;
        let own = simulation.strip_prefix(self.name.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let is_target = simulation == self.name && self.simulations.len() == 1;
        let found = self.find((!is_target).then(|| own.unwrap_or(simulation)))?;
        let builder = self.state(found, bug)?;
        let overrides: Overrides = match overrides.trim() {
            "" => Overrides::new(),
            json => overrides::parse(json)
                .map_err(|error| Trouble::new(format!("seed {seed} of `{simulation}`: {error}")))?,
        };
        let made = overrides.iter().count();
        let record = builder.run_seed(seed, overrides, None);
        if record.failures.is_empty() {
            return Ok(None);
        }
        let name = self.full_name(found);
        let with_bug = bug.map(|bug| format!(" with bug {bug}")).unwrap_or_default();
        let mut red = format!("{name}{with_bug}: seed {seed} is RED");
        let mut line = |words: String| write!(red, "\n  {words}").expect("a string takes all that fits into memory");
        record.failures.iter().for_each(|failure| line(failure.to_string()));
        let suffix = bug.map(|bug| format!(" --bug {bug}")).unwrap_or_default();
        line(format!("reproduce: {}", reproduce_line(&name, seed, &suffix)));
        if made > 0 {
            line(format!("that repeats the whole run; here it is made small (choices overridden: {made})"));
        }
        Ok(Some(red))
    }
}
