//! What intervals and time-outs promise, on a clock that the test moves by hand.

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};
use wavetank_core::{Elapsed, Instant, Sleep, TimeProvider};

/// Stands still unless it is moved.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

struct Wait {
    hand: Hand,
    deadline: Instant,
}

impl Hand {
    /// Moves it by so many milliseconds.
    fn turn(&self, millis: u64) {
        self.0.fetch_add(millis * 1_000_000, Ordering::Relaxed);
    }
}

impl TimeProvider for Hand {
    type Sleep = Wait;

    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.now().since_origin()
    }

    fn sleep_until(&self, deadline: Instant) -> Wait {
        Wait { hand: self.clone(), deadline }
    }
}

impl Sleep for Wait {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.hand.now() >= self.deadline { Poll::Ready(()) } else { Poll::Pending }
    }
}

const PERIOD: Duration = Duration::from_millis(10);

fn polled<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Milliseconds at which the ticks were due that came when the clock was turned by each of these.
fn ticks(turns: &[u64]) -> Vec<Option<u64>> {
    let hand = Hand::default();
    let mut interval = hand.interval(PERIOD);
    let tick = |turn: &u64| {
        hand.turn(*turn);
        polled(interval.tick()).map(|due| due.as_nanos() / 1_000_000)
    };
    turns.iter().map(tick).collect()
}

#[test]
fn a_tick_that_is_late_by_less_than_a_period_moves_nothing() {
    assert_eq!(ticks(&[0, 19, 1]), [Some(0), Some(10), Some(20)]);
}

#[test]
fn after_a_longer_delay_one_tick_comes_and_the_period_counts_anew() {
    assert_eq!(ticks(&[0, 35, 0, 9, 1]), [Some(0), Some(10), None, None, Some(45)]);
    // A whole period late is no longer less than one.
    assert_eq!(ticks(&[0, 20, 0, 10]), [Some(0), Some(10), None, Some(30)]);
}

#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    assert_eq!(ticks(&[0, 5, 4, 1]), [Some(0), None, None, Some(10)]);
}

#[test]
fn a_period_beyond_all_time_ticks_once() {
    let hand = Hand::default();
    hand.turn(1);
    let mut interval = hand.interval(Duration::MAX);
    assert_eq!(polled(interval.tick()), Some(Instant::from_nanos(1_000_000)));
    hand.turn(u64::MAX / 2_000_000);
    assert_eq!(polled(interval.tick()), None);
}

#[test]
#[should_panic = "an interval needs a period above zero"]
fn a_period_of_nothing_is_refused() {
    let _interval = Hand::default().interval(Duration::ZERO);
}

#[test]
fn what_is_ready_at_the_deadline_beats_the_timeout() {
    let hand = Hand::default();
    assert_eq!(polled(hand.timeout(Duration::ZERO, ready(5))), Some(Ok(5)));
    assert_eq!(polled(hand.timeout(Duration::ZERO, pending::<()>())), Some(Err(Elapsed)));
    assert_eq!(polled(hand.timeout(Duration::MAX, pending::<()>())), None);
}

#[test]
fn a_future_that_ends_late_but_first_is_asked_first() {
    let hand = Hand::default();
    let polls = Cell::new(0);
    let second = std::future::poll_fn(|_| {
        polls.set(polls.get() + 1);
        if polls.get() == 2 { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut timeout = pin!(hand.timeout(PERIOD, second));
    assert_eq!(polled(timeout.as_mut()), None);
    hand.turn(1_000);
    assert_eq!(polled(timeout.as_mut()), Some(Ok(())));
}
