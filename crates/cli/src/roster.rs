//! Who is in a target: what its program says of itself. Asking it, and what a manifest says
//! of it, is the runner's business.

use serde::{Deserialize, Serialize};

/// What begins the line with it: the program under test may print, too.
const MARK: &str = "wavetank-roster:";

/// A target's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Roster {
    /// The name that it gives itself.
    pub(crate) target: String,
    /// What `sweep` and `replay` call its simulations, in their order.
    pub(crate) simulations: Vec<String>,
}

impl Roster {
    /// The roster as one line, for the process that asked for it.
    pub(crate) fn to_line(&self) -> String {
        format!("{MARK}{}\n", serde_json::to_string(self).expect("a roster has nothing that JSON lacks"))
    }

    /// The roster in a line that may hold other output before it.
    pub(crate) fn from_line(line: &str) -> Option<Roster> {
        serde_json::from_str(line.split_once(MARK)?.1.trim_end()).ok()
    }
}

/// Whether a name can stand in a command line as it is, and beside a `/`.
pub(crate) fn is_word(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.:+".contains(letter);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_survives_what_else_is_printed() {
        let roster = Roster { target: "kv".into(), simulations: vec!["kv/storm".into(), "kv/calm".into()] };
        assert_eq!(Roster::from_line(&format!("no newline then {}", roster.to_line())), Some(roster));
        assert_eq!(Roster::from_line("kv/storm"), None);
    }

    #[test]
    fn a_word_needs_no_quotes() {
        let words = ["storm", "other-points", "step_1.2", "räuber"].map(is_word);
        assert_eq!(words, [true; 4]);
        let others = ["", "two words", "a/b", "-x", "it's", "$x", "a;b"].map(is_word);
        assert_eq!(others, [false; 7]);
    }
}
