//! Standard output and error: written so that a full disk or a closed pipe loses no
//! finding, and coloured where somebody looks. What is written is others' business.

use crate::trouble::Trouble;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Where words are red and green, and where they are plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    coloured: bool,
}

impl Paint {
    /// No colour.
    pub(crate) const PLAIN: Paint = Paint { coloured: false };

    /// Colour if standard output is a terminal and nobody asked for none.
    pub(crate) fn for_stdout() -> Paint {
        Paint { coloured: io::stdout().is_terminal() && wants_colour() }
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// By the convention of <https://no-color.org>: any value but the empty one.
fn wants_colour() -> bool {
    let unset = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    unset && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}

/// Writes findings to standard output. Where that fails they go to standard error,
/// so that they are not lost.
///
/// # Errors
/// If standard output cannot be written. That nobody reads it any more is no error.
pub(crate) fn say(text: &str) -> Result<(), Trouble> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(text.trim_end());
            Err(Trouble::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error, if anybody takes it.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes a line to standard error while a progress line may stand there.
pub(crate) fn interject(line: &str) {
    let clears = if io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
    complain(&format!("{clears}{line}"));
}
