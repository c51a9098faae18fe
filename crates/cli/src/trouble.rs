//! Why a command could not do its work: misuse or infrastructure, in one line.
//! What a sweep found is no trouble.

use std::fmt;
use wavetank_debug::corpus::{Entry, Holdings};

/// One clear line; the process that ends with it exits with code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    line: String,
    /// Whether it is about a word that the command does not take, and says of none that it does.
    lacks_usage: bool,
}

impl Trouble {
    pub(crate) fn new(line: impl Into<String>) -> Trouble {
        Trouble { line: line.into(), lacks_usage: false }
    }

    /// Trouble of a process that we started, which has told it already.
    pub(crate) fn told() -> Trouble {
        Trouble::new(String::new())
    }

    /// What is kept and cannot be read, if there is any: nobody runs that again.
    pub(crate) fn of_broken(holdings: &Holdings) -> Option<Trouble> {
        let first = holdings.broken.first()?;
        let others = match holdings.broken.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        let way_out = "mend it, or `cargo xtask corpus retire` it by the name of its folder";
        Some(Trouble::new(format!("a failure that is kept cannot be run again: {first}{others}; {way_out}")))
    }

    /// What is kept of a simulation that its target does not have, such as one that was
    /// renamed: nobody runs that again either. `names` are those that it has; asked of what is
    /// kept of a bug, or of none.
    pub(crate) fn of_strangers(
        entries: &[(String, Entry)],
        bug: Option<&str>,
        target: &str,
        names: &[String],
    ) -> Option<Trouble> {
        let is_of_target = |entry: &Entry| entry.simulation.split('/').next() == Some(target);
        let is_stranger = |(_, entry): &&(String, Entry)| {
            entry.bug.as_deref() == bug && is_of_target(entry) && !names.contains(&entry.simulation)
        };
        let has = format!("target `{target}` has {}", names.join(", "));
        Trouble::of_gone(entries.iter().filter(is_stranger), &has)
    }

    /// What is kept of a target that is none of `targets`, which are all that there are: nobody
    /// else would ask for it.
    pub(crate) fn of_homeless(entries: &[(String, Entry)], bug: Option<&str>, targets: &[&str]) -> Option<Trouble> {
        let is_homeless = |(_, entry): &&(String, Entry)| {
            entry.bug.as_deref() == bug && !targets.iter().any(|one| entry.simulation.split('/').next() == Some(*one))
        };
        let has = format!("this workspace has {}", targets.join(", "));
        Trouble::of_gone(entries.iter().filter(is_homeless), &has)
    }

    fn of_gone<'a>(mut gone: impl Iterator<Item = &'a (String, Entry)>, has: &str) -> Option<Trouble> {
        let (name, entry) = gone.next()?;
        let others = match gone.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        Some(Trouble::new(format!(
            "a failure that is kept cannot be run again: {name}{others} is of `{}`, and {has}; \
             name one of these in its seed.json, or `cargo xtask corpus retire {name}`",
            entry.simulation
        )))
    }

    /// The same with how the command is called, where that would help and is not said.
    pub(crate) fn with_usage(self, usage: &str) -> Trouble {
        if self.lacks_usage { Trouble::new(format!("{}; usage: {usage}", self.line)) } else { self }
    }

    /// Tells it, unless somebody has.
    pub(crate) fn tell(&self) {
        if !self.is_told() {
            crate::terminal::complain(&format!("error: {self}"));
        }
    }

    pub(crate) fn is_told(&self) -> bool {
        self.line.is_empty()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<lexopt::Error> for Trouble {
    fn from(error: lexopt::Error) -> Trouble {
        Trouble { line: error.to_string(), lacks_usage: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_debug::corpus::Versions;
    use wavetank_harness::{Overrides, Signature};

    #[track_caller]
    fn check(simulations: &[&str], expected: Option<&str>) {
        let entry = |simulation: &&str| {
            let entry = Entry {
                simulation: simulation.to_string(),
                seed: 1,
                bug: None,
                signature: Signature::default(),
                failure: String::new(),
                reproduce: String::new(),
                versions: Versions::default(),
                size: None,
                clean: Vec::new(),
                overrides: Overrides::new(),
            };
            (format!("of-{simulation}"), entry)
        };
        let entries: Vec<(String, Entry)> = simulations.iter().map(entry).collect();
        let names = ["kv/calm".to_string(), "kv/storm".to_string()];
        let told = Trouble::of_strangers(&entries, None, "kv", &names).map(|trouble| trouble.to_string());
        match expected {
            Some(words) => assert!(told.as_ref().is_some_and(|told| told.contains(words)), "{told:?}"),
            None => assert_eq!(told, None),
        }
    }

    #[test]
    fn a_kept_failure_of_a_simulation_that_is_gone_is_told() {
        check(&["kv/calm", "kv/storm", "counter", "kvs/calm"], None);
        // As it was called while it was the only one.
        check(&["kv/calm", "kv"], Some("of-kv is of `kv`, and target `kv` has kv/calm, kv/storm;"));
        check(&["kv/gone", "kv"], Some("of-kv/gone (and 1 more) is of `kv/gone`"));
    }
}
