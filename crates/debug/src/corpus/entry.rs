//! One kept failure: what is said of it, and its folder of files. Which of several entries
//! stays, and for how long, is the corpus's business.

use super::error::{CorpusError, file};
use crate::shrink::Size;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
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
    /// Whether it is smaller, and surely found with the same sources: there it fails as well.
    pub(super) fn is_better_than(&self, other: &Entry) -> bool {
        let smaller = |one: Size, other: Size| one.atoms + one.operations < other.atoms + other.operations;
        self.versions.are_those_of(&other.versions)
            && self.size.zip(other.size).is_some_and(|(one, other)| smaller(one, other))
    }

    /// Writes the entry's files into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, path: &Path, beside: &Beside) -> Result<(), CorpusError> {
        fs::create_dir_all(path).map_err(file(path))?;
        let overrides = serde_json::to_string_pretty(&self.overrides).expect("overrides have nothing that JSON lacks");
        let others = [
            ("recipe.txt", &beside.recipe),
            ("timeline.html", &beside.timeline),
            ("configuration.json", &beside.configuration),
            ("witness.rs", &beside.witness),
        ];
        // All is written before anything takes its place: where there is no room for all of it,
        // an entry before is still whole.
        let mut parts = vec![Part::write(&path.join(OVERRIDES), &format!("{overrides}\n"))?];
        for (name, text) in others {
            let part = text.as_ref().map(|text| Part::write(&path.join(name), text));
            parts.extend(part.transpose()?);
        }
        // Last: what has no seed is no entry.
        parts.push(self.seed(path)?);
        for (name, _) in others.into_iter().filter(|(_, text)| text.is_none()) {
            // One of an entry before would be of another run.
            drop(fs::remove_file(path.join(name)));
        }
        parts.into_iter().try_for_each(Part::put)
    }

    /// Reads the entry in a folder.
    pub(super) fn read(path: &Path) -> Result<Entry, CorpusError> {
        let mut entry: Entry = read_json(&path.join(SEED))?;
        entry.overrides = read_json(&path.join(OVERRIDES))?;
        Ok(entry)
    }

    /// The entry with whose files a file of overrides lies, if it does.
    pub fn of_overrides(path: &Path) -> Option<Entry> {
        path.file_name().filter(|name| *name == OVERRIDES)?;
        Entry::read(path.parent()?).ok()
    }

    /// Writes what is said of it, and leaves its other files.
    pub(super) fn write_seed(&self, path: &Path) -> Result<(), CorpusError> {
        self.seed(path)?.put()
    }

    fn seed(&self, path: &Path) -> Result<Part, CorpusError> {
        let json = serde_json::to_string_pretty(self).expect("an entry has nothing that JSON lacks");
        Part::write(&path.join(SEED), &format!("{json}\n"))
    }
}

impl Versions {
    /// Whether both are surely of the same sources: of what was edited at a commit nobody
    /// knows.
    fn are_those_of(&self, other: &Versions) -> bool {
        self == other && self.revision.as_deref().is_some_and(is_commit)
    }

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

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, CorpusError> {
    let text = fs::read_to_string(path).map_err(file(path))?;
    serde_json::from_str(&text).map_err(|source| CorpusError::Form { path: path.to_path_buf(), source })
}

/// Whether a revision is one that does not change any more.
pub(super) fn is_commit(revision: &str) -> bool {
    !revision.ends_with("-dirty")
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
