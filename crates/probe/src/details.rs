//! What a violated assertion says about the values it saw. They are borrowed and
//! formatted only when somebody prints them.

use std::fmt;

/// Keys and values of a violated assertion, in the order written.
#[derive(Clone, Copy, Debug)]
pub struct Details<'a> {
    pairs: &'a [(&'static str, &'a dyn fmt::Debug)],
}

impl<'a> Details<'a> {
    /// Details over pairs that outlive the call of the hook.
    pub const fn new(pairs: &'a [(&'static str, &'a dyn fmt::Debug)]) -> Details<'a> {
        Details { pairs }
    }

    /// The pairs in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a dyn fmt::Debug)> + use<'a> {
        self.pairs.iter().copied()
    }

    /// Whether the assertion was written without details.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// `sent=3, received=2`; nothing if there are no details.
impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (key, value)) in self.pairs.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{key}={value:?}")?;
        }
        Ok(())
    }
}
