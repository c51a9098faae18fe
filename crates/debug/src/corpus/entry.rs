//! One kept failure: what is said of it, and its folder of files. Which of several entries
//! stays, and for how long, is the corpus's business.

use super::error::{CorpusError, file};
use crate::shrink::Size;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use wavetank_engine::name_key;
use wavetank_harness::{Overrides, Signature};

/// The file without which a folder is no entry.
pub(super) const SEED: &str = "seed.json";
const OVERRIDES: &str = "overrides.json";

/// A failure that was found: how to get to it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What `sweep` and `replay` call the simulation.
    pub simulation: String,
    /// The seed.
    pub seed: u64,
    /// The planted bug that was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// What it failed with.
    pub signature: Signature,
    /// The failure in its own words.
    pub failure: String,
    /// The line that runs it again.
    pub reproduce: String,
    /// What it was found with.
    pub versions: Versions,
    /// How large its small run is; an entry of earlier versions does not say.
    #[serde(default)]
    pub size: Option<Size>,
    /// Revisions in which it was green since.
    #[serde(default)]
    pub clean: Vec<String>,
    /// With these the seed's run is a small one; in a file of their own.
    #[serde(skip)]
    pub overrides: Overrides,
}

/// What a failure was found with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Versions {
    /// The commit of the sources; ends with `-dirty` if files differed from it.
    pub revision: Option<String>,
    /// The version of these crates.
    pub wavetank: String,
}

impl Entry {
    /// Whether a run of that size is smaller.
    pub(super) fn is_larger_than(&self, size: Size) -> bool {
        self.size.is_some_and(|own| size.atoms + size.operations < own.atoms + own.operations)
    }

    /// Writes the entry's files into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, path: &Path, beside: &Beside) -> Result<(), CorpusError> {
        fs::create_dir_all(path).map_err(file(path))?;
        self.steps(path, beside)?.into_iter().try_for_each(Step::take)
    }

    /// What is done until the entry is in place of one before. Wherever that ends, what is
    /// read then is one of the two, or refused, and files of neither lie beside the other.
    fn steps(&self, path: &Path, beside: &Beside) -> Result<Vec<Step>, CorpusError> {
        let others = [
            ("recipe.txt", &beside.recipe),
            ("timeline.html", &beside.timeline),
            ("configuration.json", &beside.configuration),
            ("witness.rs", &beside.witness),
        ];
        // All is written before anything takes its place: where there is no room for all of it,
        // an entry before is still whole.
        let overrides = Part::write(&path.join(OVERRIDES), &format!("{}\n", self.overrides_json()))?;
        let written = others.iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let written = written.map(|(name, text)| Part::write(&path.join(name), text));
        let written = written.collect::<Result<Vec<Part>, CorpusError>>()?;
        let seed = self.seed(path)?;
        let mut steps: Vec<Step> = others.iter().map(|(name, _)| Step::Remove(path.join(name))).collect();
        // What has no seed is no entry, and a seed says which overrides are its own.
        steps.extend([Step::Put(overrides), Step::Put(seed)]);
        steps.extend(written.into_iter().map(Step::Put));
        Ok(steps)
    }

    /// Reads the entry in a folder.
    pub(super) fn read(path: &Path) -> Result<Entry, CorpusError> {
        let Seed { mut entry, overrides_digest } = read_json(&path.join(SEED))?.1;
        let (json, overrides) = read_json(&path.join(OVERRIDES))?;
        if overrides_digest.is_some_and(|of| of != digest(&json)) {
            return Err(CorpusError::Mixed(path.join(OVERRIDES)));
        }
        entry.overrides = overrides;
        Ok(entry)
    }

    /// Reads what is said of the entry in a folder, without its overrides.
    pub(super) fn read_seed(path: &Path) -> Result<Entry, CorpusError> {
        Ok(read_json::<Seed>(&path.join(SEED))?.1.entry)
    }

    /// The entry with whose files a file of overrides lies, if it does.
    ///
    /// # Errors
    /// [`CorpusError::Mixed`], if they are another run's.
    pub fn of_overrides(path: &Path) -> Result<Option<Entry>, CorpusError> {
        let Some(folder) = path.parent().filter(|_| path.ends_with(OVERRIDES)) else { return Ok(None) };
        match Entry::read(folder) {
            Err(error @ CorpusError::Mixed(_)) => Err(error),
            other => Ok(other.ok()),
        }
    }

    /// Writes what is said of it, and leaves its other files.
    pub(super) fn write_seed(&self, path: &Path) -> Result<(), CorpusError> {
        self.seed(path)?.put()
    }

    fn seed(&self, path: &Path) -> Result<Part, CorpusError> {
        let seed = Seed { entry: self.clone(), overrides_digest: Some(digest(&self.overrides_json())) };
        let json = serde_json::to_string_pretty(&seed).expect("an entry has nothing that JSON lacks");
        Part::write(&path.join(SEED), &format!("{json}\n"))
    }

    fn overrides_json(&self) -> String {
        serde_json::to_string_pretty(&self.overrides).expect("overrides have nothing that JSON lacks")
    }
}

/// What is said of an entry, as its file has it.
#[derive(Serialize, Deserialize)]
struct Seed {
    #[serde(flatten)]
    entry: Entry,
    /// Of the overrides that were written with it; an entry of earlier versions does not say.
    #[serde(default)]
    overrides_digest: Option<String>,
}

/// What tells one file of overrides from another, however it is laid out.
fn digest(json: &str) -> String {
    let plain = serde_json::from_str::<Value>(json).map_or(String::new(), |value| value.to_string());
    format!("{:016x}", name_key(&plain))
}

impl Versions {
    /// Of the sources at a commit.
    pub fn at(revision: Option<String>) -> Versions {
        Versions { revision, wavetank: env!("CARGO_PKG_VERSION").to_string() }
    }
}

/// Files that are kept beside an entry, as far as there are any.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The recipe.
    pub recipe: Option<String>,
    /// The timeline's HTML.
    pub timeline: Option<String>,
    /// The expanded configuration, in JSON.
    pub configuration: Option<String>,
    /// A Rust test that fails.
    pub witness: Option<String>,
}

/// A file's text, and what it says.
fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<(String, T), CorpusError> {
    let text = fs::read_to_string(path).map_err(file(path))?;
    let value = serde_json::from_str(&text);
    let value = value.map_err(|source| CorpusError::Form { path: path.to_path_buf(), source })?;
    Ok((text, value))
}

/// Whether a revision is one that does not change any more.
pub(super) fn is_commit(revision: &str) -> bool {
    !revision.ends_with("-dirty")
}

/// One of the things that are done to put an entry in its place.
enum Step {
    /// A file of an entry before would be of another run.
    Remove(PathBuf),
    Put(Part),
}

impl Step {
    fn take(self) -> Result<(), CorpusError> {
        match self {
            Step::Remove(path) => {
                // Most often there is none; and what cannot be removed is replaced.
                let _ = fs::remove_file(path);
                Ok(())
            }
            Step::Put(part) => part.put(),
        }
    }
}

/// A file that is written and not yet in its place; two sweeps may run at once. It goes with
/// this, unless it was put there.
struct Part {
    path: PathBuf,
    place: PathBuf,
}

impl Part {
    fn write(place: &Path, text: &str) -> Result<Part, CorpusError> {
        let path = place.with_extension(format!("part-{}", std::process::id()));
        let part = Part { path, place: place.to_path_buf() };
        fs::write(&part.path, text).map_err(file(place))?;
        Ok(part)
    }

    /// Puts it in its place, as a whole.
    fn put(self) -> Result<(), CorpusError> {
        fs::rename(&self.path, &self.place).map_err(file(&self.place))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::Domain;

    fn entry(seed: u64, domain: &'static str) -> (Entry, Beside) {
        let mut overrides = Overrides::new();
        overrides.set_domain_benign(Domain::new(domain));
        let entry = Entry {
            simulation: "kv".into(),
            seed,
            bug: None,
            signature: Signature::default(),
            failure: "a write is lost".into(),
            reproduce: String::new(),
            versions: Versions::at(None),
            size: None,
            clean: Vec::new(),
            overrides,
        };
        let told = |what: &str| Some(format!("{what} of {seed}"));
        (entry, Beside { recipe: told("recipe"), witness: told("witness"), ..Beside::default() })
    }

    #[test]
    fn a_kill_between_any_two_steps_mixes_no_two_entries() {
        let folder = std::env::temp_dir().join(format!("wavetank-entry-{}", std::process::id()));
        let ((old, old_beside), (new, new_beside)) = (entry(7, "network.latency"), entry(8, "storage.lost"));
        let steps = || new.steps(&folder, &new_beside).expect("they are written");
        let mut seen = Vec::new();
        old.write(&folder, &old_beside).expect("it is written");
        for done in 0..=steps().len() {
            old.write(&folder, &old_beside).expect("it is written");
            steps().into_iter().take(done).try_for_each(Step::take).expect("they are taken");
            let read = Entry::read(&folder).map_err(|error| error.to_string());
            let beside = ["recipe", "witness"].into_iter().zip(["recipe.txt", "witness.rs"]);
            for (what, text) in
                beside.filter_map(|(what, name)| Some((what, fs::read_to_string(folder.join(name)).ok()?)))
            {
                let seed = read.as_ref().expect("where anything lies beside it, it is whole").seed;
                assert_eq!(text, format!("{what} of {seed}"), "after {done} steps");
            }
            match read {
                Ok(read) if read == old || read == new => seen.push(read.seed.to_string()),
                Ok(mixed) => panic!("after {done} steps: {mixed:?}"),
                Err(error) => {
                    let of = Entry::of_overrides(&folder.join(OVERRIDES)).expect_err("nobody runs it").to_string();
                    assert!(error == of && error.contains("overrides.json: it is of another run"), "{error}");
                    seen.push("refused".to_string());
                }
            }
        }
        let _ = fs::remove_dir_all(&folder);
        seen.dedup();
        assert_eq!(seen, ["7", "refused", "8"]);
    }

    #[test]
    fn overrides_that_are_laid_out_otherwise_are_the_same() {
        assert_eq!(digest("{\"a\": [1, 2]}\r\n"), digest("{\n  \"a\": [\n1,2]}"));
        assert_ne!(digest("{\"a\": [1, 2]}"), digest("{\"a\": [2, 1]}"));
    }
}
