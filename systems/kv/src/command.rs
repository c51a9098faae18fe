//! What a client asks to be written, and what it is told. Decides nothing.

use axum::body::Bytes;

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Which key.
    pub key: String,
    /// What to do with it.
    pub action: Action,
    /// When only.
    pub condition: Condition,
    /// The client's name for this write. The same write under the same name is done
    /// once, and its first answer is given again.
    pub retry_key: Option<String>,
}

/// What a write does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Gives the key this value.
    Put(Bytes),
    /// Removes the key.
    Delete,
}

/// What has to hold of a key when the write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// There is no such key.
    Absent,
    /// There is such a key.
    Present,
    /// Its last write has this version.
    Version(u64),
}

/// What came of a write.
///
/// A version is the write's number among all writes of the store: it only grows, over
/// deletion too, and no two writes share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key has its value.
    Stored {
        /// Since this write.
        version: u64,
        /// Whether there was no such key before.
        created: bool,
    },
    /// The key is gone.
    Deleted {
        /// Since this write.
        version: u64,
    },
    /// There was nothing to delete.
    Missing,
    /// The condition does not hold; nothing was done.
    Mismatch {
        /// The key's version; none if there is no such key.
        version: Option<u64>,
    },
}

impl Command {
    /// Sets `key` to `value`, whatever it was.
    pub fn put(key: impl Into<String>, value: impl Into<Bytes>) -> Command {
        Command { key: key.into(), action: Action::Put(value.into()), condition: Condition::Always, retry_key: None }
    }

    /// Removes `key`, whatever it was.
    pub fn delete(key: impl Into<String>) -> Command {
        Command { key: key.into(), action: Action::Delete, condition: Condition::Always, retry_key: None }
    }

    /// The same under a condition.
    pub fn when(self, condition: Condition) -> Command {
        Command { condition, ..self }
    }

    /// The same under a name, so that it may be repeated.
    pub fn once(self, retry_key: impl Into<String>) -> Command {
        Command { retry_key: Some(retry_key.into()), ..self }
    }

    /// A number that tells this write from another one under the same name. One of four
    /// thousand million pairs is not told apart.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let (tag, version) = match self.condition {
            Condition::Always => (0, 0),
            Condition::Absent => (1, 0),
            Condition::Present => (2, 0),
            Condition::Version(version) => (3, version),
        };
        hasher.update(&[tag]);
        hasher.update(&version.to_le_bytes());
        hasher.update(&(self.key.len() as u64).to_le_bytes());
        hasher.update(self.key.as_bytes());
        match &self.action {
            Action::Put(value) => {
                hasher.update(&[1]);
                hasher.update(value);
            }
            Action::Delete => hasher.update(&[0]),
        }
        hasher.finalize()
    }
}
