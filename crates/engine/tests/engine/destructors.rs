//! Destructors: when they run, what they may do, and who is told of their panics.

use crate::basin::{Basin, Log, MILLI, OnDrop, Process, fifo, log, millis};
use std::future::pending;
use wavetank_core::{JoinError, JoinHandle, RandomProvider, TaskProvider, TimeProvider, panic_message};
use wavetank_engine::{EngineConfig, Kernel, Ratio, SimJoinHandle, SimRandomProvider, Stop};
use wavetank_probe::{always_assert, buggify, sometimes_assert};

/// A future that is dropped while the world is installed can use every provider.
fn provider_user(process: Process, seen: Log<&'static str>) -> impl Future<Output = ()> {
    let guard = OnDrop(move || {
        let _ = process.time.now();
        let _ = SimRandomProvider::new(process.home).next_u64();
        drop(process.time.sleep(millis(1)));
        let seen_by_child = seen.clone();
        drop(process.task.spawn_local(async move { seen_by_child.borrow_mut().push("child ran") }));
        seen.borrow_mut().push("dropped");
    });
    async move {
        let _guard = guard;
        pending::<()>().await;
    }
}

#[test]
fn destructors_at_the_end_of_a_run_may_use_providers_and_spawn() {
    for ends_with_panic in [false, true] {
        let mut basin = Basin::new(1);
        let process = basin.boot(0);
        let seen = log();
        basin.spawn(process, provider_user(process, seen.clone()));
        basin.spawn(process, provider_user(process, seen.clone()));
        if ends_with_panic {
            basin.spawn(process, async { panic!("in the middle") });
        }
        assert_eq!(basin.run(), if ends_with_panic { Stop::Panic } else { Stop::Idle });
        assert_eq!(basin.world.finish(), Vec::<String>::new());
        // What they spawned is dropped as well, and never runs.
        assert_eq!(seen.take(), ["dropped", "dropped"]);
        assert!(!basin.world.has_tasks());
    }
}

#[test]
fn a_world_that_is_dropped_drops_its_tasks_while_it_is_installed() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let seen = log();
    basin.spawn(process, provider_user(process, seen.clone()));
    assert_eq!(basin.run(), Stop::Idle);
    drop(basin);
    assert_eq!(seen.take(), ["dropped"]);
}

#[test]
fn a_destructor_in_the_middle_of_a_run_spawns_a_task_that_runs() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let seen = log();
    let user = provider_user(process, seen.clone());
    basin.spawn(process, async move {
        let handle = process.task.spawn_local(user);
        process.time.sleep(millis(1)).await;
        handle.abort();
    });
    basin.run_idle();
    assert_eq!(seen.take(), ["dropped", "child ran"]);
}

#[test]
fn what_destructors_of_the_dead_do_does_not_count() {
    let always = EngineConfig { buggify_active: Ratio::ONE, buggify_fires: Ratio::ONE, ..fifo() };
    let mut basin = Basin::with(2, 1, &always);
    let (victim, injector) = (basin.boot(0), basin.boot(1));
    for nth in 0..4 {
        basin.spawn(victim, async move {
            let _guard = OnDrop(move || match nth {
                0 => panic!("closed while in use"),
                1 => always_assert!(std::hint::black_box(false), "closed in order"),
                2 => drop(buggify!("closed by chance")),
                _ => sometimes_assert!(true, "closed by the dead"),
            });
            pending::<()>().await;
        });
    }
    basin.spawn(injector, async move {
        injector.time.sleep(millis(1)).await;
        victim.crash();
        always_assert!(std::hint::black_box(true), "the injector goes on");
    });
    basin.run_idle();
    let kernel = |kernel: &mut Kernel| {
        let hits = kernel.coverage.iter().filter(|(_, count)| count.hits() > 0);
        let hits = hits.map(|(site, _)| site.to_string()).collect::<Vec<_>>();
        (kernel.violations().len(), kernel.faults().atoms().len(), hits)
    };
    let (violations, atoms, hits) = basin.world.kernel(kernel);
    assert_eq!((violations, atoms), (0, 0));
    assert!(hits.len() == 1 && hits[0].contains("the injector goes on"), "{hits:?}");
}

#[test]
fn a_process_that_kills_itself_drops_as_the_dead_do() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        let _guard = OnDrop(|| panic!("closed while in use"));
        process.crash();
        pending::<()>().await;
    });
    basin.run_idle();
}

#[test]
fn a_destructor_that_panics_at_an_abort_is_the_tasks_panic() {
    let mut basin = Basin::new(1);
    basin.begin(1, &EngineConfig { survive_panics: true, ..fifo() });
    let process = basin.boot(0);
    let seen = log();
    let put = seen.clone();
    basin.spawn(process, async move {
        let bad = process.spawn("bad", async {
            let _guard = OnDrop(|| panic!("closed while in use"));
            pending::<()>().await;
        });
        let good = process.spawn("good", pending::<()>());
        process.time.sleep(millis(1)).await;
        bad.abort();
        good.abort();
        for handle in [bad, good] {
            let words = match handle.await {
                Err(JoinError::Panicked(payload)) => panic_message(payload.as_ref()).to_string(),
                other => format!("{other:?}"),
            };
            put.borrow_mut().push(words);
        }
    });
    basin.run_idle();
    assert_eq!(seen.take(), ["closed while in use", "Err(Cancelled)"]);
    assert_eq!(basin.world.panics().iter().map(|panic| panic.task).collect::<Vec<_>>(), ["bad"]);
    assert!(basin.world.unheard_panics(usize::MAX).is_empty());
}

#[test]
fn a_destructor_that_panics_is_the_tasks_panic_whoever_lets_it_go() {
    /// A task called "bad", whose destructor panics.
    type Bad = fn(Process) -> SimJoinHandle<()>;
    let aborted: Bad = |process| {
        let guard = OnDrop(|| panic!("closed while in use"));
        let bad = process.spawn("bad", async move {
            let _guard = guard;
            pending::<()>().await;
        });
        bad.abort();
        bad
    };
    let returned: Bad = |process| {
        drop(process.spawn("bad", async { OnDrop(|| panic!("closed while in use")) }));
        process.spawn("good", async {})
    };
    for bad in [aborted, returned] {
        let mut basin = Basin::new(1);
        basin.begin(1, &EngineConfig { survive_panics: true, ..fifo() });
        let process = basin.boot(0);
        basin.spawn(process, async move {
            drop(bad(process));
            process.time.sleep(millis(1)).await;
        });
        basin.run_idle();
        assert_eq!(basin.now(), MILLI, "who survives panics survives this one");
        let panics: Vec<_> = basin.world.unheard_panics(1).iter().map(|panic| (panic.task, panic.node)).collect();
        assert_eq!(panics, [("bad", process.home.node)]);
    }
}

#[test]
fn a_destructor_that_panics_is_its_tasks_though_another_task_has_its_place() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.world.enter(|| {
        drop(process.spawn("first", provider_user(process, log())));
        drop(process.spawn("bad", async {
            let _guard = OnDrop(|| panic!("closed while in use"));
            pending::<()>().await;
        }));
    });
    basin.run_idle();
    basin.world.finish();
    assert_eq!(basin.world.panics().iter().map(|panic| panic.task).collect::<Vec<_>>(), ["bad"]);
}

#[test]
fn a_destructor_that_panics_when_the_run_is_finished_is_told() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let seen = log();
    for nth in 0..3 {
        let put = seen.clone();
        basin.spawn(process, async move {
            let _guard = OnDrop(move || {
                put.borrow_mut().push(nth);
                assert_ne!(nth, 1, "closed while in use");
            });
            pending::<()>().await;
        });
    }
    basin.run_idle();
    basin.world.finish();
    assert_eq!(seen.take(), [0, 1, 2], "one does not keep the others from being dropped");
    let panics: Vec<_> = basin.world.panics().iter().map(|panic| (panic.task, panic.node)).collect();
    assert_eq!(panics, [("task", process.home.node)]);
}

#[test]
fn a_world_is_dropped_inside_of_another() {
    let mut inner = Basin::new(1);
    let process = inner.boot(0);
    let seen = log();
    inner.spawn(process, provider_user(process, seen.clone()));
    inner.run_idle();
    let mut outer = Basin::new(1);
    let process = outer.boot(0);
    outer.spawn(process, async move {
        drop(inner);
        process.time.sleep(millis(1)).await;
    });
    outer.run_idle();
    assert_eq!((seen.take(), outer.now()), (vec!["dropped"], MILLI));
}
