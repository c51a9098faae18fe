//! Panics that the engine survives: heard of by whoever joins the task, and a finding if
//! nobody does. Panics that end the run are `red`'s.

use std::io;
use std::time::Duration;
use wavetank_core::{Providers, TaskProvider};
use wavetank_harness::{
    EngineConfig, Failure, NetworkConfig, Overrides, SimContext, SimulationBuilder, StorageConfiguration, Tank,
    TankError,
};
use wavetank_probe::always_assert;

/// The failures of a run whose one workload is this.
fn failures<F>(load: impl Fn(SimContext) -> F + Send + Sync + 'static) -> Vec<Failure>
where
    F: Future<Output = ()> + Send + 'static,
{
    let simulation = SimulationBuilder::new().with_name("survived").with_threads(1).workload("user", 1, load);
    simulation.with_engine_config(|engine| engine.survive_panics = true).run_seed(1, Overrides::new(), None).failures
}

/// That there is one, a panic, which says this.
fn is_panic(failures: &[Failure], words: [&str; 2]) {
    let [failure @ Failure::Panic { .. }] = failures else { panic!("{failures:#?}") };
    let text = failure.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn a_panic_that_was_joined_is_green() {
    let joined = failures(async |context: SimContext| {
        let world = context.providers();
        let task = world.spawn(async { panic!("the pump broke") });
        let _: Result<(), _> = task.await;
        world.task().spawn_blocking(|| panic!("so did the other")).await.map(|()| "it did not").expect_err("it broke");
    });
    assert_eq!(joined, []);
}

#[test]
fn a_panic_that_nobody_joined_is_red() {
    is_panic(
        &failures(async |context: SimContext| {
            let world = context.providers();
            drop(world.spawn(async { panic!("the pump broke") }));
            world.sleep(Duration::from_millis(1)).await;
        }),
        ["`task` of user", "the pump broke"],
    );
    is_panic(
        &failures(async |context: SimContext| {
            let world = context.providers();
            let held = world.spawn(async { panic!("the pump broke") });
            world.sleep(Duration::from_millis(1)).await;
            drop(held);
        }),
        ["`task` of user", "the pump broke"],
    );
}

#[test]
fn who_is_not_done_because_he_panicked_is_told_once() {
    is_panic(&failures(async |_| panic!("the pump broke")), ["of user", "the pump broke"]);
}

#[test]
fn a_violation_is_not_a_panic_besides() {
    let found = failures(async |context: SimContext| {
        let world = context.providers();
        drop(world.spawn(async { always_assert!(1 + 1 == 3, "one and one are three") }));
        world.sleep(Duration::from_millis(1)).await;
    });
    assert!(matches!(&found[..], [Failure::Violated { .. }]), "{found:#?}");
}

#[test]
fn a_tank_says_so_as_soon_as_nobody_can_join() {
    let run = |is_joined: bool| {
        let engine = EngineConfig { survive_panics: true, ..EngineConfig::default() };
        let mut tank = Tank::with_configs(1, NetworkConfig::default(), StorageConfiguration::default(), engine);
        tank.client("user", move |world| async move {
            let task = world.spawn(async { panic!("the pump broke") });
            world.sleep(Duration::from_millis(1)).await;
            if is_joined {
                let _: Result<(), _> = task.await;
            } else {
                drop(task);
                world.sleep(Duration::from_secs(3600)).await;
            }
            io::Result::Ok(())
        });
        let ended = tank.run();
        (ended, tank.elapsed())
    };
    assert_eq!(run(true).0, Ok(()));
    let (ended, elapsed) = run(false);
    let Err(TankError::Panic { host, site, message, .. }) = ended else { panic!("{ended:?}") };
    assert_eq!((host.as_str(), message.as_str()), ("user", "the pump broke"));
    assert!(site.contains("tests/survived.rs:"), "{site}");
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

#[test]
fn a_violated_invariant_is_red_whoever_joins_the_task_that_was_polled_last() {
    let simulation = SimulationBuilder::new().with_name("survived").with_threads(1);
    let simulation = simulation.with_engine_config(|engine| engine.survive_panics = true).workload(
        "user",
        1,
        async |context: SimContext| {
            let world = context.providers();
            let state = context.state();
            let task = world.spawn(async move { state.register("pressure", 11.into()) });
            let _: Result<(), _> = task.await;
            context.state().register("pressure", 1.into());
        },
    );
    let low = |state: &wavetank_harness::StateRegistry| match state.get("pressure").and_then(|value| value.as_u64()) {
        Some(11..) => Err("it is high"),
        _ => Ok(()),
    };
    let failures = simulation.with_invariant("the pressure is low", low).run_seed(1, Overrides::new(), None).failures;
    assert!(matches!(&failures[..], [Failure::Invariant { .. }]), "{failures:#?}");
}

#[test]
fn a_run_survives_panics_as_its_own_configuration_has_it() {
    let simulation = SimulationBuilder::new().with_name("survived").with_threads(1).workload(
        "user",
        1,
        async |context: SimContext| {
            let world = context.providers();
            drop(world.spawn(async { panic!("the pump broke") }));
            world.sleep(Duration::from_millis(1)).await;
        },
    );
    let mut configuration = simulation.run_seed(1, Overrides::new(), None).configuration;
    configuration.engine.survive_panics = true;
    let failures = simulation.with_configuration(configuration).run_seed(1, Overrides::new(), None).failures;
    is_panic(&failures, ["`task` of user", "the pump broke"]);
}

#[test]
fn each_panic_is_told_with_its_own_place() {
    let first = line!() + 4;
    let told = failures(async |context: SimContext| {
        let world = context.providers();
        let pump = async {
            panic!("the pump broke");
        };
        drop(world.spawn(pump));
        world.sleep(Duration::from_millis(1)).await;
        let _caught = std::panic::catch_unwind(|| panic!("so did the other"));
        world.spawn(async { panic!("and the third") }).await.map(|()| "it did not").expect_err("it broke");
    });
    is_panic(&told, ["the pump broke", &format!("survived.rs:{first}")]);
}
