//! Why a command could not do its work: misuse or infrastructure, in one line.
//! What a sweep found is no trouble.

use std::fmt;
use wavetank_debug::corpus::Holdings;

/// One clear line; the process that ends with it exits with code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble(String);

impl Trouble {
    pub(crate) fn new(line: impl Into<String>) -> Trouble {
        Trouble(line.into())
    }

    /// Trouble of a process that we started, which has told it already.
    pub(crate) fn told() -> Trouble {
        Trouble(String::new())
    }

    /// What is kept and cannot be read, if there is any: nobody runs that again.
    pub(crate) fn of_broken(holdings: &Holdings) -> Option<Trouble> {
        let first = holdings.broken.first()?;
        let others = match holdings.broken.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        Some(Trouble::new(format!("a failure that is kept cannot be run again: {first}{others}")))
    }

    /// Tells it, unless somebody has.
    pub(crate) fn tell(&self) {
        if !self.is_told() {
            crate::terminal::complain(&format!("error: {self}"));
        }
    }

    pub(crate) fn is_told(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Trouble {
    fn from(error: lexopt::Error) -> Trouble {
        Trouble(error.to_string())
    }
}
