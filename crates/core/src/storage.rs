//! Files and directories as traits. Says what survives which crash only in terms
//! of what was synced: file contents by [`StorageFile::sync_all`], names by
//! [`StorageProvider::sync_dir`].

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite};

/// A machine's file systems.
///
/// Clones are cheap and see the same files. Relative paths start at the
/// provider's root: a directory that production code chose, the machine's own
/// file system in the tank.
///
/// The future of an operation may be dropped at any time. What was asked for happens or
/// does not, and unlike what is done to an [open file](StorageFile) it may come late, behind
/// what is asked for after it: a removal that was given up may take the file that was
/// created in its place since.
pub trait StorageProvider: Clone + Send + Sync + Unpin + 'static {
    /// An open file.
    type File: StorageFile;

    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists` with `create_new`, `IsADirectory`,
    /// `InvalidInput` for options that make no sense together, `StorageFull`.
    fn open(
        &self,
        path: impl AsRef<Path> + Send,
        options: OpenOptions,
    ) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Whether a file or directory has this name.
    ///
    /// # Errors
    /// The file system's, when it cannot tell.
    fn exists(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<bool>> + Send;

    /// Removes a file's name; its contents live on while it is open.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`.
    fn delete(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send;

    /// Renames a file or directory, replacing a file or an empty directory that has the new
    /// name. Not durable before both directories are synced, and the name of the one it goes
    /// to is.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, `NotADirectory`, `DirectoryNotEmpty`.
    fn rename(
        &self,
        from: impl AsRef<Path> + Send,
        to: impl AsRef<Path> + Send,
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Creates a directory and those above it; one that exists is no error.
    ///
    /// # Errors
    /// `AlreadyExists` or `NotADirectory` if a file is in the way.
    fn create_dir_all(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send;

    /// A directory's entries, sorted by name.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    fn read_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<Vec<DirEntry>>> + Send;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, `DirectoryNotEmpty`.
    fn remove_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes a directory's entries durable: what was created, renamed or removed
    /// in it before this call. Its own name is an entry of the directory above.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, or the device's; then nothing may be assumed
    /// of the entries.
    fn sync_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send;
}

/// An open file with a cursor of its own.
///
/// Reading, writing and seeking through tokio's traits move the cursor;
/// [`read_at`](Self::read_at) and [`write_at`](Self::write_at) do not. A write is
/// durable only after a sync that returned `Ok`.
///
/// The future of an operation may be dropped at any time. A change that is given up so
/// happens or does not: if it does, then before whatever comes later through this handle
/// begins, or, if this handle is dropped, before the file is opened again. What a read has
/// found that was given up answers no read that follows a seek.
pub trait StorageFile: AsyncRead + AsyncWrite + AsyncSeek + Send + Sync + Unpin + 'static {
    /// Makes contents, size and times durable.
    ///
    /// # Errors
    /// The device's. It does not say which write was lost, and a second sync
    /// that returns `Ok` does not bring it back. Each other handle of the file that was
    /// open then fails once, too, at its next sync.
    fn sync_all(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes contents, and as much of the metadata as reading them back needs, durable.
    ///
    /// # Errors
    /// As [`sync_all`](Self::sync_all).
    fn sync_data(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// The size in bytes.
    ///
    /// # Errors
    /// The file system's.
    fn size(&self) -> impl Future<Output = io::Result<u64>> + Send;

    /// Cuts the file off at `size` bytes, or extends it with zeros.
    ///
    /// # Errors
    /// `StorageFull`; `InvalidInput` (`EINVAL`) if not open for writing.
    fn set_len(&self, size: u64) -> impl Future<Output = io::Result<()>> + Send;

    /// Reads at `offset` (in bytes) and says how many bytes came, which may be fewer than
    /// there are; zero at or behind the end.
    ///
    /// # Errors
    /// The device's; `EBADF` (a raw OS error: its kind has no name) if not open for reading;
    /// `InvalidInput` if it would end beyond 2^63 - 1.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes at `offset` (in bytes) and says how many bytes it took, which may be fewer
    /// than it was given; behind the end, the gap reads as zeros. In append mode the offset
    /// is ignored.
    ///
    /// # Errors
    /// `StorageFull`, the device's; `EBADF` (a raw OS error: its kind has no name) if not open for writing;
    /// `InvalidInput` if it would end beyond 2^63 - 1.
    fn write_at(&self, bytes: &[u8], offset: u64) -> impl Future<Output = io::Result<usize>> + Send;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends first, and [`read_at`](Self::read_at)'s.
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> impl Future<Output = io::Result<()>> + Send {
        async move {
            while !buffer.is_empty() {
                let count = match self.read_at(buffer, offset).await {
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
    }

    /// Writes all of `bytes` from `offset` on. After an error some of them may be written.
    ///
    /// # Errors
    /// `WriteZero` if the file takes no more, and [`write_at`](Self::write_at)'s.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> impl Future<Output = io::Result<()>> + Send {
        async move {
            while !bytes.is_empty() {
                let count = match self.write_at(bytes, offset).await {
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
}

/// How to open a file. Plain data; the constructors name the common cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// Reading is allowed.
    pub read: bool,
    /// Writing is allowed.
    pub write: bool,
    /// Each write goes to the end of the file; implies `write`.
    pub append: bool,
    /// The file is emptied; needs `write`.
    pub truncate: bool,
    /// The file is created if it is not there; needs `write` or `append`.
    pub create: bool,
    /// The file is created, and it is an error if it is there; needs `write` or `append`.
    pub create_new: bool,
}

impl OpenOptions {
    const NONE: OpenOptions =
        OpenOptions { read: false, write: false, append: false, truncate: false, create: false, create_new: false };

    /// Reading an existing file.
    pub const fn read_only() -> OpenOptions {
        OpenOptions { read: true, ..OpenOptions::NONE }
    }

    /// Reading and writing an existing file.
    pub const fn read_write() -> OpenOptions {
        OpenOptions { read: true, write: true, ..OpenOptions::NONE }
    }

    /// Reading and writing a file that is created if it is not there; what it
    /// holds stays.
    pub const fn create_write() -> OpenOptions {
        OpenOptions { create: true, ..OpenOptions::read_write() }
    }

    /// Reading and writing a file that must not be there yet.
    pub const fn create_new() -> OpenOptions {
        OpenOptions { create_new: true, ..OpenOptions::read_write() }
    }

    /// Appending to a file that is created if it is not there, and reading it.
    pub const fn append() -> OpenOptions {
        OpenOptions { read: true, append: true, create: true, ..OpenOptions::NONE }
    }

    /// The same with `read` as given.
    pub const fn read(self, read: bool) -> OpenOptions {
        OpenOptions { read, ..self }
    }

    /// The same with `write` as given.
    pub const fn write(self, write: bool) -> OpenOptions {
        OpenOptions { write, ..self }
    }

    /// The same with `truncate` as given.
    pub const fn truncate(self, truncate: bool) -> OpenOptions {
        OpenOptions { truncate, ..self }
    }

    /// Whether the options make sense together, as `open(2)` and std have it.
    ///
    /// # Errors
    /// `InvalidInput`: no access at all, or `truncate`, `create` or `create_new`
    /// without a right to write, or `truncate` with `append`.
    pub fn validate(&self) -> io::Result<()> {
        let writes = self.write || self.append;
        let senseless = !(self.read || writes)
            || (self.truncate && (self.append || !self.write))
            || ((self.create || self.create_new) && !writes);
        if senseless { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
    }
}

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Dir,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The path, beginning with the one that was asked for.
    pub path: PathBuf,
    /// What it stands for.
    pub kind: EntryKind,
}
