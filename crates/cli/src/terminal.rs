//! Standard output and error: written so that a full disk or a closed pipe loses no
//! finding, and coloured where somebody looks. What is written is others' business.

use crate::trouble::Trouble;
use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Red, green, and plain again: the colours that we write.
const COLOURS: [&str; 3] = ["\x1b[1;31m", "\x1b[32m", "\x1b[0m"];

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
        self.paint(COLOURS[0], text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint(COLOURS[1], text)
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.coloured { format!("{colour}{text}{}", COLOURS[2]) } else { text.to_string() }
    }
}

/// By the convention of <https://no-color.org>: any value but the empty one.
fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb()
}

/// Whether it says that it knows no escape sequence.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}

/// Whether a line of standard error can be written over.
pub(crate) fn rewrites() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Writes a line of standard error over the one before. What goes beyond the edge is not shown: a
/// line that wraps could not be written over.
pub(crate) fn rewrite(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K\x1b[?7l{line}\x1b[?7h").and_then(|()| stderr.flush());
}

/// Writes findings to standard output, for people. Where that fails they go to standard error,
/// so that they are not lost.
///
/// # Errors
/// If standard output cannot be written. That nobody reads it any more is no error.
pub(crate) fn say(text: &str) -> Result<(), Trouble> {
    hand_over(&legible(text))
}

/// Writes data to standard output, or what another program wrote, just as it is; else as [`say`].
///
/// # Errors
/// As of [`say`].
pub(crate) fn hand_over(data: &str) -> Result<(), Trouble> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(data.trim_end());
            Err(Trouble::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error, if anybody takes it.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", legible(line));
}

/// Writes a line to standard error while a progress line may stand there.
pub(crate) fn interject(line: &str) {
    let clears = if rewrites() { "\r\x1b[2K" } else { "" };
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{clears}{}", legible(line));
}

/// The system under test may have put anything into a text: what would move the cursor, clear
/// the screen or ring a bell is shown as an escape. Our own colours stay.
pub(crate) fn legible(text: &str) -> Cow<'_, str> {
    let is_harmful = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let colour = COLOURS.into_iter().find(|colour| rest.starts_with(colour));
        let length = colour.map_or(letter.len_utf8(), str::len);
        match colour.is_none() && is_harmful(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_on_a_terminal_is_shown_instead() {
        let lines = "a line\n\tand another, \u{e9}t\u{e9}\n";
        assert!(matches!(legible(lines), Cow::Borrowed(same) if same == lines));
        assert_eq!(legible("\x1b[2Jgone\r\x07\u{9b}1m\x7f"), "\\u{1b}[2Jgone\\r\\u{7}\\u{9b}1m\\u{7f}");
        let red = Paint { coloured: true }.red("RED");
        assert_eq!(legible(&format!("{red} \x1b[31mtext")), format!("{red} \\u{{1b}}[31mtext"));
    }
}
