//! Memory does not grow with what has been: over a million simulations, exchanges,
//! sleeps and spawns each, and a tenth of that of what takes longer, what the process
//! holds after a tenth of them and at the end is compared.

#![expect(clippy::disallowed_methods, reason = "the memory of the real process is what is measured")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TcpListener, TcpStream};
use wavetank_harness::{NetworkConfig, Progress, SimContext, SimProviders, SimulationBuilder, TestStrategy};

const MANY: u64 = 1_000_000;
/// Connections and files: each is many events.
const FEWER: u64 = 100_000;
/// Growth in KiB from the first tenth to the end, for the allocator's own pages. A
/// byte for each of the smaller count would be 88.
const GROWTH_MOST: u64 = 64;

/// What a process holds is all its threads' business: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of this process in KiB: held now, and at most so far. Without what is its program's:
/// that is read in when it is first executed.
fn held() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("the kernel tells");
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
    };
    (field("RssAnon:"), field("VmHWM:") - field("RssFile:"))
}

/// What was held after the first tenth.
#[derive(Clone)]
struct Tenth {
    of: u64,
    held: Arc<Mutex<Option<(u64, u64)>>>,
}

impl Tenth {
    fn of(of: u64) -> Tenth {
        Tenth { of, held: Arc::default() }
    }

    fn pass(&self, number: u64) {
        if number == self.of / 10 {
            *self.held.lock().expect("free") = Some(held());
        }
    }

    fn check(&self, what: &str) {
        let ((now, peak), end) = (self.held.lock().expect("free").expect("the first tenth passed"), held());
        println!("{} {what}: {now} KiB held, {peak} at most; after all {}, {}", self.of / 10, end.0, end.1);
        assert!(end.0 <= now + GROWTH_MOST, "{what} take memory: from {now} KiB to {}", end.0);
        assert!(end.1 <= peak + GROWTH_MOST, "{what} take memory at times: from {peak} KiB to {}", end.1);
    }
}

/// Runs a workload, together with a server that echoes words of 8 bytes, in one run.
fn check_one_run<Fut>(
    of: u64,
    what: &str,
    body: impl Fn(SimProviders, SocketAddr, Tenth) -> Fut + Send + Sync + 'static,
) where
    Fut: Future<Output = std::io::Result<()>> + 'static,
{
    let _alone = alone();
    let tenth = Tenth::of(of);
    let passed = tenth.clone();
    SimulationBuilder::new()
        .process("server", 1, serve)
        .workload("client", 1, move |context: SimContext| {
            let server = SocketAddr::new(context.topology().ip("server"), 80);
            body(context.providers(), server, passed.clone())
        })
        .with_network_config(NetworkConfig::perfect())
        .with_threads(1)
        .run_strategy(&TestStrategy::Count(1), &Progress::default())
        .assert_green();
    tenth.check(what);
}

async fn serve(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, 80).into()).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        world.spawn(async move {
            let mut word = [0; 8];
            while stream.read_exact(&mut word).await.is_ok() {
                stream.write_all(&word).await?;
            }
            std::io::Result::Ok(())
        });
    }
}

#[test]
fn slow_simulations_keep_nothing() {
    let _alone = alone();
    let tenth = Tenth::of(MANY);
    let passed = tenth.clone();
    let simulation = SimulationBuilder::new()
        .process("server", 1, |context: SimContext| async move {
            let listener = context.providers().bind((Ipv4Addr::UNSPECIFIED, 80).into()).await?;
            let (mut stream, _) = listener.accept().await?;
            stream.write_all(b"hello").await
        })
        .workload("client", 1, move |context: SimContext| {
            passed.pass(context.seed());
            async move {
                let server = SocketAddr::new(context.topology().ip("server"), 80);
                let mut stream = context.providers().connect(server).await?;
                stream.read_exact(&mut [0; 5]).await.map(drop)
            }
        })
        .with_threads(1);
    simulation.run_strategy(&TestStrategy::Count(MANY), &Progress::default()).assert_green();
    tenth.check("simulations");
}

#[test]
fn slow_exchanges_keep_nothing() {
    check_one_run(MANY, "exchanges", async |world, server, tenth| {
        let mut stream = world.connect(server).await?;
        stream.set_nodelay(true)?;
        let mut word = [0; 8];
        for number in 0..MANY {
            stream.write_all(&number.to_le_bytes()).await?;
            stream.read_exact(&mut word).await?;
            tenth.pass(number);
        }
        Ok(())
    });
}

#[test]
fn slow_sleeps_keep_nothing() {
    check_one_run(MANY, "sleeps", async |world, _, tenth| {
        for number in 0..MANY {
            // One ends, one is given up long before it would.
            let _ = world.timeout(Duration::from_secs(30), world.sleep(Duration::from_micros(1))).await;
            tenth.pass(number);
        }
        Ok(())
    });
}

#[test]
fn slow_spawns_keep_nothing() {
    check_one_run(MANY, "spawns", async |world, _, tenth| {
        for number in 0..MANY {
            // One is joined, one is detached.
            let joined = world.spawn(async move { number });
            world.spawn(async {});
            assert_eq!(joined.await.expect("it returns"), number);
            tenth.pass(number);
        }
        Ok(())
    });
}

#[test]
fn slow_connections_keep_nothing() {
    check_one_run(FEWER, "connections", async |world, server, tenth| {
        for number in 0..FEWER {
            let mut stream = world.connect(server).await?;
            stream.write_all(&number.to_le_bytes()).await?;
            stream.read_exact(&mut [0; 8]).await?;
            tenth.pass(number);
        }
        Ok(())
    });
}

#[test]
fn slow_files_keep_nothing() {
    check_one_run(FEWER, "files", async |world, _, tenth| {
        for number in 0..FEWER {
            let file = world.open("file", OpenOptions::create_write()).await?;
            file.write_all_at(&number.to_le_bytes(), 0).await?;
            file.sync_all().await?;
            drop(file);
            world.storage().rename("file", "old").await?;
            world.storage().delete("old").await?;
            world.storage().sync_dir("/").await?;
            tenth.pass(number);
        }
        Ok(())
    });
}
