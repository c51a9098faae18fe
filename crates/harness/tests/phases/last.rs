//! Who is left behind when it is quiet, the restart of everybody, and the last check.

use super::{greet, is_greeted, run, storm};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider};
use wavetank_engine::{CrashKind, kinds};
use wavetank_harness::{
    BoxError, Chaos, Choice, Failure, Overrides, Ratio, RunRecord, SimContext, SimulationBuilder, SimulationMetrics,
    TestStrategy, Tolerance, Workload, async_trait,
};

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
    assert!((60..90).contains(&left), "half of the runs leave one or two: {left}");
}

/// Before the first fault, while the world settles after the last, or between two cycles.
#[test]
fn whoever_ends_while_it_is_quiet_leaves_others_behind_all_the_same_and_once() {
    let chaos = Chaos { warm: Duration::from_secs(2), cycles: 2..=2, crashes: 0..=1, ..storm() };
    let settled = chaos.warm + (chaos.window + chaos.taper + chaos.settle) * 2 - chaos.settle / 2;
    let between = chaos.warm + chaos.window + chaos.taper + chaos.settle / 2;
    for ends in [Duration::from_secs(1), between, settled] {
        let simulation = SimulationBuilder::new()
            .process("server", 3, greet)
            .workload("brief", 1, move |context: SimContext| async move { context.providers().sleep(ends).await })
            .with_chaos(chaos.clone())
            .with_tolerance(Tolerance::down(1));
        let left = (0..40).map(|seed| {
            let record = run(&simulation, seed);
            assert!(record.failures.is_empty(), "seed {seed}, {ends:?}: {:?}", record.failures);
            // Whoever is left is so for good.
            record.atoms.iter().filter(|atom| atom.parameters[0] == u64::MAX).count()
        });
        let left: Vec<usize> = left.collect();
        assert!(left.contains(&0) && left.contains(&1) && left.iter().all(|left| *left <= 1), "{ends:?}: {left:?}");
    }
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
