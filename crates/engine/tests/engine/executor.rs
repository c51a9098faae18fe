//! The order among ready tasks and among records due at one instant.

use crate::basin::{Basin, Log, MILLI, fifo, log};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wavetank_core::{Instant, TaskProvider, TimeProvider};
use wavetank_engine::{Address, CHANGES, Choice, EngineConfig, Limit, Limits, Overrides, Policy, SCHEDULE, Stop, TIES};

fn config(policy: Policy) -> EngineConfig {
    EngineConfig { policy, ..fifo() }
}

const PCT: Policy = Policy::Pct { changes: 1, polls: 8 };

/// Task `id` takes `steps[id]` turns and logs each; the order of the turns.
fn turns(seed: u64, config: &EngineConfig, overrides: Overrides, steps: &[u32]) -> Vec<(usize, u32)> {
    turns_in(&mut Basin::new(1), seed, config, overrides, steps)
}

/// The same in a world that may have been used before.
fn turns_in(
    basin: &mut Basin,
    seed: u64,
    config: &EngineConfig,
    overrides: Overrides,
    steps: &[u32],
) -> Vec<(usize, u32)> {
    basin.begin_overridden(seed, config, overrides);
    let process = basin.boot(0);
    let order: Log<(usize, u32)> = log();
    for (id, &steps) in steps.iter().enumerate() {
        let order = order.clone();
        basin.spawn(process, async move {
            for step in 0..steps {
                order.borrow_mut().push((id, step));
                process.task.yield_now().await;
            }
        });
    }
    basin.run_idle();
    order.take()
}

fn ids(turns: &[(usize, u32)]) -> Vec<usize> {
    turns.iter().map(|&(id, _)| id).collect()
}

#[test]
fn fifo_polls_in_the_order_of_waking() {
    let order = turns(1, &config(Policy::Fifo), Overrides::new(), &[3, 3, 3]);
    assert_eq!(ids(&order), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    // No seed changes it.
    assert_eq!(order, turns(2, &config(Policy::Fifo), Overrides::new(), &[3, 3, 3]));
}

#[test]
fn random_reaches_every_order_of_three_and_repeats_it_for_the_seed() {
    let order = |seed| ids(&turns(seed, &config(Policy::Random), Overrides::new(), &[1, 1, 1]));
    let orders: BTreeSet<Vec<usize>> = (0..100).map(order).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
    for seed in 0..20 {
        assert_eq!(order(seed), order(seed));
    }
}

#[test]
fn one_more_poll_of_one_task_shifts_no_other_pick() {
    for policy in [Policy::Random, Policy::Pct { changes: 0, polls: 0 }] {
        for seed in 0..50 {
            let plain = turns(seed, &config(policy), Overrides::new(), &[4, 4, 4, 4, 4]);
            let longer = turns(seed, &config(policy), Overrides::new(), &[4, 4, 9, 4, 4]);
            let others = |turns: Vec<(usize, u32)>| turns.into_iter().filter(|turn| turn.0 != 2).collect::<Vec<_>>();
            assert_eq!(others(plain), others(longer), "seed {seed}");
        }
    }
}

#[test]
fn a_benign_schedule_is_first_in_first_out() {
    let expected = turns(1, &config(Policy::Fifo), Overrides::new(), &[3, 2, 4]);
    for policy in [Policy::Random, PCT] {
        let mut overrides = Overrides::new();
        overrides.set_domain_benign(SCHEDULE);
        overrides.set_domain_benign(CHANGES);
        assert_eq!(turns(5, &config(policy), overrides, &[3, 2, 4]), expected);
    }
}

/// How often a task was left before it had taken all of its turns.
fn preemptions(turns: &[(usize, u32)], steps: u32) -> usize {
    turns.windows(2).filter(|pair| pair[0].0 != pair[1].0 && pair[0].1 + 1 < steps).count()
}

#[test]
fn pct_leaves_a_task_only_at_its_points_of_change() {
    let mut left = 0;
    for seed in 0..100 {
        let none = turns(seed, &config(Policy::Pct { changes: 0, polls: 0 }), Overrides::new(), &[5, 5, 5]);
        assert_eq!(preemptions(&none, 5), 0, "{none:?}");
        let one = turns(seed, &config(Policy::Pct { changes: 1, polls: 15 }), Overrides::new(), &[5, 5, 5]);
        assert!(preemptions(&one, 5) <= 1, "{one:?}");
        left += preemptions(&one, 5);
        let two = turns(seed, &config(Policy::Pct { changes: 2, polls: 15 }), Overrides::new(), &[5, 5, 5]);
        assert!(preemptions(&two, 5) <= 3, "{two:?}");
    }
    assert!(left > 20, "a change preempts often: {left} of 100");
}

#[test]
fn pct_changes_the_priority_at_the_very_poll_that_was_drawn() {
    // The only point of change, drawn from 0 to 8, is poll 2.
    let mut overrides = Overrides::new();
    let draw = Choice::Draw((u64::MAX / 9) * 2 + 100);
    overrides.set(Address { domain: CHANGES.key(), entity: 0, nth: 0 }, draw);
    let order = turns(3, &config(PCT), overrides, &[4, 4, 4]);
    let first = order[0].0;
    let turns_of_first: Vec<usize> = (0..order.len()).filter(|&at| order[at].0 == first).collect();
    assert_eq!(turns_of_first, [0, 1, 10, 11], "{order:?}");
}

/// A point of change at each of the first polls.
const ALWAYS: Policy = Policy::Pct { changes: 400, polls: 15 };

#[test]
fn pct_puts_a_task_behind_all_others_each_time_that_it_falls() {
    for seed in 0..10 {
        let turns = ids(&turns(seed, &config(ALWAYS), Overrides::new(), &[8, 8]));
        assert!(turns.windows(2).all(|two| two[0] != two[1]), "seed {seed}: {turns:?}");
    }
}

#[test]
fn pct_has_no_change_where_there_is_none_and_refuses_what_no_memory_holds() {
    for (changes, polls) in [(0, 0), (0, u64::MAX), (5, 0), (1 << 16, u64::MAX)] {
        let mut basin = Basin::with(1, 1, &config(Policy::Pct { changes, polls }));
        let process = basin.boot(0);
        basin.spawn(process, async move { process.task.yield_now().await });
        basin.run_idle();
    }
    let refused = std::panic::catch_unwind(|| {
        Basin::with(1, 1, &config(Policy::Pct { changes: (1 << 16) + 1, polls: u64::MAX }));
    });
    let message = *refused.expect_err("it is refused").downcast::<String>().expect("words");
    assert!(message.contains("65536 points of change at most, not 65537"), "{message}");
}

#[test]
fn a_run_that_was_stopped_leaves_no_turn_and_no_change_to_the_next() {
    // Most of the points of change are left when the run is stopped, and somebody is ready.
    for policy in [Policy::Fifo, Policy::Random, Policy::Pct { changes: 40, polls: 60 }] {
        let mut used = Basin::new(1);
        for seed in 0..10 {
            let stopped = EngineConfig { limits: Limits { polls: 5, ..Limits::default() }, ..config(policy) };
            used.begin(seed + 100, &stopped);
            let process = used.boot(0);
            for _ in 0..6 {
                used.spawn(process, async move {
                    loop {
                        process.task.yield_now().await;
                    }
                });
            }
            assert_eq!(used.run(), Stop::Limit(Limit::Polls));
            let fresh = turns(seed, &config(policy), Overrides::new(), &[9, 9, 9]);
            let again = turns_in(&mut used, seed, &config(policy), Overrides::new(), &[9, 9, 9]);
            assert_eq!(again, fresh, "{policy:?}, seed {seed}");
        }
    }
}

#[test]
fn pct_knows_of_a_task_that_was_woken_when_it_fell_last() {
    for seed in 0..10 {
        let mut basin = Basin::with(1, seed, &config(ALWAYS));
        let process = basin.boot(0);
        let polled: Log<usize> = log();
        let wakers: Rc<RefCell<[Waker; 2]>> = Rc::new(RefCell::new([Waker::noop().clone(), Waker::noop().clone()]));
        for id in 0..2 {
            let (put, wakers) = (polled.clone(), wakers.clone());
            let body = std::future::poll_fn(move |cx| {
                put.borrow_mut().push(id);
                wakers.borrow_mut()[id] = cx.waker().clone();
                Poll::<()>::Pending
            });
            basin.spawn(process, body);
        }
        // Alone the second, then the first: so when both are ready the second comes first.
        for woken in [&[1][..], &[0], &[0, 1]] {
            assert_eq!(basin.run(), Stop::Idle);
            polled.take();
            basin.world.enter(|| woken.iter().for_each(|id: &usize| wakers.borrow()[*id].wake_by_ref()));
        }
        assert_eq!(basin.run(), Stop::Idle);
        assert_eq!(polled.take(), [1, 0], "seed {seed}");
    }
}

/// The order in which sleepers that are due at one instant wake up.
fn sleepers(seed: u64, policy: Policy, overrides: Overrides) -> Vec<usize> {
    let mut basin = Basin::new(1);
    basin.begin_overridden(seed, &config(policy), overrides);
    let process = basin.boot(0);
    let order: Log<usize> = log();
    for id in 0..3 {
        let order = order.clone();
        basin.spawn(process, async move {
            process.time.sleep_until(Instant::from_nanos(MILLI)).await;
            order.borrow_mut().push(id);
        });
    }
    basin.run_idle();
    order.take()
}

#[test]
fn records_due_at_one_instant_fire_in_a_drawn_order() {
    let orders: BTreeSet<Vec<usize>> = (0..200).map(|seed| sleepers(seed, Policy::Random, Overrides::new())).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
    assert_eq!(sleepers(9, Policy::Random, Overrides::new()), sleepers(9, Policy::Random, Overrides::new()));
    assert_eq!(sleepers(9, Policy::Fifo, Overrides::new()), [0, 1, 2]);
    let mut overrides = Overrides::new();
    overrides.set_domain_benign(TIES);
    overrides.set_domain_benign(SCHEDULE);
    assert_eq!(sleepers(9, Policy::Random, overrides), [0, 1, 2]);
}

#[test]
fn a_poll_is_paid_for_in_virtual_time_only_if_that_is_on() {
    let spent = |config: &EngineConfig| {
        let mut basin = Basin::with(1, 1, config);
        let process = basin.boot(0);
        basin.spawn(process, async move {
            for _ in 0..10 {
                process.task.yield_now().await;
            }
        });
        basin.run_idle();
        basin.now()
    };
    assert_eq!(spent(&fifo()), 0);
    let costly = EngineConfig { poll_cost: wavetank_engine::Ratio::ONE, poll_cost_max: 1000, ..fifo() };
    let cost = spent(&costly);
    assert!((11..=11_000).contains(&cost), "{cost} ns for eleven polls");
}

#[test]
fn records_of_several_instants_that_a_costly_poll_outlasts_come_in_drawn_orders_too() {
    let config = EngineConfig {
        poll_cost: wavetank_engine::Ratio::new(1, 8),
        poll_cost_max: 100 * MILLI,
        policy: Policy::Random,
        ..fifo()
    };
    /// When the first three are due, in nanoseconds; the other three are due right after.
    const DUE: u64 = 1000 * MILLI;
    let late = |seed: u64| {
        let mut basin = Basin::with(1, seed, &config);
        let process = basin.boot(0);
        let (armed, order): (Log<usize>, Log<(usize, u64)>) = (log(), log());
        for (id, due) in [DUE - 1, DUE, DUE, DUE, DUE + 1, DUE + 1, DUE + 1].into_iter().enumerate() {
            let (armed, order) = (armed.clone(), order.clone());
            basin.spawn(process, async move {
                armed.borrow_mut().push(id);
                process.time.sleep_until(Instant::from_nanos(due)).await;
                order.borrow_mut().push((id, process.time.now().as_nanos()));
            });
        }
        basin.run_idle();
        let order = order.take();
        let at_once = order[1].1 > DUE + 1 && order[1..].iter().all(|(_, time)| *time == order[1].1);
        let armed = armed.take();
        let place = |id: usize| armed.iter().filter(|other| **other > 3).position(|other| *other == id);
        at_once.then(|| order[4..].iter().filter_map(|(id, _)| place(*id)).collect::<Vec<usize>>())
    };
    let orders: BTreeSet<Vec<usize>> = (0..2000).filter_map(late).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
}
