//! Paths as one types them behind a command, and lines with one. What a line runs is said where
//! it is made.

use std::borrow::Cow;
use std::path::Path;

/// A path from the folder that one stands in.
pub(crate) fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}

/// A replay's line for a run under the overrides of a file.
pub(crate) fn with_overrides(line: &str, path: &Path) -> String {
    format!("{line} --overrides {}", quoted(&from_here(path).to_string_lossy()))
}

/// A word as a shell takes it for one.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.:+/,=@%".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_a_word_is_quoted() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("failures/a-b_c.1", "failures/a-b_c.1");
        check("/home/me/My Projects", "'/home/me/My Projects'");
        check("it's", r"'it'\''s'");
        check("$x;y", "'$x;y'");
        check("", "''");
        assert_eq!(with_overrides("replay a", Path::new("b c/d")), "replay a --overrides 'b c/d'");
    }
}
