//! Points planted in product code, and the first branch of `select!`.

use crate::basin::{Basin, Log, Process, fifo, log, millis};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wavetank_core::{TaskProvider, TimeProvider, select};
use wavetank_engine::{BUGGIFY_ACTIVE, EngineConfig, KNOB, Overrides, Ratio, SELECT, Stop, kinds};
use wavetank_probe::{always_assert, buggify, buggify_knob, publish, sometimes_assert};

/// Runs a task under that seed and configuration; what it returned.
fn run<T: 'static, F: Future<Output = T> + 'static>(
    seed: u64,
    config: &EngineConfig,
    overrides: Overrides,
    body: impl FnOnce(Process) -> F,
) -> (T, Basin) {
    let mut basin = Basin::new(1);
    basin.begin_overridden(seed, config, overrides);
    let process = basin.boot(0);
    let result: Log<T> = log();
    let (put, future) = (result.clone(), body(process));
    basin.spawn(process, async move {
        let value = future.await;
        put.borrow_mut().push(value);
    });
    basin.run_idle();
    let value = result.borrow_mut().pop();
    (value.expect("the task ended"), basin)
}

async fn first_branch() -> u32 {
    select! {
        () = std::future::ready(()) => 0,
        () = std::future::ready(()) => 1,
        () = std::future::ready(()) => 2,
    }
}

#[test]
fn the_first_branch_of_a_select_is_a_decision() {
    let first = |seed, overrides| run(seed, &fifo(), overrides, |_| first_branch()).0;
    let reached: BTreeSet<u32> = (0..50).map(|seed| first(seed, Overrides::new())).collect();
    assert_eq!(reached, BTreeSet::from([0, 1, 2]));
    let mut benign = Overrides::new();
    benign.set_domain_benign(SELECT);
    for seed in 0..50 {
        assert_eq!(first(seed, Overrides::new()), first(seed, Overrides::new()));
        assert_eq!(first(seed, benign.clone()), 0);
    }
}

#[test]
fn every_select_of_a_task_is_a_decision_of_its_own() {
    let (branches, _) = run(1, &fifo(), Overrides::new(), |_| async {
        let mut branches = Vec::new();
        for _ in 0..60 {
            branches.push(first_branch().await);
        }
        branches
    });
    for branch in 0..3 {
        let count = branches.iter().filter(|&&one| one == branch).count();
        assert!((8..40).contains(&count), "branch {branch} was first {count} times of 60");
    }
}

fn buggy() -> EngineConfig {
    EngineConfig { buggify_active: Ratio::new(1, 2), buggify_fires: Ratio::new(1, 4), ..fifo() }
}

async fn hundred_buggifies() -> usize {
    (0..100).filter(|_| buggify!("hooks hundred")).count()
}

#[test]
fn a_buggify_site_is_active_in_some_runs_and_fires_in_some_of_their_uses() {
    let counts: Vec<usize> =
        (0..100).map(|seed| run(seed, &buggy(), Overrides::new(), |_| hundred_buggifies()).0).collect();
    let active: Vec<usize> = counts.iter().copied().filter(|&count| count > 0).collect();
    assert!((30..70).contains(&active.len()), "active in {} of 100 runs", active.len());
    assert!(active.iter().all(|count| (8..45).contains(count)), "{active:?}");
}

#[test]
fn a_buggify_with_a_rate_of_its_own_fires_at_that() {
    let config = EngineConfig { buggify_active: Ratio::ONE, ..buggy() };
    let (counts, _) = run(1, &config, Overrides::new(), |_| async {
        let count = |fires: fn() -> bool| (0..1000).filter(|_| fires()).count();
        [
            count(|| buggify!("hooks never", 0.0)),
            count(|| buggify!("hooks seldom", 1 / 20)),
            count(|| buggify!("hooks as configured")),
            count(|| buggify!("hooks often", 0.9)),
            count(|| buggify!("hooks always", 1)),
        ]
    });
    // Five standard deviations around what is expected.
    let expected = [0..=0, 16..=84, 182..=318, 853..=947, 1000..=1000];
    assert!(counts.iter().zip(expected).all(|(count, range)| range.contains(count)), "{counts:?}");
}

#[test]
fn a_buggify_that_fires_is_an_atom_with_an_effect() {
    let config = EngineConfig { buggify_active: Ratio::ONE, ..buggy() };
    let (count, mut basin) = run(1, &config, Overrides::new(), |_| hundred_buggifies());
    basin.world.kernel(|kernel| {
        let tally = kernel.faults().tally(&kinds::BUGGIFY);
        assert_eq!((tally.fired, tally.effective), (count as u64, count as u64));
        assert_eq!(kernel.faults().atoms().len(), count);
    });
    // An atom that is set to benign takes away itself, and nothing else.
    let atoms: Vec<_> = basin.world.kernel(|kernel| kernel.faults().atoms().iter().map(|atom| atom.address).collect());
    let mut overrides = Overrides::new();
    overrides.set(atoms[3], wavetank_engine::Choice::Benign);
    let (fewer, mut basin) = run(1, &config, overrides, |_| hundred_buggifies());
    assert_eq!(fewer, count - 1);
    let mut rest = atoms;
    rest.remove(3);
    let left: Vec<_> = basin.world.kernel(|kernel| kernel.faults().atoms().iter().map(|atom| atom.address).collect());
    assert_eq!(left, rest);
}

#[test]
fn buggify_is_off_unless_it_is_switched_on() {
    let mut benign = Overrides::new();
    benign.set_domain_benign(BUGGIFY_ACTIVE);
    let always = EngineConfig { buggify_active: Ratio::ONE, buggify_fires: Ratio::ONE, ..fifo() };
    assert_eq!(run(1, &fifo(), Overrides::new(), |_| hundred_buggifies()).0, 0);
    assert_eq!(run(1, &always, benign, |_| hundred_buggifies()).0, 0);
    assert_eq!(run(1, &always, Overrides::new(), |_| hundred_buggifies()).0, 100);
}

async fn knobs() -> [u32; 3] {
    let mut values = [0; 3];
    for value in &mut values {
        *value = buggify_knob!("hooks knob", 10_u32, [1, 1000]);
    }
    values
}

#[test]
fn a_knob_has_one_value_in_a_run() {
    let mut seen = BTreeSet::new();
    for seed in 0..50 {
        let (values, _) = run(seed, &buggy(), Overrides::new(), |_| knobs());
        assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
        seen.insert(values[0]);
        assert_eq!(run(seed, &fifo(), Overrides::new(), |_| knobs()).0, [10; 3], "off without buggify");
        let mut benign = Overrides::new();
        benign.set_domain_benign(KNOB);
        assert_eq!(run(seed, &buggy(), benign, |_| knobs()).0, [10; 3]);
    }
    assert_eq!(seen, BTreeSet::from([1, 10, 1000]));
}

#[test]
fn a_violation_is_recorded_even_when_its_panic_is_swallowed() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        process.time.sleep(millis(2)).await;
        let (sent, received) = (3, 2);
        let swallowed = catch_unwind(AssertUnwindSafe(|| {
            always_assert!(sent == received, "hooks conserved", sent, received);
        }));
        assert!(swallowed.is_err());
    });
    basin.run_idle();
    basin.world.kernel(|kernel| {
        let [violation] = kernel.violations() else { panic!("{:?}", kernel.violations()) };
        assert_eq!(violation.site.name(), Some("hooks conserved"));
        assert_eq!((violation.node, violation.time), (Some((process.home.node, 1)), 2_000_000));
        let text = violation.to_string();
        assert!(text.contains("hooks conserved") && text.contains("sent"), "{text}");
    });
    basin.begin(2, &fifo());
    basin.world.kernel(|kernel| assert!(kernel.violations().is_empty()));
}

#[test]
fn a_violation_in_a_destructor_at_the_end_of_a_run_is_recorded_too() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async {
        let _guard = crate::basin::OnDrop(|| {
            let _ = catch_unwind(|| always_assert!(false, "hooks never dropped"));
        });
        std::future::pending::<()>().await;
    });
    basin.run_idle();
    basin.world.finish();
    basin.world.kernel(|kernel| assert_eq!(kernel.violations().len(), 1));
}

#[test]
fn hits_are_counted_over_runs() {
    let mut basin = Basin::new(1);
    for seed in 0..3 {
        basin.begin(seed, &fifo());
        let process = basin.boot(0);
        basin.spawn(process, async move { sometimes_assert!(seed == 1, "hooks once") });
        basin.run_idle();
    }
    let hits: Vec<_> = basin.world.kernel(|kernel| {
        wavetank_probe::catalogue()
            .iter()
            .filter(|site| site.name() == Some("hooks once"))
            .map(|site| kernel.coverage.count(site))
            .collect()
    });
    assert_eq!(hits.iter().map(|count| (count.hits_true, count.hits_false)).collect::<Vec<_>>(), [(1, 2)]);
}

#[test]
fn the_last_value_published_by_a_process_is_read() {
    for reads in [false, true] {
        let mut basin = Basin::new(2);
        basin.world.kernel(|kernel| kernel.reads_publications = reads);
        for nth in 0..2 {
            let process = basin.boot(nth);
            basin.spawn(process, async move {
                for round in 0..3 {
                    publish!("hooks state", || (nth, round));
                    process.task.yield_now().await;
                }
            });
        }
        basin.run_idle();
        let seen: Vec<String> = basin.world.kernel(|kernel| {
            assert_eq!(kernel.published_anew, reads);
            kernel.publications().iter().map(|publication| format!("{:?}", publication.value)).collect()
        });
        assert_eq!(seen, if reads { vec!["(0, 2)", "(1, 2)"] } else { vec![] });
        basin.begin(2, &fifo());
        basin.world.kernel(|kernel| assert!(kernel.publications().is_empty() && !kernel.published_anew));
    }
}

#[test]
fn an_observer_looks_after_every_event_and_poll() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for _ in 0..3 {
            process.time.sleep(millis(1)).await;
        }
    });
    let mut looks = 0;
    let mut observer = || looks += 1;
    assert_eq!(basin.world.run_observed(u64::MAX, Some(&mut observer)), Stop::Idle);
    let counted = basin.world.kernel(|kernel| kernel.events() + kernel.polls());
    assert_eq!((looks, counted), (7, 7));
}

#[test]
fn a_panic_of_an_observer_is_no_tasks() {
    let mut basin = Basin::new(1);
    basin.begin(1, &EngineConfig { survive_panics: true, ..fifo() });
    let process = basin.boot(0);
    let (seen, joined) = (log(), log());
    let (put, join) = (seen.clone(), joined.clone());
    basin.spawn(process, async move {
        let child = process.task.spawn_local(async move {
            process.time.sleep(millis(1)).await;
            put.borrow_mut().push("wrong");
            process.time.sleep(millis(1)).await;
        });
        let is_ok = child.await.is_ok();
        join.borrow_mut().push(is_ok);
    });
    let mut observer = || assert!(seen.borrow_mut().pop().is_none(), "the state is wrong");
    assert_eq!(basin.world.run_observed(u64::MAX, Some(&mut observer)), Stop::Panic);
    assert_eq!(
        basin.world.unheard_panics(usize::MAX).iter().map(|panic| panic.task).collect::<Vec<_>>(),
        ["the simulation itself"]
    );
    // The task that was polled last has not heard of it, and goes on.
    basin.run_idle();
    assert_eq!(joined.take(), [true]);
}
