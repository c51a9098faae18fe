//! A bug planted on purpose, to see that a sweep finds it. It is not compiled in without
//! the feature `bugs`.

/// A planted bug. Without the feature `bugs` there is none to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// The next answer on a connection is taken for that of the request under way.
    #[cfg(feature = "bugs")]
    TakeAnyAnswer,
}

impl Bug {
    /// The bug of that name, if it is compiled in.
    pub fn named(name: &str) -> Option<Bug> {
        match name {
            #[cfg(feature = "bugs")]
            "take-any-answer" => Some(Bug::TakeAnyAnswer),
            _ => None,
        }
    }
}

/// Whether any answer is taken for the one that is awaited.
pub(crate) fn takes_any_answer(bug: Option<Bug>) -> bool {
    match bug {
        #[cfg(feature = "bugs")]
        Some(Bug::TakeAnyAnswer) => true,
        _ => false,
    }
}
