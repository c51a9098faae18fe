//! What the engine can say about tasks that did not end: for deadlocks, limits
//! and leaks. Judges nothing.

use crate::kernel::{Kernel, TASKS, TIMERS};
use crate::local::Devices;
use crate::node::NodeId;
use crate::task::{End, Task, Wait};
use crate::waiter::Waiter;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// A task that has not ended, and what it waits for.
///
/// Owned, so that it can be told to another process.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TaskReport {
    /// Its name, or the name of what spawned it.
    pub name: Cow<'static, str>,
    /// Where it runs: node, that node's name, and incarnation.
    pub node: NodeId,
    /// The node's name.
    pub node_name: String,
    /// The node's incarnation.
    pub incarnation: u32,
    /// Where it was spawned.
    pub spawned_at: SpawnSite,
    /// What it waits for, in words.
    pub waits_for: String,
}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SpawnSite {
    /// Its file, as the compiler was given it.
    pub file: Cow<'static, str>,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
}

impl From<&'static Location<'static>> for SpawnSite {
    fn from(place: &'static Location<'static>) -> SpawnSite {
        SpawnSite { file: place.file().into(), line: place.line(), column: place.column() }
    }
}

impl fmt::Display for SpawnSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "task `{}` of {} (incarnation {}), spawned at {}, waits for {}",
            self.name, self.node_name, self.incarnation, self.spawned_at, self.waits_for
        )
    }
}

impl Kernel {
    /// The tasks that have not ended, in the order of their slots.
    pub(crate) fn report(&self, devices: &mut Devices) -> Vec<TaskReport> {
        self.tasks
            .iter()
            .filter(|(_, task)| task.end == End::Running)
            .map(|(_, task)| TaskReport {
                name: task.name.into(),
                node: task.node,
                node_name: self.topology.node(task.node).name.to_string(),
                incarnation: task.incarnation,
                spawned_at: task.site.into(),
                waits_for: self.waits_for(task, devices),
            })
            .collect()
    }

    /// Whether a task that began to wait for something did not give that up in the same poll, to
    /// wait for what the engine knows nothing of. A device is believed: what waits for it may do
    /// so without a future.
    fn still_waits(&self, task: &Task, Wait { device, slot, .. }: Wait) -> bool {
        let waiter = match device {
            TIMERS => self.timers.peek(slot),
            TASKS => &self.tasks.peek(slot).joiner,
            _ => return true,
        };
        match waiter {
            Waiter::Task(number) => *number == task.number,
            // A combinator's, which is anybody's.
            Waiter::Foreign(_) => true,
        }
    }

    fn waits_for(&self, task: &Task, devices: &mut Devices) -> String {
        let Some(wait) = task.wait.filter(|wait| self.still_waits(task, *wait)) else {
            let words = if task.queued != 0 {
                "its turn: it is ready, but its node is paused or the run ended first"
            } else {
                "something outside the engine: a channel, a lock, or a future that nobody will wake"
            };
            return words.to_string();
        };
        match wait.device {
            TIMERS => wait.what.to_string(),
            TASKS => {
                let other = self.tasks.peek(wait.slot);
                format!("{} `{}`, spawned at {}", wait.what, other.name, other.site)
            }
            device => format!("{} ({})", wait.what, devices.get(device).describe(wait.slot)),
        }
    }
}
