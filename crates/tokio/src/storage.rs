//! The operating system's directories below one root. Adds nothing to what the file
//! system does but to refuse opening a directory as a file.

#![expect(clippy::disallowed_methods, reason = "this is where the real disk is asked")]

use crate::TokioStorageFile;
use crate::file::blocking;
use crate::line::{Line, Lines};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wavetank_core::{DirEntry, EntryKind, OpenOptions, StorageProvider};

/// Real files. A relative path starts at the root that [`new`](Self::new) was given;
/// an absolute one is taken as it is: the root is a starting point, not a jail.
///
/// Every operation runs on tokio's threads for blocking work. Dropping its future does
/// not stop it: it may or may not happen, and what is done to names may come behind what is
/// done later. What is done to an open file does not: see [`TokioStorageFile`].
#[derive(Debug, Clone)]
pub struct TokioStorageProvider {
    root: Arc<Path>,
    lines: Arc<Lines>,
}

impl TokioStorageProvider {
    /// Files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> TokioStorageProvider {
        TokioStorageProvider { root: root.into().into(), lines: Arc::default() }
    }

    /// The directory at which relative paths start.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }
}

impl StorageProvider for TokioStorageProvider {
    type File = TokioStorageFile;

    async fn open(&self, path: impl AsRef<Path> + Send, options: OpenOptions) -> io::Result<TokioStorageFile> {
        let (path, lines) = (self.at(path), self.lines.clone());
        let (file, line) = blocking(move || open(&path, options, &lines)).await?;
        // What a handle that is closed by now has left under way.
        line.clear(None).await;
        let file = TokioStorageFile::new(file, options.append, line);
        if options.truncate {
            file.empty().await?;
        }
        Ok(file)
    }

    async fn exists(&self, path: impl AsRef<Path> + Send) -> io::Result<bool> {
        let path = self.at(path);
        blocking(move || path.try_exists()).await
    }

    async fn delete(&self, path: impl AsRef<Path> + Send) -> io::Result<()> {
        let path = self.at(path);
        blocking(move || std::fs::remove_file(path)).await
    }

    async fn rename(&self, from: impl AsRef<Path> + Send, to: impl AsRef<Path> + Send) -> io::Result<()> {
        let (from, to) = (self.at(from), self.at(to));
        blocking(move || std::fs::rename(from, to)).await
    }

    async fn create_dir_all(&self, path: impl AsRef<Path> + Send) -> io::Result<()> {
        let path = self.at(path);
        blocking(move || std::fs::create_dir_all(path)).await
    }

    async fn read_dir(&self, path: impl AsRef<Path> + Send) -> io::Result<Vec<DirEntry>> {
        let asked = path.as_ref().to_owned();
        let path = self.at(&asked);
        blocking(move || read_dir(&path, &asked)).await
    }

    async fn remove_dir(&self, path: impl AsRef<Path> + Send) -> io::Result<()> {
        let path = self.at(path);
        blocking(move || std::fs::remove_dir(path)).await
    }

    async fn sync_dir(&self, path: impl AsRef<Path> + Send) -> io::Result<()> {
        let path = self.at(path);
        blocking(move || {
            // Opening a file would work as well; reading it as a directory does not.
            std::fs::read_dir(&path)?;
            std::fs::File::open(&path)?.sync_all()
        })
        .await
    }
}

/// Opens a file, and empties it not yet.
fn open(path: &Path, options: OpenOptions, lines: &Arc<Lines>) -> io::Result<(File, Arc<Line>)> {
    options.validate()?;
    let file = std::fs::OpenOptions::new()
        .read(options.read)
        .write(options.write)
        .append(options.append)
        .create(options.create)
        .create_new(options.create_new)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        // Linux opens a directory for reading and refuses only to read it.
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let line = lines.of((metadata.dev(), metadata.ino()));
    Ok((file, line))
}

/// What `path` holds, named as below `asked`, sorted by name. A symbolic link counts as
/// what it leads to, and as a file if it leads nowhere.
fn read_dir(path: &Path, asked: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let is_dir = std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
        let kind = if is_dir { EntryKind::Dir } else { EntryKind::File };
        entries.push(DirEntry { path: asked.join(entry.file_name()), kind });
    }
    entries.sort();
    Ok(entries)
}
