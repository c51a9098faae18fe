//! The counter in the tank: who takes part, what goes wrong, what must hold.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use wavetank_cli::Target;
use wavetank_core::{Providers, RandomProvider};
use wavetank_harness::{Chaos, SimContext, SimulationBuilder, SimulationMetrics};
use wavetank_probe::always_assert;

use project_name::{Bug, count, serve};

const PORT: u16 = 7000;

fn main() -> ExitCode {
    target().main()
}

/// Tests of red seeds call it, too.
pub fn target() -> Target {
    Target::new("storm")
        .stated_by("target")
        .bugs(Bug::NAMES.iter().copied())
        .simulation("storm", |options| {
            let bug = options.bug().and_then(Bug::named);
            SimulationBuilder::new()
                .process("server", 1, move |context: SimContext| async move {
                    serve(
                        &context.providers(),
                        SocketAddr::new(context.ip(), PORT),
                        bug,
                    )
                    .await
                })
                .workload("client", 1..=3, client)
                .with_chaos(Chaos::storm(Duration::from_secs(4)))
        })
}

/// The highest count that any client was told.
#[derive(Default)]
struct Told(u64);

async fn client(context: SimContext) -> io::Result<SimulationMetrics> {
    let world = context.providers();
    let mut metrics = SimulationMetrics::new();
    for operation in context.operations(5..=20, &["count"]) {
        operation.begin(|| "counts".to_owned());
        let counted = ask(&context).await;
        operation.end(|| format!("{counted:?}"));
        metrics.add(if counted.is_ok() { "told" } else { "failed" }, 1);
        world
            .sleep(Duration::from_millis(world.random().below(400)))
            .await;
    }
    // Once no fault strikes any more, it must answer; the server may yet be starting.
    context.quiet().await;
    for _ in 0..10 {
        if ask(&context).await.is_ok() {
            return Ok(metrics);
        }
        world.sleep(Duration::from_millis(500)).await;
    }
    ask(&context).await.map(|_| metrics)
}

/// Has one more counted, and holds the server to what was told to anybody before.
async fn ask(context: &SimContext) -> io::Result<u64> {
    let told = context.shared::<Told>();
    let before = told.with(|told| told.0);
    let server = SocketAddr::new(context.topology().ip("server"), PORT);
    let counted = count(&context.providers(), server).await?;
    always_assert!(
        counted > before,
        "no count that was told is lost",
        counted,
        before
    );
    told.with(|told| told.0 = told.0.max(counted));
    Ok(counted)
}
