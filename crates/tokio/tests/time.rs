//! What the production clock promises beyond its trait: time-outs over futures that leave
//! tokio's scheduler nothing.

#![expect(clippy::disallowed_methods, reason = "what is tested is watched by tokio's own time-out")]

use std::time::Duration;
use wavetank_core::{Elapsed, TimeProvider};
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
