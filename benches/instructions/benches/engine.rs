//! How many instructions the engine's common paths take, under valgrind: a gate that
//! noise cannot open. What they take in time is measured in `benches/peers`.
//!
//! The counts are of `[profile.bench]` with the toolchain of `rust-toolchain.toml`, for
//! x86-64; 5 % above them is red. Whoever makes a path shorter takes its new count in.
//! `timers_inert` is the same work as `timers` with a fault switched on that never strikes;
//! `cargo xtask ci counts` compares the two.

use gungraun::main;
use gungraun::prelude::*;
use instructions::limit;
use std::hint::black_box;
use std::time::Duration;
use wavetank_core::{JoinHandle, TaskProvider, TimeProvider, watch};
use wavetank_engine::{
    Decisions, Digest, EngineConfig, Placement, Ratio, SimTaskProvider, SimTimeProvider, Stop, World,
};

/// A world with one node, used once, so that its memory is there.
fn world() -> World {
    let mut world = World::new();
    world.kernel(|kernel| {
        let machine = kernel.topology.add_machine("machine", Placement::default());
        kernel.topology.add_node("node", machine)
    });
    timers_with(&mut world, Ratio::ZERO, 100, 2);
    world
}

/// Runs one task on the node until nothing is left to do.
fn run<F: Future<Output = ()> + 'static>(
    world: &mut World,
    config: &EngineConfig,
    bodies: impl Iterator<Item = u64>,
    body: impl Fn(SimTimeProvider, SimTaskProvider, u64) -> F,
) -> Digest {
    world.begin(Decisions::of(1), config, None);
    let node = wavetank_engine::NodeId(0);
    let control = world.control();
    world.enter(|| {
        let home = control.boot(node);
        let (time, task) = (SimTimeProvider::new(home), SimTaskProvider::new(home));
        for nth in bodies {
            drop(control.spawn(home, "task", body(time, task, nth)));
        }
    });
    assert_eq!(world.run(u64::MAX), Stop::Idle);
    world.kernel(|kernel| kernel.digest())
}

/// Tasks that sleep for one to a thousand milliseconds, again and again.
fn timers_with(world: &mut World, late: Ratio, tasks: u64, sleeps: u32) -> Digest {
    let config = EngineConfig { timer_late: late, timer_late_max: 1000, ..EngineConfig::default() };
    run(world, &config, 0..tasks, move |time, _, id| async move {
        let mut state = id * 2 + 1;
        for _ in 0..sleeps {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            let millis = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % 1000 + 1;
            time.sleep(Duration::from_millis(millis)).await;
        }
    })
}

// 10,000 sleeps of 100 tasks.
#[library_benchmark(config = limit(TIMERS))]
#[bench::recycled(world())]
fn timers(mut world: World) -> Digest {
    black_box(timers_with(&mut world, Ratio::ZERO, 100, 100))
}

// The same with timers that may be late once in 2^32 times: here, never.
#[library_benchmark(config = limit(TIMERS_INERT))]
#[bench::recycled(world())]
fn timers_inert(mut world: World) -> Digest {
    black_box(timers_with(&mut world, Ratio::from_parts(1), 100, 100))
}

// 10,000 tasks that yield once, each joined before the next is spawned.
#[library_benchmark(config = limit(SPAWNS))]
#[bench::recycled(world())]
fn spawn_and_join(mut world: World) -> Digest {
    black_box(run(&mut world, &EngineConfig::default(), 0..1, |_, task, _| async move {
        for nth in 0..10_000_u64 {
            let child = task.spawn(async move {
                task.yield_now().await;
                nth
            });
            assert!(!child.is_finished());
            assert_eq!(child.await.expect("the child returns"), nth);
        }
    }))
}

// 1,000 runs of a task that ends at once, in a recycled world.
#[library_benchmark(config = limit(EMPTY))]
#[bench::recycled(world())]
fn empty_runs(mut world: World) {
    for _ in 0..1000 {
        black_box(run(&mut world, &EngineConfig::default(), 0..1, |_, _, _| async {}));
    }
}

// Two tasks that wake each other 10,000 times in all, through a channel of core.
#[library_benchmark(config = limit(WAKES))]
#[bench::recycled(world())]
fn wakes(mut world: World) -> Digest {
    let (ping, pinged) = watch::channel(0_u64);
    let (pong, ponged) = watch::channel(0_u64);
    let ends = std::cell::RefCell::new(vec![(ping, ponged), (pong, pinged)]);
    black_box(run(&mut world, &EngineConfig::default(), 0..2, |_, _, nth| {
        let (send, mut receive) = ends.borrow_mut().pop().expect("there are two ends and two tasks");
        async move {
            if nth == 0 {
                let _ = send.send(0);
            }
            while receive.changed().await.is_ok() && *receive.borrow() < 5000 {
                let _ = send.send(*receive.borrow() + nth);
            }
        }
    }))
}

// What was measured last.
const TIMERS: u64 = 6_253_005;
const TIMERS_INERT: u64 = 6_863_013;
const SPAWNS: u64 = 8_855_631;
const EMPTY: u64 = 1_204_180;
const WAKES: u64 = 10_112_490;

library_benchmark_group!(name = engine, benchmarks = [timers, timers_inert, spawn_and_join, empty_runs, wakes]);

main!(library_benchmark_groups = engine);
