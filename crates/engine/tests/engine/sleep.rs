//! Sleeps: never early, late only by a fault, and gone when dropped.

use crate::basin::{Basin, Log, MILLI, Numbers, fifo, log, millis};
use std::pin::Pin;
use std::time::Duration;
use wavetank_core::{Elapsed, Instant, Sleep, TaskProvider, TimeProvider};
use wavetank_engine::{EngineConfig, Limits, Overrides, Policy, Ratio, Stop, kinds};

#[test]
fn a_sleep_ends_exactly_when_it_is_due() {
    for policy in [Policy::Fifo, Policy::Random, Policy::Pct { changes: 3, polls: 1000 }] {
        let mut basin = Basin::with(1, 1, &EngineConfig { policy, ..fifo() });
        let process = basin.boot(0);
        let late: Log<u64> = log();
        for id in 0..50 {
            let late = late.clone();
            basin.spawn(process, async move {
                let mut numbers = Numbers::new(id);
                for _ in 0..50 {
                    let deadline = process.time.now() + Duration::from_nanos(numbers.below(1 << (id % 35 + 1)));
                    process.time.sleep_until(deadline).await;
                    late.borrow_mut().push(process.time.now().as_nanos() - deadline.as_nanos());
                }
            });
        }
        basin.run_idle();
        assert_eq!(late.borrow().len(), 2500);
        assert!(late.borrow().iter().all(|&late| late == 0));
    }
}

#[test]
fn a_sleep_of_the_past_is_over_at_once() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        process.time.sleep(Duration::ZERO).await;
        process.time.sleep_until(Instant::ZERO).await;
    });
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| (kernel.polls(), kernel.events())), (1, 0));
}

/// How late 200 sleeps of a millisecond end, with that fault, and how many struck.
fn lateness(ratio: Ratio, benign: bool) -> (Vec<u64>, u64) {
    let config = EngineConfig { timer_late: ratio, timer_late_max: 5000, ..fifo() };
    let mut basin = Basin::new(1);
    let mut overrides = Overrides::new();
    if benign {
        overrides.set_domain_benign(kinds::TIMER_LATE.domain());
    }
    basin.begin_overridden(1, &config, overrides);
    let process = basin.boot(0);
    let late: Log<u64> = log();
    let put = late.clone();
    basin.spawn(process, async move {
        for _ in 0..200 {
            let deadline = process.time.now() + millis(1);
            process.time.sleep_until(deadline).await;
            put.borrow_mut().push(process.time.now().as_nanos() - deadline.as_nanos());
        }
    });
    basin.run_idle();
    let fired = basin.world.kernel(|kernel| {
        let tally = *kernel.faults().tally(&kinds::TIMER_LATE);
        assert_eq!(tally.fired as usize, kernel.faults().atoms().len());
        assert_eq!(tally.effective, tally.fired);
        tally.fired
    });
    (late.take(), fired)
}

#[test]
fn a_timer_is_late_only_where_the_fault_strikes() {
    let (late, fired) = lateness(Ratio::new(1, 4), false);
    assert_eq!(late.iter().filter(|&&late| late > 0).count() as u64, fired);
    assert!((20..90).contains(&fired), "{fired} of 200");
    assert!(late.iter().all(|&late| late <= 5000));
    let (always, fired) = lateness(Ratio::ONE, false);
    assert_eq!(fired, 200);
    assert!(always.iter().all(|late| (1..=5000).contains(late)));
    assert_eq!(lateness(Ratio::ONE, true), (vec![0; 200], 0));
    assert_eq!(lateness(Ratio::ZERO, false), (vec![0; 200], 0));
}

#[test]
fn a_reset_sleep_obeys_its_new_deadline() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let ends: Log<u64> = log();
    let put = ends.clone();
    basin.spawn(process, async move {
        let mut sleep = process.time.sleep(millis(10));
        let none = process.time.timeout(millis(1), &mut sleep).await;
        assert_eq!(none, Err(Elapsed));
        // Earlier than before, later than before, and after it was over.
        for (reset, end) in [(5, 5), (30, 30), (31, 31)] {
            sleep.reset(Instant::from_nanos(reset * MILLI));
            assert_eq!(sleep.deadline(), Instant::from_nanos(reset * MILLI));
            (&mut sleep).await;
            assert_eq!(process.time.now().as_nanos(), end * MILLI);
            put.borrow_mut().push(end);
        }
        sleep.reset(Instant::from_nanos(50 * MILLI));
        let _ = process.time.timeout(millis(1), &mut sleep).await;
        sleep.reset(Instant::from_nanos(40 * MILLI));
        Pin::new(&mut sleep).await;
        put.borrow_mut().push(process.time.now().as_nanos() / MILLI);
    });
    basin.run_idle();
    assert_eq!(ends.take(), [5, 30, 31, 40]);
}

#[test]
fn a_dropped_sleep_leaves_no_event() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        for _ in 0..100 {
            let fast = process.task.yield_now();
            assert_eq!(process.time.timeout(Duration::from_secs(30), fast).await, Ok(()));
        }
    });
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| (kernel.events(), kernel.now(), kernel.next_time())), (0, 0, None));
    assert_eq!(basin.world.finish(), Vec::<String>::new());
}

#[test]
fn a_sleep_dropped_under_the_borrow_is_taken_out_too() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        let mut sleep = process.time.sleep(millis(10));
        let _ = process.time.timeout(millis(1), &mut sleep).await;
        process.control.kernel(|_| drop(sleep));
    });
    basin.run_idle();
    assert_eq!(basin.now(), MILLI, "the dropped sleep fired");
    assert_eq!(basin.world.finish(), Vec::<String>::new());
}

#[test]
fn a_future_that_is_ready_at_the_deadline_wins_over_it() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move {
        assert_eq!(process.time.timeout(millis(5), process.time.sleep(millis(5))).await, Ok(()));
    });
    basin.run_idle();
}

#[test]
fn an_hour_of_silence_is_as_many_events_as_it_has_timers() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move { process.time.sleep(Duration::from_secs(3600)).await });
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| (kernel.events(), kernel.polls())), (1, 2));
}

#[test]
fn a_run_until_a_time_ends_at_that_time() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move { process.time.sleep(millis(10)).await });
    assert_eq!(basin.world.run(3 * MILLI), Stop::Until);
    assert_eq!(basin.now(), 3 * MILLI);
    assert_eq!(basin.world.run(10 * MILLI - 1), Stop::Until);
    assert_eq!(basin.world.run(10 * MILLI), Stop::Idle);
    assert_eq!(basin.now(), 10 * MILLI);
}

#[test]
fn a_sleep_is_owned_by_whoever_leaks_it() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let kept: Log<wavetank_engine::SimSleep> = log();
    let put = kept.clone();
    basin.spawn(process, async move {
        let mut sleep = process.time.sleep(millis(10));
        let _ = process.time.timeout(millis(1), &mut sleep).await;
        put.borrow_mut().push(sleep);
    });
    assert_eq!(basin.world.run(2 * MILLI), Stop::Until);
    assert_eq!(basin.world.finish(), ["1 sleeps are armed that no task owns"]);
    drop(kept);
}

#[test]
fn a_deadline_that_never_comes_does_not() {
    let forever = EngineConfig { limits: Limits { time: Duration::MAX, ..Limits::default() }, ..fifo() };
    for config in [fifo(), forever] {
        let mut basin = Basin::new(1);
        basin.begin(1, &config);
        let process = basin.boot(0);
        basin.spawn(process, async move { process.time.sleep_until(Instant::MAX).await });
        basin.run_idle();
        assert_eq!(basin.world.tasks().len(), 1, "it waits");
    }
}
