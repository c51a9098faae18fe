//! One machine's file system: inodes, and the names that lead to them. Time and
//! handles are the device's business.

use crate::broken::Broken;
use crate::change::{Change, Edit};
use crate::content::FILE_BYTES_MOST;
use crate::errno::Errno;
use crate::inode::{Body, Inode};
use crate::operation::Request;
use crate::page::{PAGE, Pages};
use crate::path::{Route, Step, key};
use crate::survival::Judge;
use std::ffi::{OsStr, OsString};
use wavetank_core::collections::HashMap;
use wavetank_core::{EntryKind, OpenOptions};
use wavetank_engine::mix;

/// The directory that every path begins at.
pub(crate) const ROOT: u32 = 0;

/// A machine's file system.
#[derive(Debug, Default)]
pub(crate) struct Volume {
    pub(crate) inodes: Vec<Inode>,
    /// Inodes in use or free; those behind are left from earlier runs.
    pub(crate) live: usize,
    free: Vec<u32>,
    /// Changes of directories that are not durable yet, in order.
    pub(crate) pending: Vec<Change>,
    pub(crate) changed: u64,
    /// How often a file was born at a path.
    births: HashMap<u64, u64>,
    /// Pages that count as used space.
    pub(crate) used: u64,
    /// When the device is done with what it was given so far.
    pub(crate) busy_until: u64,
    /// How many times slower than configured the device is.
    pub(crate) slow: u32,
    /// How often it was made slow, and how often replaced.
    pub(crate) slowed: u64,
    pub(crate) wipes: u64,
    /// Scarred names that operations came across since this was last read.
    pub(crate) noticed: u32,
    /// The disk was replaced, and nobody has used the new one yet.
    pub(crate) wiped: bool,
}

/// Where a path leads.
pub(crate) struct Place<'a> {
    /// The directory of the last step, and the name there. [`None`]: the path ends at the root or in `..`.
    pub(crate) entry: Option<(u32, &'a OsStr)>,
    /// What is there.
    pub(crate) inode: Option<u32>,
    /// The directories on the way, the root first.
    trail: Vec<u32>,
}

impl Volume {
    /// Forgets everything but memory.
    pub(crate) fn unformat(&mut self) {
        for inode in &mut self.inodes[..self.live] {
            inode.content.forget();
            inode.entries.clear();
            inode.scars.clear();
            *inode = Inode { content: std::mem::take(&mut inode.content), ..Inode::default() };
        }
        self.live = 0;
        self.free.clear();
        self.pending.clear();
        self.births.clear();
        (self.changed, self.used, self.busy_until, self.slow, self.noticed) = (0, 0, 0, 1, 0);
        (self.slowed, self.wipes, self.wiped) = (0, 0, false);
    }

    /// An empty disk in machine `machine`.
    pub(crate) fn format(&mut self, machine: u32) {
        self.unformat();
        let root = self.allocate(Body::Directory, mix(u64::from(machine), MACHINES));
        assert_eq!(root, ROOT, "the root is the first inode of a disk");
        self.inodes[ROOT as usize].names = 1;
    }

    pub(crate) fn allocate(&mut self, body: Body, entity: u64) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.live += 1;
            if self.live > self.inodes.len() {
                self.inodes.push(Inode::default());
            }
            self.live as u32 - 1
        });
        let inode = &mut self.inodes[index as usize];
        debug_assert_eq!(inode.body, Body::Free, "a free inode is free");
        (inode.body, inode.entity, inode.counted) = (body, entity, true);
        index
    }

    /// Frees an inode that nothing refers to, and what only it led to.
    pub(crate) fn release(&mut self, pages: &mut Pages, index: u32) {
        let inode = &mut self.inodes[index as usize];
        if inode.counted && inode.names == 0 && inode.handles == 0 {
            inode.counted = false;
            self.used -= inode.content.held;
        }
        if inode.is_referred_to() || inode.body == Body::Free {
            return;
        }
        inode.content.clear(pages);
        let entries = std::mem::take(&mut inode.entries);
        *inode = Inode { content: std::mem::take(&mut inode.content), ..Inode::default() };
        self.free.push(index);
        for child in entries.into_values() {
            self.inodes[child as usize].names -= 1;
            self.release(pages, child);
        }
    }

    pub(crate) fn mention(&mut self, index: u32) {
        self.inodes[index as usize].mentions += 1;
    }

    pub(crate) fn unmention(&mut self, pages: &mut Pages, index: u32) {
        self.inodes[index as usize].mentions -= 1;
        self.release(pages, index);
    }

    fn is_directory(&self, inode: u32) -> bool {
        self.inodes[inode as usize].body == Body::Directory
    }

    /// Walks a path; if it ends in a slash, to a directory or nothing.
    pub(crate) fn resolve<'a>(&mut self, route: &'a Route) -> Result<Place<'a>, Errno> {
        let place = self.walk(route)?;
        let is_file = place.inode.is_some_and(|inode| !self.is_directory(inode));
        if route.slash && is_file { Err(Errno::NOT_A_DIRECTORY) } else { Ok(place) }
    }

    fn walk<'a>(&mut self, route: &'a Route) -> Result<Place<'a>, Errno> {
        let mut trail = vec![ROOT];
        let mut place = Place { entry: None, inode: Some(ROOT), trail: Vec::new() };
        for (position, step) in route.steps.iter().enumerate() {
            let dir = *trail.last().expect("the root stays on the trail");
            match step {
                Step::Up => {
                    if trail.len() > 1 {
                        trail.pop();
                    }
                    (place.entry, place.inode) = (None, trail.last().copied());
                }
                Step::Name(name) => {
                    self.notice(dir, name);
                    let found = self.inodes[dir as usize].entries.get(name).copied();
                    (place.entry, place.inode) = (Some((dir, name.as_os_str())), found);
                    match found {
                        Some(inode) if self.is_directory(inode) => trail.push(inode),
                        _ if position + 1 == route.steps.len() => {}
                        Some(_) => return Err(Errno::NOT_A_DIRECTORY),
                        None => return Err(Errno::NOT_FOUND),
                    }
                }
            }
        }
        place.trail = trail;
        Ok(place)
    }

    /// Counts a name that a crash changed, when somebody first looks it up.
    fn notice(&mut self, dir: u32, name: &OsStr) {
        let scars = &mut self.inodes[dir as usize].scars;
        if !scars.is_empty() && scars.remove(name) {
            self.noticed += 1;
        }
    }

    fn find(&mut self, route: &Route) -> Result<u32, Errno> {
        self.resolve(route)?.inode.ok_or(Errno::NOT_FOUND)
    }

    pub(crate) fn find_directory(&mut self, route: &Route) -> Result<u32, Errno> {
        let inode = self.find(route)?;
        if self.is_directory(inode) { Ok(inode) } else { Err(Errno::NOT_A_DIRECTORY) }
    }

    pub(crate) fn exists(&mut self, route: &Route) -> Result<bool, Errno> {
        match self.resolve(route) {
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
        let place = self.walk(route)?;
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
        if self.is_directory(inode) {
            // Linux would open it for reading; our providers do not, in either world.
            return Err(Errno::IS_A_DIRECTORY);
        }
        if route.slash {
            return Err(Errno::NOT_A_DIRECTORY);
        }
        if options.truncate && broken != Some(Broken::TruncateEmpties) {
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
        if self.is_directory(inode) {
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
        if !self.is_directory(inode) {
            return Err(Errno::NOT_A_DIRECTORY);
        }
        if place.entry.is_none() {
            return Err(if inode == ROOT { Errno::BUSY } else { Errno::NOT_EMPTY });
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
        let source = self.walk(from)?;
        let target = self.walk(to)?;
        let (Some((from_dir, from_name)), Some((to_dir, to_name))) = (source.entry, target.entry) else {
            return Err(Errno::BUSY);
        };
        let inode = source.inode.ok_or(Errno::NOT_FOUND)?;
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
                (true, true) if !self.inodes[replaced as usize].entries.is_empty() => return Err(Errno::NOT_EMPTY),
                _ if broken == Some(Broken::RenameReplaces) => return Err(Errno::EXISTS),
                _ => {}
            }
        }
        let edit = |dir, name: &OsStr, before, after| Edit { dir, name: name.into(), before, after, synced: false };
        let gone = edit(from_dir, from_name, Some(inode), None);
        let there = edit(to_dir, to_name, target.inode, Some(inode));
        // The new name first: at no instant is the inode without one.
        self.change(pages, inode, vec![there, gone]);
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
            let Step::Name(name) = step else {
                if trail.len() > 1 {
                    trail.pop();
                }
                continue;
            };
            self.notice(dir, name);
            match self.inodes[dir as usize].entries.get(name).copied() {
                Some(inode) if self.is_directory(inode) => trail.push(inode),
                Some(_) if position + 1 == route.steps.len() => return Err(Errno::EXISTS),
                Some(_) => return Err(Errno::NOT_A_DIRECTORY),
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
    pub(crate) fn read_dir(&mut self, route: &Route) -> Result<Vec<(OsString, EntryKind)>, Errno> {
        let dir = self.find_directory(route)?;
        let inode = &mut self.inodes[dir as usize];
        self.noticed += inode.scars.len() as u32;
        inode.scars.clear();
        let entries = &self.inodes[dir as usize].entries;
        let kind = |inode: u32| if self.is_directory(inode) { EntryKind::Dir } else { EntryKind::File };
        Ok(entries.iter().map(|(name, &inode)| (name.clone(), kind(inode))).collect())
    }

    // --- Contents --------------------------------------------------------------------

    /// Writes to a file; how many bytes there was room for.
    #[inline]
    pub(crate) fn write(
        &mut self,
        pages: &mut Pages,
        inode: u32,
        offset: u64,
        bytes: &[u8],
        capacity: u64,
    ) -> Result<usize, Errno> {
        if offset >= FILE_BYTES_MOST {
            return Err(Errno::TOO_BIG);
        }
        let mut len = (bytes.len() as u64).min(FILE_BYTES_MOST - offset);
        let content = &mut self.inodes[inode as usize].content;
        if capacity != u64::MAX {
            let room = (capacity / PAGE as u64).saturating_sub(self.used);
            while len > 0 && content.needs(offset, len) > room {
                // Back to the start of the last page.
                len = ((offset + len - 1) / PAGE as u64 * PAGE as u64).saturating_sub(offset);
            }
            if len == 0 {
                return Err(Errno::NO_SPACE);
            }
        }
        let held = content.held;
        content.write(pages, offset, &bytes[..len as usize]);
        self.used += content.held - held;
        Ok(len as usize)
    }

    /// Cuts a file off or extends it.
    pub(crate) fn resize(&mut self, pages: &mut Pages, inode: u32, size: u64) -> Result<(), Errno> {
        let content = &mut self.inodes[inode as usize].content;
        let held = content.held;
        content.resize(pages, size)?;
        self.used -= held - content.held;
        Ok(())
    }

    /// A request with what it covers, and the bytes that the device moves for it.
    pub(crate) fn cover(&mut self, request: Request) -> (Request, u64) {
        match request {
            Request::SyncDir { route, .. } => (Request::SyncDir { route, mark: self.changed }, 0),
            Request::Sync { inode, path, .. } => {
                let subject = &mut self.inodes[inode as usize];
                subject.syncs += 1;
                let (mark, nth) = (subject.content.changes, subject.syncs);
                let dirty = std::mem::take(&mut subject.content.dirty);
                (Request::Sync { inode, mark, nth, path }, dirty)
            }
            Request::Fetch { inode, offset, len, .. } => {
                let bytes = self.inodes[inode as usize].content.cold_bytes(offset, len);
                (request, bytes)
            }
            _ => (request, 0),
        }
    }

    /// A number that stands for names, sizes and what is in the cache, for the run's digest.
    pub(crate) fn digest(&self) -> u64 {
        let live = &self.inodes[..self.live];
        live.iter().fold(0, |sum, inode| mix(sum ^ inode.entity, inode.content.size ^ u64::from(inode.names) << 60))
    }

    /// The machine crashed.
    pub(crate) fn crash(&mut self, pages: &mut Pages, judge: &mut Judge<'_>) {
        self.crash_entries(pages, judge);
        self.used = 0;
        for inode in &mut self.inodes[..self.live] {
            if inode.body == Body::File {
                inode.content.crash(pages, inode.entity, judge);
                inode.counted = inode.names > 0;
                self.used += if inode.counted { inode.content.held } else { 0 };
            }
        }
    }
}

const MACHINES: u64 = wavetank_engine::name_key("storage.machine");
