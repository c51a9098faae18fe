//! The phases of a run: their order, what is quiet in them, demands for progress, what is
//! left behind, and the restart of everybody.

mod last;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Instant, Providers, TcpListener, TimeProvider};
use wavetank_engine::WALL_START_SECONDS;
use wavetank_harness::{
    BoxError, Chaos, Failure, NetworkConfig, Overrides, Phase, Ratio, RunRecord, SimContext, SimulationBuilder,
    SimulationMetrics, TestStrategy, Workload, async_trait,
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
