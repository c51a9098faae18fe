//! The same seed is the same run: in a fresh world and in a used one, on any
//! thread, in debug and in release.

use crate::basin::{Basin, Numbers, fifo, millis};
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
                    used.world.enter(|| process.control.crash(Scope::Node(node), CrashKind::Machine));
                }
            }
        }
        assert_eq!(digest(&mut used, 7, &config, None), fresh, "{name}");
        assert_ne!(digest(&mut used, 8, &config, None), fresh, "{name}: another seed is another run");
    }
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
fifo 0 868c788ca4aceeee57a7580d70d56333
fifo 1 f4ff3090997a049e368a3a7a1e873096
fifo 18446744073709551615 df621ca0d09fadf6d9e88dad34d5dd73
random 0 7d298cfe025c0e494d4a66420bf8747c
random 1 670843585821d3fbf62b2055be52817a
random 18446744073709551615 4a0f6d45dd046c51eaf5d1ff446b95b4
pct 0 e5fcd2763195154a56a1145e3bc8ae9a
pct 1 c0c80ab6f5e54d6661a3f7919d0cb570
pct 18446744073709551615 99268ad1bdd563ee052a60dcaa354bb1
faulty 0 9e1dfe5c7c8a96958c43568dc68370c9
faulty 1 020cdf056503789c7af82a6888d705f9
faulty 18446744073709551615 a61b8d68dec6c4d1ee8e170e1541a572
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
