//! What a command says of itself when it is asked for help: its usage, what it does, and what
//! each of its flags is. Which flags it takes, its usage says; nothing is read here.

use std::ffi::OsString;
use std::fmt::Write;

/// What each flag of any command is.
const FLAGS: &[(&str, &str)] = &[
    ("against", "the run to draw beside it: `clean` (without the bug), a seed, or a file of overrides or a trace"),
    ("budget", "processor time for making a run small"),
    ("bug", "the planted bug to switch on; `list --bugs` names them"),
    ("bugs", "the planted bugs of each target, too"),
    ("check-determinism", "run each seed a second time in a fresh process, and compare"),
    ("config", "a file with the conditions of another run, such as a kept failure's `configuration.json`"),
    ("each", "how many red seeds of each bug"),
    ("faults", "tell the faults that fired one by one, or by their kinds"),
    ("for", "begin no seed after so much time: 500ms, 60s, 10m, 2h"),
    ("format", "how it is written; JSON lines if it is not said"),
    ("jobs", "threads; as many as there are cores if it is not said"),
    ("junit", "a file for what was checked as JUnit XML; folders that it lacks are made"),
    ("log", "the run's `tracing` events down to a level, of all or of a target: `debug`, `kv=trace`"),
    ("name", "the package's name; that of the folder if it is not said"),
    ("no-record", "write nothing under docs/campaigns"),
    ("no-shrink", "leave red seeds as large as they are"),
    ("out", "where to write it: a folder for reports and failures, a file for a trace or a page; folders are made"),
    ("overrides", "a file with what is overridden of the seed's choices, such as a kept failure's `overrides.json`"),
    ("profile", "the profile to build in; `sim` if it is not said"),
    ("replays", "how often each small run is run again"),
    ("seed", "which run"),
    ("seeds", "how many from 0 on, or from where to where"),
    ("until-covered", "go on until each `sometimes_assert!` and `reachable!` was reached"),
    ("wavetank", "where its crates come from: a folder, or what git clones"),
];

/// Whether help is asked for.
pub(super) fn is_wanted(arguments: &[OsString]) -> bool {
    arguments.iter().any(|word| word == "--help" || word == "-h")
}

/// The help of a command.
pub(super) fn text(usage: &str, about: &str) -> String {
    let flags = flags(usage);
    let width = flags.iter().map(|(flag, _)| flag.len()).max().unwrap_or_default();
    let mut text = format!("usage: cargo xtask {usage}\n\n{about}\n");
    for (place, (flag, about)) in flags.iter().enumerate() {
        let before = if place == 0 { "\n" } else { "" };
        writeln!(text, "{before}  {flag:<width$}  {about}").expect("a string takes all that fits into memory");
    }
    text
}

/// The flags of a usage line, each with its value, and what it is.
fn flags(usage: &str) -> Vec<(String, &'static str)> {
    let mut words = usage.split_whitespace().peekable();
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        let Some(flag) = word.trim_start_matches('[').strip_prefix("--") else { continue };
        let name = flag.trim_end_matches(']');
        let value = words.next_if(|next| !flag.ends_with(']') && !next.starts_with('['));
        let value = value.map(|value| format!(" {}", value.trim_end_matches(']'))).unwrap_or_default();
        let about = FLAGS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
        flags.push((format!("--{name}{value}"), about));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::super::command::{ALL, DEBUGGING};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_flag_is_told_and_none_is_told_in_vain() {
        let mut seen = BTreeSet::new();
        for command in ALL.iter().copied().chain([&DEBUGGING]) {
            for (flag, about) in flags(&command.usage()) {
                assert!(!about.is_empty(), "{}: {flag}", command.name);
                seen.insert(flag.split_whitespace().next().expect("it has a name").to_string());
            }
        }
        let all: Vec<String> = FLAGS.iter().map(|(flag, _)| format!("--{flag}")).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), all, "sorted, and each is some command's");
    }

    #[test]
    fn a_usage_line_is_taken_apart() {
        let told = text("nap NAME --seed S [--bug NAME] [--bugs] [--out DIR]", "naps.");
        let lines: Vec<&str> = told.lines().skip(4).collect();
        assert!(
            told.starts_with("usage: cargo xtask nap NAME --seed S [--bug NAME] [--bugs] [--out DIR]\n\nnaps.\n\n")
        );
        assert!(lines[0].starts_with("  --seed S    which run") && lines[2].starts_with("  --bugs      "), "{told}");
        assert_eq!(lines.len(), 4);
    }
}
