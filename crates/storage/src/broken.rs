//! The promises of the model that a test may break, to prove that its check of
//! that promise can fail. No configuration breaks one by itself.

/// A promise, broken on purpose: see [`StorageConfiguration::broken`](crate::StorageConfiguration::broken).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Broken {
    /// A write in append mode goes to the cursor, not to the end.
    AppendMode,
    /// What was never written reads as `0xa5`.
    HolesAreZero,
    /// A rename onto a file that exists fails.
    RenameReplaces,
    /// Deleting an open file empties it.
    DeleteKeepsOpen,
    /// A directory is listed in reverse.
    ReadDirSorted,
    /// `create_new` opens a file that exists.
    CreateNewExists,
    /// `truncate` leaves what is there.
    TruncateEmpties,
    /// A sync of a file does nothing.
    SyncDurable,
    /// A sync of a directory does nothing.
    SyncDirDurable,
    /// What was not synced survives every crash.
    UnsyncedMayVanish,
    /// A process's crash takes the page cache with it.
    ProcessCrashKeepsCache,
    /// Reading and writing at an offset move the cursor.
    PositionKeepsCursor,
    /// What `set_len` cut off is there again when the file grows.
    CutForgets,
    /// A directory that is not empty can be removed.
    RemoveDirEmpty,
    /// Opening a missing file creates it.
    MissingNotFound,
    /// A file that was opened for reading can be written.
    AccessChecked,
    /// Reading at the end gives zeros.
    EndOfFile,
    /// Seeking from the end seeks from the start.
    SeekFromEnd,
    /// Creating a directory that is there fails.
    CreateDirAllRepeats,
    /// All machines have one disk.
    MachinesIsolated,
}
