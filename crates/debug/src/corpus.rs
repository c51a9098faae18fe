//! The corpus: failures that were found, each a folder of files that people and the next
//! sweep read. Running what is in it is for the command line.

#![expect(clippy::disallowed_methods, reason = "what is kept lies on the real disk, which no run sees")]

mod entry;
mod error;

pub use entry::{Beside, Entry, Versions};
pub use error::CorpusError;

use crate::shrink::Size;
use entry::{SEED, is_commit};
use error::file;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wavetank_harness::Signature;

/// Revisions in which an entry must have been green before it retires by itself.
pub const CLEAN_REVISIONS: usize = 50;
/// The folder of a workspace's corpus.
pub const FOLDER: &str = "failures";

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

/// Where an entry is that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In this folder.
    New(PathBuf),
    /// It is not: a smaller run of the same failure is in this folder, with a seed and overrides
    /// of its own, and stays.
    Smaller(PathBuf),
}

/// The failures of a workspace.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
}

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
        let mut holdings = Holdings::default();
        for name in self.names()? {
            match Entry::read(&self.root.join(&name)) {
                Ok(entry) => holdings.entries.push((name, entry)),
                Err(error) => holdings.broken.push(error),
            }
        }
        Ok(holdings)
    }

    /// The names of its entries, in their order.
    fn names(&self) -> Result<Vec<String>, CorpusError> {
        let listed = match fs::read_dir(&self.root) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
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
        Ok(names)
    }

    /// Where an entry belongs: in place of one of the same simulation, bug and signature,
    /// unless that is smaller; or under the name of its signature. `now` runs that one again: how
    /// large it is by now, or nothing if it does not fail in the same way any more. Writes nothing,
    /// so that the entry can say where it lies.
    pub fn place(&self, entry: &Entry, now: impl FnOnce(&Entry) -> Option<Size>) -> Kept {
        let path = self.root.join(self.name(entry));
        let old = Entry::read(&path).ok().and_then(|old| now(&old));
        if old.is_some_and(|size| entry.is_larger_than(size)) { Kept::Smaller(path) } else { Kept::New(path) }
    }

    /// Notes that an entry was green in a revision. One with uncommitted changes does not count.
    ///
    /// # Errors
    /// If there is no such entry, or it cannot be written.
    pub fn note_clean(&self, name: &str, revision: &str) -> Result<Standing, CorpusError> {
        let path = self.folder(name)?;
        let mut entry = Entry::read(&path)?;
        if is_commit(revision) && !entry.clean.iter().any(|clean| clean == revision) {
            entry.clean.push(revision.to_string());
            entry.write_seed(&path)?;
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
        let mut entry = Entry::read(&path)?;
        let moved = Entry { signature: found.clone(), ..entry.clone() };
        let is_moved = found.is_moved(&entry.signature) && self.kept(&moved).is_none();
        if entry.clean.is_empty() && !is_moved {
            return Ok(());
        }
        if is_moved {
            entry = moved;
        }
        entry.clean.clear();
        entry.write_seed(&path)
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

    /// The name of the entry of the same simulation, bug and signature, if there is one. One
    /// with the overrides of another run is mended so.
    fn kept(&self, entry: &Entry) -> Option<String> {
        let whose = |entry: &Entry| (entry.simulation.clone(), entry.bug.clone(), entry.signature.clone());
        let is_its =
            |name: &String| Entry::read_seed(&self.root.join(name)).is_ok_and(|one| whose(&one) == whose(entry));
        // A folder that cannot be read is told of where all are run again.
        self.names().unwrap_or_default().into_iter().find(is_its)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, CorpusError> {
        let path = self.root.join(name);
        // A name that leads out of the corpus would remove other people's folders.
        let is_name = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if is_name && path.join(SEED).is_file() { Ok(path) } else { Err(CorpusError::Unknown(name.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::{Domain, Overrides};

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

    /// Keeps an entry where it belongs, if what is there fails as it did.
    fn keep(corpus: &Corpus, entry: &Entry, beside: &Beside) -> Result<Kept, CorpusError> {
        let place = corpus.place(entry, |old| old.size);
        if let Kept::New(path) = &place {
            entry.write(path, beside)?;
        }
        Ok(place)
    }

    /// Keeps an entry, and says in which folder.
    fn kept(corpus: &Corpus, entry: &Entry, beside: &Beside) -> PathBuf {
        match keep(corpus, entry, beside).expect("it is written") {
            Kept::New(path) => path,
            Kept::Smaller(path) => panic!("a smaller one is in {}", path.display()),
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
    fn a_smaller_run_stays_if_it_still_fails() {
        let scratch = Scratch::new("smaller");
        let corpus = &scratch.0;
        let sized = |seed, atoms| Entry { size: Some(Size { atoms, ..Size::default() }), ..entry("kv", seed) };
        let check = |entry: &Entry, kept: u64| {
            let told = keep(corpus, entry, &Beside::default()).expect("it is written");
            assert_eq!(matches!(told, Kept::New(_)), kept == entry.seed, "{told:?}");
            let seeds: Vec<u64> = entries(corpus, "they are read").iter().map(|(_, entry)| entry.seed).collect();
            assert_eq!(seeds, [kept]);
        };
        check(&sized(1, 300), 1);
        check(&sized(2, 3), 2);
        check(&sized(3, 300), 2);
        check(&sized(4, 3), 4);
        check(&Entry { versions: Versions::at(Some("def-dirty".into())), ..sized(5, 300) }, 4);
        // The sources were edited meanwhile: it is larger, or fails no more.
        let size = Size { atoms: 301, ..Size::default() };
        assert!(matches!(corpus.place(&sized(6, 300), |_| Some(size)), Kept::New(_)));
        assert!(matches!(corpus.place(&sized(6, 300), |_| None), Kept::New(_)));
    }

    #[test]
    fn what_cannot_be_written_leaves_the_entry_before_as_it_was() {
        let scratch = Scratch::new("half");
        let corpus = &scratch.0;
        let beside = Beside { recipe: Some("one line".into()), witness: Some("a test".into()), ..Beside::default() };
        let path = kept(corpus, &entry("kv", 7), &beside);
        let names = || {
            let names = fs::read_dir(&path).expect("a folder").map(|file| file.expect("a file").file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().expect("a name")).collect();
            names.sort();
            names
        };
        let before = names();
        // As where the disk is full by then: the folder takes no such file.
        let last = path.join(format!("witness.part-{}", std::process::id()));
        fs::create_dir(&last).expect("a folder");
        let other = Entry { overrides: Overrides::new(), ..entry("kv", 8) };
        let other_beside = Beside { recipe: Some("another".into()), ..beside };
        keep(corpus, &other, &other_beside).expect_err("it cannot be written");
        fs::remove_dir(&last).expect("it is still there");
        assert_eq!(entries(corpus, "they are read").remove(0).1, entry("kv", 7), "with its own overrides");
        assert_eq!(fs::read_to_string(path.join("recipe.txt")).expect("it is there"), "one line");
        assert_eq!(names(), before, "what was half written is gone");
    }

    #[test]
    fn what_is_kept_comes_back() {
        let scratch = Scratch::new("kept");
        let corpus = &scratch.0;
        assert_eq!(entries(corpus, "no folder is no entry"), []);
        let beside = Beside { recipe: Some("one line".into()), ..Beside::default() };
        let path = kept(corpus, &entry("kv", 7), &beside);
        assert_eq!(fs::read_to_string(path.join("recipe.txt")).expect("it is there"), "one line");
        keep(corpus, &entry("kv", 8), &Beside::default()).expect("it is replaced");
        keep(corpus, &entry("counter", 9), &Beside::default()).expect("it is another simulation's");
        let planted = Entry { bug: Some("early".into()), ..entry("kv", 10) };
        keep(corpus, &planted, &Beside::default()).expect("it is a bug's");
        let entries = entries(corpus, "they are read");
        let found: Vec<Entry> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        assert_eq!(found, [entry("kv", 8), entry("counter", 9), planted]);
        assert!(!path.join("recipe.txt").exists(), "the recipe is of the entry before");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_hides_nothing() {
        let scratch = Scratch::new("broken");
        let corpus = &scratch.0;
        keep(corpus, &entry("kv", 7), &Beside::default()).expect("it is written");
        for (name, seed) in [("a-first", "{}"), ("z-last", "no JSON")] {
            fs::create_dir_all(corpus.root().join(name)).expect("a folder");
            fs::write(corpus.root().join(name).join(SEED), seed).expect("it is written");
        }
        let Holdings { entries, broken } = corpus.holdings().expect("the folder is read");
        assert_eq!(entries.iter().map(|(_, entry)| entry.seed).collect::<Vec<_>>(), [7]);
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        assert!(broken[0].contains("a-first/seed.json: it is no entry of the corpus"), "{broken:?}");
        assert!(broken.len() == 2 && broken[1].contains("z-last/seed.json"), "{broken:?}");
        let mixed = kept(corpus, &entry("kv", 7), &Beside::default());
        fs::write(mixed.join("overrides.json"), "{}").expect("it is written");
        assert_eq!(corpus.holdings().expect("the folder is read").broken.len(), 3);
        assert_eq!(corpus.place(&entry("kv", 8), |old| old.size), Kept::New(mixed), "who finds it again mends it");
    }

    #[test]
    fn what_is_clean_for_long_enough_retires() {
        let scratch = Scratch::new("clean");
        let corpus = &scratch.0;
        keep(corpus, &entry("kv", 7), &Beside::default()).expect("it is written");
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
            kept(corpus, &entry, &Beside::default())
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
        keep(&scratch.0, &entry("kv", 7), &Beside::default()).expect("it is written");
        let name = entries(&scratch.0, "it is read")[0].0.clone();
        fs::create_dir_all(corpus.root()).expect("a folder");
        for wrong in [format!("../{name}"), "..".into(), ".".into(), String::new(), "nobody".into()] {
            assert!(matches!(corpus.retire(&wrong), Err(CorpusError::Unknown(_))), "{wrong}");
        }
        scratch.0.retire(&name).expect("it is there");
    }
}
