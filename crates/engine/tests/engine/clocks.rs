//! Machines' clocks: rate, wall offset, steps and drift.

use crate::basin::{Basin, Log, MILLI, Numbers, Process, log, millis};
use std::time::{Duration, SystemTime};
use wavetank_core::TimeProvider;
use wavetank_engine::{Clock, MachineId, RATE_PPB_MOST, WALL_START_SECONDS, kinds};

const SECOND: u64 = 1_000_000_000;

/// A clock whose rate changed a few times, and the global time of the last change.
fn worn(numbers: &mut Numbers) -> (Clock, u64) {
    let mut clock = Clock::default();
    let mut global = 0;
    for _ in 0..numbers.below(4) {
        global += numbers.below(1000 * SECOND);
        clock.set_rate(global, numbers.below(2 * RATE_PPB_MOST as u64 + 1) as i64 - RATE_PPB_MOST);
    }
    (clock, global)
}

#[test]
fn the_way_to_global_time_and_back_is_exact() {
    let mut numbers = Numbers::new(1);
    for _ in 0..100_000 {
        let (clock, since) = worn(&mut numbers);
        let bits = 1 + numbers.below(62);
        let global = since + (numbers.any() >> bits);
        let local = clock.local(global);
        let first = clock.global(local);
        assert!(first <= global, "{clock:?} shows {local} at {global} already");
        assert!(clock.local(first) >= local, "{clock:?}: {first} is early for {local}");
        if first > since {
            assert!(clock.local(first - 1) < local, "{clock:?}: {first} is not the first time for {local}");
        }
    }
}

#[test]
fn a_monotonic_clock_never_goes_back_and_never_jumps() {
    let mut numbers = Numbers::new(2);
    for _ in 0..1000 {
        let (mut clock, since) = worn(&mut numbers);
        let mut last = clock.local(since);
        let mut global = since;
        for _ in 0..50 {
            let bits = numbers.below(40);
            let step = numbers.below(1 << bits);
            global += step;
            let local = clock.local(global);
            assert!(local >= last);
            assert!((local - last).abs_diff(step) <= step / 20 + 2, "{clock:?} went {} in {step}", local - last);
            last = local;
            if numbers.below(10) == 0 {
                clock.set_rate(global, numbers.below(1000) as i64 - 500);
                assert_eq!(clock.local(global), last, "a change of rate is no jump");
            }
        }
    }
}

#[test]
fn rates_and_drifts_beyond_five_percent_are_refused() {
    for bad in [RATE_PPB_MOST + 1, -RATE_PPB_MOST - 1] {
        assert!(std::panic::catch_unwind(|| Clock::default().set_rate(0, bad)).is_err());
        assert!(std::panic::catch_unwind(|| Clock::default().set_wall_drift(0, bad)).is_err());
    }
    Clock::default().set_rate(0, RATE_PPB_MOST);
    Clock::default().set_wall_drift(0, -RATE_PPB_MOST);
}

#[test]
fn the_wall_clock_has_an_offset_steps_and_a_drift() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL_START_SECONDS);
    let mut clock = Clock::default();
    assert_eq!(clock.wall(0), start);
    assert_eq!(clock.wall(SECOND), start + Duration::from_secs(1));
    clock.step_wall(-3_000_000);
    assert_eq!(clock.wall(SECOND), start + Duration::from_secs(1) - millis(3));
    clock.step_wall(5_000_000);
    assert_eq!(clock.wall(SECOND), start + Duration::from_secs(1) + millis(2));
    assert_eq!(clock.local(SECOND), SECOND, "a step of the wall clock moves no other");
    let mut drifting = Clock::default();
    drifting.set_wall_drift(0, 1000);
    assert_eq!(drifting.wall(1000 * SECOND), start + Duration::from_secs(1000) + millis(1));
    assert_eq!(drifting.local(1000 * SECOND), 1000 * SECOND, "its drift moves no other");
    let shown = drifting.wall(1000 * SECOND);
    drifting.set_wall_drift(1000 * SECOND, -1000);
    assert_eq!(drifting.wall(1000 * SECOND), shown, "a change of drift is no jump");
    assert_eq!(drifting.wall(2000 * SECOND), start + Duration::from_secs(2000));
    clock.step_wall(i64::MIN);
    assert!(clock.wall(0) < start, "a step as large as can be is no overflow");
}

/// Changes a node's clock.
fn with_clock(process: Process, change: impl FnOnce(&mut Clock, u64)) {
    process.home.with(|kernel| {
        let machine: MachineId = kernel.topology.node(process.home.node).machine;
        let now = kernel.now();
        change(&mut kernel.topology.machine_mut(machine).clock, now);
    });
}

#[test]
fn each_machine_has_its_own_clock() {
    let mut basin = Basin::new(2);
    let (slow, exact) = (basin.boot(0), basin.boot(1));
    basin.world.enter(|| with_clock(slow, |clock, now| clock.set_rate(now, -RATE_PPB_MOST)));
    let ends: Log<(usize, u64)> = log();
    for (nth, process) in [slow, exact].into_iter().enumerate() {
        let ends = ends.clone();
        basin.spawn(process, async move {
            process.time.sleep(millis(950)).await;
            assert!(process.time.now().as_nanos() >= 950 * MILLI);
            ends.borrow_mut().push((nth, process.home.with(|kernel| kernel.now())));
        });
    }
    basin.run_idle();
    // The slow clock shows 950 ms a second after it began.
    let ends = ends.take();
    assert_eq!(ends[0], (1, 950 * MILLI));
    assert_eq!(ends[1].0, 0);
    assert!(ends[1].1.abs_diff(1000 * MILLI) < 3, "{ends:?}");
}

#[test]
fn no_sleep_is_early_on_any_clock_even_if_its_rate_changes_meanwhile() {
    for seed in 0..20 {
        let mut basin = Basin::new(1);
        let process = basin.boot(0);
        let ended: Log<()> = log();
        for id in 0..20 {
            let ended = ended.clone();
            basin.spawn(process, async move {
                let mut numbers = Numbers::new(seed * 100 + id);
                for _ in 0..20 {
                    let deadline = process.time.now() + Duration::from_nanos(numbers.below(1 << (20 + id % 10)));
                    process.time.sleep_until(deadline).await;
                    let now = process.time.now();
                    assert!(now >= deadline, "woken at {now:?}, due at {deadline:?}");
                    ended.borrow_mut().push(());
                }
            });
        }
        basin.spawn(process, async move {
            let mut numbers = Numbers::new(seed);
            for _ in 0..100 {
                let rate = numbers.below(2 * RATE_PPB_MOST as u64) as i64 - RATE_PPB_MOST;
                with_clock(process, |clock, now| clock.set_rate(now, rate));
                process.time.sleep(millis(numbers.below(10))).await;
            }
        });
        basin.run_idle();
        assert_eq!(ended.borrow().len(), 400);
    }
}

#[test]
fn a_disturbed_clock_is_felt_by_who_reads_it_and_no_other() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let felt = |read: fn(Process), basin: &mut Basin| {
        basin.world.enter(|| read(process));
        basin
            .world
            .kernel(|kernel| [&kinds::CLOCK_STEP, &kinds::CLOCK_SKEW].map(|kind| kernel.faults().tally(kind).effective))
    };
    let monotonic = |process: Process| _ = process.time.now();
    let wall = |process: Process| _ = process.time.wall();
    basin.world.enter(|| with_clock(process, |clock, _| clock.step_wall(1)));
    assert_eq!(felt(monotonic, &mut basin), [0, 0], "a step of the wall clock is none of the other");
    assert_eq!(felt(wall, &mut basin), [1, 0]);
    basin.world.enter(|| with_clock(process, |clock, now| clock.set_rate(now, 1000)));
    assert_eq!(felt(monotonic, &mut basin), [1, 1]);
    assert_eq!(felt(wall, &mut basin), [2, 2]);
}

#[test]
fn a_corrected_clock_is_right_but_for_what_it_gained() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL_START_SECONDS);
    let mut clock = Clock::default();
    clock.set_rate(0, 1000);
    clock.step_wall(-3_000_000);
    clock.correct(1000 * SECOND);
    assert!(!clock.is_disturbed());
    assert_eq!(clock.wall(1000 * SECOND), start + Duration::from_secs(1000) + millis(1), "it does not go back");
    assert_eq!(clock.wall(2000 * SECOND), start + Duration::from_secs(2000) + millis(1));
}

#[test]
fn a_new_run_finds_every_clock_exact() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.world.enter(|| {
        with_clock(process, |clock, now| {
            clock.set_rate(now, 1000);
            clock.step_wall(1);
        });
    });
    basin.begin(2, &crate::basin::fifo());
    let process = basin.boot(0);
    basin.world.enter(|| with_clock(process, |clock, _| assert_eq!(*clock, Clock::default())));
}
