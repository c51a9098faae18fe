//! A client that takes no answer for a no.

use small_kv::ask;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::SimContext;
use wavetank_probe::always_assert;

pub(crate) async fn hopeful(context: SimContext) {
    let (world, server) = (context.providers(), (context.topology().ip("server"), 7).into());
    let key = context.name();
    let mut last = 0;
    for mut operation in context.operations(20..=60, &["put", "get"]) {
        world.sleep(operation.pause(Duration::ZERO, Duration::from_millis(200))).await;
        let value = operation.nth() + 1;
        match operation.verb() {
            "put" => {
                if let Ok(answer) = ask(&world, server, format!("put {key} {value}")).await {
                    always_assert!(answer == "ok", "a put is ok", answer);
                    last = value;
                }
            }
            _ => {
                if let Ok(found) = ask(&world, server, format!("get {key}")).await {
                    always_assert!(found == last.to_string(), "a get gives what was put", found, last);
                }
            }
        }
    }
}
