//! The synchronous face of a disk, for code that blocks: embedded databases, logs.
//! Says the same of crashes and errors as [`StorageProvider`](crate::StorageProvider).

use crate::{DirEntry, OpenOptions};
use std::io;
use std::path::Path;

/// A machine's files for code that blocks. `&dyn FileSystem` works.
///
/// Relative paths start at the file system's root.
///
/// There is only the real one yet, in `wavetank-std`: the tank has none, and no crash of
/// it reaches these files.
pub trait FileSystem: Send + Sync + 'static {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists` with `create_new`, `IsADirectory`, `NotADirectory`,
    /// `InvalidInput` for options that make no sense together, `StorageFull`.
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn BlockingFile>>;

    /// Opens a file for reading and writing, created if it is not there, else emptied.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn create(&self, path: &Path) -> io::Result<Box<dyn BlockingFile>> {
        self.open(path, OpenOptions::create_write().truncate(true))
    }

    /// Opens a file for reading and writing that must not be there yet.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn BlockingFile>> {
        self.open(path, OpenOptions::create_new())
    }

    /// Whether a file or directory has this name.
    ///
    /// # Errors
    /// The file system's, when it cannot tell.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Renames a file or directory, replacing a file or an empty directory that has the
    /// new name. Not durable before both directories are synced.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, `NotADirectory`, `DirectoryNotEmpty`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file's name; its contents live on while it is open.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Creates a directory and those above it; one that exists is no error.
    ///
    /// # Errors
    /// `AlreadyExists` or `NotADirectory` if a file is in the way.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// A directory's entries, sorted by name.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, `DirectoryNotEmpty`.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes a directory's entries durable: what was created, renamed or removed in it
    /// before this call.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, or the device's; then nothing may be assumed of the
    /// entries.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Gives a temporary file its final name, for good: readers see the old file or the
    /// whole new one, after a crash too. The temporary file must have been synced before.
    ///
    /// # Errors
    /// Those of [`rename`](Self::rename) and [`sync_dir`](Self::sync_dir). After the
    /// second, the new name may or may not survive a crash.
    fn publish(&self, temporary: &Path, path: &Path) -> io::Result<()> {
        self.rename(temporary, path)?;
        let directory = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
        self.sync_dir(&directory(path))?;
        if directory(temporary) == directory(path) { Ok(()) } else { self.sync_dir(&directory(temporary)) }
    }
}

/// An open file for code that blocks. It has no cursor.
///
/// A write is durable only after a sync that returned `Ok`.
pub trait BlockingFile: Send + Sync + 'static {
    /// Reads at `offset` (in bytes) and says how many bytes came; zero at or behind the end.
    ///
    /// # Errors
    /// The device's; `EBADF` (a raw OS error: its kind has no name) if not open for reading.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at `offset` (in bytes) and says how many bytes it took; behind the end, the
    /// gap reads as zeros. In append mode the offset is ignored.
    ///
    /// # Errors
    /// `StorageFull`, the device's; `EBADF` if not open for writing.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at the end of a file that is open in append mode. After an
    /// error some of them may be written.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at); `InvalidInput` if not open in append mode.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Makes contents, size and times durable.
    ///
    /// # Errors
    /// The device's. It does not say which write was lost, and a second sync that
    /// returns `Ok` does not bring it back.
    fn sync(&self) -> io::Result<()>;

    /// Makes contents, and as much of the metadata as reading them back needs, durable.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    fn sync_data(&self) -> io::Result<()>;

    /// The size in bytes.
    ///
    /// # Errors
    /// The file system's.
    fn size(&self) -> io::Result<u64>;

    /// Cuts the file off at `size` bytes, or extends it with zeros.
    ///
    /// # Errors
    /// `StorageFull`; `InvalidInput` (`EINVAL`) if not open for writing.
    fn set_len(&self, size: u64) -> io::Result<()>;

    /// Takes the file's advisory lock, which this handle then holds until
    /// [`unlock`](Self::unlock), or until it is dropped or its process dies. Never waits.
    ///
    /// # Errors
    /// `WouldBlock` if another handle holds it.
    fn try_lock(&self) -> io::Result<()>;

    /// Gives the advisory lock back, if this handle holds it.
    ///
    /// # Errors
    /// The file system's.
    fn unlock(&self) -> io::Result<()>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends first, and [`read_at`](Self::read_at)'s.
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let count = match self.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[count..];
            offset += count as u64;
        }
        Ok(())
    }

    /// Writes all of `bytes` from `offset` on. After an error some of them may be written.
    ///
    /// # Errors
    /// `WriteZero` if the file takes no more, and [`write_at`](Self::write_at)'s.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = match self.write_at(bytes, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            };
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
            offset += count as u64;
        }
        Ok(())
    }
}
