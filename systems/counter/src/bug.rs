//! Bugs planted on purpose, to see that a sweep finds them. None is compiled in
//! without the feature `bugs`.

/// A planted bug. Without the feature `bugs` there is none to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Increments are acknowledged when they are written, before they are synced.
    #[cfg(feature = "bugs")]
    AcknowledgeBeforeSync,
}

impl Bug {
    /// The bug of that name, if it is compiled in.
    pub fn named(name: &str) -> Option<Bug> {
        match name {
            #[cfg(feature = "bugs")]
            "acknowledge-before-sync" => Some(Bug::AcknowledgeBeforeSync),
            _ => None,
        }
    }
}

/// Whether increments are acknowledged too early.
pub(crate) fn acknowledges_before_sync(bug: Option<Bug>) -> bool {
    match bug {
        #[cfg(feature = "bugs")]
        Some(Bug::AcknowledgeBeforeSync) => true,
        _ => false,
    }
}
