//! A test's own faults: they strike, are logged, can be taken out, and are over in time.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TcpListener, TimeProvider};
use wavetank_harness::{
    Chaos, Choice, ClockStep, CrashKind, Injector, NetworkConfig, Overrides, SimContext, SimulationBuilder,
    StorageConfiguration, TestStrategy,
};
use wavetank_storage::DurationRange;

const MS: Duration = Duration::from_millis(1);

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

/// Says what a server's disk and clocks are like: whether a file was there as it booted, how many
/// milliseconds a lookup takes, how many seconds its wall clock is ahead of the other, and that one.
async fn examine(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    let found = world.storage().exists("file").await?;
    world.open("file", OpenOptions::create_write()).await?.sync_all().await?;
    world.storage().sync_dir("/").await?;
    loop {
        let begun = world.now();
        world.storage().exists("file").await?;
        let looked = (world.now() - begun).as_millis() as u64;
        let (wall, now) = (world.time().wall(), world.now());
        let ahead = wall.duration_since(SystemTime::UNIX_EPOCH).expect("it is later") - now.since_origin();
        let seen = json!({ "found": found, "looked": looked, "ahead": ahead.as_secs(), "now": now.as_nanos() });
        context.state().register(context.name(), seen);
        world.sleep(MS).await;
    }
}

/// What is told of the server while it is harmed, and after that: the lookup's milliseconds, the
/// hours that its wall clock is ahead of what it was, what passes by its clock in a hundred
/// seconds, and whether it has found its file.
async fn compare(context: SimContext) -> Result<(), String> {
    let slept = |time| context.providers().sleep(time);
    let look = || context.state().get("server").expect("it says what it sees");
    let number = |seen: &Value, name: &str| seen[name].as_u64().expect("a number");
    let told = async |since: Value| {
        let (before, begun) = (look(), context.elapsed());
        slept(500 * MS).await;
        let after = look();
        let passed =
            (number(&after, "now") - number(&before, "now")) as f64 / (context.elapsed() - begun).as_nanos() as f64;
        let hours = (number(&after, "ahead") - number(&since, "ahead")) / 3600;
        format!("{} ms, {hours} h, {:.0} s, {}", number(&after, "looked"), passed * 100.0, after["found"])
    };
    slept(500 * MS).await;
    let since = look();
    slept(600 * MS).await;
    let harmed = told(since.clone()).await;
    context.quiet().await;
    slept(500 * MS).await;
    let healed = told(since).await;
    Err(format!("{harmed}; {healed}"))
}

/// Harms the disk and the clocks of a server, and replaces its disk.
async fn harm(injector: Injector) {
    let world = injector.context().providers();
    let server = &injector.context().topology().group("server")[0];
    world.sleep(Duration::from_secs(1)).await;
    injector.slow_disk(server, 10);
    injector.step_clock(server, ClockStep::Ahead(Duration::from_secs(3600)));
    injector.skew_clock(server, 50_000);
    assert!(!injector.wipe(server), "a disk is not replaced under those who use it");
    world.sleep(Duration::from_secs(1)).await;
    injector.crash(server, CrashKind::Process);
    injector.wipe(server);
    injector.restart(server);
    std::future::pending().await
}

#[test]
fn what_it_does_to_a_disk_and_to_clocks_is_over_in_time_and_can_be_taken_out() {
    let simulation = SimulationBuilder::new()
        .process("server", 1, examine)
        .workload("client", 1, compare)
        .with_storage_config(StorageConfiguration {
            read_latency: DurationRange::new(MS, MS),
            ..StorageConfiguration::default()
        })
        .with_chaos(Chaos { window: Duration::from_secs(3), ..Chaos::none() })
        .with_injector("harm", harm);
    let check = |overrides: Overrides, expected: &str| {
        let record = simulation.run_seed(1, overrides, None);
        let failures: Vec<String> = record.failures.iter().map(ToString::to_string).collect();
        assert_eq!(failures, [format!("client returned an error: {expected}")]);
        record.atoms
    };
    let atoms = check(Overrides::new(), "10 ms, 1 h, 105 s, false; 1 ms, 0 h, 100 s, false");
    let names: Vec<&str> = atoms.iter().map(|atom| atom.kind.name()).collect();
    assert_eq!(names, ["storage.slow", "clock.step", "clock.skew", "node.crash", "storage.wiped"]);
    let without = [
        "1 ms, 1 h, 105 s, false; 1 ms, 0 h, 100 s, false",
        "10 ms, 0 h, 105 s, false; 1 ms, 0 h, 100 s, false",
        "10 ms, 1 h, 100 s, false; 1 ms, 0 h, 100 s, false",
        // Nobody is down, and so no disk is replaced.
        "10 ms, 1 h, 105 s, false; 1 ms, 0 h, 100 s, false",
        "10 ms, 1 h, 105 s, false; 1 ms, 0 h, 100 s, true",
    ];
    for (atom, expected) in atoms.iter().zip(without) {
        let mut overrides = Overrides::new();
        overrides.set(atom.address, Choice::Benign);
        check(overrides, expected);
    }
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
