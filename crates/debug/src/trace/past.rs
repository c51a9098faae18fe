//! The causal past of an event: all that could have had a part in it. Which of it matters
//! is for those who look at it to judge.

use super::event::TraceEvent;
use super::file::TraceFile;
use std::collections::{BTreeMap, BTreeSet};

impl TraceFile {
    /// The numbers of the events that happened before event `n` and could have had a part in
    /// it, `n` itself among them: its cause, what it names as further causes, what its task
    /// did before, and all of that for each of those.
    ///
    /// What a process left in files and what a message carried is followed; what product
    /// code keeps in memory that two tasks share is not, unless one woke the other.
    pub fn causal_past(&self, n: u64) -> BTreeSet<u64> {
        let before = self.program_order();
        let mut past = BTreeSet::new();
        let mut open = vec![n];
        while let Some(number) = open.pop() {
            let Some(event) = self.events.get(number as usize) else { continue };
            if past.insert(number) {
                open.extend(event.causes());
                open.extend(before[number as usize]);
            }
        }
        past
    }

    /// For each event, the one before it in its task.
    fn program_order(&self) -> Vec<Option<u64>> {
        let mut last: BTreeMap<(u32, u32, &str), u64> = BTreeMap::new();
        let order = self.events.iter().map(|event| {
            let task = event.task.as_deref()?;
            last.insert((event.node?, event.inc?, task), event.n)
        });
        order.collect()
    }
}

impl TraceEvent {
    /// The numbers of the events that made it happen: its cause, and those that it names in
    /// the argument `also`.
    pub fn causes(&self) -> impl Iterator<Item = u64> {
        let also = self.args.get("also").and_then(|also| also.as_array());
        let also = also.into_iter().flatten().filter_map(|number| number.as_u64());
        self.cause.into_iter().chain(also.filter(|number| *number < self.n))
    }
}
