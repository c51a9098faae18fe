//! Runs that end because somebody waits: with whom they are the same, and with whom not.

use std::time::Duration;
use wavetank_core::{Providers, TcpListener};
use wavetank_debug::shrink::{Ended, Shrinker};
use wavetank_harness::{Overrides, Signature, SimContext, SimulationBuilder};

/// Waits for somebody to connect, which nobody does.
async fn accept(context: SimContext) {
    let listener = context.providers().bind((context.ip(), 80).into()).await.expect("the port is free");
    drop(listener.accept().await);
}

#[test]
fn a_deadlock_is_no_other_deadlock_of_the_same_task() {
    let simulation = SimulationBuilder::new().workload("client", 1, |context: SimContext| async move {
        let mut made = 0;
        for operation in context.operations(5..=12, &["put"]) {
            operation.begin(|| "puts".into());
            context.providers().sleep(Duration::from_millis(300)).await;
            operation.end(|| "done".into());
            made += 1;
        }
        if made < 3 {
            // Another bug: it waits for a third operation.
            std::future::pending::<()>().await;
        }
        accept(context).await;
    });
    let shrunk = Shrinker::new(&simulation, 0).run().expect("it is red");
    assert!(shrunk.failure().to_string().contains("a connection to accept"), "{}", shrunk.failure());
    assert_eq!((shrunk.after.operations, shrunk.ended), (3, Ended::Minimal), "{}", shrunk.signature);
    let [further] = &shrunk.further[..] else { panic!("{:?}", shrunk.further) };
    assert!(further.failure.to_string().contains("something outside the engine"), "{}", further.failure);
}

fn signature(simulation: &SimulationBuilder, seed: u64) -> Signature {
    let failures = simulation.run_seed(seed, Overrides::new(), None).failures;
    failures.first().expect("it is red").signature()
}

#[test]
fn a_demand_that_still_tries_is_no_demand_that_waits_for_ever() {
    let simulation = |tries: bool, pause: u64| {
        SimulationBuilder::new()
            .workload("client", 1, |context: SimContext| async move { context.quiet().await })
            .with_liveness("somebody answers", Duration::from_secs(1), move |context: SimContext| async move {
                let world = context.providers();
                while tries && world.connect((context.topology().ip("client"), 81).into()).await.is_err() {
                    world.sleep(Duration::from_millis(pause)).await;
                }
                std::future::pending::<()>().await;
            })
    };
    let trying = signature(&simulation(true, 7), 1);
    for pause in [0, 10_000] {
        assert_eq!(signature(&simulation(true, pause), 1), trying, "it is asked at another moment");
    }
    let waiting = signature(&simulation(false, 7), 1);
    assert_eq!(waiting.message, "waits for something outside the engine");
    assert_ne!(waiting, trying);
}

#[test]
fn whoever_waits_for_a_task_waits_for_what_it_waits_for() {
    let simulation = |accepts: bool| {
        SimulationBuilder::new().workload("client", 1..=3, move |context: SimContext| async move {
            let world = context.providers();
            let task =
                world.spawn(async move { if accepts { accept(context).await } else { std::future::pending().await } });
            let _ = task.await;
        })
    };
    let (accepts, hangs) = (signature(&simulation(true), 1), signature(&simulation(false), 1));
    assert_eq!((accepts.message.as_str(), accepts.role.as_str()), ("waits for a connection to accept", "client"));
    assert_eq!(accepts.property, hangs.property);
    assert!(accepts.property.contains("task `workload` from "), "{accepts}");
    assert!(accepts.property.contains(", task `task` from "), "{accepts}");
    assert_ne!(accepts, hangs);
    for seed in 0..10 {
        assert_eq!(signature(&simulation(true), seed), accepts, "whatever the ports, and however many wait");
    }
}

#[test]
fn two_deadlocks_of_one_file_are_two() {
    let one = SimulationBuilder::new().workload("client", 1, accept);
    let other = SimulationBuilder::new().workload("client", 1, accept);
    assert_ne!(signature(&one, 1), signature(&other, 1));
}
