//! Why a tank's run did not end well, in words. The tank finds it out.

use std::time::Duration;
use wavetank_engine::TaskReport;

/// Why a tank's run did not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TankError {
    /// A host's task panicked.
    #[error("seed {seed}: {host} panicked at {site}: {message}")]
    Panic {
        /// The tank's seed.
        seed: u64,
        /// Whose task.
        host: String,
        /// Where, as `file:line`.
        site: String,
        /// What it said.
        message: String,
    },
    /// An assertion that must always hold did not, whether or not its panic was caught.
    #[error("seed {seed}: {host} violated {assertion}")]
    Violated {
        /// The tank's seed.
        seed: u64,
        /// Who ran into it.
        host: String,
        /// The assertion, and its details.
        assertion: String,
    },
    /// Handles or wakers of the run were used on another thread.
    #[error(
        "seed {seed}: {uses} handles or wakers were used outside of the run: it waits for a thread or a real timer"
    )]
    Foreign {
        /// The tank's seed.
        seed: u64,
        /// How often, since the tank was last asked.
        uses: usize,
    },
    /// A limit of events or polls was reached.
    #[error("seed {seed}: {limit}{}", list(tasks))]
    Limit {
        /// The tank's seed.
        seed: u64,
        /// Which, in words.
        limit: String,
        /// Who waits, and for what.
        tasks: Vec<TaskReport>,
    },
    /// A host or client returned an error.
    #[error("seed {seed}: {host} returned an error: {message}")]
    Error {
        /// The tank's seed.
        seed: u64,
        /// Who.
        host: String,
        /// The error.
        message: String,
    },
    /// A client that is waited for was crashed, or has failed: nobody but the test starts it again.
    #[error("seed {seed}: client {host} was crashed or has failed, so that it will never be done: restart it first")]
    NotRunning {
        /// The tank's seed.
        seed: u64,
        /// Who.
        host: String,
    },
    /// Nothing is ready and nothing is due, but a client is not done.
    #[error("seed {seed}: deadlock: nothing is ready and nothing is due{}", list(tasks))]
    Deadlock {
        /// The tank's seed.
        seed: u64,
        /// Who waits, and for what.
        tasks: Vec<TaskReport>,
    },
    /// The time given, or the limit of time, was reached first.
    #[error("seed {seed}: not done after {after:?} of virtual time{}", list(tasks))]
    NotDone {
        /// The tank's seed.
        seed: u64,
        /// Virtual time since the start.
        after: Duration,
        /// Who waits, and for what.
        tasks: Vec<TaskReport>,
    },
}

fn list(tasks: &[TaskReport]) -> String {
    tasks.iter().map(|task| format!("; {task}")).collect()
}
