//! The store in the tank: who takes part, what goes wrong, what must hold.

mod careful;

use careful::{careful, linearizable_per_key};
use small_kv::{Store, ask, serve};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{Chaos, Outcome, SimContext, SimProviders, SimulationBuilder, Swarm};

async fn server<S: Store<SimProviders>>(context: SimContext) {
    let world = context.providers();
    while serve::<_, S>(&world, (context.ip(), 7).into()).await.is_err() {
        world.sleep(Duration::from_millis(100)).await;
    }
}

/// A service, up to four clients of that kind, and what may happen to them.
pub(crate) fn storm<S, C, F>(client: C) -> SimulationBuilder
where
    S: Store<SimProviders>,
    C: Fn(SimContext) -> F + Send + Sync + 'static,
    F: Future<Output: Outcome> + 'static,
{
    SimulationBuilder::new()
        .with_name("small-kv")
        .process("server", 1, server::<S>)
        .workload("client", 1..=4, client)
        .with_chaos(Chaos::storm(Duration::from_secs(3)))
}

/// The same with clients that keep a history, which is judged, and with progress demanded.
pub(crate) fn judged<S: Store<SimProviders>>() -> SimulationBuilder {
    storm::<S, _, _>(careful)
        .with_swarm(Swarm::default())
        .with_liveness("a put is answered", Duration::from_secs(5), progress)
        .with_checker("histories are linearizable per key", linearizable_per_key)
}

async fn progress(context: SimContext) {
    let (world, server) = (context.providers(), (context.topology().ip("server"), 7).into());
    while ask(&world, server, "put alive 1".to_string()).await.is_err() {
        world.sleep(Duration::from_millis(100)).await;
    }
}
