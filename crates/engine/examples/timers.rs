//! A thousand tasks that sleep 2,000 times each: what a timer costs.

use std::time::{Duration, Instant};
use wavetank_core::TimeProvider;
use wavetank_engine::{Decisions, EngineConfig, Placement, SimTimeProvider, Stop, World};

#[allow(clippy::disallowed_methods, reason = "the example measures real time")]
fn main() {
    let sleeps: u64 = std::env::args().nth(1).map_or(2000, |text| text.parse().expect("a number of sleeps"));
    let mut world = World::new();
    let node = world.kernel(|kernel| {
        let machine = kernel.topology.add_machine("machine", Placement::default());
        kernel.topology.add_node("node", machine)
    });
    let config = EngineConfig {
        limits: wavetank_engine::Limits { time: Duration::MAX, ..Default::default() },
        ..Default::default()
    };
    let start = Instant::now();
    world.begin(Decisions::of(1), &config, None);
    let control = world.control();
    world.enter(|| {
        let home = control.boot(node);
        for id in 0..1000 {
            let time = SimTimeProvider::new(home);
            drop(control.spawn(home, "sleeper", async move {
                let mut state: u64 = id * 2 + 1;
                for _ in 0..sleeps {
                    state ^= state >> 12;
                    state ^= state << 25;
                    state ^= state >> 27;
                    let millis = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % 1000 + 1;
                    time.sleep(Duration::from_millis(millis)).await;
                }
            }));
        }
    });
    assert_eq!(world.run(u64::MAX), Stop::Idle);
    let nanos = start.elapsed().as_nanos() as u64;
    println!("{} ns per sleep, digest {}", nanos / (1000 * sleeps), world.kernel(|kernel| kernel.digest()));
}
