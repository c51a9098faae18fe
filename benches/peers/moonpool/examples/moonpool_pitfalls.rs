//! Checks of what the notes say about moonpool: each argument runs one check.

use async_trait::async_trait;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use moonpool_sim::executor::{spawn, yield_now};
use moonpool_sim::*;
use std::time::Duration;

struct Server;

#[async_trait]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let l = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut s, _) = l.accept().await?;
            drop(spawn("conn", async move {
                let mut b = [0u8; 64];
                while s.read_exact(&mut b).await.is_ok() && s.write_all(&b).await.is_ok() {}
            }));
        }
    }
}

struct Client;

#[async_trait]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let err = |m: String| SimulationError::InvalidState(m);
        let mode = mode();
        match mode.as_str() {
            // No chaos asked for: does a plain echo work?
            "default" => {
                let mut s = ctx.network().connect(&ctx.peer("server").unwrap()).await?;
                for i in 0..200u8 {
                    s.write_all(&[i; 64]).await?;
                    let mut b = [0u8; 64];
                    s.read_exact(&mut b).await?;
                    if b != [i; 64] {
                        return Err(err(format!("corrupt payload in exchange {i}")));
                    }
                }
            }
            // Nobody listens on that address.
            "nobody" => {
                buggify_reset();
                let before = ctx.time().now();
                let r = ctx.network().connect("10.9.9.9").await;
                println!("connect to nobody: ok={} after {:?}", r.is_ok(), ctx.time().now() - before);
            }
            "yield" => {
                for _ in 0..1_100_000 {
                    yield_now().await;
                }
            }
            "hours" => ctx.time().sleep(Duration::from_secs(2 * 3600)).await.unwrap(),
            _ => {}
        }
        Ok(())
    }
}

fn mode() -> String {
    std::env::args().nth(1).unwrap_or_default()
}

fn main() {
    let many = if mode() == "nodes" { 300 } else { 1 };
    let seeds = if many == 1 { 100 } else { 1 };
    let (mut ok, mut bad) = (0, Vec::new());
    for seed in 0..seeds {
        let report = SimulationBuilder::new()
            .processes(1, || Box::new(Server))
            .workloads(WorkloadCount::Fixed(many), |_| Box::new(Client))
            .set_debug_seeds(vec![seed])
            .set_iterations(1)
            .run();
        ok += report.successful_runs;
        if report.failed_runs > 0 || report.successful_runs == 0 {
            let why = report.individual_metrics.iter().find_map(|m| m.as_ref().err());
            bad.push((seed, why.map(|e| e.to_string())));
        }
    }
    println!("{ok} seeds ok, {} not: {bad:?}", bad.len());
}
