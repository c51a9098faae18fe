//! What is wrong with a data directory, where, and what an operator can do. A torn tail
//! is not damage: every crash may leave one.

/// A data directory from which nothing can be recovered without losing writes that were
/// acknowledged. Nothing in it was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} is damaged at byte {offset}: {wrong}; {}", .wrong.remedy(.file, *.offset))]
pub struct Damage {
    /// The file, below the data directory.
    pub file: String,
    /// Where in it, in bytes from its beginning.
    pub offset: u64,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A log goes on behind a record whose checksum does not match.
    #[error("a record is not whole, and later ones follow it")]
    Record,
    /// A log's records do not follow one another.
    #[error("the record here is not the next one")]
    Order,
    /// A record's checksum matches, and it still cannot be read.
    #[error("the record here cannot be understood")]
    Content,
    /// A file does not begin as it should, or was written by another version.
    #[error("it does not begin like a file of this version")]
    Head,
    /// A snapshot has a part whose checksum does not match, or ends early.
    #[error("a part of the snapshot is not whole")]
    Part,
    /// A snapshot's log is gone.
    #[error("it is missing, and the snapshot needs it")]
    NoLog,
    /// A log is there, and the snapshot that it continues is gone.
    #[error("it is missing, and there is a log that continues it")]
    NoSnapshot,
}

impl Wrong {
    fn remedy(self, file: &str, offset: u64) -> String {
        let backup = "restore the directory from a backup";
        match self {
            Wrong::Record | Wrong::Order | Wrong::Content => format!(
                "{backup}, or cut the file off there (truncate -s {offset} {file}) and lose the writes from there on"
            ),
            Wrong::Head | Wrong::Part | Wrong::NoLog | Wrong::NoSnapshot => backup.to_string(),
        }
    }
}
