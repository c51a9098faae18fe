//! What is overridden of a run's choices, as a file has it. What an
//! override does to a run is the engine's business.

use super::flag::{Look, of_another};
use crate::trouble::Trouble;
use std::path::Path;
use wavetank_debug::corpus::Entry;
use wavetank_debug::shrink::domains;
use wavetank_harness::{Domain, Overrides};

/// Names that are told in the place of one that nobody knows.
const NEAREST: usize = 3;

/// Reads what is overridden of a run of `simulation`, from the value of a flag.
///
/// # Errors
/// If the file cannot be read, holds something else, or lies with a kept failure of
/// another simulation, whose choices have no meaning here, or of another run.
pub(super) fn read(flag: &str, path: &Path, simulation: &str) -> Result<Overrides, Trouble> {
    let overrides = of_file(flag, path)?;
    match entry(flag, path)? {
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
    entry(look.flag, path)?.map_or(Ok(()), |entry| look.same_simulation(&entry.simulation))
}

/// Reads overrides from their data form.
///
/// # Errors
/// If they are none, or name a domain in which nothing is ever decided: that would change
/// nothing, and nobody would see it.
pub(super) fn parse(json: &str) -> Result<Overrides, String> {
    let overrides: Overrides =
        serde_json::from_str(json).map_err(|error| format!("these are no overrides: {error}"))?;
    let is_known = |key: &u64| domains().any(|domain| domain.key() == *key);
    let strange = overrides.domains().into_iter().filter(|key| !is_known(key)).map(|key| overrides.words(key));
    match strange.min() {
        None => Ok(overrides),
        Some(word) => {
            let near = nearest(&word).map(|name| format!("`{name}`")).join(", ");
            Err(format!("nothing is decided in a domain `{word}`, of which it speaks; the nearest are {near}"))
        }
    }
}

/// The kept failure with whose files it lies, if it does.
fn entry(flag: &str, path: &Path) -> Result<Option<Entry>, Trouble> {
    Entry::of_overrides(path).map_err(|error| Trouble::new(format!("--{flag} {error}")))
}

fn of_file(flag: &str, path: &Path) -> Result<Overrides, Trouble> {
    let failed = |error: String| Trouble::new(format!("--{flag} {}: {error}", path.display()));
    let json = std::fs::read_to_string(path).map_err(|error| failed(format!("it cannot be read: {error}")))?;
    parse(&json).map_err(failed)
}

/// The names of domains that are most like a word: those that have it in them, then those of
/// which the fewest letters differ.
fn nearest(word: &str) -> [&'static str; NEAREST] {
    let mut names: Vec<&str> = domains().map(Domain::name).collect();
    names.sort_by_key(|name| (!name.contains(word), distance(word, name), *name));
    std::array::from_fn(|place| names[place])
}

/// How many letters are to be put in, taken out or changed, until one word is the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    // From the letters of `one` so far to so many of the other's.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for letter in one.chars() {
        let mut above = row[0];
        row[0] += 1;
        for (place, theirs) in other.iter().enumerate() {
            let changed = above + usize::from(letter != *theirs);
            above = row[place + 1];
            row[place + 1] = changed.min(above + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_strange(json: &str, hint: &str) {
        let error = parse(json).expect_err(json);
        assert!(error.contains(hint) && !error.contains('\n'), "{json}: {error}");
    }

    #[test]
    fn a_domain_that_nobody_decides_in_is_told_with_its_neighbours() {
        check_strange(
            r#"{"benign": ["network.latncy"]}"#,
            "`network.latncy`, of which it speaks; the nearest are `network.latency`, ",
        );
        check_strange(r#"{"drawn": {"crash": "0x1"}}"#, "nearest are `node.crash`, `machine.crash`, ");
        let choice = |domain: &str| {
            format!(r#"{{"choices": [{{"domain": "{domain}", "entity": "0x1", "nth": 0, "choice": "benign"}}]}}"#)
        };
        check_strange(&choice("storage.lots"), "`storage.lost`, `storage.slow`, ");
        check_strange(&choice("#0000000000000001"), "a domain `#0000000000000001`");
        check_strange(r#"{"benign": 7}"#, "these are no overrides: ");
    }

    #[test]
    fn each_domain_is_known_by_its_name_and_by_its_key() {
        for domain in domains() {
            for word in [domain.name().to_string(), format!("#{:016x}", domain.key())] {
                let overrides = parse(&format!(r#"{{"benign": ["{word}"]}}"#)).expect("it is one");
                assert!(overrides.is_domain_benign(domain), "{word}");
            }
        }
    }

    #[test]
    fn a_distance_is_the_same_both_ways() {
        for (one, other, far) in [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far), "{one} and {other}");
        }
    }
}
