//! The promises of the model that a test may break, to prove that its check of
//! that promise can fail. No configuration breaks one by itself.

/// A promise, broken on purpose: see [`StorageConfiguration::broken`](crate::StorageConfiguration::broken).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Broken {
    /// A write in append mode goes to the cursor, not to the end.
    AppendMode,
    /// What was never written reads as `0xa5`.
    HolesAreZero,
    /// A rename of a file onto one that exists fails.
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
    /// Cutting more than a megabyte off does nothing.
    LargeCuts,
    /// A file of more than a megabyte says that it is a byte shorter than it is.
    LargeSizes,
    /// Who goes back to the beginning of a file that was opened for reading finds nothing there.
    RewindReads,
    /// A directory that is not empty can be removed.
    RemoveDirEmpty,
    /// Opening a missing file creates it.
    MissingNotFound,
    /// A file that was opened for reading can be written.
    AccessChecked,
    /// Reading behind the end gives zeros.
    EndOfFile,
    /// Seeking from the end seeks from the start.
    SeekFromEnd,
    /// Creating a directory that is there fails.
    CreateDirAllRepeats,
    /// All machines have one disk.
    MachinesIsolated,
    /// Opening with `create` empties a file that is there.
    CreateKeeps,
    /// Options that make no sense together are taken as they are.
    OptionsChecked,
    /// A directory opens as a file.
    DirectoryIsNoFile,
    /// A path below a file is merely not there.
    NothingBelowFile,
    /// Who opened an empty file to read it sees nothing of what is written to it later.
    WritesSeen,
    /// A write beyond the first megabyte of a file changes its first byte.
    LargeWrites,
    /// A write that does not reach the end of the file leaves the cursor.
    CursorMoves,
    /// Seeking from the cursor to before the beginning goes to the beginning.
    SeekBeforeStart,
    /// Seeking moves the cursors of all handles of a file.
    CursorsApart,
    /// Offsets that the kernel's signed ones cannot be are merely far behind the end.
    OffsetsSigned,
    /// Reading a single byte at the end, by position, gives a zero.
    ExactRead,
    /// A write by position in append mode goes to that position.
    AppendByPosition,
    /// A file that was not opened for reading can be read.
    ReadChecked,
    /// Syncing a file fails.
    SyncSucceeds,
    /// Syncing a directory fails.
    SyncDirSucceeds,
    /// An empty file does not exist.
    ExistsTruly,
    /// A file that is renamed into another directory stays where it was as well.
    RenameMoves,
    /// A renamed directory is empty.
    RenameTakesAlong,
    /// Renaming what is not there succeeds.
    RenameNotFound,
    /// A rename puts a directory over one that is not empty.
    RenameChecksKinds,
    /// Deleting a directory removes it.
    DeleteChecksKind,
    /// A directory is created where a file is, which does nothing.
    CreateDirChecksKind,
    /// What is not there lists as an empty directory.
    ReadDirNotFound,
    /// Removing a directory removes a file, too.
    RemoveDirChecksKind,
    /// Syncing a directory that is not there succeeds.
    SyncDirNotFound,
}
