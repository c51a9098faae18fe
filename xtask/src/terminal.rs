//! Standard output and error: who reads no further has heard enough, and no check ends for
//! it. What is said is the business of who says it.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a line to standard output.
pub(crate) fn say(line: impl Display) {
    show(&format!("{line}\n"));
}

/// Writes a text to standard output as it is. What cannot be written there for another
/// reason than that nobody reads it goes to standard error, so that it is not lost.
pub(crate) fn show(text: &str) {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(format!("{}\nxtask: standard output cannot be written: {error}", text.trim_end()));
        }
        _ => (),
    }
}

/// Writes a line to standard error, if anybody takes it.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
