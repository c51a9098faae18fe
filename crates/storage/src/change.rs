//! Changes of directories that are not durable yet: what a sync of a directory
//! settles, and what a crash undoes. Decides no fate by itself.

use crate::kinds;
use crate::page::Pages;
use crate::survival::Judge;
use crate::told;
use crate::volume::Volume;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

/// A name in a directory, and what it led to.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) dir: u32,
    pub(crate) name: OsString,
    pub(crate) before: Option<u32>,
    pub(crate) after: Option<u32>,
    /// The directory was synced since; a change is durable once all its edits are.
    pub(crate) synced: bool,
}

/// A creation or removal (one edit), or a renaming (two, which survive together).
#[derive(Debug)]
pub(crate) struct Change {
    /// Its number on this volume.
    pub(crate) nth: u64,
    /// The inode whose name it is, and the how manieth change of that.
    pub(crate) entity: u64,
    pub(crate) order: u64,
    /// It moves a directory. Those survive in order, or two of them could put one
    /// directory into the other and that one into the first.
    pub(crate) moves_directory: bool,
    pub(crate) edits: Vec<Edit>,
}

/// Changes beyond which the older half is committed, as a journal does when it is full.
const PENDING_MOST: usize = 8192;

/// Names that a later change depends on.
#[derive(Default)]
struct Slots<'a> {
    names: BTreeSet<(u32, &'a OsStr)>,
    directories_moved: bool,
}

impl<'a> Slots<'a> {
    fn touches(&self, change: &Change) -> bool {
        (change.moves_directory && self.directories_moved)
            || change.edits.iter().any(|edit| self.names.contains(&(edit.dir, edit.name.as_os_str())))
    }

    fn add(&mut self, change: &'a Change) {
        self.directories_moved |= change.moves_directory;
        self.names.extend(change.edits.iter().map(|edit| (edit.dir, edit.name.as_os_str())));
    }
}

impl Volume {
    /// Records a change of one name, or of two at once, and makes it.
    pub(crate) fn change(&mut self, pages: &mut Pages, inode: u32, edits: Vec<Edit>) {
        self.changed += 1;
        let subject = &mut self.inodes[inode as usize];
        subject.renames += 1;
        let change = Change {
            nth: self.changed,
            entity: subject.entity,
            order: subject.renames,
            moves_directory: edits.len() == 2 && subject.body == crate::inode::Body::Directory,
            edits,
        };
        for edit in &change.edits {
            for inode in [Some(edit.dir), edit.before, edit.after].into_iter().flatten() {
                self.inodes[inode as usize].mentions += 1;
            }
            self.point(pages, edit.dir, &edit.name, edit.after);
        }
        self.pending.push(change);
        if self.pending.len() > PENDING_MOST {
            // What is oldest builds on nothing that is left.
            for change in self.pending.drain(..PENDING_MOST / 2).collect::<Vec<_>>() {
                self.forget(pages, &change);
            }
        }
    }

    /// Makes the changes up to the `mark`th in a directory durable, and those they build on.
    pub(crate) fn settle(&mut self, pages: &mut Pages, dir: u32, mark: u64) {
        for edit in self.pending.iter_mut().filter(|change| change.nth <= mark).flat_map(|change| &mut change.edits) {
            edit.synced |= edit.dir == dir;
        }
        let mut settled = vec![false; self.pending.len()];
        let mut slots = Slots::default();
        for (change, settled) in self.pending.iter().zip(&mut settled).rev() {
            *settled = change.edits.iter().all(|edit| edit.synced) || slots.touches(change);
            if *settled {
                slots.add(change);
            }
        }
        let changes = std::mem::take(&mut self.pending);
        for (change, settled) in changes.into_iter().zip(settled) {
            if settled {
                self.forget(pages, &change);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// The machine crashed: undoes the changes that do not survive, last first.
    pub(crate) fn crash_entries(&mut self, pages: &mut Pages, judge: &mut Judge<'_>) {
        let changes = std::mem::take(&mut self.pending);
        let mut lost = Vec::with_capacity(changes.len());
        let mut slots = Slots::default();
        for change in &changes {
            let gone = slots.touches(change) || judge.loses(&kinds::ENTRY_LOST, change.entity, change.order);
            if gone {
                let name = change.edits.first().map(|edit| &*edit.name);
                judge.kernel.tell("storage.lost", |telling| told::takes_name(telling, judge.target, name));
                slots.add(change);
            }
            lost.push(gone);
        }
        for (change, _) in changes.iter().zip(&lost).rev().filter(|(_, lost)| **lost) {
            for edit in change.edits.iter().rev() {
                debug_assert_eq!(
                    self.inodes[edit.dir as usize].entries.get(&edit.name).copied(),
                    edit.after,
                    "what survives of one name is its first changes"
                );
                self.point(pages, edit.dir, &edit.name, edit.before);
                self.inodes[edit.dir as usize].scars.insert(edit.name.clone());
            }
        }
        for change in &changes {
            self.forget(pages, change);
        }
    }

    /// What a name leads to if nothing survives that was not synced.
    pub(crate) fn durable_entry(&self, dir: u32, name: &OsStr) -> Option<u32> {
        let first = self.pending.iter().flat_map(|change| &change.edits).find(|e| e.dir == dir && e.name == name);
        match first {
            Some(edit) => edit.before,
            None => self.inodes[dir as usize].entries.get(name).copied(),
        }
    }

    /// Makes a name lead somewhere else, or nowhere.
    fn point(&mut self, pages: &mut Pages, dir: u32, name: &OsStr, to: Option<u32>) {
        let entries = &mut self.inodes[dir as usize].entries;
        let old = match to {
            Some(inode) => entries.insert(name.to_os_string(), inode),
            None => entries.remove(name),
        };
        if let Some(inode) = to {
            self.inodes[inode as usize].names += 1;
        }
        if let Some(inode) = old {
            self.inodes[inode as usize].names -= 1;
            self.release(pages, inode);
        }
    }

    fn forget(&mut self, pages: &mut Pages, change: &Change) {
        for edit in &change.edits {
            for inode in [Some(edit.dir), edit.before, edit.after].into_iter().flatten() {
                self.unmention(pages, inode);
            }
        }
    }
}
