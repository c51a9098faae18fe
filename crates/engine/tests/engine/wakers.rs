//! Wakers that are not the engine's own, as combinators make them for each of their
//! futures, and wakers that outlive what they wake.

use crate::basin::{Basin, Log, MILLI, fifo, log, millis};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use wavetank_core::{JoinHandle, TaskProvider, TimeProvider};
use wavetank_engine::EngineConfig;

/// A combinator's waker: counts, and wakes the combinator's task.
struct Counted {
    woken: AtomicU32,
    task: Waker,
}

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

/// Awaits what is polled with `wakers` in turn, one more each millisecond; how often each was woken.
async fn awaited(future: impl Future, alarm: impl AsyncFn(), wakers: usize) -> Vec<u32> {
    let mut future = pin!(future);
    let task = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let own = || Arc::new(Counted { woken: AtomicU32::new(0), task: task.clone() });
    let counted: Vec<Arc<Counted>> = (0..wakers).map(|_| own()).collect();
    for one in &counted[..wakers - 1] {
        assert!(future.as_mut().poll(&mut Context::from_waker(&one.clone().into())).is_pending());
        alarm().await;
    }
    let last = counted[wakers - 1].clone().into();
    poll_fn(|_| future.as_mut().poll(&mut Context::from_waker(&last)).map(drop)).await;
    counted.iter().map(|one| one.woken.load(Ordering::Relaxed)).collect()
}

#[test]
fn who_polled_last_is_woken_with_the_waker_that_it_gave() {
    for (wakers, expected) in [(1, vec![1]), (3, vec![0, 0, 1])] {
        let mut basin = Basin::new(1);
        let process = basin.boot(0);
        let counts: Log<Vec<u32>> = log();
        let put = counts.clone();
        basin.spawn(process, async move {
            let alarm = async || process.time.sleep(millis(1)).await;
            let sleep = process.time.sleep(millis(10));
            let of_sleep = awaited(sleep, alarm, wakers).await;
            let task = process.task.spawn(process.time.sleep(millis(10)));
            let of_task = awaited(task, alarm, wakers).await;
            put.borrow_mut().extend([of_sleep, of_task]);
        });
        basin.run_idle();
        assert_eq!(counts.take(), [expected.clone(), expected], "{wakers} wakers");
        assert_eq!(basin.now(), 20 * MILLI);
    }
}

#[test]
fn a_task_that_has_ended_is_not_polled_again_by_who_kept_its_waker() {
    for panics in [false, true] {
        let mut basin = Basin::with(1, 1, &EngineConfig { survive_panics: true, ..fifo() });
        let process = basin.boot(0);
        basin.spawn(process, async move {
            let kept: Log<Waker> = log();
            let put = kept.clone();
            let ended = process.spawn(
                "ended",
                poll_fn(move |cx| {
                    put.borrow_mut().push(cx.waker().clone());
                    assert!(!panics, "as it is told");
                    Poll::Ready(())
                }),
            );
            process.time.sleep(millis(1)).await;
            kept.take().into_iter().for_each(Waker::wake);
            process.time.sleep(millis(1)).await;
            assert!(ended.is_finished());
            assert_eq!(ended.await.is_err(), panics);
        });
        basin.run_idle();
        assert_eq!(basin.world.kernel(|kernel| kernel.polls()), 4, "three of who waits, and one: panics {panics}");
        assert_eq!(basin.world.panics().len(), usize::from(panics));
    }
}
