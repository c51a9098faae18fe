//! What a run keeps: nothing per sleep, per task, per panic.

use crate::basin::{Basin, Process, fifo, millis};
use std::time::Duration;
use wavetank_core::{TaskProvider, TimeProvider};
use wavetank_engine::EngineConfig;

/// Runs one task; the slots of records, timers, tasks and payloads that it ever needed at once.
fn footprint<F: Future<Output = ()> + 'static>(config: &EngineConfig, body: impl FnOnce(Process) -> F) -> [usize; 4] {
    let mut basin = Basin::with(1, 1, config);
    let process = basin.boot(0);
    basin.spawn(process, body(process));
    basin.run_idle();
    basin.world.kernel(|kernel| kernel.footprint())
}

#[test]
fn a_million_sleeps_need_one_slot() {
    let slots = footprint(&fifo(), |process| async move {
        for nth in 0..1_000_000_u64 {
            process.time.sleep(Duration::from_nanos(nth % 1000)).await;
        }
    });
    assert_eq!(slots, [1, 1, 1, 0]);
}

#[test]
fn a_million_timeouts_that_are_cancelled_leave_nothing() {
    let slots = footprint(&fifo(), |process| async move {
        for _ in 0..1_000_000 {
            let reply = process.time.sleep(Duration::from_nanos(1));
            process.time.timeout(Duration::from_secs(30), reply).await.expect("the reply is faster");
        }
    });
    assert_eq!(slots, [2, 2, 1, 0]);
}

#[test]
fn a_million_spawns_need_two_slots() {
    let slots = footprint(&fifo(), |process| async move {
        for nth in 0..1_000_000 {
            let child = process.task.spawn(async {});
            if nth % 2 == 0 {
                child.await.expect("it returns");
            } else {
                drop(child);
                process.task.yield_now().await;
            }
        }
    });
    assert_eq!(slots, [0, 0, 2, 0]);
}

#[test]
fn panics_that_nobody_joins_leave_nothing() {
    let surviving = EngineConfig { survive_panics: true, ..fifo() };
    std::panic::set_hook(Box::new(|_| {}));
    let slots = footprint(&surviving, |process| async move {
        for nth in 0..1000 {
            let child = process.task.spawn(async { panic!("nobody listens") });
            if nth % 2 == 0 {
                drop(child);
                process.task.yield_now().await;
            } else {
                process.time.sleep(millis(1)).await;
                drop(child);
            }
        }
    });
    let _ = std::panic::take_hook();
    assert_eq!(slots, [1, 1, 2, 0]);
}
