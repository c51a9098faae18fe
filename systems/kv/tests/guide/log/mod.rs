//! The chapter "a log that survives power loss", as code: what a log is, what must hold
//! of one, and the storm; each file beside this one is a step of the chapter.

pub(crate) mod anew;
pub(crate) mod kept;
pub(crate) mod naive;
pub(crate) mod named;
pub(crate) mod record;
pub(crate) mod synced;
pub(crate) mod whole;

use std::io;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{Chaos, Ratio, SimContext, SimProviders, SimulationBuilder, StorageConfiguration};
use wavetank_probe::always_assert;

pub(crate) trait Log<P: Providers>: Sized {
    /// The log, and the entries that are in it.
    async fn open(world: &P) -> io::Result<(Self, Vec<String>)>;
    /// Adds an entry. When this has returned, the entry is there for good.
    async fn append(&mut self, entry: &str) -> io::Result<()>;
}

/// What the world outside knows of a log.
#[derive(Default)]
struct Book {
    /// Entries that somebody was told of: they are there for good.
    known: Vec<String>,
    /// The entry that is being written: it may be there or not.
    doubtful: Option<String>,
}

impl Book {
    /// A log was opened, and this is in it.
    fn compare(&mut self, found: Vec<String>) {
        let known = &self.known;
        always_assert!(found.starts_with(known), "nothing that was known is lost");
        let more = &found[known.len()..];
        let is_doubtful = more.len() == 1 && more.first() == self.doubtful.as_ref();
        always_assert!(more.is_empty() || is_doubtful, "nothing is found that was not written", more);
        // Now it was seen, and has to stay.
        self.known = found;
        self.doubtful = None;
    }
}

async fn writer<L: Log<SimProviders>>(context: SimContext) {
    // Who cannot open the log, or cannot write to it, begins anew.
    while write_on::<L>(&context).await.is_err() {
        context.providers().sleep(Duration::from_millis(20)).await;
    }
}

async fn write_on<L: Log<SimProviders>>(context: &SimContext) -> io::Result<()> {
    let (world, book) = (context.providers(), context.shared::<Book>());
    let (mut log, found) = L::open(&world).await?;
    book.with(|book| book.compare(found));
    loop {
        let entry = format!("{:?}, and a reason as long as this one: {}", world.now(), "because ".repeat(100));
        book.with(|book| book.doubtful = Some(entry.clone()));
        log.append(&entry).await?;
        book.with(|book| {
            book.known.push(entry);
            book.doubtful = None;
        });
        world.sleep(Duration::from_millis(10)).await;
    }
}

/// A machine that writes a log, and is killed and loses power over and over.
pub(crate) fn power_cuts<L: Log<SimProviders> + 'static>() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("log")
        .process("writer", 1, writer::<L>)
        .workload("spectator", 1, |context| async move { context.quiet().await })
        .with_chaos(Chaos {
            window: Duration::from_secs(2),
            settle: Duration::from_secs(1),
            crashes: 1..=10,
            power_losses: 1..=10,
            duration: Duration::from_millis(10)..=Duration::from_millis(100),
            ..Chaos::default()
        })
        .with_storage_config(slow_disk())
}

/// The same with a disk that fails one sync in twenty.
pub(crate) fn bad_disk<L: Log<SimProviders> + 'static>() -> SimulationBuilder {
    let sync_failure_probability = Ratio::new(1, 20);
    power_cuts::<L>().with_storage_config(StorageConfiguration { sync_failure_probability, ..slow_disk() })
}

/// As slow as one that turns: so that crashes often fall into a sync.
fn slow_disk() -> StorageConfiguration {
    let sync_latency = (Duration::from_millis(5)..=Duration::from_millis(20)).into();
    StorageConfiguration { sync_latency, ..StorageConfiguration::default() }
}
