//! A desk that takes notes: a server with planted bugs whose smallest causes are known,
//! in so much weather that a run has hundreds of faults. No model of good code.

use serde_json::json;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TcpListener};
use wavetank_harness::{
    Chaos, NetworkConfig, Ratio, SimContext, SimProviders, SimulationBuilder, StorageConfiguration,
};

const PORT: u16 = 80;
/// Planned faults strike within so much virtual time, and are over then.
const WINDOW: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_millis(800);

/// What is wrong with the desk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bugs {
    /// It confirms before it syncs. Smallest cause: one note, one power loss, one lost write.
    pub(crate) early: bool,
    /// It takes a repeated note for a new one. Smallest cause: one note, and one fault by
    /// which its confirmation comes late or never.
    pub(crate) twice: bool,
    /// It panics when it is started for the third time. Smallest cause: two crashes.
    pub(crate) third: bool,
    /// A writer complains at the end of every run that gets there.
    pub(crate) bored: bool,
}

pub(crate) fn desk(bugs: Bugs) -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("desk")
        .process("desk", 1, move |context| keep(context, bugs))
        .process("clock", 1..=2, chime)
        .workload("writer", 1..=4, move |context| write(context, bugs))
        .with_threads(1)
        .with_leak_check(false)
        .with_network_config(NetworkConfig { reset: Ratio::new(1, 200), ..NetworkConfig::hostile() })
        .with_storage_config(StorageConfiguration::default())
        .with_chaos(Chaos {
            duration: Duration::from_millis(10)..=Duration::from_secs(1),
            crashes: 0..=2,
            machine_crashes: 0..=1,
            power_losses: 0..=2,
            ..Chaos::storm(WINDOW)
        })
        .with_engine_config(|engine| {
            engine.timer_late = Ratio::new(1, 50);
            engine.timer_late_max = 20_000_000;
        })
}

/// Every complaint comes from here: what panics is one line of code, whatever the bug.
fn complain(what: &str, wanted: u64, found: u64) -> ! {
    panic!("{what}: wanted {wanted}, found {found}")
}

async fn keep(context: SimContext, bugs: Bugs) -> io::Result<()> {
    let world = context.providers();
    if bugs.third && context.incarnation() >= 3 {
        complain("the desk is tired", 2, u64::from(context.incarnation()));
    }
    let file = world.open("notes", OpenOptions::append().read(true)).await?;
    let kept = notes(&file).await?;
    for writer in 0..4 {
        let confirmed = context.state().count(&format!("writer-{writer}"), "confirmed");
        let mine = kept.iter().filter(|(who, _)| *who == writer).count() as u64;
        if mine < confirmed {
            complain("a confirmed note is lost", confirmed, mine);
        }
    }
    let listener = world.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let world = world.clone();
        world.clone().spawn(async move {
            // A failed sync or a broken connection: the writer hears nothing, and asks again.
            let _ = answer(&world, &mut stream, bugs).await;
        });
    }
}

/// Who wrote which number.
async fn notes<F: StorageFile>(file: &F) -> io::Result<Vec<(u64, u64)>> {
    let size = file.size().await? / 16 * 16;
    let mut bytes = vec![0; size as usize];
    file.read_exact_at(&mut bytes, 0).await?;
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    Ok(bytes.chunks(16).map(|note| (number(&note[..8]), number(&note[8..]))).collect())
}

async fn answer<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    world: &SimProviders,
    stream: &mut S,
    bugs: Bugs,
) -> io::Result<()> {
    let mut note = [0; 16];
    stream.read_exact(&mut note).await?;
    let file = world.open("notes", OpenOptions::append().read(true)).await?;
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let this = (number(&note[..8]), number(&note[8..]));
    let known = notes(&file).await?;
    if known.contains(&this) && bugs.twice {
        complain("a note is there twice", 1, 2);
    }
    if !known.contains(&this) {
        let end = known.len() as u64 * 16;
        file.write_all_at(&note, end).await?;
    }
    if !bugs.early {
        file.sync_all().await?;
        world.storage().sync_dir("/").await?;
    }
    stream.write_all(&note[8..]).await?;
    stream.shutdown().await?;
    if bugs.early {
        world.sleep(Duration::from_millis(60)).await;
    }
    file.sync_all().await?;
    world.storage().sync_dir("/").await
}

/// Makes noise that has nothing to do with notes.
async fn chime(context: SimContext) -> io::Result<()> {
    let world = context.providers();
    let file = world.open("chimes", OpenOptions::create_write()).await?;
    for chime in 0u64.. {
        file.write_all_at(&chime.to_le_bytes(), chime * 8).await?;
        world.sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn write(context: SimContext, bugs: Bugs) -> io::Result<()> {
    let world = context.providers();
    let desk = context.topology().ips("desk")[0];
    let me: u64 = context.name().trim_start_matches("writer-").parse().expect("writers are numbered");
    let mut confirmed = 0;
    for mut operation in context.operations(10..=20, &["note"]) {
        let pause = operation.pause(Duration::ZERO, Duration::from_millis(300));
        world.sleep(pause).await;
        operation.begin(|| format!("takes note {}", operation.nth()));
        let told = note(&world, desk, me, operation.nth()).await;
        if told.is_ok() {
            confirmed += 1;
            context.state().register(context.name(), json!({ "confirmed": confirmed }));
        }
        operation.end(|| if told.is_ok() { "confirmed".into() } else { "given up".into() });
    }
    context.quiet().await;
    if bugs.bored {
        complain("nobody crashed often enough", 3, 2);
    }
    Ok(())
}

/// Sends a note until it is confirmed.
async fn note(world: &SimProviders, desk: std::net::IpAddr, me: u64, number: u64) -> io::Result<()> {
    loop {
        if let Ok(Ok(())) = world.timeout(PATIENCE, send(world, desk, me, number)).await {
            return Ok(());
        }
        world.sleep(Duration::from_millis(50)).await;
    }
}

async fn send(world: &SimProviders, desk: std::net::IpAddr, me: u64, number: u64) -> io::Result<()> {
    let mut stream = world.connect(SocketAddr::new(desk, PORT)).await?;
    let mut note = [0; 16];
    note[..8].copy_from_slice(&me.to_le_bytes());
    note[8..].copy_from_slice(&number.to_le_bytes());
    stream.write_all(&note).await?;
    let mut confirmed = [0; 8];
    stream.read_exact(&mut confirmed).await?;
    Ok(())
}
