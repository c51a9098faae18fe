//! What the calls on names do to a file system, as Linux has them. Nothing of it is
//! durable before its directory is synced.

use crate::broken::Broken;
use crate::change::Edit;
use crate::errno::Errno;
use crate::inode::Body;
use crate::page::Pages;
use crate::path::{Route, Step, key};
use crate::volume::{Place, ROOT, Volume};
use std::ffi::{OsStr, OsString};
use wavetank_core::{EntryKind, OpenOptions};
use wavetank_engine::mix;

impl Volume {
    fn find(&mut self, route: &Route) -> Result<u32, Errno> {
        self.resolve(route)?.inode.ok_or(Errno::NOT_FOUND)
    }

    pub(crate) fn find_directory(&mut self, route: &Route) -> Result<u32, Errno> {
        let inode = self.find(route)?;
        if self.is_directory(inode) { Ok(inode) } else { Err(Errno::NOT_A_DIRECTORY) }
    }

    pub(crate) fn exists(&mut self, route: &Route, broken: Option<Broken>) -> Result<bool, Errno> {
        match self.resolve(route) {
            Ok(Place { inode: Some(inode), .. }) if broken == Some(Broken::ExistsTruly) => {
                Ok(self.is_directory(inode) || self.inodes[inode as usize].content.size > 0)
            }
            Ok(place) => Ok(place.inode.is_some()),
            Err(Errno::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens or creates a file, as `open(2)` does.
    pub(crate) fn open(
        &mut self,
        pages: &mut Pages,
        route: &Route,
        options: OpenOptions,
        broken: Option<Broken>,
    ) -> Result<u32, Errno> {
        let place = match self.walk(route) {
            Err(Errno::NOT_A_DIRECTORY) if broken == Some(Broken::NothingBelowFile) => return Err(Errno::NOT_FOUND),
            walked => walked?,
        };
        let creates = options.create || options.create_new || broken == Some(Broken::MissingNotFound);
        if route.slash && creates && place.entry.is_some() {
            return Err(Errno::IS_A_DIRECTORY);
        }
        let Some(inode) = place.inode else {
            let Some((dir, name)) = place.entry.filter(|_| creates) else { return Err(Errno::NOT_FOUND) };
            return Ok(self.create(pages, dir, name, Body::File));
        };
        if options.create_new && broken != Some(Broken::CreateNewExists) {
            return Err(Errno::EXISTS);
        }
        if self.is_directory(inode) && broken == Some(Broken::DirectoryIsNoFile) {
            return Ok(inode);
        }
        if self.is_directory(inode) {
            // Linux would open it for reading; our providers do not, in either world.
            return Err(Errno::IS_A_DIRECTORY);
        }
        if route.slash {
            return Err(Errno::NOT_A_DIRECTORY);
        }
        let is_emptied = match broken {
            Some(Broken::TruncateEmpties) => false,
            Some(Broken::CreateKeeps) => options.truncate || (options.create && options.write),
            _ => options.truncate,
        };
        if is_emptied {
            self.resize(pages, inode, 0).expect("a file can always be cut off");
        }
        Ok(inode)
    }

    fn create(&mut self, pages: &mut Pages, dir: u32, name: &OsStr, body: Body) -> u32 {
        let path = mix(self.inodes[dir as usize].entity, key(name));
        let births = self.births.entry(path).or_insert(0);
        *births += 1;
        let entity = mix(path, *births);
        let inode = self.allocate(body, entity);
        let edit = Edit { dir, name: name.to_os_string(), before: None, after: Some(inode), synced: false };
        self.change(pages, inode, vec![edit]);
        inode
    }

    /// Removes a file's name.
    pub(crate) fn delete(&mut self, pages: &mut Pages, route: &Route, broken: Option<Broken>) -> Result<(), Errno> {
        let place = self.resolve(route)?;
        let inode = place.inode.ok_or(Errno::NOT_FOUND)?;
        if self.is_directory(inode) && broken != Some(Broken::DeleteChecksKind) {
            return Err(Errno::IS_A_DIRECTORY);
        }
        if broken == Some(Broken::DeleteKeepsOpen) {
            self.resize(pages, inode, 0).expect("a file can always be cut off");
        }
        self.unlink(pages, place.entry, inode);
        Ok(())
    }

    fn unlink(&mut self, pages: &mut Pages, entry: Option<(u32, &OsStr)>, inode: u32) {
        let (dir, name) = entry.expect("what is not the root has a name");
        let edit = Edit { dir, name: name.to_os_string(), before: Some(inode), after: None, synced: false };
        self.change(pages, inode, vec![edit]);
    }

    /// Removes an empty directory.
    pub(crate) fn remove_dir(&mut self, pages: &mut Pages, route: &Route, broken: Option<Broken>) -> Result<(), Errno> {
        let place = self.resolve(route)?;
        let inode = place.inode.ok_or(Errno::NOT_FOUND)?;
        if !self.is_directory(inode) && broken != Some(Broken::RemoveDirChecksKind) {
            return Err(Errno::NOT_A_DIRECTORY);
        }
        if place.entry.is_none() {
            return Err(match route.steps.last() {
                Some(Step::Here) => Errno::INVALID,
                Some(_) => Errno::NOT_EMPTY,
                None => Errno::BUSY,
            });
        }
        if !self.inodes[inode as usize].entries.is_empty() && broken != Some(Broken::RemoveDirEmpty) {
            return Err(Errno::NOT_EMPTY);
        }
        self.unlink(pages, place.entry, inode);
        Ok(())
    }

    /// Renames, as `rename(2)` does.
    pub(crate) fn rename(
        &mut self,
        pages: &mut Pages,
        from: &Route,
        to: &Route,
        broken: Option<Broken>,
    ) -> Result<(), Errno> {
        let source = self.walk_above(from)?;
        let target = self.walk_above(to)?;
        let (Some((from_dir, from_name)), Some((to_dir, to_name))) = (source.entry, target.entry) else {
            return Err(Errno::BUSY);
        };
        // Linux: both directories first, then the old name, and then the new one.
        source.check_name()?;
        let Some(inode) = source.inode else {
            return if broken == Some(Broken::RenameNotFound) { Ok(()) } else { Err(Errno::NOT_FOUND) };
        };
        target.check_name()?;
        let moves_directory = self.is_directory(inode);
        if (from.slash || to.slash) && !moves_directory {
            return Err(Errno::NOT_A_DIRECTORY);
        }
        if target.trail.contains(&inode) && target.inode != Some(inode) {
            return Err(Errno::INVALID);
        }
        if let Some(replaced) = target.inode {
            if replaced == inode {
                return Ok(());
            }
            match (moves_directory, self.is_directory(replaced)) {
                (true, false) => return Err(Errno::NOT_A_DIRECTORY),
                (_, true) if source.trail.contains(&replaced) => return Err(Errno::NOT_EMPTY),
                (false, true) => return Err(Errno::IS_A_DIRECTORY),
                (true, true) if broken == Some(Broken::RenameChecksKinds) => {}
                (true, true) if !self.inodes[replaced as usize].entries.is_empty() => return Err(Errno::NOT_EMPTY),
                (false, _) if broken == Some(Broken::RenameReplaces) => return Err(Errno::EXISTS),
                _ => {}
            }
        }
        let edit = |dir, name: &OsStr, before, after| Edit { dir, name: name.into(), before, after, synced: false };
        let gone = edit(from_dir, from_name, Some(inode), None);
        let there = edit(to_dir, to_name, target.inode, Some(inode));
        match broken {
            Some(Broken::RenameMoves) if from_dir != to_dir => self.change(pages, inode, vec![there]),
            Some(Broken::RenameTakesAlong) if moves_directory && target.inode.is_none() => {
                self.create(pages, to_dir, to_name, Body::Directory);
                self.change(pages, inode, vec![gone]);
            }
            // The new name first: at no instant is the inode without one.
            _ => self.change(pages, inode, vec![there, gone]),
        }
        Ok(())
    }

    /// Creates the directories of a path that are missing, no more than `most` of them.
    pub(crate) fn create_dir_all(
        &mut self,
        pages: &mut Pages,
        route: &Route,
        most: u64,
        broken: Option<Broken>,
    ) -> Result<(), Errno> {
        let (mut trail, mut created) = (vec![ROOT], 0);
        for (position, step) in route.steps.iter().enumerate() {
            let dir = *trail.last().expect("the root stays on the trail");
            let name = match step {
                Step::Name(name) => name,
                Step::Here => continue,
                Step::Up => {
                    if trail.len() > 1 {
                        trail.pop();
                    }
                    continue;
                }
            };
            match self.look_for(dir, name)? {
                Some(inode) if self.is_directory(inode) => trail.push(inode),
                Some(_) if position + 1 == route.steps.len() => {
                    return if broken == Some(Broken::CreateDirChecksKind) { Ok(()) } else { Err(Errno::EXISTS) };
                }
                Some(_) => return Err(Errno::NOT_A_DIRECTORY),
                // As std, which creates what is above, but never a dot.
                None if route.steps.get(position + 1) == Some(&Step::Here) => return Err(Errno::NOT_FOUND),
                None if created == most => return Ok(()),
                None => {
                    created += 1;
                    trail.push(self.create(pages, dir, name, Body::Directory));
                }
            }
        }
        if created == 0 && broken == Some(Broken::CreateDirAllRepeats) { Err(Errno::EXISTS) } else { Ok(()) }
    }

    /// The entries of a directory, by name.
    pub(crate) fn read_dir(
        &mut self,
        route: &Route,
        broken: Option<Broken>,
    ) -> Result<Vec<(OsString, EntryKind)>, Errno> {
        let dir = match self.find_directory(route) {
            Err(Errno::NOT_FOUND) if broken == Some(Broken::ReadDirNotFound) => return Ok(Vec::new()),
            found => found?,
        };
        if self.is_heard {
            let scars = &mut self.inodes[dir as usize].scars;
            self.noticed += scars.len() as u32;
            scars.clear();
        }
        let entries = &self.inodes[dir as usize].entries;
        let kind = |inode: u32| if self.is_directory(inode) { EntryKind::Dir } else { EntryKind::File };
        Ok(entries.iter().map(|(name, &inode)| (name.clone(), kind(inode))).collect())
    }
}
