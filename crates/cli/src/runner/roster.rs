//! A target's program is asked who is in it, before anything of it runs: whether it is a
//! target at all, and the one that its manifest means.

use crate::manifest::Declared;
use crate::roster::Roster;
use crate::target::COMMAND_WORD;
use crate::trouble::Trouble;
use crate::verdict::TROUBLE;
use std::path::Path;
use std::process::{Command, Stdio};

/// Asks the program of a target.
///
/// # Errors
/// If it does not say who is in it, or calls itself otherwise.
pub(super) fn ask(target: &Declared, program: &Path) -> Result<Roster, Trouble> {
    let failed = |what: String| Trouble::new(format!("target `{}`: {what}", target.name));
    let mut command = Command::new(program);
    command.args([COMMAND_WORD, "roster"]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| failed(format!("it cannot be started: {error}")))?;
    if output.status.code() == Some(i32::from(TROUBLE)) {
        return Err(Trouble::told());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().find_map(Roster::from_line) {
        Some(roster) if roster.target == target.name => Ok(roster),
        Some(Roster { target: name, .. }) => {
            Err(failed(format!("its program calls itself `{name}`: give `Target::new` the manifest's name")))
        }
        None if is_usual_harness(&said) => Err(failed(format!(
            "cargo never calls its `main`: give [[test]] of name = {:?} the line `harness = false` in {}",
            target.test,
            target.manifest.display()
        ))),
        None => Err(failed("its program does not say who is in it: end its `main` with `Target::main`".to_string())),
    }
}

/// Whether what a program printed is what a list of tests prints, of which none has our
/// command's name: rustc put a `main` of its own in the place of the target's.
fn is_usual_harness(said: &str) -> bool {
    said.lines().any(|line| line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")))
        && said.lines().any(|line| line.starts_with("test result: "))
}

#[cfg(test)]
mod tests {
    use super::is_usual_harness;

    #[test]
    fn the_usual_harness_is_known_by_its_words() {
        assert!(is_usual_harness("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 2 filtered out\n\n"));
        assert!(!is_usual_harness("running 0 tests\n"));
        assert!(!is_usual_harness(""));
    }
}
