//! One run in this process, watched: whoever started the process can see that it is under way,
//! and one that never ends is told where its simulation says how long a run may take. A run
//! that was changed cannot be handed to a process of its own.

use super::apart;
use crate::report::seconds;
use crate::terminal::{self, Paint};
use crate::trouble::Trouble;
use crate::underway::Underway;
use crate::verdict::{self, Verdict};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use wavetank_harness::{Failure, Isolation, SimulationBuilder};

/// Has a seed under way while `body` runs it: what ends this process meanwhile is a failure
/// of that run, and whoever started the process sees it.
pub(super) fn during<R>(seed: u64, body: impl FnOnce() -> R) -> R {
    let underway = Underway::begin(1);
    underway.iter().for_each(|underway| underway.begins(0, seed));
    let result = body();
    underway.iter().for_each(|underway| underway.rests(0));
    result
}

/// As [`during`], of one run of the simulation. If it takes longer than a process of its own
/// might, that is told, and this process ends.
pub(super) fn run<R>(name: &str, builder: &SimulationBuilder, seed: u64, body: impl FnOnce() -> R) -> R {
    let Isolation::Process { timeout } = builder.isolation() else { return during(seed, body) };
    let underway = Arc::new(Underway::begin(1));
    underway.iter().for_each(|underway| underway.begins(0, seed));
    let (running, over) = channel::<()>();
    let (name, watched) = (name.to_string(), underway.clone());
    thread::spawn(move || {
        if over.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            watched.iter().for_each(|underway| underway.rests(0));
            let within = seconds(timeout.as_secs_f64());
            let told = tell(&name, seed, &[format!("the run did not end within {within}")]);
            std::process::exit(verdict::code(told.map(|()| Verdict::Red)).into());
        }
    });
    let result = body();
    drop(running);
    underway.iter().for_each(|underway| underway.rests(0));
    result
}

/// Whether a simulation has processes of its own, and that of this seed ends before its run does,
/// or never; if so, that is told.
pub(super) fn is_fatal(name: &str, builder: &SimulationBuilder, seed: u64) -> Result<bool, Trouble> {
    if !matches!(builder.isolation(), Isolation::Process { .. }) {
        return Ok(false);
    }
    let alone = apart::one(builder, seed);
    let failures: Vec<&Failure> = alone.red.iter().flat_map(|red| &red.failures).collect();
    let is_fatal = failures.iter().any(|failure| matches!(failure, Failure::Process { .. }));
    if is_fatal {
        tell(name, seed, &failures)?;
    }
    Ok(is_fatal)
}

fn tell(name: &str, seed: u64, failures: &[impl std::fmt::Display]) -> Result<(), Trouble> {
    let red = Paint::for_stdout().red("RED");
    let lines: String = failures.iter().map(|failure| format!("  {red} {failure}\n")).collect();
    terminal::say(&format!("{name}: seed {seed} is {red}\n{lines}"))
}
