//! What open files do at once, in the page cache: reads of what is there, buffered
//! writes, sizes, the cursor. Whatever needs the device is an operation elsewhere.

use crate::broken::Broken;
use crate::config::StorageConfiguration;
use crate::content::FILE_BYTES_MOST;
use crate::disks::Disks;
use crate::errno::Errno;
use crate::handle::Handle;
use crate::operation::Request;
use crate::told;
use std::io::SeekFrom;
use wavetank_engine::{EventKind, Kernel, hash_bytes, mix};

const READ: EventKind = EventKind::new("storage.read");
const WRITE: EventKind = EventKind::new("storage.write");
const RESIZE: EventKind = EventKind::new("storage.set-len");

/// The most that one call moves, in bytes: 2 MiB, as in production, where each has a buffer.
const CALL_BYTES_MOST: usize = 2 << 20;

/// An open file's number and generation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// What became of a call on an open file.
pub(crate) enum Call<T> {
    Done(Result<T, Errno>),
    /// It needs the device first.
    Fetch(Request),
    /// Its process is dead.
    Dead,
}

impl Disks {
    /// Reads at `offset`, or at the cursor, which then moves.
    #[inline]
    pub(crate) fn read(
        &mut self,
        file: FileId,
        offset: Option<u64>,
        buffer: &mut [u8],
        kernel: &mut Kernel,
    ) -> Call<usize> {
        let Disks { handles, volumes, pages, config, .. } = self;
        let Some(handle) = handles.get(file.slot, file.generation) else { return Call::Dead };
        let at = offset.unwrap_or(handle.cursor);
        if let Some(error) = refusal(config, at, buffer.len(), handle.read) {
            return Call::Done(Err(error));
        }
        let len = buffer.len().min(CALL_BYTES_MOST);
        let buffer = &mut buffer[..len];
        let inode = &mut volumes[handle.volume as usize].inodes[handle.inode as usize];
        if inode.content.cold > 0 && inode.content.cold_bytes(at, buffer.len()) > 0 {
            return Call::Fetch(handle.fetch(at, buffer.len()));
        }
        if inode.content.is_scarred() {
            for kind in inode.content.reveal(at, buffer.len()) {
                kernel.effective(kind);
            }
        }
        let hole = if config.breaks(Broken::HolesAreZero) { 0xa5 } else { 0 };
        let mut count = inode.content.read(pages, at, buffer, hole);
        let is_filled = match config.broken {
            None => false,
            Some(Broken::EndOfFile) => count == 0 && at > inode.content.size,
            Some(Broken::ExactRead) => count == 0 && buffer.len() == 1 && offset.is_some(),
            Some(_) => false,
        };
        if is_filled {
            count = buffer.len();
        }
        if offset.is_none() || config.breaks(Broken::PositionKeepsCursor) {
            handle.cursor = at + count as u64;
        }
        kernel.note_and_tell(READ, mix(inode.entity, at), hash_bytes(&buffer[..count]), |telling| {
            told::reads(telling, handle, inode.entity, at, count);
        });
        Call::Done(Ok(count))
    }

    /// Writes at `offset`, at the cursor, which then moves, or at the end in append mode.
    #[inline]
    pub(crate) fn write(
        &mut self,
        file: FileId,
        offset: Option<u64>,
        bytes: &[u8],
        kernel: &mut Kernel,
    ) -> Call<usize> {
        let Disks { handles, volumes, pages, config, .. } = self;
        let Some(handle) = handles.get(file.slot, file.generation) else { return Call::Dead };
        // In append mode nobody asks where.
        let asked = if handle.append { 0 } else { offset.unwrap_or(handle.cursor) };
        if let Some(error) = refusal(config, asked, bytes.len(), handle.write) {
            return Call::Done(Err(error));
        }
        if bytes.is_empty() {
            return Call::Done(Ok(0));
        }
        let bytes = &bytes[..bytes.len().min(CALL_BYTES_MOST)];
        let volume = &mut volumes[handle.volume as usize];
        let inode = &volume.inodes[handle.inode as usize];
        let is_appended = handle.append
            && match config.broken {
                None => true,
                Some(Broken::AppendMode) => offset.is_some(),
                Some(Broken::AppendByPosition) => offset.is_none(),
                Some(_) => true,
            };
        let at = if is_appended { inode.content.size } else { offset.unwrap_or(handle.cursor) };
        let (entity, size) = (inode.entity, inode.content.size);
        let count = match volume.write(pages, handle.inode, at, bytes, config.capacity) {
            Ok(count) => count,
            Err(error) => return Call::Done(Err(error)),
        };
        let end = at + count as u64;
        let moves = match config.broken {
            None => offset.is_none(),
            Some(Broken::PositionKeepsCursor) => true,
            Some(Broken::CursorMoves) => offset.is_none() && end >= size,
            Some(Broken::LargeWrites) if end > 1 << 20 => {
                volume.write(pages, handle.inode, 0, b"?", config.capacity).expect("the page is there");
                offset.is_none()
            }
            Some(_) => offset.is_none(),
        };
        if moves {
            handle.cursor = end;
        }
        kernel.note_and_tell(WRITE, mix(entity, at), hash_bytes(&bytes[..count]), |telling| {
            told::writes(telling, handle, entity, at, count);
        });
        Call::Done(Ok(count))
    }

    /// The size of an open file.
    pub(crate) fn size(&mut self, file: FileId, kernel: &mut Kernel) -> Call<u64> {
        let Disks { handles, volumes, config, .. } = self;
        let Some(handle) = handles.get(file.slot, file.generation) else { return Call::Dead };
        let content = &mut volumes[handle.volume as usize].inodes[handle.inode as usize].content;
        if let Some(kind) = content.scars.take_size() {
            kernel.effective(kind);
        }
        let is_wrong = config.breaks(Broken::LargeSizes) && content.size > 1 << 20;
        Call::Done(Ok(content.size - u64::from(is_wrong)))
    }

    /// Cuts an open file off or extends it.
    pub(crate) fn set_len(&mut self, file: FileId, size: u64, kernel: &mut Kernel) -> Call<()> {
        let Disks { handles, volumes, pages, config, .. } = self;
        let Some(handle) = handles.get(file.slot, file.generation) else { return Call::Dead };
        if !handle.write {
            return Call::Done(Err(Errno::INVALID));
        }
        let volume = &mut volumes[handle.volume as usize];
        let inode = &mut volume.inodes[handle.inode as usize];
        kernel.note_and_tell(RESIZE, inode.entity, size, |telling| told::resizes(telling, handle, inode.entity, size));
        if config.breaks(Broken::CutForgets) && size < inode.content.size {
            inode.content.shrink_remembering(size);
            return Call::Done(Ok(()));
        }
        if config.breaks(Broken::LargeCuts) && inode.content.size.saturating_sub(size) > 1 << 20 {
            return Call::Done(Ok(()));
        }
        Call::Done(volume.resize(pages, handle.inode, size))
    }

    /// Moves the cursor; where to.
    pub(crate) fn seek(&mut self, file: FileId, position: SeekFrom, kernel: &mut Kernel) -> Call<u64> {
        let Disks { handles, volumes, config, .. } = self;
        let Some(handle) = handles.get(file.slot, file.generation) else { return Call::Dead };
        let content = &mut volumes[handle.volume as usize].inodes[handle.inode as usize].content;
        let size = content.size;
        if let SeekFrom::End(_) = position {
            content.scars.take_size().into_iter().for_each(|kind| kernel.effective(kind));
        }
        let target = match position {
            SeekFrom::Start(0) if config.breaks(Broken::RewindReads) && !handle.write => Some(FILE_BYTES_MOST),
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(distance) if config.breaks(Broken::SeekBeforeStart) => {
                Some(handle.cursor.saturating_add_signed(distance))
            }
            SeekFrom::Current(distance) => handle.cursor.checked_add_signed(distance),
            SeekFrom::End(distance) if config.breaks(Broken::SeekFromEnd) => Some(distance.unsigned_abs()),
            SeekFrom::End(distance) => size.checked_add_signed(distance),
        };
        match target.filter(|&target| is_signed(target, 0)) {
            Some(target) => {
                handle.cursor = target;
                if config.breaks(Broken::CursorsApart) {
                    let (volume, inode) = (handle.volume, handle.inode);
                    let others = handles.iter_mut().filter(|it| (it.volume, it.inode) == (volume, inode));
                    others.for_each(|other| other.cursor = target);
                }
                Call::Done(Ok(target))
            }
            None => Call::Done(Err(Errno::INVALID)),
        }
    }

    /// The cursor.
    pub(crate) fn position(&mut self, file: FileId) -> Call<u64> {
        match self.handles.get(file.slot, file.generation) {
            Some(handle) => Call::Done(Ok(handle.cursor)),
            None => Call::Dead,
        }
    }

    /// A sync of an open file, to be submitted.
    pub(crate) fn sync(&mut self, file: FileId) -> Option<Request> {
        let handle = self.handles.get(file.slot, file.generation)?;
        Some(Request::Sync { file, inode: handle.inode, mark: 0, nth: 0, path: handle.path.clone() })
    }
}

/// Why an access is refused before anything is looked at but its handle.
#[inline]
fn refusal(config: &StorageConfiguration, at: u64, len: usize, is_open: bool) -> Option<Errno> {
    let is_signed = |len| is_signed(at, len) || config.breaks(Broken::OffsetsSigned);
    // In the kernel's order.
    match (is_signed(0), is_open, is_signed(len)) {
        (false, _, _) => Some(Errno::INVALID),
        (true, false, _) => Some(Errno::BAD_HANDLE),
        (true, true, false) => Some(Errno::INVALID),
        (true, true, true) => None,
    }
}

/// Whether `len` bytes from `offset` on end where the kernel's offsets, which are signed, still go.
fn is_signed(offset: u64, len: usize) -> bool {
    offset.checked_add(len as u64).is_some_and(|end| i64::try_from(end).is_ok())
}

impl Handle {
    #[cold]
    fn fetch(&self, offset: u64, len: usize) -> Request {
        Request::Fetch { inode: self.inode, offset, len, path: self.path.clone() }
    }
}
