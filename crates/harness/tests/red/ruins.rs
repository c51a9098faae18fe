//! What destructors do at the end of a run, and what is done by what was left behind.

use super::{failure, leaving, says, simulation};
use serde_json::json;
use std::time::Duration;
use wavetank_core::{Providers, TaskProvider};
use wavetank_harness::{BoxError, Overrides, SimContext, SimulationBuilder, SimulationMetrics, Workload, async_trait};
use wavetank_probe::always_assert;

/// Does something when it is dropped.
struct OnDrop(fn());

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[async_trait]
impl Workload for OnDrop {
    async fn run(&mut self, _: &SimContext) -> Result<SimulationMetrics, BoxError> {
        Ok(SimulationMetrics::new())
    }
}

/// Values that workloads share are made by their default.
struct Shared(OnDrop);

impl Default for Shared {
    fn default() -> Shared {
        Shared(OnDrop(|| panic!("shared in use")))
    }
}

/// A process that lives until the run's end, and then does this.
fn dropped_at_the_end(last: fn()) -> SimulationBuilder {
    simulation()
        .process("server", 1, move |context: SimContext| async move {
            let _guard = OnDrop(last);
            context.providers().sleep(Duration::from_secs(3600)).await;
        })
        .workload("user", 1, async |context: SimContext| context.providers().sleep(Duration::from_secs(1)).await)
}

#[test]
fn a_destructor_that_fails_at_the_end_is_red() {
    let panics = dropped_at_the_end(|| panic!("closed while in use"));
    says(&failure(&panics), &["task `process` of server", "closed while in use", "ruins.rs"]);
    let violates = dropped_at_the_end(|| always_assert!(std::hint::black_box(false), "it is closed in order"));
    says(&failure(&violates), &["violated", "it is closed in order"]);
    let object = simulation().workload_object("user", 1, || OnDrop(|| panic!("closed while in use")));
    says(&failure(&object), &["the destructor of workload user", "closed while in use", "ruins.rs"]);
    let shared = simulation().workload("user", 1, async |context: SimContext| {
        context.shared::<Shared>().with(|shared| _ = &shared.0);
    });
    says(&failure(&shared), &["the destructor of what workloads share", "shared in use"]);
}

#[test]
fn what_destructors_find_in_the_ruins_of_a_run_that_failed_is_not_told() {
    let failed = dropped_at_the_end(|| panic!("closed while in use"))
        .workload("other", 1, async |_: SimContext| Err::<(), _>("the pump broke"));
    says(&failure(&failed), &["other", "the pump broke"]);
}

#[test]
fn a_swallowed_assertion_hides_no_other_panic() {
    let both = simulation().workload("user", 1, async |_: SimContext| {
        let swallowed = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "a"));
        assert!(swallowed.is_ok(), "a tank that leaks");
    });
    let failures = both.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 2, "{failures:#?}");
    says(&failures[0], &["a tank that leaks"]);
    says(&failures[1], &["violated", "\"a\""]);
}

#[test]
fn what_a_task_does_that_was_left_behind_is_looked_at() {
    let breaks = leaving(async |context: SimContext| context.state().register("pressure", json!(11)));
    let breaks = breaks.with_invariant("the pressure is low", |state| match state.get("pressure") {
        None => Ok(()),
        Some(pressure) => Err(format!("{pressure} bar")),
    });
    says(&failure(&breaks), &["the pressure is low", "11 bar"]);
    let spins = leaving(async |context: SimContext| {
        loop {
            context.providers().task().yield_now().await;
        }
    });
    says(&failure(&spins), &["while time stood still"]);
}

/// What a panic may carry, and fails itself when it is dropped.
fn burst() -> ! {
    std::panic::panic_any(OnDrop(|| panic!("and it burst")))
}

#[test]
fn a_panic_whose_payload_fails_too_is_a_finding_wherever_it_is() {
    let quiet = || simulation().workload("user", 1, async |_| {});
    let load = simulation().workload("user", 1, async |_| burst());
    says(&failure(&load), &["`workload` of user", "tests/red/ruins.rs:", "a payload that is not text"]);
    let factory = simulation().workload("user", 1, |_| -> std::future::Ready<()> { burst() });
    says(&failure(&factory), &["factory", "tests/red/ruins.rs:", "a payload that is not text"]);
    let checker = quiet().with_checker("judges", |_| -> Result<(), String> { burst() });
    says(&failure(&checker), &["checker `judges`", "a payload that is not text"]);
    let invariant = quiet().with_invariant("holds", |_| -> Result<(), String> { burst() });
    says(&failure(&invariant), &["invariant `holds`", "a payload that is not text"]);
    let object = simulation().workload_object("user", 1, || OnDrop(|| burst()));
    says(&failure(&object), &["the destructor of workload user", "tests/red/ruins.rs:", "a payload that is not text"]);
}
