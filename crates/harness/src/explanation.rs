//! A history that no order explains, as an event of the run's story. Whether it is one is
//! a check's business, and what that makes of the run the checker's.

use crate::shared::Finished;
use wavetank_check::{Interval, Moment, Operation, Outcome, Violation};
use wavetank_engine::{Kernel, StoryEvent, Value};

impl Finished {
    /// Shows a history that no order explains to whoever looks at the run: its trace has
    /// it, and its timeline draws it. It comes of the end of the operation that is blamed, so
    /// the failure leads back to that. The checker still has to say that the run is red.
    ///
    /// The history's times are to be those of [`SimContext::elapsed`](crate::SimContext::elapsed):
    /// a machine's own clock may run fast, slow or jump.
    pub fn explain(&self, violation: &Violation) {
        if !wavetank_engine::is_telling() {
            return;
        }
        let json = serde_json::to_string(violation).expect("a violation has no map whose keys are not text");
        let blamed = violation.interval(violation.blamed);
        self.ledger.with(|_, kernel| {
            let Interval { client, invoked, completed, .. } = blamed;
            let cause = end_of(kernel, *client, *invoked, *completed);
            kernel.tell("history", |telling| {
                telling.caused_by(cause).arg("object", violation.part.as_str());
                telling.arg("words", violation.headline()).arg("violation", json);
            });
        });
    }

    /// Shows which operations a checker found to contradict each other, to whoever looks at the
    /// run: the failure comes of them, and its timeline leads to the last of them. `words` are
    /// what the checker says of it, or what that begins with; it still has to say it.
    ///
    /// Times are to be those of [`SimContext::elapsed`](crate::SimContext::elapsed), as for
    /// [`explain`](Finished::explain).
    pub fn blame<Op, Ret>(&self, words: &str, operations: &[&Operation<Op, Ret>]) {
        if !wavetank_engine::is_telling() {
            return;
        }
        self.ledger.with(|_, kernel| {
            let end = |one: &&Operation<Op, Ret>| {
                let completed = match one.outcome {
                    Outcome::Pending => None,
                    Outcome::Completed { at, .. } | Outcome::Failed { at } => Some(at),
                };
                end_of(kernel, one.client, one.invoked, completed)
            };
            let mut ends: Vec<u64> = operations.iter().filter_map(end).collect();
            ends.sort_unstable();
            let last = ends.pop();
            kernel.tell("history", |telling| {
                telling.caused_by(last).arg("words", words);
                ends.into_iter().for_each(|end| telling.add_cause(end));
            });
        });
    }
}

/// The event at which an operation of a history ended, or began, if it never ended: that of a
/// workload's [`Operation`](crate::Operation), or else the last of that workload until then.
fn end_of(kernel: &Kernel, client: u32, invoked: Moment, completed: Option<Moment>) -> Option<u64> {
    let events = kernel.story()?.events();
    let (kind, moment) = completed.map_or(("op.begin", invoked.nanos), |moment| ("op.end", moment.nanos));
    let number = format!("-{client}");
    let client = |event: &StoryEvent| match event.arg("client") {
        Some(Value::Text(name)) => name.ends_with(&number).then(|| name.clone()),
        _ => None,
    };
    let is_it = |event: &&StoryEvent| event.kind == kind && event.time == moment && client(event).is_some();
    if let Some(event) = events.iter().rev().find(is_it) {
        return Some(event.number);
    }
    let name = events.iter().filter(|event| event.kind == "op.begin").find_map(client)?;
    let node = kernel.topology.nodes().iter().position(|node| *node.name == *name)?;
    let is_its = |event: &&StoryEvent| event.node.is_some_and(|(id, _)| id.0 as usize == node);
    events.iter().rev().filter(|event| event.time <= moment).find(is_its).map(|event| event.number)
}
