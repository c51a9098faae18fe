//! Bugs planted on purpose, to see that a sweep finds them. Without the feature `bugs`
//! none can be chosen, and the compiler drops what each would do.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Writes are acknowledged when they are written, before they are synced.
    AcknowledgeBeforeSync,
    /// Recovery takes a last record that is not whole.
    AcceptTornRecord,
    /// A snapshot gets its name before its contents are synced.
    RenameBeforeSync,
    /// The directory is not synced after a snapshot got its name.
    NoSyncDir,
    /// Compaction leaves the answers that retries need out of the snapshot.
    ForgetIdempotency,
    /// Compare-and-swap compares values instead of versions.
    CompareValue,
}

impl Bug {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Bug); 6] = [
        ("acknowledge-before-sync", Bug::AcknowledgeBeforeSync),
        ("accept-torn-record", Bug::AcceptTornRecord),
        ("rename-before-sync", Bug::RenameBeforeSync),
        ("no-sync-dir", Bug::NoSyncDir),
        ("forget-idempotency", Bug::ForgetIdempotency),
        ("compare-value", Bug::CompareValue),
    ];

    /// The bug of that name, if bugs are compiled in.
    pub fn named(name: &str) -> Option<Bug> {
        let (_, bug) = Bug::ALL.into_iter().find(|(known, _)| *known == name)?;
        cfg!(feature = "bugs").then_some(bug)
    }

    /// Whether `chosen` is this bug; never without the feature `bugs`.
    pub(crate) fn is(self, chosen: Option<Bug>) -> bool {
        cfg!(feature = "bugs") && chosen == Some(self)
    }
}
