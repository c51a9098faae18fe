//! A failure in the second cycle of faults, and what is left of it: that it was the second
//! one does not matter, nor what was done before.

use serde_json::json;
use std::io;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_debug::shrink::{Ended, Shrinker, Size, superfluous};
use wavetank_harness::{Chaos, Overrides, PLAN, SimContext, SimulationBuilder};

const WINDOW: Duration = Duration::from_secs(2);
const SETTLE: Duration = Duration::from_secs(2);
/// How long a visit takes, and how long it is until the next one at least.
const VISIT: Duration = Duration::from_millis(50);

/// A visitor comes and goes all day, in all cycles. The house complains if it was struck
/// while somebody was there.
fn house() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("house")
        .process("house", 1, keep)
        .workload("visitor", 1, visit)
        .with_threads(1)
        .with_leak_check(false)
        .with_chaos(Chaos {
            window: WINDOW,
            cycles: 2..=2,
            settle: SETTLE,
            crashes: 0..=2,
            // Up again before the visitor is gone.
            duration: Duration::from_millis(10)..=Duration::from_millis(20),
            ..Chaos::none()
        })
}

async fn keep(context: SimContext) -> io::Result<()> {
    let is_visited = context.state().count("visitor", "inside") > 0;
    assert!(context.incarnation() == 1 || !is_visited, "the house was struck while somebody was there");
    std::future::pending().await
}

async fn visit(context: SimContext) -> io::Result<()> {
    let tell = |inside: u64| context.state().register(context.name(), json!({ "inside": inside }));
    for mut operation in context.operations(60..=60, &["visit"]) {
        context.providers().sleep(operation.pause(VISIT, VISIT * 2)).await;
        operation.begin(|| "comes".to_string());
        tell(1);
        context.providers().sleep(VISIT).await;
        tell(0);
        operation.end(|| "goes".to_string());
    }
    Ok(())
}

#[test]
fn a_fault_of_a_later_cycle_strikes_in_the_first_one() {
    let simulation = house();
    let mut recorder = simulation.recorder();
    let second = WINDOW + SETTLE;
    let late = (0..500).find_map(|seed| {
        let record = recorder.run(seed, Overrides::new(), None);
        let is_late = Duration::from_nanos(record.virtual_time) > second;
        let is_struck_late = record.atoms.iter().all(|atom| atom.address.entity != PLAN);
        (!record.failures.is_empty() && is_late && is_struck_late).then_some((seed, record))
    });
    let (seed, before) = late.expect("a seed of 500 fails in its second cycle, without a crash in the first");
    assert!(before.operations.len() > 20, "{}", before.operations.len());
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    assert_eq!(shrunk.signature, before.failures[0].signature());
    let Size { atoms, operations, .. } = shrunk.after;
    assert_eq!((atoms, operations, shrunk.ended), (1, 1, Ended::Minimal));
    assert_eq!(shrunk.record.atoms[0].address.entity, PLAN, "the crash is one of the first cycle");
    assert_eq!(superfluous(&simulation, &shrunk), []);
}
