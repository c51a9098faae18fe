//! The same seed is the same run: in a fresh world and in a used one, on any
//! thread, in debug and in release.

use crate::basin::{Basin, Numbers, fifo, log, millis};
use std::fmt::Write;
use std::time::Duration;
use wavetank_core::{JoinHandle, RandomProvider, TaskProvider, TimeProvider, select};
use wavetank_engine::{
    CrashKind, Decisions, Digest, EngineConfig, Policy, Ratio, Scope, SimRandomProvider, Stop, Trace,
};
use wavetank_probe::{buggify, buggify_knob};

/// A little of everything that an engine without devices can do.
async fn mixture(process: crate::basin::Process, id: u64) {
    let random = SimRandomProvider::new(process.home);
    let knob = buggify_knob!("recycled knob", 10_u64, [1, 1000]);
    for round in 0..20 {
        let pause = Duration::from_nanos(random.next_u64() % 3 * 1_000_000 + knob);
        if buggify!("recycled detour") {
            process.task.yield_now().await;
        }
        let child = process.task.spawn(async move { process.time.sleep(pause).await });
        select! {
            () = process.time.sleep(millis(1)) => child.abort(),
            () = process.time.sleep(millis(1)) => {}
            () = process.task.yield_now(), if round % 3 == 0 => {}
        }
        if id == 3 && round == 10 {
            process.crash();
        }
    }
}

/// Runs the mixture in a world that may have been used before.
fn digest(basin: &mut Basin, seed: u64, config: &EngineConfig, trace: Option<Trace>) -> Digest {
    basin.world.begin(Decisions::of(seed), config, trace);
    let processes = [basin.boot(0), basin.boot(1), basin.boot(2)];
    for id in 0..6 {
        let process = processes[id % 3];
        basin.spawn(process, mixture(process, id as u64));
    }
    assert_eq!(basin.run(), Stop::Idle, "{:?}", basin.world.panics());
    basin.world.kernel(|kernel| kernel.digest())
}

fn configs() -> [(&'static str, EngineConfig); 4] {
    let faulty = EngineConfig {
        policy: Policy::Random,
        timer_late: Ratio::new(1, 10),
        timer_late_max: 100_000,
        poll_cost: Ratio::new(1, 10),
        poll_cost_max: 1000,
        buggify_active: Ratio::new(1, 2),
        buggify_fires: Ratio::new(1, 4),
        ..EngineConfig::default()
    };
    [
        ("fifo", fifo()),
        ("random", EngineConfig::default()),
        ("pct", EngineConfig { policy: Policy::Pct { changes: 3, polls: 1000 }, ..EngineConfig::default() }),
        ("faulty", faulty),
    ]
}

#[test]
fn a_recycled_world_runs_a_seed_as_a_fresh_one_does() {
    for (name, config) in configs() {
        let fresh = digest(&mut Basin::new(3), 7, &config, None);
        let mut used = Basin::new(3);
        for seed in 100..150 {
            // Each after a run of another configuration, some of them cut short.
            let other = &configs()[seed as usize % 4].1;
            digest(&mut used, seed, other, None);
            if seed % 5 == 0 {
                used.begin(seed, other);
                let process = used.boot(1);
                used.spawn(process, mixture(process, 0));
                used.world.run(Numbers::new(seed).below(5_000_000));
                let node = used.nodes[1];
                used.world.enter(|| process.control.pause(Scope::Node(node)));
                used.world.run(5_000_000);
                if seed % 10 == 0 {
                    let scope = used.world.kernel(|kernel| CrashKind::Machine.scope(node, &kernel.topology));
                    used.world.enter(|| process.control.crash(scope, CrashKind::Machine));
                }
            }
        }
        assert_eq!(digest(&mut used, 7, &config, None), fresh, "{name}");
        assert_ne!(digest(&mut used, 8, &config, None), fresh, "{name}: another seed is another run");
    }
}

/// The order in which two sleeps end that are due at one instant: the only tie of the run.
fn tied(basin: &mut Basin, seed: u64) -> Vec<u32> {
    basin.begin(seed, &EngineConfig::default());
    let process = basin.boot(0);
    let ended = log();
    for id in 0..2 {
        let put = ended.clone();
        basin.spawn(process, async move {
            process.time.sleep(millis(1)).await;
            put.borrow_mut().push(id);
        });
    }
    basin.run_idle();
    ended.take()
}

#[test]
fn a_tie_at_the_time_of_the_last_runs_last_one_is_drawn_too() {
    let mut used = Basin::new(1);
    let fresh: Vec<_> = (0..20).map(|seed| tied(&mut Basin::new(1), seed)).collect();
    assert!(fresh.contains(&vec![0, 1]) && fresh.contains(&vec![1, 0]), "{fresh:?}");
    assert_eq!((0..20).map(|seed| tied(&mut used, seed)).collect::<Vec<_>>(), fresh);
}

#[test]
fn two_threads_at_once_run_a_seed_as_one_does() {
    let table = || -> Vec<Digest> {
        let mut basin = Basin::new(3);
        let mut digests = Vec::new();
        for seed in 0..20 {
            digests.extend(configs().map(|(_, config)| digest(&mut basin, seed, &config, None)));
        }
        digests
    };
    let alone = table();
    #[expect(clippy::disallowed_methods, reason = "two simulations side by side are what is tested")]
    let threads = [std::thread::spawn(table), std::thread::spawn(table)];
    for thread in threads {
        assert_eq!(thread.join().expect("the runs do not panic"), alone);
    }
}

#[test]
fn a_trace_changes_no_digest() {
    let mut basin = Basin::new(3);
    for (name, config) in configs() {
        let plain = digest(&mut basin, 7, &config, None);
        let checkpoints = basin.world.kernel(|kernel| kernel.checkpoints().to_vec());
        assert_eq!(digest(&mut basin, 7, &config, Some(Trace::window(0, u64::MAX))), plain, "{name}");
        assert_eq!(basin.world.kernel(|kernel| kernel.checkpoints().to_vec()), checkpoints, "{name}");
    }
}

/// What the seeds of each configuration come to, in every build. A change of it is a
/// change of every run that anybody has recorded: it must be meant. The test prints
/// the table that it found.
const TABLE: &str = "\
fifo 0 b63a78226be6b6f58502dc1fff3421c8
fifo 1 f150021c94de775215c7b098f2984164
fifo 18446744073709551615 e53161b5895163f388aed08b8862a4bf
random 0 c3d1ad5329a5c1cffe151c472e9899c4
random 1 9e0ee2e6f7a1a9524a908eddc24107e1
random 18446744073709551615 561abe5d8d7844ceff9441eb16c4da80
pct 0 c4038171bceffe8e7872beee4b8fc88d
pct 1 bcbf044ae90873e1ff84751aff48c388
pct 18446744073709551615 9eac6c9fc68184c1ccca78c80234d982
faulty 0 017c11364f724f8cad593d903ab34758
faulty 1 f8a53c6dda6ebdfefce9244e0d8a1717
faulty 18446744073709551615 bae73fa71c013c8531054ea8ded2e26c
";

#[test]
fn debug_and_release_agree_on_every_digest() {
    let mut basin = Basin::new(3);
    let mut table = String::new();
    for (name, config) in configs() {
        for seed in [0, 1, u64::MAX] {
            let digest = digest(&mut basin, seed, &config, None);
            writeln!(table, "{name} {seed} {digest}").expect("a string takes all");
        }
    }
    println!("{table}");
    assert_eq!(table, TABLE);
}
