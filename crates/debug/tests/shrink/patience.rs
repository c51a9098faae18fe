//! A failure for which time must pass: it is not filled with operations, and not with faults.

use serde_json::json;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_debug::shrink::{Ended, Shrinker, superfluous};
use wavetank_harness::{Chaos, Overrides, SimContext, SimulationBuilder};

/// The shop is closed for so long.
const CLOSED: Duration = Duration::from_secs(2);
/// Two who ask within this time are in each other's way.
const MOMENT: Duration = Duration::from_millis(5);

/// Two customers come again and again. Once the shop is open, they must not meet.
fn shop() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("shop")
        .process("shop", 1, |_: SimContext| std::future::pending::<()>())
        .workload("customer", 2, visit)
        .with_threads(1)
        .with_chaos(Chaos { window: CLOSED, pauses: 1..=2, crashes: 1..=2, ..Chaos::none() })
}

async fn visit(context: SimContext) {
    let world = context.providers();
    for mut operation in context.operations(60..=60, &["ask"]) {
        world.sleep(operation.pause(Duration::from_millis(20), Duration::from_millis(100))).await;
        operation.begin(|| "asks".to_string());
        let now = world.now().since_origin();
        let other = Duration::from_nanos(context.state().count(&format!("customer-{}", 1 - context.number()), "asked"));
        assert!(now < CLOSED || now - other > MOMENT, "two ask at once");
        context.state().register(context.name(), json!({ "asked": now.as_nanos() as u64 }));
        operation.end(|| "goes".to_string());
    }
}

#[test]
fn where_time_must_pass_clients_begin_later_and_nothing_fills_it() {
    let simulation = shop();
    let mut recorder = simulation.recorder();
    let red = (0..50).map(|seed| (seed, recorder.run(seed, Overrides::new(), None)));
    let (seed, before) = red.into_iter().find(|(_, record)| !record.failures.is_empty()).expect("one of 50 is red");
    assert!(before.operations.len() > 40 && !before.atoms.is_empty(), "{:?}", before.operations.len());
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    let clients: Vec<&str> = shrunk.record.operations.iter().map(|operation| &*operation.client).collect();
    assert_eq!((shrunk.after.atoms, clients.len(), shrunk.ended), (0, 2, Ended::Minimal), "{clients:?}");
    assert_ne!(clients[0], clients[1]);
    assert!(shrunk.record.operations[1].begun >= CLOSED.as_nanos() as u64);
    assert_eq!(superfluous(&simulation, &shrunk), []);
}
