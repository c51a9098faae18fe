//! The operating system's files below one root, by its own blocking calls. Adds nothing
//! to what they do but to refuse opening a directory as a file.

#![expect(clippy::disallowed_methods, reason = "this is where the real disk is asked")]

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use wavetank_core::{BlockingFile, DirEntry, EntryKind, FileSystem, OpenOptions};

/// Real files. A relative path starts at the root; an absolute one is taken as it is:
/// the root is a starting point, not a jail.
#[derive(Debug, Clone)]
pub struct StdFileSystem {
    root: PathBuf,
}

/// A real file.
#[derive(Debug)]
pub struct StdFile {
    file: File,
    append: bool,
}

impl StdFileSystem {
    /// Files below `root`, which need not exist yet: `create_dir_all` of the empty path
    /// creates it.
    pub fn new(root: impl Into<PathBuf>) -> StdFileSystem {
        StdFileSystem { root: root.into() }
    }

    /// The directory at which relative paths start.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl FileSystem for StdFileSystem {
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn BlockingFile>> {
        options.validate()?;
        let file = File::options()
            .read(options.read)
            .write(options.write)
            .append(options.append)
            .truncate(options.truncate)
            .create(options.create)
            .create_new(options.create_new)
            .open(self.root.join(path))?;
        // Linux opens a directory for reading and refuses only to read it.
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Box::new(StdFile { file, append: options.append }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.root.join(path).try_exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(self.root.join(path))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(self.root.join(path))
    }

    /// A symbolic link counts as what it leads to, and as a file if it leads nowhere.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.root.join(path))? {
            let entry = entry?;
            let is_dir = std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            let kind = if is_dir { EntryKind::Dir } else { EntryKind::File };
            entries.push(DirEntry { path: path.join(entry.file_name()), kind });
        }
        entries.sort();
        Ok(entries)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(self.root.join(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let path = self.root.join(path);
        // Opening a file would work as well; reading it as a directory does not.
        std::fs::read_dir(&path)?;
        File::open(&path)?.sync_all()
    }
}

impl BlockingFile for StdFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        // Not by position in append mode: only Linux would append then.
        if self.append { (&self.file).write(bytes) } else { self.file.write_at(bytes, offset) }
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        if self.append { (&self.file).write_all(bytes) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    fn try_lock(&self) -> io::Result<()> {
        self.file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })
    }

    fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }
}
