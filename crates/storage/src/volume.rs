//! One machine's file system: inodes, and the names that lead to them. Time and
//! handles are the device's business.

use crate::change::Change;
use crate::content::FILE_BYTES_MOST;
use crate::errno::Errno;
use crate::inode::{Body, Inode};
use crate::operation::Request;
use crate::page::{PAGE, Pages};
use crate::path::{NAME_BYTES_MOST, Route, Step};
use crate::survival::Judge;
use std::ffi::OsStr;
use wavetank_core::collections::HashMap;
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
    pub(crate) births: HashMap<u64, u64>,
    /// Pages that count as used space.
    pub(crate) used: u64,
    /// When the device is done with what it was given so far.
    pub(crate) busy_until: u64,
    /// How many times slower than configured the device is.
    pub(crate) slow: u32,
    /// How often it was replaced.
    pub(crate) wipes: u64,
    /// Somebody waits for what is done now, and sees what it came across.
    pub(crate) is_heard: bool,
    /// Scarred names that operations came across since this was last read.
    pub(crate) noticed: u32,
    /// The disk was replaced, and nobody has used the new one yet.
    pub(crate) wiped: bool,
}

/// Where a path leads.
pub(crate) struct Place<'a> {
    /// The directory of the last step, and the name there. [`None`]: the path ends at the root, in `.` or in `..`.
    pub(crate) entry: Option<(u32, &'a OsStr)>,
    /// What is there.
    pub(crate) inode: Option<u32>,
    /// The directories on the way, the root first.
    pub(crate) trail: Vec<u32>,
}

impl Place<'_> {
    /// Refuses a last name that is too long.
    pub(crate) fn check_name(&self) -> Result<(), Errno> {
        self.entry.map_or(Ok(()), |(_, name)| check_name(name))
    }
}

fn check_name(name: &OsStr) -> Result<(), Errno> {
    if name.len() > NAME_BYTES_MOST { Err(Errno::NAME_TOO_LONG) } else { Ok(()) }
}

impl Volume {
    /// Forgets everything but memory.
    pub(crate) fn unformat(&mut self) {
        for inode in &mut self.inodes[..self.live] {
            inode.content.forget();
            *inode = Inode { content: std::mem::take(&mut inode.content), ..Inode::default() };
        }
        self.live = 0;
        self.free.clear();
        self.pending.clear();
        self.births.clear();
        (self.changed, self.used, self.busy_until, self.slow, self.noticed) = (0, 0, 0, 1, 0);
        (self.wipes, self.wiped) = (0, false);
    }

    /// An empty disk in machine `machine`, the how manieth there: each has faults of its own.
    pub(crate) fn format(&mut self, machine: u32, nth: u64) {
        self.unformat();
        let first = mix(u64::from(machine), MACHINES);
        let root = self.allocate(Body::Directory, if nth == 0 { first } else { mix(first, nth) });
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

    pub(crate) fn is_directory(&self, inode: u32) -> bool {
        self.inodes[inode as usize].body == Body::Directory
    }

    /// Walks a path; if it ends in a slash, to a directory or nothing.
    pub(crate) fn resolve<'a>(&mut self, route: &'a Route) -> Result<Place<'a>, Errno> {
        let place = self.walk(route)?;
        let is_file = place.inode.is_some_and(|inode| !self.is_directory(inode));
        if route.slash && is_file { Err(Errno::NOT_A_DIRECTORY) } else { Ok(place) }
    }

    /// Walks a path, whatever it ends in.
    pub(crate) fn walk<'a>(&mut self, route: &'a Route) -> Result<Place<'a>, Errno> {
        let place = self.walk_above(route)?;
        place.check_name()?;
        Ok(place)
    }

    /// The same, but for whether its last name can be one.
    pub(crate) fn walk_above<'a>(&mut self, route: &'a Route) -> Result<Place<'a>, Errno> {
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
                Step::Here => (place.entry, place.inode) = (None, Some(dir)),
                Step::Name(name) => {
                    let is_last = position + 1 == route.steps.len();
                    let found = if is_last { self.entry(dir, name) } else { self.look_for(dir, name)? };
                    (place.entry, place.inode) = (Some((dir, name.as_os_str())), found);
                    match found {
                        Some(inode) if self.is_directory(inode) => trail.push(inode),
                        _ if is_last => {}
                        Some(_) => return Err(Errno::NOT_A_DIRECTORY),
                        None => return Err(Errno::NOT_FOUND),
                    }
                }
            }
        }
        place.trail = trail;
        Ok(place)
    }

    /// What a directory has at a name, if it can be one. Counts one that a crash changed, when
    /// somebody first looks it up.
    pub(crate) fn look_for(&mut self, dir: u32, name: &OsStr) -> Result<Option<u32>, Errno> {
        check_name(name)?;
        Ok(self.entry(dir, name))
    }

    fn entry(&mut self, dir: u32, name: &OsStr) -> Option<u32> {
        let Inode { scars, entries, .. } = &mut self.inodes[dir as usize];
        if !scars.is_empty() && self.is_heard && scars.remove(name) {
            self.noticed += 1;
        }
        entries.get(name).copied()
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
            Request::Sync { file, inode, path, .. } => {
                let subject = &mut self.inodes[inode as usize];
                subject.syncs += 1;
                let (mark, nth) = (subject.content.changes, subject.syncs);
                let dirty = std::mem::take(&mut subject.content.dirty);
                (Request::Sync { file, inode, mark, nth, path }, dirty)
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
