//! Contracts of clocks, sleeps, time-outs and intervals. How late a sleep may be is not
//! promised; where a contract needs a bound it leaves seconds.

use crate::Stage;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{Elapsed, Instant, Providers, Sleep, TimeProvider};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3_600);

/// A sleep is never over before its deadline.
pub async fn a_sleep_is_never_early<P: Providers>(stage: Stage<P>) {
    for micros in [1, 700, 1_000, 1_300, 20_000] {
        let duration = Duration::from_micros(micros);
        let start = stage.a.world.now();
        stage.a.world.sleep(duration).await;
        assert!(stage.a.world.now() - start >= duration, "{duration:?}");
    }
}

/// Sleeps end in the order of their deadlines.
pub async fn sleeps_end_in_the_order_of_their_deadlines<P: Providers>(stage: Stage<P>) {
    let order = Arc::new(Mutex::new(Vec::new()));
    let start = stage.a.world.now();
    let tasks = [60, 20, 80, 40].map(|millis| {
        let (world, order) = (stage.a.world.clone(), order.clone());
        stage.a.world.spawn(async move {
            world.sleep_until(start + Duration::from_millis(millis)).await;
            order.lock().expect("no task panics while it holds this").push(millis);
        })
    });
    for task in tasks {
        task.await.expect("no task panics");
    }
    assert_eq!(*order.lock().expect("no task panics while it holds this"), [20, 40, 60, 80]);
}

/// A sleep until a time that has passed is over.
pub async fn a_deadline_that_has_passed_is_ready<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    world.sleep(Duration::from_millis(150)).await;
    for deadline in [Instant::ZERO, world.now()] {
        world.timeout(LONG, world.sleep_until(deadline)).await.expect("it has passed");
    }
    world.timeout(LONG, world.sleep(Duration::ZERO)).await.expect("nothing has to pass");
}

/// The monotonic clock never goes back, and moves while one sleeps.
pub async fn the_monotonic_clock_never_goes_back<P: Providers>(stage: Stage<P>) {
    let mut last = stage.a.world.now();
    for _ in 0..10 {
        for _ in 0..100 {
            let now = stage.a.world.now();
            assert!(now >= last);
            last = now;
        }
        stage.a.world.sleep(Duration::from_millis(1)).await;
        assert!(stage.a.world.now() > last, "a sleep takes time");
    }
}

/// A clone of a clock reads the same clock, in another task too.
pub async fn a_clone_reads_the_same_clock<P: Providers>(stage: Stage<P>) {
    let clone = stage.a.world.time().clone();
    let before = stage.a.world.now();
    let there = stage.a.world.spawn(async move { clone.now() }).await.expect("it does not panic");
    let after = stage.a.world.now();
    assert!(before <= there && there <= after, "{before:?} <= {there:?} <= {after:?}");
}

/// The wall clock moves with the monotonic one unless it is set.
pub async fn the_wall_clock_moves_with_the_monotonic_one<P: Providers>(stage: Stage<P>) {
    let tolerance = Duration::from_millis(20);
    let outer = stage.a.world.now();
    let wall = stage.a.world.time().wall();
    let inner = stage.a.world.now();
    stage.a.world.sleep(Duration::from_millis(200)).await;
    let least = stage.a.world.now() - inner;
    let walked = stage.a.world.time().wall().duration_since(wall).expect("nobody set the clock");
    let most = stage.a.world.now() - outer;
    assert!(walked + tolerance >= least && walked <= most + tolerance, "{least:?} <= {walked:?} <= {most:?}");
}

/// A time-out is not early, and its future is gone by then.
pub async fn a_timeout_gives_up_and_drops_its_future<P: Providers>(stage: Stage<P>) {
    let held = Arc::new(());
    let watched = Arc::downgrade(&held);
    let start = stage.a.world.now();
    let future = async move {
        pending::<()>().await;
        drop(held);
    };
    assert_eq!(stage.a.world.timeout(SHORT, future).await, Err(Elapsed));
    assert!(stage.a.world.now() - start >= SHORT, "too early");
    assert!(watched.upgrade().is_none(), "the future lives on");
}

/// A future that is ready within the time, or at its end, beats the time-out.
pub async fn a_timeout_passes_a_result_on<P: Providers>(stage: Stage<P>) {
    let world = stage.a.world.clone();
    let soon = async {
        world.sleep(SHORT).await;
        7
    };
    assert_eq!(stage.a.world.timeout(LONG, soon).await, Ok(7));
    assert_eq!(stage.a.world.timeout(Duration::ZERO, async { 8 }).await, Ok(8), "ready at the deadline");
}

/// An interval ticks at once, and then never before its period has passed.
pub async fn an_interval_ticks_at_once_and_then_by_its_period<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    let start = world.now();
    let mut interval = world.interval(SHORT);
    let first = interval.tick().await;
    assert!(first >= start && first <= world.now());
    let mut last = first;
    for _ in 0..4 {
        let due = interval.tick().await;
        assert!(world.now() >= due, "too early");
        assert!(due - last >= SHORT, "{:?}", due - last);
        last = due;
    }
}

/// Ticks that were missed are not made up for in a burst.
pub async fn an_interval_does_not_catch_up_in_a_burst<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    let mut interval = world.interval(SHORT);
    interval.tick().await;
    world.sleep(SHORT * 5).await;
    let start = world.now();
    interval.tick().await;
    interval.tick().await;
    assert!(world.now() - start >= SHORT, "two ticks within one period");
}

/// A sleep can be put off.
pub async fn a_sleep_can_be_put_off<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    let mut sleep = world.sleep(SHORT);
    let later = world.now() + SHORT * 4;
    sleep.reset(later);
    assert_eq!(sleep.deadline(), later);
    sleep.await;
    assert!(world.now() >= later);
}

/// A sleep can be brought forward while it is being waited for.
pub async fn a_sleep_can_be_brought_forward_while_it_waits<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    let mut sleep = world.sleep(LONG);
    assert_eq!(world.timeout(SHORT, &mut sleep).await, Err(Elapsed));
    sleep.reset(world.now() + SHORT);
    world.timeout(LONG / 2, sleep).await.expect("its deadline came forward");
}

/// A sleep that is over can be used again.
pub async fn a_sleep_that_is_over_can_be_used_again<P: Providers>(stage: Stage<P>) {
    let world = &stage.a.world;
    let mut sleep = world.sleep(SHORT);
    (&mut sleep).await;
    let again = world.now() + SHORT;
    sleep.reset(again);
    sleep.await;
    assert!(world.now() >= again);
}
