//! What a crash destroys: everything of the process, this instant.

use crate::basin::{Basin, Log, OnDrop, Process, fifo, log, millis};
use std::cell::Cell;
use std::rc::Rc;
use wavetank_core::{JoinError, JoinHandle, RandomProvider, TaskProvider, TimeProvider};
use wavetank_engine::{CrashKind, EngineConfig, Policy, Scope, SimRandomProvider, Stop};

/// A program that sleeps, spawns, joins, times out and aborts; it logs each step.
async fn program(process: Process, said: Log<(u32, &'static str)>) {
    let say = move |what| said.borrow_mut().push((process.home.incarnation, what));
    say("begin");
    process.time.sleep(millis(1)).await;
    say("slept");
    let child_says = say.clone();
    let child = process.task.spawn_local(async move {
        child_says("child");
        process.time.sleep(millis(2)).await;
        child_says("child slept");
        process.task.yield_now().await;
        child_says("child yielded");
        7
    });
    process.task.yield_now().await;
    say("yielded");
    assert_eq!(child.await.expect("the child returns"), 7);
    say("joined");
    let never = process.time.timeout(millis(1), std::future::pending::<()>()).await;
    assert!(never.is_err());
    say("timed out");
    let aborted = process.task.spawn(async move { process.time.sleep(millis(50)).await });
    process.time.sleep(millis(1)).await;
    aborted.abort();
    assert!(matches!(aborted.await, Err(JoinError::Cancelled)));
    say("end");
}

const STEPS: [&str; 9] =
    ["begin", "slept", "child", "yielded", "child slept", "child yielded", "joined", "timed out", "end"];

/// Runs the program on node 0 and crashes it at the n-th look; false if it ended before that.
fn crashed_at(nth: u64, config: &EngineConfig) -> bool {
    let mut basin = Basin::with(2, 3, config);
    let victim = basin.boot(0);
    let said = log();
    basin.spawn(victim, program(victim, said.clone()));
    let looks = Cell::new(0_u64);
    let said_at_crash = Rc::new(Cell::new(None));
    let mut observer = || {
        looks.set(looks.get() + 1);
        if looks.get() == nth {
            victim.crash();
            said_at_crash.set(Some(said.borrow().len()));
        }
    };
    assert_eq!(basin.world.run_observed(u64::MAX, Some(&mut observer)), Stop::Idle);
    let Some(length) = said_at_crash.get() else { return false };
    let what = format!("crashed at look {nth}");
    assert_eq!(said.borrow().len(), length, "{what}: the dead said {:?}", said.borrow());
    assert!(!basin.world.has_tasks(), "{what}");
    let polls = basin.world.kernel(|kernel| kernel.polls());
    assert_eq!(basin.run(), Stop::Idle);
    assert_eq!(basin.world.kernel(|kernel| kernel.polls()), polls, "{what}: the dead are polled");
    // The next process begins from the beginning and finds a clean node.
    let next = basin.boot(0);
    assert_eq!(next.home.incarnation, 2);
    basin.spawn(next, program(next, said.clone()));
    basin.run_idle();
    let mut steps: Vec<&str> = said.borrow()[length..]
        .iter()
        .map(|&(incarnation, what)| {
            assert_eq!(incarnation, 2);
            what
        })
        .collect();
    let mut expected = STEPS.to_vec();
    // Which of parent and child is first is the schedule's choice.
    steps.sort_unstable();
    expected.sort_unstable();
    assert_eq!(steps, expected, "{what}");
    assert_eq!(basin.world.finish(), Vec::<String>::new(), "{what}");
    true
}

#[test]
fn a_killed_process_is_not_polled_again_wherever_it_was() {
    for policy in [Policy::Fifo, Policy::Random, Policy::Pct { changes: 2, polls: 10 }] {
        let config = EngineConfig { policy, ..fifo() };
        let looks = (1..).take_while(|&nth| crashed_at(nth, &config)).count();
        assert!(looks >= 15, "the program was crashed at {looks} places");
    }
}

#[test]
fn what_a_process_does_after_it_killed_itself_has_no_effect() {
    let mut basin = Basin::new(2);
    let (victim, other) = (basin.boot(0), basin.boot(1));
    let said: Log<&str> = log();
    let (put, put_child, put_drop) = (said.clone(), said.clone(), said.clone());
    let handle = basin.world.enter(|| {
        victim.spawn("suicide", async move {
            let _guard = OnDrop(move || put_drop.borrow_mut().push("dropped"));
            let child = victim.task.spawn_local(async { victim_never_runs() });
            victim.crash();
            // The rest of this poll still runs, as code, but nothing comes of it.
            put.borrow_mut().push("rest of the poll");
            drop(victim.task.spawn_local(async move { put_child.borrow_mut().push("spawned by the dead") }));
            child.abort();
            let _ = child.await;
            put.borrow_mut().push("joined by the dead");
            victim.time.sleep(millis(1)).await;
            put.borrow_mut().push("slept by the dead");
        })
    });
    let joined: Log<bool> = log();
    let put = joined.clone();
    basin.spawn(other, async move {
        let joined = handle.await;
        put.borrow_mut().push(matches!(joined, Err(JoinError::Cancelled)));
    });
    basin.run_idle();
    assert_eq!(joined.take(), [true]);
    let said = said.take();
    assert!(!said.contains(&"spawned by the dead") && !said.contains(&"slept by the dead"), "{said:?}");
    assert_eq!(said.last(), Some(&"dropped"));
    assert_eq!(basin.now(), 0);
    assert!(!basin.world.has_tasks());
}

fn victim_never_runs() {
    panic!("a child of the dead ran");
}

#[test]
fn a_result_that_the_dead_return_in_the_same_poll_is_lost() {
    let mut basin = Basin::new(2);
    let (victim, other) = (basin.boot(0), basin.boot(1));
    let handle = basin.world.enter(|| {
        victim.spawn("suicide", async move {
            victim.crash();
            5
        })
    });
    let joined: Log<bool> = log();
    let put = joined.clone();
    basin.spawn(other, async move {
        let joined = handle.await;
        put.borrow_mut().push(matches!(joined, Err(JoinError::Cancelled)));
    });
    basin.run_idle();
    assert_eq!(joined.take(), [true]);
}

#[test]
fn a_panic_after_the_process_killed_itself_is_no_failure() {
    let mut basin = Basin::new(1);
    let victim = basin.boot(0);
    basin.spawn(victim, async move {
        victim.crash();
        panic!("the dead do not panic");
    });
    basin.run_idle();
    assert!(basin.world.panics().is_empty(), "{:?}", basin.world.panics());
    assert!(!basin.world.has_tasks());
}

#[test]
fn a_process_may_restart_itself_within_a_poll() {
    let mut basin = Basin::new(1);
    let victim = basin.boot(0);
    let said: Log<u32> = log();
    let put = said.clone();
    basin.spawn(victim, async move {
        victim.crash();
        let next = Process::boot(victim.control, victim.home.node);
        let put_next = put.clone();
        drop(next.spawn("next", async move {
            next.time.sleep(millis(1)).await;
            put_next.borrow_mut().push(next.home.incarnation);
        }));
        victim.time.sleep(millis(1)).await;
        put.borrow_mut().push(victim.home.incarnation);
    });
    basin.run_idle();
    assert_eq!(said.take(), [2]);
}

#[test]
fn a_machine_takes_all_of_its_nodes_with_it_and_no_other() {
    let mut basin = Basin::new(2);
    let machine = basin.world.kernel(|kernel| kernel.topology.node(basin.nodes[0]).machine);
    let second = basin.world.kernel(|kernel| kernel.topology.add_node("second", machine));
    basin.nodes.push(second);
    let said: Log<usize> = log();
    let processes = [basin.boot(0), basin.boot(1), basin.boot(2)];
    for (nth, process) in processes.into_iter().enumerate() {
        let put = said.clone();
        basin.spawn(process, async move {
            process.time.sleep(millis(5)).await;
            put.borrow_mut().push(nth);
        });
    }
    basin.spawn(processes[1], async move {
        processes[1].time.sleep(millis(1)).await;
        processes[1].control.crash(Scope::Machine(machine), CrashKind::PowerLoss);
    });
    basin.run_idle();
    assert_eq!(said.take(), [1]);
}

#[test]
#[should_panic(expected = "crash the scope that CrashKind::scope gives")]
fn a_machine_does_not_go_down_with_one_of_its_nodes() {
    let mut basin = Basin::new(1);
    let (process, node) = (basin.boot(0), basin.nodes[0]);
    basin.world.enter(|| process.control.crash(Scope::Node(node), CrashKind::Machine));
}

#[test]
fn whoever_joins_a_task_of_the_dead_is_told_at_once() {
    let mut basin = Basin::new(2);
    let (victim, other) = (basin.boot(0), basin.boot(1));
    let handle = basin.world.enter(|| victim.spawn("victim", std::future::pending::<()>()));
    let told: Log<(bool, u64)> = log();
    let put = told.clone();
    basin.spawn(other, async move {
        let cancelled = matches!(handle.await, Err(JoinError::Cancelled));
        put.borrow_mut().push((cancelled, other.time.now().as_nanos()));
    });
    basin.spawn(other, async move {
        other.time.sleep(millis(3)).await;
        victim.crash();
    });
    basin.run_idle();
    assert_eq!(told.take(), [(true, 3_000_000)]);
}

#[test]
fn the_dead_draw_nothing_from_the_streams_of_the_living() {
    // What the second process draws, with and without draws of the first one after its death.
    let draws = |ghost_draws: u32| {
        let mut basin = Basin::new(1);
        let first = basin.boot(0);
        basin.crash(0);
        let second = basin.boot(0);
        basin.world.enter(|| {
            let (ghost, living) = (SimRandomProvider::new(first.home), SimRandomProvider::new(second.home));
            let mut drawn = Vec::new();
            for _ in 0..4 {
                for _ in 0..ghost_draws {
                    let _ = ghost.next_u64();
                }
                drawn.push(living.next_u64());
            }
            drawn
        })
    };
    assert_eq!(draws(0), draws(1));
    assert_eq!(draws(0), draws(3));
}

#[test]
fn each_process_has_streams_of_its_own() {
    let mut basin = Basin::new(2);
    let mut firsts = Vec::new();
    for node in [0, 1, 0] {
        let process = basin.boot(node);
        firsts.push(basin.world.enter(|| SimRandomProvider::new(process.home).next_u64()));
        basin.crash(node);
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert_eq!(firsts.len(), 3, "two processes drew the same");
}
