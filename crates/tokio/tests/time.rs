//! What the production clock promises beyond its trait: time-outs over futures that leave
//! tokio's scheduler nothing, and deadlines at both ends of time.

#![expect(clippy::disallowed_methods, reason = "what is tested is watched by tokio's own time-out")]

use std::time::Duration;
use wavetank_core::{Elapsed, Instant, Sleep, TimeProvider};
use wavetank_tokio::TokioTimeProvider;

#[tokio::test]
async fn a_timeout_ends_a_future_that_is_always_ready_for_more() {
    let busy = async {
        loop {
            tokio::task::consume_budget().await;
        }
    };
    let clock = TokioTimeProvider::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), clock.timeout(Duration::from_millis(20), busy));
    assert_eq!(ended.await.expect("it ends long before 5 s"), Err::<(), _>(Elapsed));
}

#[tokio::test]
async fn a_loop_of_sleeps_that_are_over_lets_others_run() {
    let clock = TokioTimeProvider::new();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let busy = async {
        loop {
            clock.sleep_until(Instant::ZERO).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_millis(20), busy).await;
    assert!(ended.is_err(), "it has no end of its own");
}

#[tokio::test]
async fn a_deadline_that_never_comes_is_none_that_has_passed() {
    let clock = TokioTimeProvider::new();
    let mut never = clock.sleep(Duration::MAX);
    assert_eq!(never.deadline(), Instant::MAX);
    assert_eq!(clock.timeout(Duration::from_millis(5), &mut never).await, Err(Elapsed));
    never.reset(Instant::MAX);
    assert_eq!(clock.timeout(Duration::from_millis(5), never).await, Err(Elapsed));
    assert_eq!(clock.timeout(Duration::MAX, clock.sleep(Duration::from_millis(1))).await, Ok(()));
}
