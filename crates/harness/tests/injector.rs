//! A test's own faults: they strike, are logged, can be taken out, and are over in time.

use std::collections::BTreeSet;
use std::time::Duration;
use wavetank_core::{Providers, TcpListener};
use wavetank_harness::{
    Chaos, Choice, CrashKind, Injector, NetworkConfig, Overrides, SimContext, SimulationBuilder, TestStrategy,
};

async fn serve(context: SimContext) -> std::io::Result<()> {
    let listener = context.providers().bind((context.ip(), 80).into()).await?;
    loop {
        listener.accept().await?;
    }
}

/// Ten times a second until all is quiet, and once more: then somebody must be there.
async fn visit(context: SimContext) -> Result<(), String> {
    let world = context.providers();
    let server = (context.topology().ip("server"), 80).into();
    let visiting = async {
        loop {
            let _ = world.timeout(Duration::from_millis(50), world.connect(server)).await;
            world.sleep(Duration::from_millis(100)).await;
        }
    };
    wavetank_core::select! {
        () = context.quiet() => (),
        () = visiting => (),
    }
    let visited = world.timeout(Duration::from_millis(50), world.connect(server)).await;
    visited.map_err(|_| "silence")?.map(drop).map_err(|error| error.to_string())
}

/// Kills, freezes, cuts off and clogs the server, one after another, for ever.
async fn harass(injector: Injector) {
    let world = injector.context().providers();
    let topology = injector.context().topology().clone();
    let (server, client) = (&topology.group("server")[0], &topology.group("client")[0]);
    loop {
        injector.crash(server, CrashKind::Process);
        world.sleep(Duration::from_millis(100)).await;
        injector.restart(server);
        injector.pause(server);
        world.sleep(Duration::from_millis(100)).await;
        injector.resume(server);
        injector.partition(&topology.group("server")[..1], &topology.group("client")[..1]);
        world.sleep(Duration::from_millis(100)).await;
        injector.mend(server, client);
        injector.mend(client, server);
        injector.slow(server, client, Duration::from_millis(20));
        injector.clog(client, server, Duration::from_millis(30));
        world.sleep(Duration::from_millis(100)).await;
        injector.slow(server, client, Duration::ZERO);
    }
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 1, serve)
        .workload("client", 1, visit)
        .with_network_config(NetworkConfig::perfect())
        .with_chaos(Chaos { window: Duration::from_millis(1950), ..Chaos::none() })
        .with_injector("harassment", harass)
}

#[test]
fn it_strikes_within_the_window_and_all_of_it_is_over_then() {
    let record = simulation().run_seed(1, Overrides::new(), None);
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    let names: Vec<&str> = record.atoms.iter().map(|atom| atom.kind.name()).collect();
    assert_eq!(names[..5], ["node.crash", "node.pause", "network.partition", "network.slow", "network.clog"]);
    assert_eq!(names.len(), 25);
    assert!(record.atoms.iter().all(|atom| atom.time <= 1_950_000_000));
}

#[test]
fn a_strike_of_it_is_taken_out_like_any_other() {
    let before = simulation().run_seed(1, Overrides::new(), None);
    let mut overrides = Overrides::new();
    overrides.set(before.atoms[5].address, Choice::Benign);
    let after = simulation().run_seed(1, overrides, None);
    let addresses = |atoms: &[wavetank_harness::Atom]| atoms.iter().map(|atom| atom.address).collect::<Vec<_>>();
    let mut expected = addresses(&before.atoms);
    expected.remove(5);
    assert_eq!(addresses(&after.atoms), expected);
}

#[test]
fn an_error_of_it_is_red_and_a_workload_is_spared() {
    let failing = simulation().with_injector("clumsy", |_: Injector| async { Err::<(), _>("it lost its tools") });
    let failures = failing.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].to_string(), "injector `clumsy` returned an error: it lost its tools");
    let cruel = simulation().with_injector("cruel", |injector: Injector| async move {
        let client = injector.context().topology().group("client")[0].clone();
        injector.crash(&client, CrashKind::Process);
    });
    let failures = cruel.run_seed(1, Overrides::new(), None).failures;
    assert!(failures[0].to_string().contains("`client` is none: workloads survive everything"), "{failures:?}");
}

#[test]
fn an_injector_without_time_is_refused() {
    let timeless = simulation().with_chaos(Chaos::none());
    assert!(timeless.validate().expect_err("there is no window").contains("Chaos::window"));
    simulation().with_strategy(TestStrategy::Count(20)).run().assert_green();
}

#[test]
fn a_frozen_process_is_not_started_again() {
    let freezing = simulation().with_injector("frost", |injector: Injector| async move {
        let server = injector.context().topology().group("server")[0].clone();
        if injector.pause(&server) {
            injector.restart(&server);
            assert!(!injector.is_up(&server));
            injector.resume(&server);
        }
    });
    let failures = freezing.run_seed(1, Overrides::new(), None).failures;
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn the_plan_strikes_nobody_whom_an_injector_has_killed_or_frozen() {
    let window = Duration::from_secs(2);
    let plan = Chaos { window, crashes: 3..=3, pauses: 3..=3, power_losses: 3..=3, ..Chaos::none() };
    for kills in [true, false] {
        let simulation = SimulationBuilder::new()
            .process("server", 1, serve)
            .workload("client", 1, |context: SimContext| async move { context.quiet().await })
            .with_chaos(plan.clone())
            .with_injector("thief", move |injector: Injector| async move {
                let server = &injector.context().topology().group("server")[0];
                if kills {
                    injector.crash(server, CrashKind::Process)
                } else {
                    injector.pause(server)
                };
                std::future::pending::<()>().await;
            });
        let record = simulation.run_seed(1, Overrides::new(), None);
        assert!(record.failures.is_empty(), "{:?}", record.failures);
        let names: Vec<&str> = record.atoms.iter().map(|atom| atom.kind.name()).collect();
        assert_eq!(names, [if kills { "node.crash" } else { "node.pause" }]);
    }
}

#[test]
fn a_strike_in_one_cycle_is_another_decision_than_the_same_in_the_next() {
    let chaos = Chaos { window: Duration::from_millis(1950), cycles: 2..=2, ..Chaos::none() };
    let record = simulation().with_chaos(chaos).run_seed(1, Overrides::new(), None);
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    let addresses: BTreeSet<_> = record.atoms.iter().map(|atom| atom.address).collect();
    assert_eq!((record.atoms.len(), addresses.len()), (50, 50));
}
