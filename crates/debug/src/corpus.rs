//! The corpus: failures that were found, each a folder of files that people and the next
//! sweep read. Running what is in it is for the command line.

use crate::shrink::Size;
use crate::signature::Signature;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use wavetank_harness::Overrides;

/// Revisions in which an entry must have been green before it retires by itself.
pub const CLEAN_REVISIONS: usize = 50;
/// The folder of a workspace's corpus.
pub const FOLDER: &str = "failures";

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
    /// Whether it is smaller, and found with the same sources: there it fails as well.
    fn is_better_than(&self, other: &Entry) -> bool {
        let smaller = |one: Size, other: Size| one.atoms + one.operations < other.atoms + other.operations;
        self.versions == other.versions && self.size.zip(other.size).is_some_and(|(one, other)| smaller(one, other))
    }

    /// Writes the entry's files into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, path: &Path, beside: &Beside) -> Result<(), CorpusError> {
        fs::create_dir_all(path).map_err(file(path))?;
        let overrides = serde_json::to_string_pretty(&self.overrides).expect("overrides have nothing that JSON lacks");
        write(&path.join(OVERRIDES), &format!("{overrides}\n"))?;
        let others = [
            ("recipe.txt", &beside.recipe),
            ("timeline.html", &beside.timeline),
            ("configuration.json", &beside.configuration),
            ("witness.rs", &beside.witness),
        ];
        for (name, text) in others {
            match text {
                Some(text) => write(&path.join(name), text)?,
                // One of an entry before would be of another run.
                None => drop(fs::remove_file(path.join(name))),
            }
        }
        // Last: what has no seed is no entry.
        write_entry(path, self)
    }
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

/// Why the corpus cannot be read or written.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: it is no entry of the corpus: {source}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// There is no such entry.
    #[error("the corpus has no entry `{0}`")]
    Unknown(String),
}

/// What a corpus holds, in the order of names.
#[derive(Debug, Default)]
pub struct Holdings {
    /// Its entries by name.
    pub entries: Vec<(String, Entry)>,
    /// What should be an entry and cannot be read.
    pub broken: Vec<CorpusError>,
}

/// What became of an entry that was green.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It stays; it was green in so many revisions.
    Stays(usize),
    /// It was green for long enough, and is gone.
    Retired,
}

/// The failures of a workspace.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
}

const SEED: &str = "seed.json";
const OVERRIDES: &str = "overrides.json";

impl Corpus {
    /// The corpus in a folder, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Corpus {
        Corpus { root: root.into() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All that it holds: one entry that cannot be read keeps no other from being run.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn holdings(&self) -> Result<Holdings, CorpusError> {
        let listed = match fs::read_dir(&self.root) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holdings::default()),
            Err(error) => return Err(file(&self.root)(error)),
        };
        let mut names = Vec::new();
        for listed in listed {
            let path = listed.map_err(file(&self.root))?.path();
            // Folders without a seed are somebody else's.
            let name = path.file_name().and_then(|name| name.to_str()).filter(|_| path.join(SEED).is_file());
            names.extend(name.map(str::to_string));
        }
        names.sort_unstable();
        let mut holdings = Holdings::default();
        for name in names {
            match read(&self.root.join(&name)) {
                Ok(entry) => holdings.entries.push((name, entry)),
                Err(error) => holdings.broken.push(error),
            }
        }
        Ok(holdings)
    }

    /// Keeps an entry under the name of its signature, in place of one of the same
    /// simulation, bug and signature, unless that is of the same sources and smaller. Gives
    /// the folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, entry: &Entry, beside: &Beside) -> Result<PathBuf, CorpusError> {
        let path = self.root.join(self.name(entry));
        if !read(&path).is_ok_and(|old| old.is_better_than(entry)) {
            entry.write(&path, beside)?;
        }
        Ok(path)
    }

    /// Notes that an entry was green in a revision. One with uncommitted changes does not count.
    ///
    /// # Errors
    /// If there is no such entry, or it cannot be written.
    pub fn note_clean(&self, name: &str, revision: &str) -> Result<Standing, CorpusError> {
        let path = self.folder(name)?;
        let mut entry = read(&path)?;
        if !revision.ends_with("-dirty") && !entry.clean.iter().any(|clean| clean == revision) {
            entry.clean.push(revision.to_string());
            write_entry(&path, &entry)?;
        }
        if entry.clean.len() >= CLEAN_REVISIONS {
            self.retire(name)?;
            return Ok(Standing::Retired);
        }
        Ok(Standing::Stays(entry.clean.len()))
    }

    /// Notes that an entry is red again, with what was found now: it forgets in how many
    /// revisions it was green. If an edit moved its failure to another line, it is of that
    /// line from then on, unless that has an entry of its own.
    ///
    /// # Errors
    /// If there is no such entry, or it cannot be written.
    pub fn note_red(&self, name: &str, found: &Signature) -> Result<(), CorpusError> {
        let path = self.folder(name)?;
        let mut entry = read(&path)?;
        let moved = Entry { signature: found.clone(), ..entry.clone() };
        let is_moved = found.is_moved(&entry.signature) && self.kept(&moved).is_none();
        if entry.clean.is_empty() && !is_moved {
            return Ok(());
        }
        if is_moved {
            entry = moved;
        }
        entry.clean.clear();
        write_entry(&path, &entry)
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be removed.
    pub fn retire(&self, name: &str) -> Result<(), CorpusError> {
        let path = self.folder(name)?;
        fs::remove_dir_all(&path).map_err(file(&path))
    }

    /// The name of an entry: that of the one in whose place it comes, or else the words of
    /// its signature, and the simulation's where another entry is called so.
    fn name(&self, entry: &Entry) -> String {
        if let Some(name) = self.kept(entry) {
            return name;
        }
        let slug = entry.signature.slug();
        let words = format!("{slug}-{}-{}", entry.simulation, entry.bug.as_deref().unwrap_or("no-bug"));
        let words = words.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let numbered = (2..).map(|nth| format!("{words}-{nth}"));
        let mut names = [slug, words.clone()].into_iter().chain(numbered);
        // What cannot be read may be mended.
        names.find(|name| !self.root.join(name).exists()).expect("there is always a further number")
    }

    /// The name of the entry of the same simulation, bug and signature, if there is one.
    fn kept(&self, entry: &Entry) -> Option<String> {
        let whose = |entry: &Entry| (entry.simulation.clone(), entry.bug.clone(), entry.signature.clone());
        // One that cannot be read is told of where all are run again.
        let entries = self.holdings().unwrap_or_default().entries;
        entries.into_iter().find(|(_, other)| whose(other) == whose(entry)).map(|(name, _)| name)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, CorpusError> {
        let path = self.root.join(name);
        // A name that leads out of the corpus would remove other people's folders.
        let is_name = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if is_name && path.join(SEED).is_file() { Ok(path) } else { Err(CorpusError::Unknown(name.to_string())) }
    }
}

fn read(path: &Path) -> Result<Entry, CorpusError> {
    let mut entry: Entry = read_json(&path.join(SEED))?;
    entry.overrides = read_json(&path.join(OVERRIDES))?;
    Ok(entry)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, CorpusError> {
    let text = fs::read_to_string(path).map_err(file(path))?;
    serde_json::from_str(&text).map_err(|source| CorpusError::Form { path: path.to_path_buf(), source })
}

fn write_entry(path: &Path, entry: &Entry) -> Result<(), CorpusError> {
    let json = serde_json::to_string_pretty(entry).expect("an entry has nothing that JSON lacks");
    write(&path.join(SEED), &format!("{json}\n"))
}

/// Writes a file whole or not at all: two sweeps may run at once.
fn write(path: &Path, text: &str) -> Result<(), CorpusError> {
    let part = path.with_extension(format!("part-{}", std::process::id()));
    fs::write(&part, text).and_then(|()| fs::rename(&part, path)).map_err(file(path))
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> CorpusError + use<> {
    let path = path.to_path_buf();
    move |source| CorpusError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::Domain;

    /// A corpus in a folder of its own, which goes with it.
    struct Scratch(Corpus);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let folder = format!("wavetank-corpus-{name}-{}", std::process::id());
            Scratch(Corpus::new(std::env::temp_dir().join(folder)))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(self.0.root());
        }
    }

    fn entries(corpus: &Corpus, why: &str) -> Vec<(String, Entry)> {
        let holdings = corpus.holdings().expect(why);
        assert!(holdings.broken.is_empty(), "{:?}", holdings.broken);
        holdings.entries
    }

    fn entry(simulation: &str, seed: u64) -> Entry {
        let mut overrides = Overrides::new();
        overrides.set_domain_benign(Domain::new("network.latency"));
        Entry {
            simulation: simulation.into(),
            seed,
            bug: None,
            signature: Signature { property: "always: \"no write is lost\"".into(), ..Signature::default() },
            failure: "a write is lost".into(),
            reproduce: format!("cargo xtask replay {simulation} --seed {seed}"),
            versions: Versions::at(Some("abc".into())),
            size: Some(Size::default()),
            clean: Vec::new(),
            overrides,
        }
    }

    #[test]
    fn a_smaller_run_of_the_same_sources_stays() {
        let scratch = Scratch::new("smaller");
        let corpus = &scratch.0;
        let sized = |seed, atoms| Entry { size: Some(Size { atoms, ..Size::default() }), ..entry("kv", seed) };
        let check = |entry: &Entry, kept: u64| {
            corpus.keep(entry, &Beside::default()).expect("it is written");
            let seeds: Vec<u64> = entries(corpus, "they are read").iter().map(|(_, entry)| entry.seed).collect();
            assert_eq!(seeds, [kept]);
        };
        check(&sized(1, 300), 1);
        check(&sized(2, 3), 2);
        check(&sized(3, 300), 2);
        check(&sized(4, 3), 4);
        // Whether it still fails in other sources nobody knows.
        check(&Entry { versions: Versions::at(Some("def".into())), ..sized(5, 300) }, 5);
    }

    #[test]
    fn what_is_kept_comes_back() {
        let scratch = Scratch::new("kept");
        let corpus = &scratch.0;
        assert_eq!(entries(corpus, "no folder is no entry"), []);
        let beside = Beside { recipe: Some("one line".into()), ..Beside::default() };
        let path = corpus.keep(&entry("kv", 7), &beside).expect("it is written");
        assert_eq!(fs::read_to_string(path.join("recipe.txt")).expect("it is there"), "one line");
        corpus.keep(&entry("kv", 8), &Beside::default()).expect("it is replaced");
        corpus.keep(&entry("counter", 9), &Beside::default()).expect("it is another simulation's");
        let entries = entries(corpus, "they are read");
        let found: Vec<Entry> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        assert_eq!(found, [entry("kv", 8), entry("counter", 9)]);
        assert!(!path.join("recipe.txt").exists(), "the recipe is of the entry before");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_hides_nothing() {
        let scratch = Scratch::new("broken");
        let corpus = &scratch.0;
        corpus.keep(&entry("kv", 7), &Beside::default()).expect("it is written");
        for (name, seed) in [("a-first", "{}"), ("z-last", "no JSON")] {
            fs::create_dir_all(corpus.root().join(name)).expect("a folder");
            fs::write(corpus.root().join(name).join(SEED), seed).expect("it is written");
        }
        let Holdings { entries, broken } = corpus.holdings().expect("the folder is read");
        assert_eq!(entries.iter().map(|(_, entry)| entry.seed).collect::<Vec<_>>(), [7]);
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        assert!(broken[0].contains("a-first/seed.json: it is no entry of the corpus"), "{broken:?}");
        assert!(broken.len() == 2 && broken[1].contains("z-last/seed.json"), "{broken:?}");
    }

    #[test]
    fn what_is_clean_for_long_enough_retires() {
        let scratch = Scratch::new("clean");
        let corpus = &scratch.0;
        corpus.keep(&entry("kv", 7), &Beside::default()).expect("it is written");
        let name = entries(corpus, "it is read")[0].0.clone();
        let note = |revision: &str| corpus.note_clean(&name, revision).expect("it is noted");
        assert_eq!(note("r0"), Standing::Stays(1));
        assert_eq!(note("r0"), Standing::Stays(1));
        assert_eq!(note("r1-dirty"), Standing::Stays(1));
        corpus.note_red(&name, &entry("kv", 7).signature).expect("it is noted");
        for revision in 1..CLEAN_REVISIONS {
            assert_eq!(note(&format!("r{revision}")), Standing::Stays(revision));
        }
        assert_eq!(note("the last"), Standing::Retired);
        assert_eq!(entries(corpus, "it is read"), []);
    }

    #[test]
    fn two_lines_are_two_entries_and_a_line_that_moves_takes_its_entry_along() {
        let scratch = Scratch::new("lines");
        let corpus = &scratch.0;
        let at = |line: u32| Signature { property: format!("panic at src/log.rs:{line}"), ..Signature::default() };
        let keep = |line: u32| {
            let entry = Entry { signature: at(line), ..entry("kv", line.into()) };
            corpus.keep(&entry, &Beside::default()).expect("it is written")
        };
        let (first, second) = (keep(7), keep(9));
        assert_ne!(first, second);
        let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("a name").to_string();
        // Three lines were put above both.
        corpus.note_red(&name(&first), &at(10)).expect("it is noted");
        corpus.note_red(&name(&second), &at(12)).expect("it is noted");
        assert_eq!((keep(10), keep(12)), (first.clone(), second.clone()));
        // The second bug is seen where the first was: each keeps its own.
        corpus.note_red(&name(&first), &at(12)).expect("it is noted");
        assert_eq!((keep(10), keep(12)), (first.clone(), second));
        assert_ne!(keep(7), first, "its folder is taken");
        assert_eq!(corpus.holdings().expect("they are read").entries.len(), 3);
        corpus.note_red(&name(&first), &entry("kv", 7).signature).expect("it is noted");
        assert_eq!(keep(10), first, "another failure is no reason to forget its own");
    }

    #[test]
    fn what_leads_out_of_the_corpus_is_not_removed() {
        let scratch = Scratch::new("out");
        let corpus = Corpus::new(scratch.0.root().join("inside"));
        scratch.0.keep(&entry("kv", 7), &Beside::default()).expect("it is written");
        let name = entries(&scratch.0, "it is read")[0].0.clone();
        fs::create_dir_all(corpus.root()).expect("a folder");
        for wrong in [format!("../{name}"), "..".into(), ".".into(), String::new(), "nobody".into()] {
            assert!(matches!(corpus.retire(&wrong), Err(CorpusError::Unknown(_))), "{wrong}");
        }
        scratch.0.retire(&name).expect("it is there");
    }
}
