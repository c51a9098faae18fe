//! The write-ahead log: a head, then a frame per batch of changes. Owns what its bytes
//! mean; which log counts is the directory's business.
//!
//! The head is a frame without salt and with number 0: format (4 bytes), generation
//! (8), number of the last change before this log (8), and the salt of its frames (8).
//! A frame's number is the one of its first change.

use crate::bug::Bug;
use crate::change::Change;
use crate::cursor::Cursor;
use crate::damage::{Damage, Wrong};
use crate::frame::{self, Frame};
use crate::store::Store;
use std::io;
use tracing::warn;
use wavetank_core::{EntropyProvider, File, OpenOptions, Providers, StorageFile};
use wavetank_probe::{reachable, sometimes_assert};

const FORMAT: u32 = 1;

/// The name of a generation's log.
pub(crate) fn name(generation: u64) -> String {
    format!("log-{generation}")
}

/// The generation of the log of that name.
pub(crate) fn generation(name: &str) -> Option<u64> {
    name.strip_prefix("log-").and_then(|number| number.parse().ok())
}

/// An open log, at whose end changes are written.
pub(crate) struct Log<P: Providers> {
    file: File<P>,
    salt: u64,
    end: u64,
}

impl<P: Providers> Log<P> {
    /// A log without changes, durable but for its name. One of that name that is there
    /// was never used.
    pub(crate) async fn create(world: &P, generation: u64, number: u64) -> io::Result<Log<P>> {
        let mut salt = [0; 8];
        world.entropy().fill(&mut salt)?;
        let salt = u64::from_le_bytes(salt);
        let mut body = FORMAT.to_le_bytes().to_vec();
        for number in [generation, number, salt] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        let mut bytes = Vec::new();
        frame::append(&mut bytes, 0, 0, &body);
        let file = world.open(name(generation), OpenOptions::create_write().truncate(true)).await?;
        file.write_all_at(&bytes, 0).await?;
        file.sync_all().await?;
        Ok(Log { file, salt, end: bytes.len() as u64 })
    }

    /// How long it is, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// Writes a batch behind all others; it is durable after [`sync`](Self::sync).
    ///
    /// # Errors
    /// The file's. The log is of no use any more.
    pub(crate) async fn append(&mut self, batch: &[Change]) -> io::Result<()> {
        let mut body = Vec::new();
        for change in batch {
            change.append(&mut body);
        }
        let mut bytes = Vec::new();
        let first = batch.first().expect("a batch without changes is not written");
        frame::append(&mut bytes, self.salt, first.number, &body);
        self.file.write_all_at(&bytes, self.end).await?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Makes all batches durable.
    ///
    /// # Errors
    /// The device's. What it did not write may be marked as written, so that another
    /// sync would succeed and prove nothing: the log is of no use any more.
    pub(crate) async fn sync(&self) -> io::Result<()> {
        self.file.sync_all().await
    }
}

/// Reads the log of a generation, and applies to `store` what follows on it. A torn
/// tail is left out: a frame is acknowledged only when a sync has made it durable, and
/// the next one is written only then, so that what is not whole and has nothing behind
/// it was never acknowledged.
///
/// # Errors
/// [`Damage`], where something that is not whole has something behind it.
pub(crate) fn replay(bytes: &[u8], generation: u64, store: &mut Store, bug: Option<Bug>) -> Result<(), Damage> {
    let damage = |offset: usize, wrong| Damage { file: name(generation), offset: offset as u64, wrong };
    let (mut at, head) = head(bytes).ok_or_else(|| damage(0, Wrong::Head))?;
    if (head.generation, head.number) != (generation, store.number) {
        return Err(damage(0, Wrong::Head));
    }
    sometimes_assert!(frame::first(&bytes[at..], head.salt).is_some(), "a log holds changes when it is recovered");
    while at < bytes.len() {
        let rest = &bytes[at..];
        let next = store.number + 1;
        let Some(frame) = frame::first(rest, head.salt) else {
            if frame::find_later(rest, head.salt, next).is_some() {
                return Err(damage(at, Wrong::Record));
            }
            if Bug::AcceptTornRecord.is(bug)
                && let Some(torn) = frame::unchecked(rest)
            {
                apply(torn, store);
            }
            reachable!("a torn tail is cut off");
            warn!(file = name(generation), offset = at, bytes = rest.len(), "cut a torn tail off");
            return Ok(());
        };
        if frame.number != next {
            return Err(damage(at, Wrong::Order));
        }
        if !apply(frame, store) {
            return Err(damage(at, Wrong::Content));
        }
        at += frame.bytes();
    }
    Ok(())
}

/// Whether there is any change in what may be a log.
pub(crate) fn has_changes(bytes: &[u8]) -> bool {
    head(bytes).is_some_and(|(at, head)| frame::find_later(&bytes[at..], head.salt, 0).is_some())
}

struct Head {
    generation: u64,
    number: u64,
    salt: u64,
}

/// The head, and where it ends.
fn head(bytes: &[u8]) -> Option<(usize, Head)> {
    let frame = frame::first(bytes, 0)?;
    let mut cursor = Cursor::new(frame.body);
    let is_ours = frame.number == 0 && cursor.u32()? == FORMAT;
    let head = Head { generation: cursor.u64()?, number: cursor.u64()?, salt: cursor.u64()? };
    (is_ours && cursor.is_empty()).then_some((frame.bytes(), head))
}

/// Applies a frame's changes as far as they can be read and follow one another; whether
/// that is all of them.
fn apply(frame: Frame<'_>, store: &mut Store) -> bool {
    let mut cursor = Cursor::new(frame.body);
    while !cursor.is_empty() {
        match Change::read(&mut cursor) {
            Some(change) if change.number == store.number + 1 => store.apply(&change),
            _ => return false,
        }
    }
    true
}
