//! Tasks that yield once, spawned and joined one after another: what a task costs.

use std::time::{Duration, Instant};
use wavetank_core::{TaskProvider, TimeProvider};
use wavetank_engine::{Decisions, EngineConfig, Placement, SimTaskProvider, SimTimeProvider, Stop, World};

#[allow(clippy::disallowed_methods, reason = "the example measures real time")]
fn main() {
    let spawns: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().expect("a number of spawns"));
    let mut world = World::new();
    let node = world.kernel(|kernel| {
        let machine = kernel.topology.add_machine("machine", Placement::default());
        kernel.topology.add_node("node", machine)
    });
    let start = Instant::now();
    world.begin(Decisions::of(1), &EngineConfig::default(), None);
    let control = world.control();
    world.enter(|| {
        let home = control.boot(node);
        let (task, time) = (SimTaskProvider::new(home), SimTimeProvider::new(home));
        drop(control.spawn(home, "spawner", async move {
            for nth in 0..spawns {
                let child = task;
                let value = task.spawn(async move {
                    child.yield_now().await;
                    nth
                });
                assert_eq!(value.await.expect("the child returns"), nth);
                if nth % 1000 == 999 {
                    time.sleep(Duration::from_millis(1)).await;
                }
            }
        }));
    });
    assert_eq!(world.run(u64::MAX), Stop::Idle);
    let nanos = start.elapsed().as_nanos() as u64;
    println!("{} ns per spawn, digest {}", nanos / spawns, world.kernel(|kernel| kernel.digest()));
}
