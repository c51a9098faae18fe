//! The file: made new from what the last process left, then only appended to. Knows
//! no counter but by name and value.

use crate::record;
use std::collections::BTreeMap;
use std::io;
use tracing::{info, warn};
use wavetank_core::{File, OpenOptions, Providers, StorageFile, StorageProvider};
use wavetank_probe::{reachable, sometimes_assert};

const LOG: &str = "counters.log";
const NEW_LOG: &str = "counters.log.new";
/// Where both are: the provider's root.
const DIRECTORY: &str = "";

/// The log could not be made or kept durable.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// What the last process left could not be read, or not be written anew.
    #[error("cannot recover the log: {0}")]
    Recover(#[source] io::Error),
    /// A batch could not be written or synced. The file holds nobody knows what from
    /// here on: a second sync that succeeds would prove nothing.
    #[error("cannot append to the log: {0}")]
    Append(#[source] io::Error),
}

/// An open log whose whole contents are durable, up to what was written since.
pub struct Journal<P: Providers> {
    file: File<P>,
    end: u64,
}

impl<P: Providers> Journal<P> {
    /// Reads what is there, and begins a new file with it.
    ///
    /// It is not enough to cut a torn tail off and go on with the old file. What this
    /// process reads of it may stand in the page cache only: left there unsynced by a
    /// process that was killed, or marked clean by a sync that failed. Another sync of
    /// that file would not write the latter, and a record appended behind it would be
    /// lost with it. Bytes written anew are dirty for certain.
    ///
    /// # Errors
    /// [`JournalError::Recover`].
    pub async fn recover(world: &P) -> Result<(Journal<P>, BTreeMap<String, u64>), JournalError> {
        recover(world).await.map_err(JournalError::Recover)
    }

    /// Writes bytes behind the last ones. They are durable after [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`JournalError::Append`]; the journal is of no use any more.
    pub async fn append(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file.write_all_at(bytes, self.end).await.map_err(JournalError::Append)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Makes all that was appended durable.
    ///
    /// # Errors
    /// [`JournalError::Append`]; the journal is of no use any more.
    pub async fn sync(&mut self) -> Result<(), JournalError> {
        self.file.sync_all().await.map_err(JournalError::Append)
    }
}

async fn recover<P: Providers>(world: &P) -> io::Result<(Journal<P>, BTreeMap<String, u64>)> {
    let storage = world.storage();
    storage.create_dir_all(DIRECTORY).await?;
    let counters = read(world).await.map_err(|error| io::Error::new(error.kind(), format!("{LOG}: {error}")))?;
    let mut bytes = Vec::new();
    for (name, value) in &counters {
        record::append(&mut bytes, name, *value);
    }
    let file = world.open(NEW_LOG, OpenOptions::create_write().truncate(true)).await?;
    file.write_all_at(&bytes, 0).await?;
    file.sync_all().await?;
    // Only now: the name must never stand for less than the old file held.
    storage.rename(NEW_LOG, LOG).await?;
    storage.sync_dir(DIRECTORY).await?;
    info!(counters = counters.len(), "recovered");
    Ok((Journal { file, end: bytes.len() as u64 }, counters))
}

/// The counters as the last process left them; none if there was no process before.
async fn read<P: Providers>(world: &P) -> io::Result<BTreeMap<String, u64>> {
    let file = match world.open(LOG, OpenOptions::read_only()).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; file.size().await? as usize];
    file.read_exact_at(&mut bytes, 0).await?;
    if record::is_foreign(&bytes) {
        return Err(io::Error::other("this is no log of counters: put it elsewhere, or name another directory"));
    }
    let mut counters = BTreeMap::new();
    let mut records = record::whole(&bytes);
    for (name, value) in records.by_ref() {
        sometimes_assert!(counters.contains_key(name), "a log holds several values of a counter");
        counters.insert(name.to_string(), value);
    }
    if !records.rest().is_empty() {
        reachable!("a torn tail is cut off");
        warn!(bytes = records.rest().len(), "cut a torn tail off");
    }
    Ok(counters)
}
