//! The data directory: which snapshot and which log count, and how one generation of
//! them follows another. Knows no clients.
//!
//! `snapshot` holds a store and its generation N, `log-N` what was written since. The
//! next generation is begun so that a crash between any two steps leaves one of the two:
//!
//! 1. `log-(N+1)` is created and synced, `snapshot.new` is written and synced;
//! 2. the directory is synced, so that the log has its name before it is needed;
//! 3. `snapshot.new` becomes `snapshot`, and the directory is synced again: from here
//!    on N+1 counts;
//! 4. `log-N` is deleted. A crash may bring it back, which does no harm.

use crate::bug::Bug;
use crate::change::Change;
use crate::damage::{Damage, Wrong};
use crate::log::{self, Log};
use crate::snapshot;
use crate::store::Store;
use std::io;
use tracing::{info, warn};
use wavetank_core::{EntropyProvider, File, OpenOptions, Providers, StorageFile, StorageProvider};
use wavetank_probe::{reachable, sometimes_assert};

/// Where everything is: the provider's root.
const ROOT: &str = "";

/// The data directory cannot be read or kept durable.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It does not hold what it should.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// What the last process left could not be read.
    #[error("cannot read the data directory: {0}")]
    Read(#[source] io::Error),
    /// A snapshot could not be written.
    #[error("cannot write a snapshot: {0}")]
    Compact(#[source] io::Error),
    /// A batch could not be written or synced. The log holds nobody knows what from
    /// here on: a second sync that succeeds would prove nothing.
    #[error("cannot write to the log: {0}")]
    Append(#[source] io::Error),
}

/// An open data directory. After an error it is of no use any more.
pub(crate) struct Directory<P: Providers> {
    world: P,
    bug: Option<Bug>,
    generation: u64,
    log: Log<P>,
    /// The size of the snapshot, in bytes.
    snapshot_bytes: u64,
}

impl<P: Providers> Directory<P> {
    /// Reads what is there, and begins a new generation with it.
    ///
    /// It is not enough to cut a torn tail off and go on with the old log. What this
    /// process reads of it may stand in the page cache only: left there unsynced by a
    /// process that was killed, or marked clean by a sync that failed. Another sync of
    /// that file would not write the latter, and a record appended behind it would be
    /// lost with it. Bytes written anew are dirty for certain.
    pub(crate) async fn open(
        world: &P,
        replies_most: usize,
        bug: Option<Bug>,
    ) -> Result<(Directory<P>, Store), DirectoryError> {
        world.storage().create_dir_all(ROOT).await.map_err(DirectoryError::Read)?;
        let logs = logs(world).await.map_err(DirectoryError::Read)?;
        let (store, generation) = recover(world, &logs, replies_most, bug).await?;
        let generation = generation + 1;
        let image = Image::new(world, generation, &store, bug).map_err(DirectoryError::Compact)?;
        let snapshot_bytes = image.bytes.len() as u64;
        let log = begin(world, image, bug).await.map_err(DirectoryError::Compact)?;
        for old in logs.into_iter().filter(|old| *old < generation) {
            discard(world, old).await;
        }
        info!(keys = store.entries.len(), last = store.number, generation, "recovered");
        let directory = Directory { world: world.clone(), bug, generation, log, snapshot_bytes };
        Ok((directory, store))
    }

    /// Writes a batch; it is durable after [`sync`](Self::sync).
    pub(crate) async fn append(&mut self, batch: &[Change]) -> Result<(), DirectoryError> {
        self.log.append(batch).await.map_err(DirectoryError::Append)
    }

    /// Makes all that was appended durable.
    pub(crate) async fn sync(&mut self) -> Result<(), DirectoryError> {
        self.log.sync().await.map_err(DirectoryError::Append)
    }

    /// How long the log is, in bytes.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.log.bytes()
    }

    /// How long the snapshot is, in bytes.
    pub(crate) fn snapshot_bytes(&self) -> u64 {
        self.snapshot_bytes
    }

    /// The snapshot of a new generation, if `store` is what snapshot and log add up to.
    pub(crate) fn image(&self, store: &Store) -> Result<Image, DirectoryError> {
        Image::new(&self.world, self.generation + 1, store, self.bug).map_err(DirectoryError::Compact)
    }

    /// Begins the generation of `image`.
    pub(crate) async fn compact(&mut self, image: Image) -> Result<(), DirectoryError> {
        (self.generation, self.snapshot_bytes) = (image.generation, image.bytes.len() as u64);
        self.log = begin(&self.world, image, self.bug).await.map_err(DirectoryError::Compact)?;
        discard(&self.world, self.generation - 1).await;
        info!(generation = self.generation, bytes = self.snapshot_bytes, "compacted");
        Ok(())
    }
}

/// A snapshot that is not written yet.
pub(crate) struct Image {
    bytes: Vec<u8>,
    generation: u64,
    /// The last change in it.
    number: u64,
}

impl Image {
    fn new<P: Providers>(world: &P, generation: u64, store: &Store, bug: Option<Bug>) -> io::Result<Image> {
        let mut salt = [0; 8];
        world.entropy().fill(&mut salt)?;
        let bytes = snapshot::write(store, generation, u64::from_le_bytes(salt), bug);
        Ok(Image { bytes, generation, number: store.number })
    }
}

/// The steps of this file's head, up to where the new generation counts.
async fn begin<P: Providers>(world: &P, image: Image, bug: Option<Bug>) -> io::Result<Log<P>> {
    let storage = world.storage();
    let log = Log::create(world, image.generation, image.number).await?;
    let file = world.open(snapshot::NEW_NAME, OpenOptions::create_write().truncate(true)).await?;
    file.write_all_at(&image.bytes, 0).await?;
    if !Bug::RenameBeforeSync.is(bug) {
        file.sync_all().await?;
    }
    storage.sync_dir(ROOT).await?;
    storage.rename(snapshot::NEW_NAME, snapshot::NAME).await?;
    if !Bug::NoSyncDir.is(bug) {
        storage.sync_dir(ROOT).await?;
    }
    if Bug::RenameBeforeSync.is(bug) {
        file.sync_all().await?;
    }
    Ok(log)
}

/// Deletes a log that does not count any more. It is in nobody's way if it stays.
async fn discard<P: Providers>(world: &P, generation: u64) {
    match world.storage().delete(log::name(generation)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            warn!(file = log::name(generation), %error, "cannot delete an old log");
        }
        _ => (),
    }
}

/// The generations of the logs that are there.
async fn logs<P: Providers>(world: &P) -> io::Result<Vec<u64>> {
    let entries = world.storage().read_dir(ROOT).await?;
    let names = entries.iter().filter_map(|entry| entry.path.file_name()?.to_str());
    Ok(names.filter_map(log::generation).collect())
}

/// The store as the last process left it, and its generation.
async fn recover<P: Providers>(
    world: &P,
    logs: &[u64],
    replies_most: usize,
    bug: Option<Bug>,
) -> Result<(Store, u64), DirectoryError> {
    let Some(bytes) = read(world, snapshot::NAME).await.map_err(DirectoryError::Read)? else {
        return fresh(world, logs, replies_most).await;
    };
    let (mut store, generation) = snapshot::read(&bytes, replies_most)?;
    sometimes_assert!(!store.entries.is_empty(), "a store is recovered from a snapshot");
    let half_done = world.storage().exists(snapshot::NEW_NAME).await.map_err(DirectoryError::Read)?;
    if half_done || logs.iter().any(|log| *log != generation) {
        reachable!("a crash within a compaction is recovered from");
    }
    let name = log::name(generation);
    let Some(bytes) = read(world, &name).await.map_err(DirectoryError::Read)? else {
        return Err(Damage { file: name, offset: 0, wrong: Wrong::NoLog }.into());
    };
    log::replay(&bytes, generation, &mut store, bug)?;
    Ok((store, generation))
}

/// An empty store, unless there is a log whose snapshot must have been lost. The first
/// generation's log may be there: the crash came before its snapshot, and before any
/// change.
async fn fresh<P: Providers>(world: &P, logs: &[u64], replies_most: usize) -> Result<(Store, u64), DirectoryError> {
    for generation in logs {
        let bytes = read(world, &log::name(*generation)).await.map_err(DirectoryError::Read)?;
        if bytes.is_some_and(|bytes| log::has_changes(&bytes)) {
            return Err(Damage { file: snapshot::NAME.to_string(), offset: 0, wrong: Wrong::NoSnapshot }.into());
        }
    }
    Ok((Store::new(replies_most), 0))
}

/// A whole file; nothing if it is not there. An error names it.
async fn read<P: Providers>(world: &P, name: &str) -> io::Result<Option<Vec<u8>>> {
    read_whole(world, name).await.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
}

async fn read_whole<P: Providers>(world: &P, name: &str) -> io::Result<Option<Vec<u8>>> {
    let file: File<P> = match world.open(name, OpenOptions::read_only()).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; file.size().await? as usize];
    file.read_exact_at(&mut bytes, 0).await?;
    Ok(Some(bytes))
}
