//! The book of names: what was done to which name, what of it was promised, and which trees a
//! crash may leave.
//!
//! A crash leaves what some of the changes that were not durable would have given, done in
//! their order, each of which found what it had found when it was done: its directories are
//! there, its names lead where they led, a directory that goes is empty, and none goes into
//! itself. A change is promised once each directory that it is in was synced after it; what is
//! promised has happened wherever its directories are there.

use std::collections::{BTreeMap, BTreeSet};

/// A file or a directory.
pub(crate) type Id = u64;
pub(crate) type Name = &'static str;
/// The directory that every path begins at.
pub(crate) const ROOT: Id = 0;

/// What is at which path: a file, or a directory.
pub(crate) type Listing = BTreeMap<String, Option<Id>>;

/// A name, what it led to, and what it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) dir: Id,
    pub(crate) name: Name,
    pub(crate) before: Option<Id>,
    pub(crate) after: Option<Id>,
}

/// What happens at once.
#[derive(Debug, Clone)]
struct Change {
    edits: Vec<Edit>,
    /// Directories that were not synced since.
    waits: BTreeSet<Id>,
}

/// Names, and where they lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    entries: BTreeMap<(Id, Name), Id>,
    directories: BTreeSet<Id>,
}

impl Tree {
    pub(crate) fn at(&self, dir: Id, name: Name) -> Option<Id> {
        self.entries.get(&(dir, name)).copied()
    }

    pub(crate) fn is_directory(&self, id: Id) -> bool {
        id == ROOT || self.directories.contains(&id)
    }

    pub(crate) fn is_empty(&self, dir: Id) -> bool {
        self.entries.range((dir, "")..(dir + 1, "")).next().is_none()
    }

    fn parent(&self, id: Id) -> Option<Id> {
        self.entries.iter().find(|(_, to)| **to == id).map(|((dir, _), _)| *dir)
    }

    /// Whether `id` is `above` or somewhere in it.
    pub(crate) fn is_within(&self, mut id: Id, above: Id) -> bool {
        while id != above {
            match self.parent(id) {
                Some(parent) => id = parent,
                None => return false,
            }
        }
        true
    }

    /// The directories that are there.
    pub(crate) fn directories(&self) -> Vec<Id> {
        let made = self.directories.iter().copied().filter(|&id| self.is_within(id, ROOT));
        std::iter::once(ROOT).chain(made).collect()
    }

    pub(crate) fn path(&self, id: Id) -> String {
        match self.entries.iter().find(|(_, to)| **to == id) {
            Some(((dir, name), _)) => format!("{}/{name}", self.path(*dir)),
            None => String::new(),
        }
    }

    /// All that is there, by path.
    pub(crate) fn listing(&self) -> Listing {
        let there = self.entries.iter().filter(|((dir, _), _)| self.is_within(*dir, ROOT));
        let told = |id: Id| (!self.is_directory(id)).then_some(id);
        there.map(|((dir, name), &id)| (format!("{}/{name}", self.path(*dir)), told(id))).collect()
    }

    fn has_directories_of(&self, change: &Change) -> bool {
        change.edits.iter().all(|edit| self.is_within(edit.dir, ROOT))
    }

    /// Whether a change finds what it found when it was done.
    fn fits(&self, change: &Change) -> bool {
        self.has_directories_of(change)
            && change.edits.iter().all(|edit| {
                let goes = edit.before.filter(|id| change.edits.iter().all(|other| other.after != Some(*id)));
                self.at(edit.dir, edit.name) == edit.before
                    && goes.is_none_or(|id| !self.is_directory(id) || self.is_empty(id))
                    && edit.after.is_none_or(|id| !self.is_directory(id) || !self.is_within(edit.dir, id))
            })
    }

    fn apply(&mut self, change: &Change) {
        for edit in &change.edits {
            match edit.after {
                Some(id) => self.entries.insert((edit.dir, edit.name), id),
                None => self.entries.remove(&(edit.dir, edit.name)),
            };
        }
    }
}

/// What was there for certain, and what was done since.
#[derive(Debug, Default)]
pub(crate) struct Names {
    base: Tree,
    changes: Vec<Change>,
    /// What processes see.
    pub(crate) now: Tree,
    made: Id,
}

impl Names {
    pub(crate) fn make(&mut self, is_directory: bool) -> Id {
        self.made += 1;
        for tree in [&mut self.base, &mut self.now].into_iter().filter(|_| is_directory) {
            tree.directories.insert(self.made);
        }
        self.made
    }

    /// Something was done, or is under way: nothing of it is promised.
    pub(crate) fn change(&mut self, edits: Vec<Edit>) {
        let waits = edits.iter().map(|edit| edit.dir).collect();
        let change = Change { edits, waits };
        assert!(self.now.fits(&change), "only what is possible is done: {change:?}");
        self.now.apply(&change);
        self.changes.push(change);
    }

    /// The last change was under way when its process died, and did not happen.
    pub(crate) fn take_back(&mut self) {
        self.changes.pop();
        self.now = self.base.clone();
        self.changes.iter().for_each(|change| self.now.apply(change));
    }

    /// Up to which change a sync that is asked for now reaches.
    pub(crate) fn mark(&self) -> usize {
        self.changes.len()
    }

    /// How many changes a crash may still undo, or not.
    pub(crate) fn open(&self) -> usize {
        self.changes.len()
    }

    /// A directory was synced up to a mark.
    pub(crate) fn synced(&mut self, dir: Id, mark: usize) {
        self.changes.iter_mut().take(mark).for_each(|change| _ = change.waits.remove(&dir));
        while let [first, ..] = &self.changes[..]
            && first.waits.is_empty()
        {
            let first = self.changes.remove(0);
            self.base.apply(&first);
        }
    }

    /// Whether a crash may leave what was found.
    pub(crate) fn allows(&self, found: &Listing) -> bool {
        self.any(self.base.clone(), &self.changes, &mut |tree| tree.listing() == *found)
    }

    /// All that a crash may leave.
    pub(crate) fn legal(&self) -> BTreeSet<Listing> {
        let mut legal = BTreeSet::new();
        self.any(self.base.clone(), &self.changes, &mut |tree| {
            legal.insert(tree.listing());
            false
        });
        legal
    }

    /// Whether any tree that comes of `tree` by some of `changes` is `wanted`.
    fn any(&self, tree: Tree, changes: &[Change], wanted: &mut impl FnMut(&Tree) -> bool) -> bool {
        let [first, rest @ ..] = changes else { return wanted(&tree) };
        let is_promised = first.waits.is_empty() && tree.has_directories_of(first);
        if tree.fits(first) {
            let mut with = tree.clone();
            with.apply(first);
            if self.any(with, rest, wanted) {
                return true;
            }
        }
        !is_promised && self.any(tree, rest, wanted)
    }

    /// What was found is what is there from now on.
    pub(crate) fn settle(&mut self, found: &Listing, names: &[Name]) {
        let mut tree = Tree::default();
        let mut paths = BTreeMap::from([(String::new(), ROOT)]);
        for (path, file) in found {
            let (dir, name) = path.rsplit_once('/').expect("each path has a slash");
            let name = names.iter().find(|known| **known == name).expect("no other names are given");
            let id = file.unwrap_or_else(|| {
                self.made += 1;
                tree.directories.insert(self.made);
                paths.insert(path.clone(), self.made);
                self.made
            });
            tree.entries.insert((paths[dir], *name), id);
        }
        (self.base, self.now) = (tree.clone(), tree);
        self.changes.clear();
    }
}
