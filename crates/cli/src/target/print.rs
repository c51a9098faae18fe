//! `print`: the prints of some seeds' runs as JSON, a line each, for whoever compares
//! them with another process's.

use super::Target;
use crate::options::SweepOptions;
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use std::io::Read;
use wavetank_harness::{Overrides, RunPrint};

/// What begins a line with a print: the program under test may print, too.
const MARK: &str = "wavetank-print:";

pub(super) fn run(
    target: &Target,
    simulation: Option<&str>,
    options: &SweepOptions,
    window: Option<(u64, u64)>,
) -> Result<Verdict, Trouble> {
    end_with_stdin();
    let simulation = target.find(simulation)?;
    let mut recorder = target.state(simulation, options.bug.as_deref())?.recorder();
    for seed in options.range() {
        let print = recorder.run(seed, Overrides::new(), window).print();
        terminal::hand_over(&line(&print))?;
    }
    Ok(Verdict::Green)
}

/// Ends this process when whoever started it is gone or has waited for long enough: a run
/// may have no end.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

/// A print as a line.
pub(super) fn line(print: &RunPrint) -> String {
    format!("{MARK}{}\n", serde_json::to_string(print).expect("a print has nothing that JSON lacks"))
}

/// Whether a line holds a print.
pub(super) fn is_marked(line: &str) -> bool {
    line.contains(MARK)
}

/// The prints in what such a process wrote.
pub(super) fn read(output: &str) -> Vec<RunPrint> {
    let marked = output.lines().filter_map(|line| line.split_once(MARK));
    marked.filter_map(|(_, json)| serde_json::from_str(json).ok()).collect()
}
