//! Who is in a target: what its program says of itself, asked before anything of it runs.
//! What a manifest says of it is the runner's business.

use crate::target::COMMAND_WORD;
use crate::trouble::Trouble;
use crate::verdict::TROUBLE;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};

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
    /// Asks the program of a target that the manifest calls `target`.
    ///
    /// # Errors
    /// If it does not say who is in it, or calls itself otherwise.
    pub(crate) fn ask(target: &str, program: &Path) -> Result<Roster, Trouble> {
        let failed = |what: &str| Trouble::new(format!("target `{target}`: {what}"));
        let mut command = Command::new(program);
        command.args([COMMAND_WORD, "roster"]).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| failed(&format!("it cannot be started: {error}")))?;
        if output.status.code() == Some(i32::from(TROUBLE)) {
            return Err(Trouble::told());
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let roster = said.lines().find_map(Roster::from_line);
        let roster = roster
            .ok_or_else(|| failed("its program does not say who is in it: end its `main` with `Target::main`"))?;
        if roster.target != target {
            let name = &roster.target;
            return Err(failed(&format!("its program calls itself `{name}`: give `Target::new` the manifest's name")));
        }
        Ok(roster)
    }

    /// The roster as one line, for the process that asked for it.
    pub(crate) fn to_line(&self) -> String {
        format!("{MARK}{}\n", serde_json::to_string(self).expect("a roster has nothing that JSON lacks"))
    }

    fn from_line(line: &str) -> Option<Roster> {
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
