//! The phases of a run: their order, what is quiet in them, demands for progress, what is
//! left behind, and the restart of everybody.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Instant, OpenOptions, Providers, StorageFile, StorageProvider, TcpListener, TimeProvider};
use wavetank_engine::{CrashKind, WALL_START_SECONDS, kinds};
use wavetank_harness::{
    BoxError, Chaos, Choice, Failure, NetworkConfig, Overrides, Phase, Ratio, RunRecord, SimContext, SimulationBuilder,
    SimulationMetrics, TestStrategy, Tolerance, Workload, async_trait,
};

const WINDOW: Duration = Duration::from_secs(2);
const SETTLE: Duration = Duration::from_secs(5);

fn address(ip: std::net::IpAddr) -> SocketAddr {
    SocketAddr::new(ip, 80)
}

/// Says a byte to whoever connects.
async fn greet(context: SimContext) -> std::io::Result<()> {
    let listener = context.providers().bind(address(Ipv4Addr::UNSPECIFIED.into())).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        // Whom a fault has cut off meanwhile is not greeted.
        let _ = stream.write_u8(7).await;
    }
}

async fn is_greeted(context: &SimContext, server: usize) -> bool {
    let world = context.providers();
    let ip = context.topology().ips("server")[server];
    let ask = async {
        let mut stream = world.connect(address(ip)).await?;
        stream.read_u8().await
    };
    matches!(world.timeout(Duration::from_secs(1), ask).await, Ok(Ok(7)))
}

/// Asks all the time until the world is quiet, and so feels every fault.
async fn pester(context: SimContext) {
    let world = context.providers();
    let pestering = async {
        loop {
            is_greeted(&context, 0).await;
            world.sleep(Duration::from_millis(20)).await;
        }
    };
    wavetank_core::select! {
        () = context.quiet() => (),
        () = pestering => (),
    }
}

fn hostile() -> NetworkConfig {
    let often = Ratio::new(1, 10);
    NetworkConfig { segment_loss: often, connect_refused: often, spike: often, ..NetworkConfig::hostile() }
}

fn storm() -> Chaos {
    Chaos {
        warm: Duration::from_secs(1),
        cycles: 2..=2,
        taper: Duration::from_secs(1),
        settle: SETTLE,
        crashes: 2..=4,
        ..Chaos::storm(WINDOW)
    }
}

/// What phase it is when, told by a workload that does nothing else.
#[derive(Default)]
struct Watcher;

#[async_trait]
impl Workload for Watcher {
    async fn setup(&mut self, context: &SimContext) -> Result<(), BoxError> {
        assert_eq!(context.phase(), Phase::Boot);
        Ok(())
    }

    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        let world = context.providers();
        let mut seen = Vec::new();
        let watching = async {
            loop {
                if seen.last() != Some(&context.phase()) {
                    seen.push(context.phase());
                }
                world.sleep(Duration::from_millis(1)).await;
            }
        };
        wavetank_core::select! {
            () = context.quiet() => (),
            () = watching => (),
        }
        use Phase::{Chaos, CheckLive, Quiesce, Taper, Warm};
        let cycle = [Chaos, Taper, Quiesce, CheckLive];
        assert_eq!(seen, [&[Warm], &cycle[..], &[Chaos, Taper, Quiesce]].concat());
        Ok(SimulationMetrics::new())
    }

    async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
        assert_eq!(context.phase(), Phase::FinalCheck);
        context.shared::<u32>().with(|checks| *checks += 1);
        Ok(())
    }
}

#[test]
fn a_run_goes_through_its_phases_in_order() {
    SimulationBuilder::new()
        .process("server", 2, greet)
        .workload_object("watcher", 1, Watcher::default)
        .with_chaos(storm())
        .with_liveness("time passes", Duration::from_secs(1), |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(10)).await;
        })
        .with_checker("it was checked before and after the restart", |run| {
            let checks = run.shared::<u32>().with(|checks| *checks);
            if checks == 2 { Ok(()) } else { Err(format!("{checks} checks")) }
        })
        .with_strategy(TestStrategy::Count(10))
        .run()
        .assert_green();
}

fn run(simulation: &SimulationBuilder, seed: u64) -> RunRecord {
    simulation.run_seed(seed, Overrides::new(), None)
}

#[test]
fn quiet_is_quiet_for_every_fault_that_is_planned_or_drawn() {
    let simulation = SimulationBuilder::new()
        .process("server", 2, greet)
        .workload("pest", 2, pester)
        .with_network_config(hostile())
        .with_chaos(storm())
        .with_engine_config(|engine| {
            engine.timer_late = Ratio::new(1, 10);
            engine.timer_late_max = 1_000_000;
        });
    let (mut in_chaos, mut later) = (0, 0);
    for seed in 0..20 {
        let record = run(&simulation, seed);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        // A second of warm-up, then twice three seconds with taper and five of quiet.
        let (second, settle) = (1_000_000_000, SETTLE.as_nanos() as u64);
        let again = 4 * second + settle;
        let windows = [second..=4 * second, again - 1_000..=again + 3 * second];
        for atom in &record.atoms {
            assert!(windows.iter().any(|window| window.contains(&atom.time)), "seed {seed}: {atom:?}");
        }
        in_chaos += record.atoms.len();
        later += usize::from(record.virtual_time > again + 3 * second + settle - 1_000);
    }
    assert!(in_chaos > 300, "faults struck: {in_chaos}");
    assert_eq!(later, 20, "there was quiet after them");
}

#[test]
fn a_demand_that_is_not_met_in_time_is_red() {
    let simulation = SimulationBuilder::new().process("server", 1, greet).workload("pest", 1, pester).with_liveness(
        "somebody answers at port 81",
        Duration::from_secs(30),
        |context: SimContext| async move {
            let world = context.providers();
            let nobody = SocketAddr::new(context.topology().ip("server"), 81);
            while world.connect(nobody).await.is_err() {
                world.sleep(Duration::from_millis(100)).await;
            }
        },
    );
    let failures = run(&simulation, 1).failures;
    assert!(
        matches!(&failures[..], [Failure::NotLive { name, .. }] if name == "somebody answers at port 81"),
        "{failures:?}"
    );
    let simulation = simulation.with_liveness("never asked", Duration::from_secs(1), |_: SimContext| async {
        panic!("the first demand was not met");
    });
    assert_eq!(run(&simulation, 1).failures, failures);
}

#[test]
fn a_demand_that_fails_is_red_with_its_error() {
    let simulation = SimulationBuilder::new()
        .workload("pest", 1, |context: SimContext| async move { context.quiet().await })
        .with_liveness("it answers", Duration::from_secs(1), |_: SimContext| async { Err::<(), _>("no answer") });
    let failures = run(&simulation, 1).failures;
    let [Failure::Error { who, message }] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!((who.as_str(), message.as_str()), ("liveness `it answers`", "no answer"));
}

#[test]
fn whoever_ends_early_has_quiet_and_demands_too() {
    let simulation = SimulationBuilder::new()
        .process("server", 1, greet)
        .workload("hasty", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(1500)).await;
        })
        .with_chaos(Chaos { settle: SETTLE, crashes: 5..=5, ..storm() })
        .with_liveness("a server answers", Duration::from_secs(1), |context: SimContext| async move {
            let world = context.providers();
            assert!(world.now() >= Instant::ZERO + SETTLE, "it has settled");
            if is_greeted(&context, 0).await { Ok(()) } else { Err("it is silent") }
        });
    for seed in 0..20 {
        let record = run(&simulation, seed);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        assert!(record.atoms.iter().all(|atom| atom.time <= 1_500_000_000));
    }
}

#[test]
fn a_minority_is_left_behind_in_some_runs_and_back_for_the_last_check() {
    struct Caller;

    #[async_trait]
    impl Workload for Caller {
        async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
            context.quiet().await;
            let mut metrics = SimulationMetrics::new();
            let left = context.left_behind();
            metrics.add("left", left.len() as u64);
            for server in 0..5 {
                let is_left = left.iter().any(|peer| peer.node.0 as usize == server);
                assert_eq!(is_greeted(context, server).await, !is_left, "server {server} of {left:?}");
            }
            Ok(metrics)
        }

        async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
            // The second check comes after everybody was restarted.
            let again = context.shared::<bool>().with(|again| std::mem::replace(again, true));
            assert!(!again || context.left_behind().is_empty(), "nobody is left behind any more");
            for server in 0..5 {
                assert!(!again || is_greeted(context, server).await, "server {server} is back");
            }
            Ok(())
        }
    }

    let chaos = Chaos { cycles: 1..=1, ..storm() };
    let simulation = SimulationBuilder::new()
        .process("server", 5, greet)
        .workload_object("caller", 1, || Caller)
        .with_chaos(chaos)
        .with_tolerance(Tolerance::down(2))
        .with_strategy(TestStrategy::Count(100));
    let result = simulation.run();
    result.assert_green();
    let left = result.metrics.get("left");
    assert!((50..100).contains(&left), "half of the runs leave one or two: {left}");
}

#[test]
fn who_is_left_behind_is_told_when_it_is_quiet_and_a_decision_like_any_other() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let simulation = SimulationBuilder::new()
        .process("server", 3, greet)
        .workload("caller", 1, move |context: SimContext| {
            let tell = tell.clone();
            async move {
                assert_eq!(context.left_behind().len(), 0, "nobody is yet");
                context.quiet().await;
                tell.lock().expect("free").push(context.left_behind().len());
                for server in 0..3 {
                    let is_left = context.left_behind().iter().any(|peer| peer.node.0 as usize == server);
                    assert_eq!(is_greeted(&context, server).await, !is_left, "server {server}");
                }
            }
        })
        .with_chaos(Chaos { window: Duration::from_secs(1), ..Chaos::none() })
        .with_tolerance(Tolerance { overdraft: Ratio::ZERO, ..Tolerance::down(1) });
    let mut recorder = simulation.recorder();
    let mut left = 0;
    for seed in 0..20 {
        let record = recorder.run(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        // There is no other fault.
        let Some(atom) = record.atoms.first() else { continue };
        let mut overrides = Overrides::new();
        overrides.set(atom.address, Choice::Benign);
        let without = recorder.run(seed, overrides, None);
        assert!(without.failures.is_empty() && without.atoms.is_empty(), "seed {seed}: {:?}", without.atoms);
        assert_eq!(*told.lock().expect("free").last_chunk::<2>().expect("two runs"), [1, 0], "seed {seed}");
        left += 1;
    }
    assert!((5..=15).contains(&left), "{left} of 20");
}

#[test]
fn a_clock_that_is_wrong_when_the_load_ends_early_is_right_in_the_quiet() {
    let hour = Duration::from_secs(3600);
    let disturbed = Chaos { clock_steps: 2..=2, clock_skews: 2..=2, duration: hour..=hour, ..Chaos::none() };
    let simulation = SimulationBuilder::new()
        .process("server", 1, |context: SimContext| async move {
            let world = context.providers();
            let mut before = (context.elapsed(), world.now());
            loop {
                world.sleep(Duration::from_millis(100)).await;
                let after = (context.elapsed(), world.now());
                let right =
                    SystemTime::UNIX_EPOCH + Duration::from_secs(WALL_START_SECONDS) + (after.1 - Instant::ZERO);
                // Whether the wall clock was stepped, and whether the monotonic one runs at a wrong rate.
                let wrong = [world.time().wall() != right, after.1 - before.1 != after.0 - before.0];
                context.state().register("wrong", wrong.to_vec().into());
                before = after;
            }
        })
        .workload("hasty", 1, |context: SimContext| async move {
            context.providers().sleep(WINDOW - Duration::from_millis(1)).await;
            assert_eq!(context.state().get("wrong"), Some(vec![true, true].into()));
        })
        .with_chaos(Chaos { window: WINDOW, ..disturbed })
        .with_checker("it was set right", |run| {
            let wrong = run.state().get("wrong");
            if wrong == Some(vec![false, false].into()) { Ok(()) } else { Err(format!("{wrong:?}")) }
        });
    for seed in 0..10 {
        let failures = run(&simulation, seed).failures;
        assert!(failures.is_empty(), "seed {seed}: {failures:?}");
    }
}

/// Waits for quiet, and checks nothing.
struct Patient;

#[async_trait]
impl Workload for Patient {
    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        context.quiet().await;
        Ok(SimulationMetrics::new())
    }
}

#[test]
fn everybody_is_restarted_where_no_workload_has_a_check_either() {
    let simulation = SimulationBuilder::new()
        .process("server", 1, |context: SimContext| async move {
            let world = context.providers();
            let file = world.open("log", OpenOptions::append()).await?;
            assert_eq!(file.size().await?, 0, "it cannot read its own log");
            file.write_all_at(&[1], 0).await?;
            file.sync_all().await?;
            world.storage().sync_dir("/").await?;
            greet(context).await
        })
        .with_chaos(Chaos { window: Duration::from_millis(1), power_losses: 0..=1, ..Chaos::none() });
    let function = simulation.clone().workload("caller", 1, |context: SimContext| async move { context.quiet().await });
    let object = simulation.workload_object("caller", 1, || Patient);
    for (simulation, seed) in [&function, &object].into_iter().flat_map(|one| (0..20).map(move |seed| (one, seed))) {
        let failures = run(simulation, seed).failures;
        let [Failure::Panic { message, .. }] = &failures[..] else { panic!("seed {seed}: {failures:?}") };
        assert!(message.contains("it cannot read its own log"), "{message}");
    }
}

#[test]
fn what_was_not_synced_may_be_gone_after_the_restart_of_all() {
    struct Writer;

    #[async_trait]
    impl Workload for Writer {
        async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
            context.quiet().await;
            assert!(is_greeted(context, 0).await);
            Ok(SimulationMetrics::new())
        }

        async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
            context.providers().sleep(Duration::from_secs(1)).await;
            Ok(())
        }
    }

    let simulation = |synced: bool| {
        SimulationBuilder::new()
            .process("server", 1, move |context: SimContext| async move {
                let world = context.providers();
                let file = world.open("log", OpenOptions::append()).await?;
                let before = file.size().await?;
                file.write_all_at(&[1; 1024], before).await?;
                if synced {
                    file.sync_all().await?;
                    world.storage().sync_dir("/").await?;
                }
                context.state().register(format!("boot {}", context.incarnation()), before.into());
                greet(context).await
            })
            .workload_object("writer", 1, || Writer)
            .with_chaos(Chaos { window: Duration::from_millis(1), power_losses: 0..=1, ..Chaos::none() })
            .with_checker("a boot finds what the one before it wrote", |run| {
                let all = run.state().all();
                let boots: Vec<u64> =
                    all.iter().filter(|(name, _)| name.starts_with("boot")).filter_map(|(_, v)| v.as_u64()).collect();
                let grows = boots.windows(2).all(|pair| pair[1] > pair[0]);
                if boots.len() >= 2 && grows { Ok(()) } else { Err(format!("{boots:?}")) }
            })
            .with_strategy(TestStrategy::Count(50))
    };
    simulation(true).run().assert_green();
    // No loss of power is to be expected where the tolerance has none.
    let tolerance = Tolerance { worst: CrashKind::Process, overdraft: Ratio::ZERO, ..Tolerance::down(1) };
    let chaos = Chaos { window: Duration::from_millis(1), crashes: 0..=1, power_losses: 0..=1, ..Chaos::none() };
    simulation(false).with_tolerance(tolerance).with_chaos(chaos).run().assert_green();
    // A power loss of the plan may lose as much; only the last one is meant.
    let simulation = simulation(false);
    let is_planned =
        |record: &RunRecord| record.atoms.iter().any(|atom| atom.kind.index() == kinds::POWER_LOSS.index());
    let records: Vec<RunRecord> = (0..50).map(|seed| simulation.run_seed(seed, Overrides::new(), None)).collect();
    let unplanned: Vec<&RunRecord> = records.iter().filter(|record| !is_planned(record)).collect();
    let lost = unplanned.iter().filter(|record| !record.failures.is_empty()).count();
    assert!(lost > 10, "the restart of all loses something in {lost} of {} runs", unplanned.len());
}
