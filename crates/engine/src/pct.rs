//! PCT's priorities: those that tasks draw, and those of the tasks that fell behind at a
//! point of change (see [`Policy::Pct`]). Only a run of that policy asks.

use crate::decision::Decisions;
use crate::kernel::{CHANGES, SCHEDULE};
use crate::ready::Policy;
use crate::task::Task;

/// Points of change that a run may have. Bugs have a depth of a handful; these are drawn, sorted
/// and kept for each run.
const CHANGES_MOST: u32 = 1 << 16;

/// The points of change of a run, and who fell behind at them.
#[derive(Debug, Default)]
pub(crate) struct Pct {
    /// Polls after which the running task falls behind, the last of them first.
    changes: Vec<u64>,
    /// The numbers of those that did, and their priorities, the latest last.
    fallen: Vec<(u64, u64)>,
}

impl Pct {
    /// Draws the points of change of a run.
    ///
    /// # Panics
    /// If there are more than [`CHANGES_MOST`].
    pub(crate) fn plan(&mut self, policy: &Policy, decisions: &Decisions) {
        self.changes.clear();
        self.fallen.clear();
        if let Policy::Pct { changes, polls } = *policy {
            assert!(
                changes <= CHANGES_MOST,
                "a schedule has {CHANGES_MOST} points of change at most, not {changes}: Policy::Random changes at every poll"
            );
            self.changes.extend((0..u64::from(changes)).filter_map(|nth| {
                let point = decisions.within(CHANGES, 0, nth, 0, polls);
                (point > 0).then_some(point)
            }));
            self.changes.sort_unstable();
            self.changes.reverse();
        }
    }

    /// Lets the task fall behind all others if a point of change has come; its priority then.
    pub(crate) fn change(&mut self, polls: u64, task: &Task) -> Option<u64> {
        self.changes.pop_if(|point| *point <= polls)?;
        // Below every drawn priority (those have 56 bits), and below earlier changes.
        let priority = u64::MAX - self.changes.len() as u64;
        self.fallen.push((task.number, priority));
        Some(priority)
    }

    /// A task's priority: low is early.
    #[cold]
    pub(crate) fn priority(&self, decisions: &Decisions, task: &Task) -> u64 {
        match self.fallen.iter().rev().find(|(number, _)| *number == task.number) {
            Some((_, priority)) => *priority,
            None => decisions.draw_or(SCHEDULE, task.entity, 0, 0) >> 8,
        }
    }
}
