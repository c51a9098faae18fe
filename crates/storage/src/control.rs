//! What the harness and tests may do to a disk, and see of it, behind the backs of
//! the processes. Nothing here is reachable for a system under test.

use crate::config::StorageConfiguration;
use crate::disks::Disks;
use crate::inode::Body;
use crate::path::{Route, Step};
use crate::volume::{ROOT, Volume};
use std::path::{Path, PathBuf};
use wavetank_engine::{EventKind, Kernel, MachineId};

const SLOW: EventKind = EventKind::new("storage.slow");
const WIPED: EventKind = EventKind::new("storage.wiped");

impl Disks {
    /// The configuration.
    pub fn configuration(&self) -> &StorageConfiguration {
        &self.config
    }

    /// Changes the configuration, from now on.
    ///
    /// # Panics
    /// If it does not [validate](StorageConfiguration::validate).
    pub fn configure(&mut self, config: StorageConfiguration) {
        if let Err(error) = config.validate() {
            panic!("a disk cannot be like that: {error}");
        }
        self.config = config;
    }

    /// Makes a machine's disk `factor` times slower than configured for what is
    /// submitted from now on; 1 heals it. By hand: no decision, so no atom.
    ///
    /// # Panics
    /// If `factor` is zero.
    pub fn slow(&mut self, machine: MachineId, factor: u32, kernel: &mut Kernel) {
        assert!(factor > 0, "a disk that is 0 times slower is no disk");
        let index = self.volume_in(machine);
        let volume = &mut self.volumes[index as usize];
        if volume.slow == factor {
            return;
        }
        volume.slow = factor;
        kernel.note_and_tell(SLOW, u64::from(machine.0), u64::from(factor), |telling| {
            telling.on_machine(machine).arg("factor", factor);
        });
    }

    /// Lets every disk be as fast as configured.
    pub fn heal(&mut self, kernel: &mut Kernel) {
        for place in 0..self.formatted.len() {
            self.slow(MachineId(self.formatted[place]), 1, kernel);
        }
    }

    /// Replaces a machine's disk by an empty one. By hand: no decision, so no atom.
    ///
    /// # Panics
    /// If a process of it has a file open or an operation under way: take the machine down first.
    pub fn wipe(&mut self, machine: MachineId, kernel: &mut Kernel) {
        let index = self.volume_in(machine);
        let busy = self.handles.iter().any(|(_, handle)| handle.volume == index)
            || self.underway.iter().any(|(_, underway)| underway.volume == index && underway.request.is_some());
        assert!(!busy, "a disk is replaced while its machine is down, not under open files");
        let volume = &mut self.volumes[index as usize];
        let (had_entries, wipes) = (!volume.inodes[ROOT as usize].entries.is_empty(), volume.wipes + 1);
        for inode in &mut volume.inodes[..volume.live] {
            inode.content.clear(&mut self.pages);
        }
        volume.format(index, wipes);
        (volume.wiped, volume.wipes) = (had_entries, wipes);
        kernel.note_and_tell(WIPED, u64::from(machine.0), wipes, |telling| {
            telling.on_machine(machine);
        });
    }

    /// The files of a machine with their sizes in bytes, as its processes see them, by path.
    pub fn files(&mut self, machine: MachineId) -> Vec<(PathBuf, u64)> {
        let index = self.volume_in(machine);
        let mut files = Vec::new();
        self.volumes[index as usize].list(ROOT, Path::new(""), &mut files);
        files
    }

    /// What a file holds as its readers see it, cached or not, holes written out.
    /// [`None`]: there is no such file.
    pub fn contents(&mut self, machine: MachineId, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let index = self.volume_in(machine);
        let volume = &self.volumes[index as usize];
        let inode =
            volume.look_up(path.as_ref(), |dir, name| volume.inodes[dir as usize].entries.get(name).copied())?;
        let content = &volume.inodes[inode as usize].content;
        let mut bytes = vec![0; content.size as usize];
        content.read(&self.pages, 0, &mut bytes, 0);
        Some(bytes)
    }

    /// What a file holds if its machine crashes now and nothing survives that was
    /// not synced, names included. [`None`]: there is no such file then.
    pub fn durable(&mut self, machine: MachineId, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let index = self.volume_in(machine);
        let volume = &self.volumes[index as usize];
        let lost = volume.undurable();
        let inode = volume.look_up(path.as_ref(), |dir, name| volume.entry_without(&lost, dir, name))?;
        Some(volume.inodes[inode as usize].content.durable(&self.pages))
    }
}

impl Volume {
    /// The file at a path, by a lookup of one's own; nothing is noticed.
    fn look_up(&self, path: &Path, lookup: impl Fn(u32, &std::ffi::OsStr) -> Option<u32>) -> Option<u32> {
        let route = Route::new(path).ok()?;
        let mut trail = vec![ROOT];
        for step in &route.steps {
            match step {
                Step::Up if trail.len() > 1 => drop(trail.pop()),
                Step::Up | Step::Here => {}
                Step::Name(name) => trail.push(lookup(*trail.last()?, name)?),
            }
        }
        trail.pop().filter(|&inode| self.inodes[inode as usize].body == Body::File)
    }

    fn list(&self, dir: u32, path: &Path, files: &mut Vec<(PathBuf, u64)>) {
        for (name, &inode) in &self.inodes[dir as usize].entries {
            let path = path.join(name);
            match self.inodes[inode as usize].body {
                Body::Directory => self.list(inode, &path, files),
                _ => files.push((path, self.inodes[inode as usize].content.size)),
            }
        }
    }
}
