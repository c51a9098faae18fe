//! Why a run is red, as data. Printing and counting are others' business.

use crate::signature::Signature;
use std::fmt;
use std::time::Duration;
use wavetank_engine::{Limit, Limits, TaskReport};

/// A reason for a run to be red.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Failure {
    /// A task panicked.
    Panic {
        /// The task and where it ran, in words.
        task: String,
        /// Where the panic was, as `file:line`; empty if unknown.
        site: String,
        /// What it said.
        message: String,
    },
    /// An `always_assert!` did not hold, or an `unreachable!` was reached.
    Violated {
        /// The assertion, with its details.
        assertion: String,
        /// Who ran into it.
        who: String,
    },
    /// A process or workload returned an error.
    Error {
        /// Who.
        who: String,
        /// The error.
        message: String,
    },
    /// An invariant did not hold after an event.
    Invariant {
        /// Its name.
        name: String,
        /// What it said.
        message: String,
    },
    /// A demand for progress was not met in time although the world was quiet.
    NotLive {
        /// Its name.
        name: String,
        /// Within how much virtual time it was to be met.
        within: Duration,
        /// Who was not done.
        tasks: Vec<TaskReport>,
    },
    /// A checker found the run as a whole wrong.
    Checker {
        /// Its name.
        name: String,
        /// What it said.
        message: String,
    },
    /// Nothing is ready, nothing is due, and somebody is not done.
    Deadlock {
        /// Who waits, and for what.
        tasks: Vec<TaskReport>,
    },
    /// The run went further than its limits allow.
    Limit {
        /// Which limit, in words.
        limit: String,
        /// Who was not done.
        tasks: Vec<TaskReport>,
    },
    /// A workload left tasks behind.
    LeakedTasks {
        /// Which.
        tasks: Vec<TaskReport>,
    },
    /// Something is open although every task is gone.
    Leaked {
        /// What, in words.
        what: String,
    },
    /// A handle or waker of the run was used outside of it.
    Foreign {
        /// How often.
        uses: usize,
    },
    /// The run was over before it could say so: its process crashed, ended or hung.
    Process {
        /// How, in words.
        what: String,
    },
}

/// Waiting tasks that a report names; the others are counted.
const TASKS_NAMED: usize = 20;

impl Failure {
    /// What makes two failures the same.
    pub fn signature(&self) -> Signature {
        Signature::of(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Panic { task, site, message } if site.is_empty() => write!(f, "{task} panicked: {message}"),
            Failure::Panic { task, site, message } => write!(f, "{task} panicked at {site}: {message}"),
            Failure::Violated { assertion, who } => write!(f, "{who} violated {assertion}"),
            Failure::Error { who, message } => write!(f, "{who} returned an error: {message}"),
            Failure::Invariant { name, message } => write!(f, "invariant `{name}` does not hold: {message}"),
            Failure::NotLive { name, within, tasks } => {
                write!(f, "liveness `{name}` was not met within {} of quiet", human(*within))?;
                write_tasks(f, tasks)
            }
            Failure::Checker { name, message } => write!(f, "checker `{name}`: {message}"),
            Failure::Deadlock { tasks } => {
                write!(f, "deadlock: nothing is ready, nothing is due, and somebody is not done")?;
                write_tasks(f, tasks)
            }
            Failure::Limit { limit, tasks } => {
                write!(f, "the run did not end before {limit}")?;
                write_tasks(f, tasks)
            }
            Failure::LeakedTasks { tasks } => {
                write!(f, "every workload is done, but left tasks behind")?;
                write_tasks(f, tasks)
            }
            Failure::Leaked { what } => write!(f, "leaked: {what}"),
            Failure::Foreign { uses } => write!(
                f,
                "simulated handles or wakers were used {uses} times outside of their run: by another thread, which may outlive it, or kept in a static"
            ),
            Failure::Process { what } => write!(f, "the process of this run {what}"),
        }
    }
}

fn write_tasks(f: &mut fmt::Formatter<'_>, tasks: &[TaskReport]) -> fmt::Result {
    for task in tasks.iter().take(TASKS_NAMED) {
        write!(f, "\n    {task}")?;
    }
    match tasks.len().checked_sub(TASKS_NAMED) {
        Some(more) if more > 0 => write!(f, "\n    and {more} more"),
        _ => Ok(()),
    }
}

/// A limit that was reached, in words.
pub(crate) fn limit_reached(limit: Limit, limits: &Limits) -> String {
    match limit {
        Limit::Events => format!("{} events fired (Limits::events)", limits.events),
        Limit::Polls => format!("{} polls were made (Limits::polls)", limits.polls),
        Limit::PollsPerInstant => format!(
            "{} polls were made while time stood still (Limits::polls_per_instant): a task wakes itself, or two wake each other, without end",
            limits.polls_per_instant
        ),
        Limit::Time => format!("{} of virtual time passed (Limits::time)", human(limits.time)),
    }
}

/// A duration for people.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{duration:.1?}"),
        1..120 => format!("{:.1} s", duration.as_secs_f64()),
        120..7200 => format!("{:.1} min", duration.as_secs_f64() / 60.0),
        7200..172_800 => format!("{:.1} h", duration.as_secs_f64() / 3600.0),
        _ => format!("{:.1} days", duration.as_secs_f64() / 86_400.0),
    }
}
