//! Keeps `docs/sync.md` true when tokio moves on: what it warns of still happens, and
//! what it calls safe still wakes in order.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

type Woken = Arc<Mutex<Vec<usize>>>;

struct Note(usize, Woken);

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.1.lock().expect("no test panics while it holds this").push(self.0);
    }
}

/// Polls futures 0 to 63 in turn, each of which must wait, calls `wake`, and says in
/// which order they were woken.
fn woken<F: Future>(futures: impl IntoIterator<Item = F>, wake: impl FnOnce()) -> Vec<usize> {
    let woken = Woken::default();
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    assert_eq!(futures.len(), 64);
    for (number, future) in futures.iter_mut().enumerate() {
        let waker = Waker::from(Arc::new(Note(number, woken.clone())));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    wake();
    drop(futures);
    let order = woken.lock().expect("no test panics while it holds this").clone();
    assert_eq!(order.len(), 64, "some were not woken");
    order
}

fn in_order() -> Vec<usize> {
    (0..64).collect()
}

#[test]
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test is about what is wrong with them")]
fn tokios_watch_and_barrier_wake_out_of_order() {
    let (tx, rx) = tokio::sync::watch::channel(0);
    let mut receivers = vec![rx; 64];
    let order = woken(receivers.iter_mut().map(|rx| rx.changed()), || assert!(tx.send(1).is_ok()));
    assert_ne!(order, in_order(), "eight lists at random cannot come out like this");

    let barrier = tokio::sync::Barrier::new(65);
    let order = woken((0..64).map(|_| barrier.wait()), || {
        assert!(pin!(barrier.wait()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_ne!(order, in_order(), "eight lists at random cannot come out like this");
}

#[test]
fn the_safe_ones_wake_in_order() {
    let notify = tokio::sync::Notify::new();
    assert_eq!(woken((0..64).map(|_| notify.notified()), || notify.notify_waiters()), in_order());
    assert_eq!(woken((0..64).map(|_| notify.notified()), || (0..64).for_each(|_| notify.notify_one())), in_order());

    let semaphore = tokio::sync::Semaphore::new(0);
    assert_eq!(woken((0..64).map(|_| semaphore.acquire()), || semaphore.add_permits(64)), in_order());

    let (tx, rx) = tokio::sync::broadcast::channel::<()>(1);
    let mut receivers: Vec<_> = (0..64).map(|_| rx.resubscribe()).collect();
    let order = woken(receivers.iter_mut().map(|rx| rx.recv()), || assert!(tx.send(()).is_ok()));
    assert_eq!(order, in_order());
}

#[test]
fn inside_of_a_tokio_task_its_types_run_out_of_budget() {
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    (0..1_000).for_each(|number| tx.send(number).expect("the receiver is here"));
    let mut received = move || {
        let mut count = 0;
        while let Poll::Ready(Some(_)) = pin!(rx.recv()).poll(&mut Context::from_waker(Waker::noop())) {
            count += 1;
        }
        count
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    let within = runtime.block_on(async { received() });
    assert!(within < 1_000, "a task of tokio's may take all at once now");
    assert_eq!(within + received(), 1_000, "outside of it nothing is held back");
}
