//! What a sweep is asked for by names: which targets, and which simulations of each.
//! Whether they can be run is not known here.

use super::sweep::Asked;
use crate::manifest::{Declared, Manifest};
use crate::trouble::Trouble;

/// A target to run, and which of its simulations; all if none is named.
pub(super) struct Chosen<'a> {
    pub(super) target: &'a Declared,
    pub(super) simulations: Vec<&'a str>,
}

/// The targets that were asked for; without names all that are no fixtures.
///
/// # Errors
/// If there is none of a name, or it lacks the bug.
pub(super) fn choose<'a>(manifest: &'a Manifest, asked: &'a Asked) -> Result<Vec<Chosen<'a>>, Trouble> {
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    for name in &asked.names {
        let (target, simulation) = manifest.find(name)?;
        match chosen.iter_mut().find(|one| one.target.name == target.name) {
            Some(one) => one.add(simulation),
            None => chosen.push(Chosen { target, simulations: simulation.into_iter().collect() }),
        }
    }
    let bug = asked.options.bug.as_deref();
    let has_bug = |target: &Declared| bug.is_none_or(|bug| target.bugs.iter().any(|one| one.name == bug));
    if asked.names.is_empty() {
        let all = manifest.targets.iter().filter(|target| !target.fixture && has_bug(target));
        chosen.extend(all.map(|target| Chosen { target, simulations: Vec::new() }));
    }
    let bug_name = bug.unwrap_or_default();
    if let Some(one) = chosen.iter().find(|one| !has_bug(one.target)) {
        return Err(Trouble::new(no_bug(one.target, bug_name)));
    }
    match (chosen.is_empty(), bug) {
        (true, Some(bug)) => {
            Err(Trouble::new(format!("no target has a bug `{bug}`; `list --bugs` shows those there are")))
        }
        (true, None) => Err(Trouble::new(format!("there is nothing to sweep: {}", manifest.known()))),
        (false, _) => Ok(chosen),
    }
}

/// Why a target cannot be run with a bug.
pub(super) fn no_bug(target: &Declared, bug: &str) -> String {
    let known: Vec<&str> = target.bugs.iter().map(|one| one.name.as_str()).collect();
    // `Target::bugs` alone is not enough, and who has called it would look there.
    let known = if known.is_empty() { "none: `bugs` names them in its manifest".to_string() } else { known.join(", ") };
    format!("target `{}` has no bug `{bug}`; it has {known}", target.name)
}

impl<'a> Chosen<'a> {
    /// Names one more simulation, or the target as a whole: that it stays.
    fn add(&mut self, simulation: Option<&'a str>) {
        match simulation {
            None => self.simulations.clear(),
            Some(one) if self.simulations.is_empty() || self.simulations.contains(&one) => (),
            Some(one) => self.simulations.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SweepOptions;
    use std::path::PathBuf;

    fn check_chosen(names: &[&str], simulations: &[&str]) {
        let kv = Declared { name: "kv".into(), ..Declared::default() };
        let manifest = Manifest { root: PathBuf::new(), built: PathBuf::new(), targets: vec![kv] };
        let names = names.iter().map(ToString::to_string).collect();
        let asked = Asked { names, options: SweepOptions::default(), junit: None };
        let chosen = choose(&manifest, &asked).expect("there is such a target");
        assert_eq!((chosen.len(), chosen[0].simulations.as_slice()), (1, simulations), "{:?}", asked.names);
    }

    #[test]
    fn a_target_that_is_named_as_a_whole_is_swept_as_a_whole() {
        check_chosen(&["kv"], &[]);
        check_chosen(&["kv/x", "kv/y", "kv/x"], &["x", "y"]);
        check_chosen(&["kv", "kv/x"], &[]);
        check_chosen(&["kv/x", "kv"], &[]);
        check_chosen(&["kv/x", "kv", "kv/y"], &[]);
    }
}
