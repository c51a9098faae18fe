//! Spawning, joining, aborting, panicking, and what is left of a task that ended. What
//! destructors do stands in `destructors.rs`.

use crate::basin::{Basin, Log, MILLI, OnDrop, Process, fifo, log, millis};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use wavetank_core::{JoinError, JoinHandle, TaskProvider, TimeProvider};
use wavetank_engine::{EngineConfig, NodeId, SimJoinHandle, Stop};

fn surviving() -> EngineConfig {
    EngineConfig { survive_panics: true, ..fifo() }
}

/// Runs a task on one node until nothing is left to do; what it returned.
fn outcome<T: 'static, F: Future<Output = T> + 'static>(config: &EngineConfig, body: impl FnOnce(Process) -> F) -> T {
    let mut basin = Basin::with(1, 1, config);
    let process = basin.boot(0);
    let result: Log<T> = log();
    let (put, future) = (result.clone(), body(process));
    basin.spawn(process, async move {
        let value = future.await;
        put.borrow_mut().push(value);
    });
    basin.run_idle();
    assert!(!basin.world.has_tasks(), "every task ended and gave its slot back: {:?}", basin.world.tasks());
    assert_eq!(basin.world.finish(), Vec::<String>::new());
    let value = result.borrow_mut().pop();
    value.expect("the task ran to its end")
}

#[test]
fn a_joined_task_gives_its_result() {
    let result = outcome(&fifo(), |process| async move {
        let early = process.task.spawn(async { 1 });
        let late = process.task.spawn(async move {
            process.time.sleep(millis(5)).await;
            2
        });
        process.time.sleep(millis(1)).await;
        assert!(early.is_finished());
        assert!(!late.is_finished());
        (early.await.expect("it returned"), late.await.expect("it returned"))
    });
    assert_eq!(result, (1, 2));
}

#[test]
fn spawned_blocking_work_and_local_tasks_are_joined_alike() {
    let result = outcome(&fifo(), |process| async move {
        let local = std::rc::Rc::new(7);
        let one = process.task.spawn_local(async move { *local }).await.expect("it returned");
        let other = process.task.spawn_blocking(|| 8).await.expect("it returned");
        (one, other)
    });
    assert_eq!(result, (7, 8));
}

#[test]
fn a_task_aborted_before_its_first_poll_never_runs() {
    let joined = outcome(&fifo(), |process| async move {
        let handle = process.task.spawn(async { panic!("it was polled") });
        handle.abort();
        assert!(!handle.is_finished());
        handle.await
    });
    assert!(matches!(joined, Err::<(), _>(JoinError::Cancelled)));
}

#[test]
fn a_task_aborted_while_it_waits_is_dropped_and_cancelled() {
    let (joined, dropped_first) = outcome(&fifo(), |process| async move {
        let dropped: Log<()> = log();
        let put = dropped.clone();
        let handle = process.task.spawn_local(async move {
            let _guard = OnDrop(move || put.borrow_mut().push(()));
            process.time.sleep(millis(1000)).await;
        });
        process.time.sleep(millis(1)).await;
        handle.abort();
        handle.abort();
        let joined = handle.await;
        (joined, dropped.borrow().len() == 1)
    });
    assert!(matches!(joined, Err(JoinError::Cancelled)));
    assert!(dropped_first, "its future is dropped before whoever joins it goes on");
}

#[test]
fn aborting_a_task_that_ended_changes_nothing() {
    let joined = outcome(&fifo(), |process| async move {
        let handle = process.task.spawn(async { 5 });
        process.time.sleep(millis(1)).await;
        handle.abort();
        assert!(handle.is_finished());
        handle.await
    });
    assert_eq!(joined.expect("it returned"), 5);
}

#[test]
fn a_task_that_is_aborted_in_its_last_poll_has_returned() {
    let joined = outcome(&fifo(), |process| async move {
        let handle: Rc<RefCell<Option<SimJoinHandle<u32>>>> = Rc::default();
        let own = handle.clone();
        *handle.borrow_mut() = Some(process.task.spawn_local(async move {
            own.borrow().as_ref().expect("it was put there before this poll").abort();
            5
        }));
        process.time.sleep(millis(1)).await;
        let handle = handle.take().expect("nobody takes it but here");
        handle.await
    });
    assert_eq!(joined.expect("it returned"), 5);
}

#[test]
fn a_handle_that_was_joined_stands_for_no_task() {
    let rest = outcome(&fifo(), |process| async move {
        // Slot 0 is free while this runs: it belonged to the first of these tasks.
        let mut handle = process.task.spawn(async { 5 });
        let value = (&mut handle).await.expect("it returned");
        handle.abort();
        assert!(handle.is_finished());
        let others: Vec<_> = (0..3).map(|nth| process.task.spawn(async move { nth })).collect();
        handle.abort();
        assert!(handle.is_finished());
        let mut sum = value;
        for other in others {
            sum += other.await.expect("nobody aborted it");
        }
        sum
    });
    assert_eq!(rest, 8);
}

#[test]
fn the_dead_spawn_nothing_and_their_handles_stand_for_no_task() {
    let mut basin = Basin::new(2);
    let (dead, alive) = (basin.boot(0), basin.boot(1));
    // The first slot is in use, and free again.
    basin.spawn(dead, async {});
    basin.run_idle();
    basin.crash(0);
    let results: Log<bool> = log();
    let put = results.clone();
    basin.spawn(alive, async {});
    basin.run_idle();
    let handle = basin.world.enter(|| dead.spawn("ghost", async { panic!("the dead ran") }));
    basin.world.enter(|| {
        assert!(handle.is_finished());
        handle.abort();
        assert!(handle.is_finished());
    });
    basin.spawn(alive, async move {
        let joined = handle.await;
        put.borrow_mut().push(matches!(joined, Err::<(), _>(JoinError::Cancelled)));
    });
    basin.run_idle();
    assert_eq!(results.take(), [true]);
    assert!(!basin.world.has_tasks());
}

#[test]
fn a_detached_task_runs_on_and_leaves_nothing() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let done: Log<u32> = log();
    let put = done.clone();
    basin.spawn(process, async move {
        for nth in 0..3 {
            let put = put.clone();
            drop(process.task.spawn_local(async move {
                process.time.sleep(millis(1)).await;
                put.borrow_mut().push(nth);
            }));
        }
    });
    basin.run_idle();
    assert_eq!(done.take(), [0, 1, 2]);
    assert!(!basin.world.has_tasks());
}

#[test]
fn who_let_go_of_a_task_is_not_woken_by_its_end() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let polled: Log<u64> = log();
    let put = polled.clone();
    basin.spawn(process, async move {
        let late = process.task.spawn(async move { process.time.sleep(millis(2)).await });
        let given_up = process.time.timeout(millis(1), late).await;
        assert!(given_up.is_err());
        let mut sleep = Box::pin(process.time.sleep(millis(4)));
        poll_fn(move |cx| {
            put.borrow_mut().push(process.time.now().as_nanos() / MILLI);
            sleep.as_mut().poll(cx)
        })
        .await;
    });
    basin.run_idle();
    assert_eq!(polled.take(), [1, 5]);
    assert!(!basin.world.has_tasks());
}

#[test]
fn tasks_of_several_kinds_take_each_others_places_and_drop_what_is_theirs_once() {
    let dropped: Log<String> = log();
    let note = {
        let dropped = dropped.clone();
        move |what: &str, nth: u32| {
            let (dropped, text) = (dropped.clone(), format!("{what} {nth}"));
            OnDrop(move || dropped.borrow_mut().push(text.clone()))
        }
    };
    let joined = outcome(&fifo(), |process| async move {
        let mut joined = Vec::new();
        for nth in 0..3 {
            // The first takes the place of another kind, the second that of its own.
            for _ in 0..2 {
                let held = note("future of a guard", nth);
                let output = note("guard", nth);
                let task = process.task.spawn_local(async move {
                    let _held = held;
                    process.time.sleep(millis(1)).await;
                    output
                });
                drop(task.await.expect("it returned"));
            }
            let held = note("future of a number", nth);
            let task = process.task.spawn_local(async move {
                let _held = held;
                nth
            });
            joined.push(task.await.expect("it returned"));
        }
        joined
    });
    assert_eq!(joined, [0, 1, 2]);
    let of_round = |nth: u32| {
        let guard = [format!("future of a guard {nth}"), format!("guard {nth}")];
        [guard.clone(), guard].concat().into_iter().chain([format!("future of a number {nth}")])
    };
    assert_eq!(dropped.take(), (0..3).flat_map(of_round).collect::<Vec<_>>());
}

#[test]
fn what_a_detached_task_returned_is_dropped_where_it_may_use_providers() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let seen: Log<u64> = log();
    let put = seen.clone();
    basin.spawn(process, async move {
        for nth in 0..3 {
            let put = put.clone();
            drop(process.task.spawn_local(async move {
                process.time.sleep(millis(nth)).await;
                OnDrop(move || put.borrow_mut().push(process.time.now().as_nanos() / MILLI))
            }));
            process.time.sleep(millis(10)).await;
        }
    });
    basin.run_idle();
    assert_eq!(seen.take(), [0, 11, 22]);
    assert!(!basin.world.has_tasks());
}

#[test]
fn a_panic_that_is_survived_reaches_the_joiner() {
    let message = outcome(&surviving(), |process| async move {
        let handle = process.task.spawn(async { panic!("it is {}", "over") });
        match handle.await {
            Err(JoinError::Panicked(payload)) => wavetank_core::panic_message(payload.as_ref()).to_string(),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(message, "it is over");
}

#[test]
fn a_task_that_woke_itself_before_it_panicked_is_over() {
    let mut basin = Basin::with(1, 1, &surviving());
    let process = basin.boot(0);
    let handle = basin.world.enter(|| {
        process.spawn(
            "waker",
            poll_fn(|cx| -> Poll<()> {
                cx.waker().wake_by_ref();
                panic!("after it woke itself")
            }),
        )
    });
    basin.run_idle();
    let panics: Vec<&str> = basin.world.panics().iter().map(|panic| panic.message.as_str()).collect();
    assert_eq!(panics, ["after it woke itself"]);
    drop(handle);
}

#[test]
fn a_task_that_woke_itself_as_it_returned_is_not_polled_again() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let handle = basin.world.enter(|| {
        process.spawn(
            "waker",
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Ready(())
            }),
        )
    });
    basin.run_idle();
    assert_eq!(basin.world.kernel(|kernel| kernel.polls()), 1);
    drop(handle);
}

#[test]
fn a_task_that_ended_and_may_still_be_joined_is_told_as_ended() {
    let mut basin = Basin::with(1, 1, &surviving());
    let process = basin.boot(0);
    let handles =
        basin.world.enter(|| [process.spawn("done", async {}), process.spawn("wrong", async { panic!("no") })]);
    basin.run_idle();
    assert!(basin.world.has_tasks(), "nobody has joined them");
    assert!(!basin.world.has_tasks_of(NodeId(0)..NodeId(1)));
    assert_eq!(basin.world.tasks(), []);
    assert_eq!(basin.world.unheard_panics(usize::MAX).len(), 0, "somebody may hear of it yet");
    basin.world.enter(|| drop(handles));
    assert_eq!(basin.world.unheard_panics(usize::MAX).len(), 1);
}

#[test]
fn a_panic_stops_the_run_and_names_its_task() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let polled_after: Log<()> = log();
    let put = polled_after.clone();
    let line = line!() + 2;
    basin.world.enter(|| {
        drop(process.spawn("culprit", async { panic!("no more") }));
        drop(process.spawn("bystander", async move { put.borrow_mut().push(()) }));
    });
    assert_eq!(basin.run(), Stop::Panic);
    let [panic] = basin.world.panics() else { panic!("{:?}", basin.world.panics()) };
    assert_eq!((panic.task, panic.node, panic.incarnation), ("culprit", basin.nodes[0], 1));
    assert_eq!(panic.message, "no more");
    assert_eq!((panic.spawned_at.file(), panic.spawned_at.line()), (file!(), line));
    assert!(polled_after.borrow().is_empty(), "nothing runs after the panic");
}
