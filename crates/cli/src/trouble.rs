//! Why a command could not do its work: misuse or infrastructure, in one line.
//! What a sweep found is no trouble.

use std::fmt;
use wavetank_debug::corpus::Holdings;

/// One clear line; the process that ends with it exits with code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    line: String,
    /// Whether it is about a word that the command does not take, and says of none that it does.
    lacks_usage: bool,
}

impl Trouble {
    pub(crate) fn new(line: impl Into<String>) -> Trouble {
        Trouble { line: line.into(), lacks_usage: false }
    }

    /// Trouble of a process that we started, which has told it already.
    pub(crate) fn told() -> Trouble {
        Trouble::new(String::new())
    }

    /// What is kept and cannot be read, if there is any: nobody runs that again.
    pub(crate) fn of_broken(holdings: &Holdings) -> Option<Trouble> {
        let first = holdings.broken.first()?;
        let others = match holdings.broken.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        let way_out = "mend it, or `cargo xtask corpus retire` it by the name of its folder";
        Some(Trouble::new(format!("a failure that is kept cannot be run again: {first}{others}; {way_out}")))
    }

    /// The same with how the command is called, where that would help and is not said.
    pub(crate) fn with_usage(self, usage: &str) -> Trouble {
        if self.lacks_usage { Trouble::new(format!("{}; usage: {usage}", self.line)) } else { self }
    }

    /// Tells it, unless somebody has.
    pub(crate) fn tell(&self) {
        if !self.is_told() {
            crate::terminal::complain(&format!("error: {self}"));
        }
    }

    pub(crate) fn is_told(&self) -> bool {
        self.line.is_empty()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<lexopt::Error> for Trouble {
    fn from(error: lexopt::Error) -> Trouble {
        Trouble { line: error.to_string(), lacks_usage: true }
    }
}
