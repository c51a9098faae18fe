//! Contracts of tasks. Their order is not promised.

use crate::Stage;
use std::future::{Future, IntoFuture, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::sync::oneshot;
use wavetank_core::{JoinError, JoinHandle, Providers, Task, TaskProvider, panic_message};

/// Joining a task gives its result.
pub async fn joining_a_task_gives_its_result<P: Providers>(stage: Stage<P>) {
    let world = stage.a.world.clone();
    let task = stage.a.world.spawn(async move {
        world.sleep(Duration::from_millis(5)).await;
        String::from("done")
    });
    assert_eq!(task.await.expect("it neither panics nor is aborted"), "done");
}

/// A task's result is given once: who asks for it again panics.
pub async fn a_result_is_given_once<P: Providers>(stage: Stage<P>) {
    let mut joining = stage.a.world.spawn(async { 5 }).into_future();
    assert_eq!((&mut joining).await.expect("it neither panics nor is aborted"), 5);
    let mut again = || Pin::new(&mut joining).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(&mut again)).is_err(), "it was there twice");
}

/// Joining an aborted task says that it was cancelled.
pub async fn an_aborted_task_is_cancelled<P: Providers>(stage: Stage<P>) {
    let task = stage.a.world.spawn(pending::<()>());
    task.abort();
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
}

/// A task that was aborted and joined has dropped what it owned.
pub async fn an_aborted_task_drops_what_it_owned<P: Providers>(stage: Stage<P>) {
    let held = Arc::new(());
    let watched = Arc::downgrade(&held);
    let task = stage.a.world.spawn(async move {
        pending::<()>().await;
        drop(held);
    });
    stage.a.world.sleep(Duration::from_millis(5)).await;
    assert!(watched.upgrade().is_some());
    task.abort();
    let _cancelled_or_not = task.await;
    assert!(watched.upgrade().is_none(), "it was joined and still owns something");
}

/// A task that aborts itself goes on to its next await point, and may end before that.
pub async fn who_aborts_itself_goes_on_to_its_next_await<P: Providers>(stage: Stage<P>) {
    for waits in [false, true] {
        let (tell, told) = oneshot::channel::<Arc<Task<P, u32>>>();
        let clock = stage.a.world.clone();
        let task = Arc::new(stage.a.world.spawn(async move {
            told.await.expect("its handle comes").abort();
            if waits {
                clock.sleep(Duration::from_millis(1)).await;
            }
            7
        }));
        assert!(tell.send(task.clone()).is_ok(), "it waits");
        while !task.is_finished() {
            stage.a.world.sleep(Duration::from_millis(1)).await;
        }
        let joined = Arc::into_inner(task).expect("it has dropped its own").await;
        assert_eq!(joined.ok(), (!waits).then_some(7));
    }
}

/// Aborting a task that is finished leaves its result.
pub async fn aborting_a_finished_task_leaves_its_result<P: Providers>(stage: Stage<P>) {
    let task = stage.a.world.spawn(async { 5 });
    while !task.is_finished() {
        stage.a.world.sleep(Duration::from_millis(1)).await;
    }
    task.abort();
    assert_eq!(task.await.expect("it was finished before"), 5);
}

/// A task's panic reaches who joins it, with its payload.
pub async fn a_panic_is_a_join_error_with_its_words<P: Providers>(stage: Stage<P>) {
    let task = stage.a.world.spawn(async {
        std::panic::resume_unwind(Box::new("as planned"));
    });
    match task.await {
        Err(JoinError::Panicked(payload)) => assert_eq!(panic_message(payload.as_ref()), "as planned"),
        other => panic!("joined with {other:?}"),
    }
}

/// A task is finished when it has ended, not before.
pub async fn a_task_is_finished_when_it_is_and_not_before<P: Providers>(stage: Stage<P>) {
    let (go, gone) = oneshot::channel::<()>();
    let task = stage.a.world.spawn(gone);
    stage.a.world.sleep(Duration::from_millis(5)).await;
    assert!(!task.is_finished());
    go.send(()).expect("it waits");
    while !task.is_finished() {
        stage.a.world.sleep(Duration::from_millis(1)).await;
    }
}

/// A task whose handle is dropped runs on.
pub async fn a_detached_task_runs_on<P: Providers>(stage: Stage<P>) {
    let (tell, told) = oneshot::channel();
    let world = stage.a.world.clone();
    stage.a.world.spawn(async move {
        world.sleep(Duration::from_millis(5)).await;
        tell.send(3).expect("somebody waits");
    });
    assert_eq!(told.await, Ok(3));
}

/// Yielding lets other tasks run.
pub async fn yielding_lets_others_run<P: Providers>(stage: Stage<P>) {
    let turns = Arc::new(AtomicU32::new(0));
    let count = turns.clone();
    let task = stage.a.world.spawn(async move { count.fetch_add(1, Ordering::SeqCst) });
    for round in 0.. {
        if turns.load(Ordering::SeqCst) > 0 {
            break;
        }
        assert!(round < 1_000_000, "the other task starves");
        stage.a.world.task().yield_now().await;
    }
    task.await.expect("it does not panic");
}

/// A local task may hold, and give back, what is not `Send`.
pub async fn a_local_task_may_hold_what_is_not_send<P: Providers>(stage: Stage<P>) {
    let (tell, told) = oneshot::channel();
    let (task, inner) = (stage.a.world.task().clone(), stage.a.world.clone());
    // From a local task, because a handle that is not `Send` must not be held here.
    task.clone().spawn_local(async move {
        let shared = Rc::new(41);
        let other = shared.clone();
        let joined = task.spawn_local(async move {
            inner.task().yield_now().await;
            Rc::new(*other + 1)
        });
        tell.send(*joined.await.expect("it does not panic") + (*shared - 41)).expect("somebody waits");
    });
    assert_eq!(told.await, Ok(42));
}

/// Joining blocking work gives its result.
pub async fn blocking_work_gives_its_result<P: Providers>(stage: Stage<P>) {
    let work = stage.a.world.task().spawn_blocking(|| (1..=10u64).product::<u64>());
    assert_eq!(work.await.expect("it does not panic"), 3_628_800);
}

/// Blocking work that has begun cannot be aborted: its result is there.
pub async fn blocking_work_that_has_begun_is_not_aborted<P: Providers>(stage: Stage<P>) {
    let (tell, told) = oneshot::channel();
    let work = stage.a.world.task().spawn_blocking(move || {
        tell.send(()).expect("somebody waits");
        5
    });
    told.await.expect("it begins");
    work.abort();
    assert_eq!(work.await.expect("it had begun"), 5);
}

/// A panic of blocking work reaches who joins it.
pub async fn a_panic_of_blocking_work_is_a_join_error<P: Providers>(stage: Stage<P>) {
    let work = stage.a.world.task().spawn_blocking(|| std::panic::resume_unwind(Box::new("in a thread")));
    match work.await {
        Err(JoinError::Panicked(payload)) => assert_eq!(panic_message(payload.as_ref()), "in a thread"),
        Err(JoinError::Cancelled) => panic!("cancelled"),
        Ok(never) => never,
    }
}
