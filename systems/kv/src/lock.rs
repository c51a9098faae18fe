//! The lock of a data directory: one process at a time. It goes with the process,
//! however that ends.

#![expect(clippy::disallowed_methods, reason = "it takes a directory of the real disk for one process")]

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A directory that is this process's own until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")]
    file: File,
}

/// Why a directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error("{0} is in use by another process")]
    Taken(PathBuf),
    #[error("cannot use {0}: {1}")]
    Unusable(PathBuf, #[source] io::Error),
}

impl Lock {
    /// Creates the directory if it is not there, and takes it.
    ///
    /// # Errors
    /// [`LockError`].
    pub(crate) fn take(directory: &Path) -> Result<Lock, LockError> {
        let unusable = |error| LockError::Unusable(directory.to_path_buf(), error);
        std::fs::create_dir_all(directory).map_err(unusable)?;
        let path = directory.join("lock");
        let file = File::options().write(true).create(true).truncate(false).open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(directory.to_path_buf())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}
