//! `select!` seen from a user's crate: its grammar, its borrows, its order.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wavetank_core::select;
use wavetank_core::select::install;

fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future of this test does not wait"),
    }
}

/// Pending at the first poll.
async fn yielding<T>(value: T) -> T {
    let mut polled = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    value
}

fn run_yielding<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[test]
fn a_ready_branch_wins_over_pending_ones() {
    let won = run(async {
        select! {
            () = pending() => 1,
            value = ready(2) => value,
            () = pending() => 3,
        }
    });
    assert_eq!(won, 2);
}

#[test]
fn every_form_of_a_branch_parses() {
    let on = true;
    run(async {
        select! { _ = ready(()) => {} }
        select! { _ = ready(()) => {}, }
        select! { _ = ready(()) => () }
        select! { _ = ready(()), if on => {} _ = pending::<()>() => {} }
        select! { biased; _ = ready(()), if on => {} else => {} }
        select! { Some(1) | Some(2) = ready(Some(2)) => {} else => unreachable!() }
        select! { ref mut list = ready(vec![1]) => { list.push(2); assert_eq!(*list, [1, 2]) } }
        let value = select! {
            mut value = ready(1), if on || { false } => { value += 1; value }
            ref other = ready(2), if !on => *other,
            else => 3,
        };
        assert_eq!(value, 2);
        assert_eq!(select! { else => 4 }, 4);
    });
}

#[test]
fn a_pattern_that_does_not_match_disables_its_branch() {
    let seen = run_yielding(async {
        select! {
            Some(value) = ready(None::<u32>) => value,
            Ok(value) = yielding(Ok::<u32, ()>(5)) => value,
        }
    });
    assert_eq!(seen, 5);
}

#[test]
fn of_three_the_one_that_does_not_match_is_disabled_and_no_other() {
    let firsts: [fn(u32) -> u32; 3] = [|_| 0, |_| 1, |_| 2];
    for first in firsts {
        let polls = Cell::new(0);
        let refuted = async {
            assert_eq!(polls.replace(1), 0, "it is over, and not polled again");
            None::<u32>
        };
        install(Some(first));
        let won = run_yielding(async {
            select! {
                Some(value) = refuted => value,
                () = pending() => 1,
                value = yielding(2) => value,
            }
        });
        install(None);
        assert_eq!((won, polls.get()), (2, 1));
    }
}

#[test]
fn else_runs_when_the_last_that_was_pending_does_not_match() {
    let text = run_yielding(async {
        select! {
            Some(()) = yielding(None) => "matched",
            Some(()) = yielding(None) => "matched",
            else => "else",
        }
    });
    assert_eq!(text, "else");
}

#[test]
fn else_runs_when_all_are_disabled() {
    let text = run(async {
        select! {
            Some(()) = ready(None) => "matched",
            () = ready(()), if false => "enabled",
            else => "else",
        }
    });
    assert_eq!(text, "else");
}

#[test]
#[should_panic = "all branches of a select! are disabled"]
fn without_an_else_it_panics() {
    run(async {
        select! { () = ready(()), if false => {} }
    });
}

#[test]
fn bodies_may_return_break_continue_and_fail() {
    async fn fail() -> io::Result<u32> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            select! {
                biased;
                _ = ready(()), if rounds == 1 => continue,
                _ = ready(()), if rounds == 2 => { yielding(()).await; }
                _ = ready(()), if rounds == 3 => break,
            }
        }
        select! {
            result = ready(Err::<u32, _>(io::Error::from(io::ErrorKind::NotFound))) => { result?; }
        }
        Ok(rounds)
    }
    async fn early() -> u32 {
        select! { value = ready(9) => if value > 8 { return value + 1 } }
        0
    }
    assert_eq!(run_yielding(fail()).map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
    assert_eq!(run(early()), 10);
}

#[test]
fn bodies_may_borrow_what_the_futures_had_borrowed() {
    async fn push(log: &mut Vec<u32>, value: u32) -> &mut Vec<u32> {
        log.push(value);
        log
    }
    let mut log = Vec::new();
    let name = String::from("name");
    run(async {
        select! {
            biased;
            log = push(&mut log, 1) => log.push(2),
            moved = async move { name } => assert!(moved.is_empty()),
        }
        select! {
            _ = async { log.push(3) } => log.push(4),
        }
    });
    assert_eq!(log, [1, 2, 3, 4]);
}

#[test]
fn outputs_that_are_not_send_do_not_make_the_task_so() {
    fn send(_: impl Future<Output = u32> + Send) {}
    send(async {
        select! {
            value = async { std::rc::Rc::new(1) } => *value,
            _ = pending::<std::rc::Rc<u32>>() => 2,
        }
    });
}

#[test]
fn futures_that_are_not_unpin_and_temporaries_work() {
    struct Source(u32);
    impl Source {
        async fn next(&mut self) -> u32 {
            yielding(self.0).await
        }
    }
    let sum = run_yielding(async {
        let mut source = Source(2);
        let mut kept = pin!(yielding(1));
        select! {
            value = &mut kept => value,
            value = source.next() => value + 1,
            value = &mut Box::pin(yielding(3)) => value + 2,
        }
    });
    assert!([1, 3, 5].contains(&sum));
}

#[test]
fn all_futures_are_dropped_before_the_body_runs() {
    struct OnDrop<'a>(&'a Cell<bool>);
    impl Drop for OnDrop<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Cell::new(false);
    let held = OnDrop(&dropped);
    run(async {
        select! {
            () = async { let _held = held; pending().await } => unreachable!(),
            () = ready(()) => assert!(dropped.get()),
        }
    });
}

thread_local! {
    static ASKED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

fn last(branches: u32) -> u32 {
    ASKED.with_borrow_mut(|asked| asked.push(branches));
    branches - 1
}

#[test]
fn the_chooser_names_the_branch_that_is_polled_first_and_the_rest_follow_in_a_circle() {
    assert!(install(Some(last)).is_none());
    let order = RefCell::new(Vec::new());
    let note = |number: u32| {
        order.borrow_mut().push(number);
        yielding(number)
    };
    let won = run_yielding(async {
        select! {
            value = async { note(0).await } => value,
            value = async { note(1).await } => value,
            value = async { note(2).await } => value,
        }
    });
    assert_eq!(*order.borrow(), [2, 0, 1]);
    assert_eq!(won, 2);
    assert_eq!(ASKED.take(), [3, 3], "one decision a poll");
    run(async {
        select! { () = ready(()) => {} }
        select! { biased; () = ready(()) => {} () = ready(()) => unreachable!() }
    });
    assert_eq!(ASKED.take(), [0; 0], "a single branch and a biased order are no decisions");
    assert!(install(None).is_some());
}

#[test]
#[should_panic = "the chooser picked branch 2 of 2"]
fn a_chooser_that_picks_no_branch_is_refused() {
    install(Some(|branches| branches));
    run(async {
        select! { () = ready(()) => {} () = ready(()) => {} }
    });
}

#[test]
fn without_a_chooser_each_branch_comes_first_in_its_turn() {
    let mut counts = [0u32; 3];
    for _ in 0..300 {
        // The other `select!` must not take all turns of one branch.
        run(async {
            select! { _ = ready(()) => {} _ = ready(()) => {} }
        });
        counts[run(async {
            select! { _ = ready(()) => 0, _ = ready(()) => 1, _ = ready(()) => 2 }
        })] += 1;
    }
    assert!(counts.iter().all(|count| (80..=120).contains(count)), "{counts:?}");
}

#[test]
fn sixty_four_branches_fit() {
    let value = run(async {
        select! {
            _ = pending::<()>() => 0, _ = pending::<()>() => 1, _ = pending::<()>() => 2, _ = pending::<()>() => 3,
            _ = pending::<()>() => 4, _ = pending::<()>() => 5, _ = pending::<()>() => 6, _ = pending::<()>() => 7,
            _ = pending::<()>() => 8, _ = pending::<()>() => 9, _ = pending::<()>() => 10, _ = pending::<()>() => 11,
            _ = pending::<()>() => 12, _ = pending::<()>() => 13, _ = pending::<()>() => 14, _ = pending::<()>() => 15,
            _ = pending::<()>() => 16, _ = pending::<()>() => 17, _ = pending::<()>() => 18, _ = pending::<()>() => 19,
            _ = pending::<()>() => 20, _ = pending::<()>() => 21, _ = pending::<()>() => 22, _ = pending::<()>() => 23,
            _ = pending::<()>() => 24, _ = pending::<()>() => 25, _ = pending::<()>() => 26, _ = pending::<()>() => 27,
            _ = pending::<()>() => 28, _ = pending::<()>() => 29, _ = pending::<()>() => 30, _ = pending::<()>() => 31,
            _ = pending::<()>() => 32, _ = pending::<()>() => 33, _ = pending::<()>() => 34, _ = pending::<()>() => 35,
            _ = pending::<()>() => 36, _ = pending::<()>() => 37, _ = pending::<()>() => 38, _ = pending::<()>() => 39,
            _ = pending::<()>() => 40, _ = pending::<()>() => 41, _ = pending::<()>() => 42, _ = pending::<()>() => 43,
            _ = pending::<()>() => 44, _ = pending::<()>() => 45, _ = pending::<()>() => 46, _ = pending::<()>() => 47,
            _ = pending::<()>() => 48, _ = pending::<()>() => 49, _ = pending::<()>() => 50, _ = pending::<()>() => 51,
            _ = pending::<()>() => 52, _ = pending::<()>() => 53, _ = pending::<()>() => 54, _ = pending::<()>() => 55,
            _ = pending::<()>() => 56, _ = pending::<()>() => 57, _ = pending::<()>() => 58, _ = pending::<()>() => 59,
            _ = pending::<()>() => 60, _ = pending::<()>() => 61, _ = pending::<()>() => 62, _ = ready(()) => 63,
        }
    });
    assert_eq!(value, 63);
}
