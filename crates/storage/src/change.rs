//! Changes of directories that are not durable yet: what a sync of a directory
//! settles, and what a crash undoes. Decides no fate by itself.

use crate::inode::Body;
use crate::kinds;
use crate::needs::Needs;
use crate::page::Pages;
use crate::survival::Judge;
use crate::told;
use crate::volume::Volume;
use std::ffi::{OsStr, OsString};

/// A name in a directory, and what it led to.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) dir: u32,
    pub(crate) name: OsString,
    pub(crate) before: Option<u32>,
    pub(crate) after: Option<u32>,
    /// The directory was synced since. A change is durable once all its edits are, or one that
    /// builds on it is, and what it needs is.
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
    /// That inode is a directory. Moves of those survive in order, or two of them could
    /// put one directory into the other and that one into the first.
    pub(crate) directory: bool,
    pub(crate) edits: Vec<Edit>,
}

/// Changes beyond which the older half is committed, as a journal does when it is full.
const PENDING_MOST: usize = 8192;

impl Change {
    pub(crate) fn moves_directory(&self) -> bool {
        self.directory && self.edits.len() == 2
    }

    fn is_synced(&self) -> bool {
        self.edits.iter().all(|edit| edit.synced)
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
            directory: subject.body == Body::Directory,
            edits,
        };
        for edit in &change.edits {
            for inode in [Some(edit.dir), edit.before, edit.after].into_iter().flatten() {
                self.inodes[inode as usize].mentions += 1;
            }
            self.point(pages, edit.dir, &edit.name, edit.after);
            self.inodes[edit.dir as usize].scars.remove(&edit.name);
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
        let needs = Needs::among(&self.pending);
        let sure = needs.below(|nth| self.pending[nth].is_synced());
        let open = needs.open(&sure);
        for (change, open) in std::mem::take(&mut self.pending).into_iter().zip(open) {
            if open {
                self.pending.push(change);
            } else {
                self.forget(pages, &change);
            }
        }
    }

    /// The machine crashed: undoes the changes that do not survive, last first.
    pub(crate) fn crash_entries(&mut self, pages: &mut Pages, judge: &mut Judge<'_>) {
        let changes = std::mem::take(&mut self.pending);
        let lost = Needs::among(&changes).lost(|nth, fallen| {
            let change = &changes[nth];
            let lost = fallen || !change.is_synced() && judge.loses(&kinds::ENTRY_LOST, change.entity, change.order);
            if lost {
                let name = change.edits.first().map(|edit| &*edit.name);
                judge.kernel.tell("storage.lost", |telling| told::takes_name(telling, judge.target, name));
            }
            lost
        });
        for (change, _) in changes.iter().zip(&lost).rev().filter(|(_, lost)| **lost) {
            for edit in &change.edits {
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

    /// Which of the pending changes go if nothing survives that was not synced.
    pub(crate) fn undurable(&self) -> Vec<bool> {
        Needs::among(&self.pending).lost(|nth, fallen| fallen || !self.pending[nth].is_synced())
    }

    /// What a name leads to without the pending changes that are `lost`.
    pub(crate) fn entry_without(&self, lost: &[bool], dir: u32, name: &OsStr) -> Option<u32> {
        let lost = self.pending.iter().zip(lost).filter(|(_, lost)| **lost);
        let first = lost.flat_map(|(change, _)| &change.edits).find(|edit| edit.dir == dir && edit.name == name);
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
