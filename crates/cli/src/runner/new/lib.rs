//! A counter that survives power loss. All that it needs of the world it takes from its
//! providers, so the same code runs in production and in the tank.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{File, OpenOptions, Providers, StorageFile, StorageProvider, TcpListener};
use wavetank_probe::sometimes_assert;

/// The file that holds the count, eight bytes in one sector: a disk writes all or none.
const FILE: &str = "count";
/// How long either side waits for the other: longer than TCP takes to send again what was
/// lost, which is a second at first.
const PATIENCE: Duration = Duration::from_secs(3);

/// A bug that is planted on purpose, to see that a sweep finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Answers before the count is on the disk.
    #[cfg(feature = "bugs")]
    EarlyAck,
}

impl Bug {
    /// The names of those that are compiled in.
    pub const NAMES: &[&str] = if cfg!(feature = "bugs") {
        &["early-ack"]
    } else {
        &[]
    };

    /// The bug of that name, if it is compiled in.
    pub fn named(name: &str) -> Option<Bug> {
        match name {
            #[cfg(feature = "bugs")]
            "early-ack" => Some(Bug::EarlyAck),
            _ => None,
        }
    }
}

/// Serves at `listen`: counts each byte that a client sends, and answers with the count.
///
/// # Errors
/// If the address cannot be bound, or the file not be read or written.
pub async fn serve<P: Providers>(
    world: &P,
    listen: SocketAddr,
    bug: Option<Bug>,
) -> io::Result<()> {
    let (file, mut count) = open(world).await?;
    sometimes_assert!(count > 0, "a server goes on where another one ended");
    let listener = world.bind(listen).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        // Who says nothing does not keep the others waiting for ever.
        let Ok(Ok(_)) = world.timeout(PATIENCE, stream.read_u8()).await else {
            continue;
        };
        count += 1;
        file.write_all_at(&u64::to_be_bytes(count), 0).await?;
        if !is_early(bug) {
            file.sync_data().await?;
        }
        // Who asked may be gone: then nobody was told of this count.
        let _ = world.timeout(PATIENCE, stream.write_u64(count)).await;
    }
}

/// Has one more counted by the server at `server`, and gives the count.
///
/// # Errors
/// If no answer came in time. It may have been counted all the same.
pub async fn count<P: Providers>(world: &P, server: SocketAddr) -> io::Result<u64> {
    let ask = async {
        let mut stream = world.connect(server).await?;
        stream.write_u8(1).await?;
        stream.read_u64().await
    };
    world.timeout(PATIENCE, ask).await?
}

async fn open<P: Providers>(world: &P) -> io::Result<(File<P>, u64)> {
    let file = world.open(FILE, OpenOptions::create_write()).await?;
    let mut bytes = [0; 8];
    if file.size().await? < bytes.len() as u64 {
        file.write_all_at(&bytes, 0).await?;
    }
    // Each time, not only when it is new: whoever made it may have died before this. A
    // file is there after a power loss only if its folder was synced, too.
    file.sync_all().await?;
    world.storage().sync_dir("").await?;
    file.read_exact_at(&mut bytes, 0).await?;
    Ok((file, u64::from_be_bytes(bytes)))
}

fn is_early(bug: Option<Bug>) -> bool {
    match bug {
        #[cfg(feature = "bugs")]
        Some(Bug::EarlyAck) => true,
        _ => false,
    }
}
