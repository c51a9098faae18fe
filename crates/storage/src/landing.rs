//! What an operation does to the disk when it lands, or when its process dies in its stead.
//! When that is, and who hears of it, is the device's business.

use crate::broken::Broken;
use crate::cache::FileId;
use crate::content::FILE_BYTES_MOST;
use crate::disks::Disks;
use crate::errno::Errno;
use crate::handle::Handle;
use crate::kinds;
use crate::operation::{Answer, Request};
use wavetank_engine::{Home, Kernel, MachineId, Target};

impl Disks {
    /// An operation has landed: does what was asked. `is_heard`: somebody waits for the answer.
    pub(crate) fn land(
        &mut self,
        volume: u32,
        home: Home,
        request: Request,
        is_heard: bool,
        kernel: &mut Kernel,
    ) -> Result<Answer, Errno> {
        let broken = self.config.broken;
        let held = request.inode();
        let Disks { volumes, pages, handles, .. } = self;
        let disk = &mut volumes[volume as usize];
        disk.is_heard = is_heard;
        let answer = match request {
            Request::Open { route, options } => disk.open(pages, &route, options, broken).map(|inode| {
                disk.inodes[inode as usize].handles += 1;
                let write = options.write || options.append;
                let is_blind = broken == Some(Broken::WritesSeen) && !write;
                let is_empty = disk.inodes[inode as usize].content.size == 0;
                let (slot, generation) = handles.insert(Handle {
                    home,
                    volume,
                    inode,
                    read: options.read || broken == Some(Broken::ReadChecked),
                    write: write || broken == Some(Broken::AccessChecked),
                    append: options.append,
                    cursor: if is_blind && is_empty { FILE_BYTES_MOST } else { 0 },
                    failures: disk.inodes[inode as usize].failures,
                    path: route.path,
                });
                Answer::File(slot, generation)
            }),
            Request::Exists { route } => disk.exists(&route, broken).map(Answer::Exists),
            Request::Delete { route } => disk.delete(pages, &route, broken).map(|()| Answer::Done),
            Request::Rename { from, to } => disk.rename(pages, &from, &to, broken).map(|()| Answer::Done),
            Request::CreateDirAll { route } => {
                disk.create_dir_all(pages, &route, u64::MAX, broken).map(|()| Answer::Done)
            }
            Request::ReadDir { route } => disk.read_dir(&route, broken).map(|mut entries| {
                if broken == Some(Broken::ReadDirSorted) {
                    entries.reverse();
                }
                Answer::Entries(entries)
            }),
            Request::RemoveDir { route } => disk.remove_dir(pages, &route, broken).map(|()| Answer::Done),
            Request::SyncDir { route, mark } => match disk.find_directory(&route) {
                Ok(dir) => self.sync_dir(volume, dir, mark, kernel),
                Err(Errno::NOT_FOUND) if broken == Some(Broken::SyncDirNotFound) => Ok(Answer::Done),
                Err(error) => Err(error),
            },
            Request::Sync { file, inode, mark, nth, .. } => {
                let synced = self.sync_file(volume, inode, (mark, nth), kernel);
                self.hear(file, volume, inode).and(synced)
            }
            Request::Fetch { inode, offset, len, .. } => {
                disk.inodes[inode as usize].content.warm(offset, len);
                Ok(Answer::Done)
            }
        };
        if let Some(inode) = held {
            self.volumes[volume as usize].unmention(&mut self.pages, inode);
        }
        answer
    }

    /// Makes the entries of a directory durable, unless the sync fails: then they
    /// stay as undecided as they were.
    fn sync_dir(&mut self, volume: u32, dir: u32, mark: u64, kernel: &mut Kernel) -> Result<Answer, Errno> {
        let target = Target::Machine(MachineId(volume));
        let disk = &mut self.volumes[volume as usize];
        let inode = &mut disk.inodes[dir as usize];
        inode.syncs += 1;
        let (entity, nth) = (inode.entity, inode.syncs);
        let is_broken = self.config.breaks(Broken::SyncDirSucceeds);
        let ratio = self.config.sync_failure_probability;
        if is_broken || kernel.strikes(&kinds::SYNC_FAILURE, entity, nth, ratio, target) {
            return Err(Errno::INPUT_OUTPUT);
        }
        if !self.config.breaks(Broken::SyncDirDurable) {
            disk.settle(&mut self.pages, dir, mark);
        }
        Ok(Answer::Done)
    }

    /// Makes the changes of a file up to the `mark`th durable, unless its `nth` sync fails.
    fn sync_file(
        &mut self,
        volume: u32,
        inode: u32,
        (mark, nth): (u64, u64),
        kernel: &mut Kernel,
    ) -> Result<Answer, Errno> {
        if self.config.breaks(Broken::SyncSucceeds) {
            return Err(Errno::INPUT_OUTPUT);
        }
        let (ratio, target) = (self.config.sync_failure_probability, Target::Machine(MachineId(volume)));
        let inode = &mut self.volumes[volume as usize].inodes[inode as usize];
        match kernel.strikes_for(&kinds::SYNC_FAILURE, inode.entity, nth, ratio, 0, u64::MAX, target) {
            Some(draw) => {
                inode.content.strand(&mut self.pages, mark, draw);
                inode.failures += 1;
                Err(Errno::INPUT_OUTPUT)
            }
            None => {
                if !self.config.breaks(Broken::SyncDurable) {
                    inode.content.settle(&mut self.pages, mark);
                }
                Ok(Answer::Done)
            }
        }
    }

    /// A sync through a handle is over: whether one of the file failed since the handle last heard,
    /// by whichever handle. Linux keeps that in each open file (`errseq_t`, since 4.13).
    fn hear(&mut self, file: FileId, volume: u32, inode: u32) -> Result<Answer, Errno> {
        let failures = self.volumes[volume as usize].inodes[inode as usize].failures;
        let handle = self.handles.get(file.slot, file.generation);
        let known = handle.map_or(failures, |handle| std::mem::replace(&mut handle.failures, failures));
        if known < failures { Err(Errno::INPUT_OUTPUT) } else { Ok(Answer::Done) }
    }
}
