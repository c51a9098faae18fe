//! The watch channel: what is seen, who is woken in which order, and that it works
//! across threads.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use wavetank_core::watch::{self, RecvError};

/// Writes its number down when it is woken.
struct Note {
    number: usize,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.woken.lock().expect("no test panics while it holds this").push(self.number);
    }
}

#[derive(Default)]
struct Notes {
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Notes {
    fn poll<F: Future>(&self, number: usize, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::new(Note { number, woken: self.woken.clone() }));
        future.poll(&mut Context::from_waker(&waker))
    }

    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.woken.lock().expect("no test panics while it holds this"))
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_receiver_sees_each_change_once_and_only_the_latest_value() {
    let (tx, mut rx) = watch::channel(0);
    assert_eq!(rx.has_changed(), Ok(false));
    assert!(poll(pin!(rx.changed())).is_pending());
    tx.send(1).expect("a receiver is there");
    tx.send(2).expect("a receiver is there");
    assert_eq!(rx.has_changed(), Ok(true));
    assert!(rx.borrow().has_changed());
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Ok(())));
    assert!(poll(pin!(rx.changed())).is_pending());
    assert_eq!(*rx.borrow(), 2);
    tx.send_modify(|value| *value += 1);
    let seen = rx.borrow_and_update();
    assert!(seen.has_changed() && *seen == 3);
    drop(seen);
    assert_eq!(rx.has_changed(), Ok(false));
    assert!(!tx.send_if_modified(|value| {
        *value = 4;
        false
    }));
    assert_eq!(rx.has_changed(), Ok(false));
    assert_eq!(*tx.borrow(), 4);
    assert_eq!(tx.send_replace(5), 4);
    assert_eq!(rx.clone().has_changed(), Ok(true));
    assert_eq!(tx.subscribe().has_changed(), Ok(false));
    assert!(rx.same_channel(&tx.subscribe()) && !rx.same_channel(&watch::channel(5).1));
}

#[test]
fn a_value_that_was_waited_for_is_seen() {
    let (tx, mut rx) = watch::channel(0);
    let mut waits =
        |wanted| poll(pin!(rx.wait_for(|value| *value == wanted))).map(|seen| seen.map(|seen| seen.has_changed()));
    assert_eq!(waits(0), Poll::Ready(Ok(false)));
    tx.send(1).expect("a receiver is there");
    assert_eq!(waits(1), Poll::Ready(Ok(true)));
    assert_eq!(rx.has_changed(), Ok(false));
}

#[test]
fn a_change_that_panics_stays_and_nobody_is_told() {
    let (tx, mut rx) = watch::channel(0);
    let change = std::panic::AssertUnwindSafe(|| {
        tx.send_modify(|value| {
            *value = 1;
            panic!("as planned");
        });
    });
    assert!(std::panic::catch_unwind(change).is_err());
    assert_eq!(rx.has_changed(), Ok(false));
    assert_eq!((*tx.borrow(), *rx.borrow_and_update()), (1, 1));
    tx.send(2).expect("a receiver is there");
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Ok(())));
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (tx, mut rx) = watch::channel(0);
    let notes = Notes::default();
    let mut waiting = pin!(rx.changed());
    assert!(notes.poll(1, waiting.as_mut()).is_pending());
    assert!(notes.poll(2, waiting.as_mut()).is_pending());
    tx.send(1).expect("a receiver is there");
    assert_eq!(notes.take(), [2]);
}

#[test]
fn a_waker_that_looks_back_when_it_is_dropped_finds_nothing_locked() {
    struct LooksBack(watch::Sender<u32>, Arc<Mutex<Vec<usize>>>);
    impl Wake for LooksBack {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for LooksBack {
        fn drop(&mut self) {
            self.1.lock().expect("no test panics while it holds this").push(self.0.receiver_count());
        }
    }
    let (tx, mut rx) = watch::channel(0);
    let found = Arc::default();
    let look = |waiting: Pin<&mut _>| {
        let waker = Waker::from(Arc::new(LooksBack(tx.clone(), Arc::clone(&found))));
        assert!(Future::poll(waiting, &mut Context::from_waker(&waker)).is_pending());
    };
    {
        let mut waiting = pin!(async { rx.changed().await.is_ok() });
        look(waiting.as_mut());
        look(waiting.as_mut());
        assert_eq!(*found.lock().expect("no test panics while it holds this"), [1], "another took its place");
    }
    assert_eq!(*found.lock().expect("no test panics while it holds this"), [1, 1], "and it was given up");
}

#[test]
fn waiters_wake_in_the_order_in_which_they_began_to_wait() {
    let (tx, rx) = watch::channel(());
    let notes = Notes::default();
    let mut receivers: Vec<_> = (0..20).map(|_| rx.clone()).collect();
    let mut waiting: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.changed())).collect();
    let order: Vec<usize> = (0..20).map(|number| (number * 7) % 20).collect();
    for &number in &order {
        assert!(notes.poll(number, waiting[number].as_mut()).is_pending());
    }
    // One more poll moves nobody in the queue.
    assert!(notes.poll(order[0], waiting[order[0]].as_mut()).is_pending());
    tx.send(()).expect("receivers are there");
    assert_eq!(notes.take(), order);
    tx.send(()).expect("receivers are there");
    assert_eq!(notes.take(), [0; 0], "woken once");
}

#[test]
fn a_dropped_wait_leaves_the_queue_and_loses_no_change() {
    let (tx, mut rx) = watch::channel(0);
    let notes = Notes::default();
    {
        let mut waiting = pin!(rx.changed());
        assert!(notes.poll(1, waiting.as_mut()).is_pending());
    }
    tx.send(1).expect("a receiver is there");
    assert_eq!(notes.take(), [0; 0]);
    {
        let mut waiting = pin!(rx.wait_for(|value| *value == 2));
        assert!(notes.poll(2, waiting.as_mut()).is_pending());
        tx.send(2).expect("a receiver is there");
        assert_eq!(notes.take(), [2]);
    }
    assert_eq!(rx.has_changed(), Ok(true));
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Ok(())));
}

#[test]
fn the_end_of_the_senders_is_seen_after_the_last_value() {
    let (tx, mut rx) = watch::channel(0);
    let notes = Notes::default();
    let other = tx.clone();
    let mut early = rx.clone();
    let mut waiting = pin!(early.changed());
    drop(tx);
    assert!(notes.poll(1, waiting.as_mut()).is_pending());
    other.send(1).expect("receivers are there");
    drop(other);
    assert_eq!(notes.take(), [1]);
    assert_eq!(notes.poll(1, waiting.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(rx.has_changed(), Err(RecvError));
    assert_eq!(poll(pin!(rx.wait_for(|value| *value == 1))).map(|seen| seen.map(|seen| *seen)), Poll::Ready(Ok(1)));
    assert!(matches!(poll(pin!(rx.wait_for(|value| *value == 2))), Poll::Ready(Err(RecvError))));
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Err(RecvError)));
}

#[test]
fn each_value_is_asked_about_once_the_last_one_too() {
    let (tx, mut rx) = watch::channel(0);
    let mut asked = Vec::new();
    {
        let mut waiting = pin!(rx.wait_for(|value| {
            asked.push(*value);
            *value == 3
        }));
        assert!(poll(waiting.as_mut()).is_pending());
        tx.send(1).expect("a receiver is there");
        assert!(poll(waiting.as_mut()).is_pending());
        tx.send(2).expect("a receiver is there");
        drop(tx);
        assert!(matches!(poll(waiting.as_mut()), Poll::Ready(Err(RecvError))));
    }
    assert_eq!(asked, [0, 1, 2]);
}

#[test]
fn who_waits_for_a_change_is_woken_by_the_end_of_the_last_sender_only() {
    let (tx, mut rx) = watch::channel(0);
    let notes = Notes::default();
    let other = tx.clone();
    let mut waiting = pin!(rx.changed());
    assert!(notes.poll(1, waiting.as_mut()).is_pending());
    drop(tx);
    assert_eq!(notes.take(), [0; 0]);
    drop(other);
    assert_eq!(notes.take(), [1]);
    assert_eq!(notes.poll(1, waiting.as_mut()), Poll::Ready(Err(RecvError)));
}

#[test]
fn the_sender_learns_that_the_receivers_are_gone() {
    let (tx, rx) = watch::channel(0);
    let notes = Notes::default();
    let second = rx.clone();
    assert_eq!(tx.receiver_count(), 2);
    let mut closed = pin!(tx.closed());
    assert!(notes.poll(1, closed.as_mut()).is_pending());
    drop(rx);
    assert!(!tx.is_closed());
    assert_eq!(notes.take(), [0; 0]);
    assert!(notes.poll(1, closed.as_mut()).is_pending(), "one is left");
    drop(second);
    assert_eq!(notes.take(), [1]);
    assert!(notes.poll(1, closed.as_mut()).is_ready());
    assert_eq!(tx.send(1).expect_err("nobody is there").0, 1);
    assert_eq!(*tx.borrow(), 0);
    let late = tx.subscribe();
    tx.send(2).expect("a receiver is there again");
    assert_eq!(*late.borrow(), 2);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the channel must work in production, on several threads")]
fn across_threads_no_change_is_missed() {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => std::thread::park(),
            }
        }
    }
    let (tx, rx) = watch::channel(0u32);
    let (acknowledge, acknowledged) = watch::channel(0u32);
    std::thread::scope(|scope| {
        let mut rx = rx;
        let mut acknowledged = acknowledged;
        scope.spawn(move || {
            while block_on(rx.changed()).is_ok() {
                let seen = *rx.borrow_and_update();
                acknowledge.send_replace(seen);
            }
        });
        for round in 1..=2_000 {
            tx.send(round).expect("the receiver lives as long as we do");
            let seen = block_on(acknowledged.wait_for(|seen| *seen == round)).map(|seen| *seen);
            assert_eq!(seen, Ok(round));
        }
        drop(tx);
    });
}

#[test]
fn what_a_receiver_has_seen_can_be_said() {
    let (tx, mut rx) = watch::channel("first");
    // Of a channel that was never sent to, too.
    rx.mark_changed();
    assert_eq!(rx.has_changed(), Ok(true));
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Ok(())));
    assert!(poll(pin!(rx.changed())).is_pending());
    tx.send("second").expect("a receiver is there");
    rx.mark_unchanged();
    assert_eq!(rx.has_changed(), Ok(false));
    rx.mark_changed();
    rx.mark_changed();
    assert!(rx.borrow_and_update().has_changed());
    assert!(poll(pin!(rx.changed())).is_pending());
}

#[test]
fn a_sender_may_be_first() {
    let tx = watch::Sender::new(7);
    assert!(tx.is_closed() && tx.send(8).is_err());
    let mut rx = tx.subscribe();
    assert_eq!(rx.has_changed(), Ok(false));
    tx.send(9).expect("a receiver is there");
    assert_eq!(poll(pin!(rx.changed())), Poll::Ready(Ok(())));
    assert_eq!(*rx.borrow(), 9);
    let other = watch::Sender::<i32>::default();
    assert_eq!(*other.borrow(), 0);
    assert!(tx.same_channel(&tx.clone()) && !tx.same_channel(&other));
    let second = tx.clone();
    assert_eq!(tx.sender_count(), 2);
    drop(second);
    assert_eq!(tx.sender_count(), 1);
}
