//! A client that enters in a history what it asked and what it was told.

use small_kv::ask;
use std::time::Duration;
use wavetank_check::{History, Keyed, Limits, PerKey, Register, RegisterOp, RegisterRet, linearizable};
use wavetank_core::Providers;
use wavetank_harness::{Finished, SimContext};

type Asked = History<Keyed<u64, RegisterOp<u64>>, RegisterRet<u64>>;

pub(crate) async fn careful(context: SimContext) {
    let (world, server) = (context.providers(), (context.topology().ip("server"), 7).into());
    let history = context.shared::<Asked>();
    let now = || world.now().since_origin();
    for mut operation in context.operations(20..=60, &["put", "get"]) {
        world.sleep(operation.pause(Duration::ZERO, Duration::from_millis(200))).await;
        // Three keys for all, and a value that nobody else puts.
        let (key, value) = (operation.below(3), operation.nth() * 100 + u64::from(context.number()) + 1);
        let (line, asked) = match operation.verb() {
            "put" => (format!("put {key} {value}"), RegisterOp::Write(value)),
            _ => (format!("get {key}"), RegisterOp::Read),
        };
        operation.begin(|| line.clone());
        let ticket = history.with(|history| history.invoke(context.number(), Keyed::new(key, asked), now()));
        let answer = ask(&world, server, line).await;
        operation.end(|| format!("{answer:?}"));
        let Ok(answer) = answer else { continue };
        let told = match answer.parse() {
            Ok(value) => RegisterRet::Value(value),
            Err(_) => RegisterRet::Written,
        };
        history.with(|history| history.complete(ticket, told, now()));
    }
}

pub(crate) fn linearizable_per_key(run: &Finished) -> Result<(), String> {
    let model = PerKey::new(Register { initial: 0 });
    run.shared::<Asked>().with(|history| linearizable(&model, history, Limits::default()).into_result())
}
