//! The closing of a run: whatever is left of it is dropped, and what that brings to light is a
//! finding like any other. What ended the run is known by then.

use super::Worker;
use crate::failure::Failure;
use crate::panic_site;
use crate::shared::Values;
use crate::signature::Signature;
use crate::workload::Workload;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wavetank_engine::NodeId;

/// What workloads leave: their objects by node, and what they shared.
type Gathered = (Vec<(usize, Box<dyn Workload>)>, Values);

impl Worker {
    /// Drops all tasks and gathers what else is wrong.
    pub(super) fn close(&mut self, failures: &mut Vec<Failure>) {
        let ledger = self.rig.ledger;
        let errors = self.rig.world.device(ledger, |ledger, _| std::mem::take(&mut ledger.errors));
        failures.extend(errors.into_iter().map(|(who, message)| Failure::Error { who, message }));
        let found = Found {
            was_red: !failures.is_empty(),
            violations: self.rig.world.kernel(|kernel| kernel.violations().len()),
            panics: self.rig.world.panics().len(),
        };
        let gathered = self
            .rig
            .world
            .device(ledger, |ledger, _| (std::mem::take(&mut ledger.workloads), std::mem::take(&mut ledger.shared)));
        let (workloads, shared) = &gathered;
        if !workloads.is_empty() || !shared.is_empty() {
            failures.extend(self.drop_gathered(gathered).filter(|_| !found.was_red));
        }
        let leaks = self.rig.world.finish();
        if self.setting().conditions().engine.survive_panics {
            self.report_unheard(&found, failures);
        } else if !found.was_red
            && let Some(panic) = self.rig.world.panics().get(found.panics).cloned()
        {
            failures.push(self.tell(panic));
        }
        if !self.rig.world.kernel(|kernel| kernel.violations().is_empty()) {
            self.report_violations(&found, failures);
        }
        if self.simulation.leak_check && failures.is_empty() {
            failures.extend(leaks.into_iter().map(|what| Failure::Leaked { what }));
        }
        let uses = self.rig.world.foreign_uses();
        if uses > 0 {
            failures.push(Failure::Foreign { uses });
        }
    }

    /// Drops what workloads were and shared, one by one. The first panic on the way.
    #[cold]
    fn drop_gathered(&mut self, (workloads, shared): Gathered) -> Option<Failure> {
        let mut first = None;
        for (node, workload) in workloads {
            let name = self.rig.name_of(NodeId(node as u32));
            first = first.or(self.drop_one(&format!("workload {name}"), workload));
        }
        for value in shared.into_values() {
            first = first.or(self.drop_one("what workloads share", value));
        }
        first
    }

    /// Drops something while the world is installed.
    fn drop_one<T>(&mut self, what: &str, thing: T) -> Option<Failure> {
        let dropped = AssertUnwindSafe(|| drop(thing));
        let (site, message) = self.rig.world.enter(|| catch_unwind(dropped).map_err(panic_site::told)).err()?;
        Some(Failure::Panic { task: format!("the destructor of {what}"), site, message })
    }

    /// The assertions that did not hold, the first of each that would be told as the same.
    #[cold]
    fn report_violations(&mut self, found: &Found, failures: &mut Vec<Failure>) {
        let mut told: BTreeSet<Signature> = BTreeSet::new();
        let mut violated: Vec<Failure> = Vec::new();
        self.rig.world.kernel(|kernel| {
            for one in kernel.violations().iter().take(found.most(found.violations)) {
                let assertion = one.to_string();
                let of_harness = failures.iter().find_map(|failure| judge(failure, &assertion));
                let who = match (of_harness, one.node) {
                    (Some(judge), _) => judge,
                    (None, Some((node, _))) => kernel.topology.node(node).name.to_string(),
                    (None, None) => "an invariant, a factory or a checker".to_string(),
                };
                let violation = Failure::Violated { assertion, who };
                if told.insert(violation.signature()) {
                    violated.push(violation);
                }
            }
        });
        // The panic that follows a violation says the same again.
        failures.retain(|failure| match failure {
            Failure::Panic { message, .. } => !violated.iter().any(|one| match one {
                Failure::Violated { assertion, .. } => is_violation(message, assertion),
                _ => false,
            }),
            _ => true,
        });
        failures.extend(violated);
    }

    /// A panic that was survived is a finding all the same if nobody joined its task. The
    /// first stands for all, and for what came of it: who was awaited and is not done.
    fn report_unheard(&mut self, found: &Found, failures: &mut Vec<Failure>) {
        let unheard = self.rig.world.unheard_panics(found.most(found.panics));
        let Some(first) = unheard.first().copied().cloned() else { return };
        let told = |failure: &Failure| match failure {
            Failure::Panic { message, .. } | Failure::Invariant { message, .. } => *message == first.message,
            _ => false,
        };
        if failures.iter().any(told) {
            return;
        }
        failures.retain(|failure| !matches!(failure, Failure::Deadlock { .. } | Failure::Limit { .. }));
        let panic = self.tell(first);
        failures.insert(0, panic);
    }
}

/// What was there before anything was dropped. What destructors find in the ruins of a run
/// that failed is nobody's business.
struct Found {
    was_red: bool,
    violations: usize,
    panics: usize,
}

impl Found {
    /// How many count of which there were so many.
    fn most(&self, before: usize) -> usize {
        if self.was_red { before } else { usize::MAX }
    }
}

/// The invariant or checker that failed by an assertion, whoever's turn it was.
fn judge(failure: &Failure, assertion: &str) -> Option<String> {
    match failure {
        Failure::Invariant { name, message } if is_violation(message, assertion) => Some(format!("invariant `{name}`")),
        Failure::Checker { name, message } if is_violation(message, assertion) => Some(format!("checker `{name}`")),
        _ => None,
    }
}

/// Whether a panic is the one that follows a violated assertion.
fn is_violation(message: &str, assertion: &str) -> bool {
    message.strip_prefix("violated: ") == Some(assertion)
}
