//! A flag with a value that the runner hands on to a target as it is, and what can be seen
//! of that value without the target. That is told before a long build, not behind it.

use crate::trouble::Trouble;
use std::path::Path;

/// Such a flag.
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    /// Without its `--`.
    pub(crate) name: &'static str,
    look: fn(&Look<'_>) -> Result<(), Trouble>,
}

/// A value to be looked at.
pub(crate) struct Look<'a> {
    /// The flag's name.
    pub(crate) flag: &'a str,
    pub(crate) value: &'a str,
    /// The simulation as it was asked for: `kv`, or `kv/small`.
    pub(crate) asked: &'a str,
}

impl Flag {
    pub(crate) const fn new(name: &'static str, look: fn(&Look<'_>) -> Result<(), Trouble>) -> Flag {
        Flag { name, look }
    }

    /// Looks at the value that it has beside the simulation that was asked for.
    ///
    /// # Errors
    /// If no target can do anything with it.
    pub(crate) fn look(&self, value: &str, asked: &str) -> Result<(), Trouble> {
        (self.look)(&Look { flag: self.name, value, asked })
    }
}

impl Look<'_> {
    /// The file that is meant, unless it is a pipe: that can be read once, and the target does.
    pub(crate) fn file(&self) -> Option<&Path> {
        let path = Path::new(self.value);
        let is_pipe = path.exists() && !path.is_file() && !path.is_dir();
        (!is_pipe).then_some(path)
    }

    /// Says that a file is of another simulation, as far as that is known without the target.
    ///
    /// # Errors
    /// In that case.
    pub(crate) fn same_simulation(&self, theirs: &str) -> Result<(), Trouble> {
        let (target, simulation) = parts(theirs);
        let (asked_target, asked) = parts(self.asked);
        // A target with one simulation has but one name; only it knows that.
        if target == asked_target && (simulation.is_none() || asked.is_none() || simulation == asked) {
            return Ok(());
        }
        Err(Trouble::new(format!("--{} {}: {}", self.flag, self.value, of_another(theirs, self.asked))))
    }
}

/// That a file is of another simulation than the one that was asked for.
pub(super) fn of_another(theirs: &str, asked: &str) -> String {
    format!("it is of simulation `{theirs}`, and `{asked}` was asked for: name that one, or give a file of this one")
}

/// The target of a simulation's name, and what follows it.
fn parts(name: &str) -> (&str, Option<&str>) {
    name.split_once('/').map_or((name, None), |(target, simulation)| (target, Some(simulation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(theirs: &str, asked: &str, fits: bool) {
        let look = Look { flag: "config", value: "a.json", asked };
        assert_eq!(look.same_simulation(theirs).is_ok(), fits, "of {theirs}, and {asked} was asked for");
    }

    #[test]
    fn what_only_the_target_knows_is_left_to_it() {
        check("kv", "kv", true);
        check("kv/small", "kv/small", true);
        check("kv/small", "kv/large", false);
        check("kv/small", "calm", false);
        // Whether it has several.
        check("kv", "kv/small", true);
        check("kv/small", "kv", true);
    }
}
