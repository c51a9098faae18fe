//! The snapshot: a whole store as bytes and back. Owns what the bytes mean; when it is
//! written, and under which name, is the directory's business.
//!
//! It consists of frames with the numbers 0, 1, 2, .. The head is as a log's: format (4
//! bytes), generation (8), number of the last change (8), salt (8). Parts follow, each
//! with keys (1, then key, version and value, each) or with replies (2), and an end (3)
//! behind which nothing comes.

use crate::bug::Bug;
use crate::cursor::{Cursor, put_bytes};
use crate::damage::{Damage, Wrong};
use crate::frame;
use crate::replies::Reply;
use crate::store::{Entry, Store};
use axum::body::Bytes;

/// The name of the one that counts.
pub(crate) const NAME: &str = "snapshot";
/// The name of one that is being written.
pub(crate) const NEW_NAME: &str = "snapshot.new";

const FORMAT: u32 = 1;
const KEYS: u8 = 1;
const REPLIES: u8 = 2;
const END: u8 = 3;
/// A part is closed when it has grown so long, in bytes.
const PART_BYTES: usize = 64 << 10;

/// A snapshot of `store` that begins `generation`. `salt` tells its frames from those
/// of any other file.
pub(crate) fn write(store: &Store, generation: u64, salt: u64, bug: Option<Bug>) -> Vec<u8> {
    let mut body = FORMAT.to_le_bytes().to_vec();
    for number in [generation, store.number, salt] {
        body.extend_from_slice(&number.to_le_bytes());
    }
    let mut parts = Parts { bytes: Vec::new(), salt, number: 0, open: Vec::new() };
    frame::append(&mut parts.bytes, 0, 0, &body);
    for (key, entry) in &store.entries {
        let body = parts.body(KEYS);
        put_bytes(body, key.as_bytes());
        body.extend_from_slice(&entry.version.to_le_bytes());
        put_bytes(body, &entry.value);
    }
    if !Bug::ForgetIdempotency.is(bug) {
        for reply in store.replies.iter() {
            reply.append(parts.body(REPLIES));
        }
    }
    parts.body(END);
    parts.close();
    parts.bytes
}

/// The store in a snapshot, and the generation that the snapshot began.
///
/// # Errors
/// [`Damage`]: a snapshot gets its name when it is durable as a whole.
pub(crate) fn read(bytes: &[u8], replies_most: usize) -> Result<(Store, u64), Damage> {
    let damage = |offset: usize, wrong| Damage { file: NAME.to_string(), offset: offset as u64, wrong };
    let mut store = Store::new(replies_most);
    let head = frame::first(bytes, 0).ok_or_else(|| damage(0, Wrong::Head))?;
    let (generation, salt) = read_head(head.body, &mut store).ok_or_else(|| damage(0, Wrong::Head))?;
    let mut at = head.bytes();
    for number in 1.. {
        let frame = frame::first(&bytes[at..], salt).filter(|frame| frame.number == number);
        let Some(frame) = frame else { return Err(damage(at, Wrong::Part)) };
        let is_end = read_part(frame.body, &mut store).ok_or_else(|| damage(at, Wrong::Part))?;
        at += frame.bytes();
        if is_end {
            break;
        }
    }
    if at == bytes.len() { Ok((store, generation)) } else { Err(damage(at, Wrong::Part)) }
}

struct Parts {
    bytes: Vec<u8>,
    salt: u64,
    /// Of the last frame.
    number: u64,
    /// The body of the part that still grows.
    open: Vec<u8>,
}

impl Parts {
    /// The body of a part of that kind, to be continued.
    fn body(&mut self, kind: u8) -> &mut Vec<u8> {
        if self.open.len() >= PART_BYTES || self.open.first().is_some_and(|open| *open != kind) {
            self.close();
        }
        if self.open.is_empty() {
            self.open.push(kind);
        }
        &mut self.open
    }

    fn close(&mut self) {
        self.number += 1;
        frame::append(&mut self.bytes, self.salt, self.number, &self.open);
        self.open.clear();
    }
}

fn read_head(body: &[u8], store: &mut Store) -> Option<(u64, u64)> {
    let mut cursor = Cursor::new(body);
    let format = cursor.u32()?;
    let generation = cursor.u64()?;
    store.number = cursor.u64()?;
    let salt = cursor.u64()?;
    (format == FORMAT && cursor.is_empty()).then_some((generation, salt))
}

/// Whether the part is the end.
fn read_part(body: &[u8], store: &mut Store) -> Option<bool> {
    let mut cursor = Cursor::new(body);
    let kind = cursor.u8()?;
    while !cursor.is_empty() {
        match kind {
            KEYS => {
                let (key, version) = (cursor.text()?, cursor.u64()?);
                let value = Bytes::copy_from_slice(cursor.bytes()?);
                store.entries.insert(key, Entry { value, version });
            }
            REPLIES => store.replies.remember(&Reply::read(&mut cursor)?),
            _ => return None,
        }
    }
    matches!(kind, KEYS | REPLIES | END).then_some(kind == END)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, Effect};
    use crate::command::Outcome;

    fn store() -> Store {
        let mut store = Store::new(100);
        for number in 1..=50 {
            let outcome = Outcome::Stored { version: number, created: true };
            let reply = Some(Reply { retry_key: format!("r{number}"), fingerprint: 1, outcome });
            let effect = Effect::Put(vec![b'v'; 4_000].into());
            store.apply(&Change { number, key: format!("k{number}"), effect, reply });
        }
        store
    }

    #[test]
    fn a_store_comes_back() {
        for store in [store(), Store::new(100)] {
            let (read, generation) = read(&write(&store, 3, 9, None), 100).expect("it is whole");
            assert_eq!((generation, read.number, &read.entries), (3, store.number, &store.entries));
            assert!(read.replies.iter().eq(store.replies.iter()));
        }
    }

    #[test]
    fn whatever_is_missing_or_changed_is_damage() {
        let bytes = write(&store(), 3, 9, None);
        for cut in (0..bytes.len()).step_by(997) {
            let damage = read(&bytes[..cut], 100).expect_err("it is cut off");
            assert!(damage.offset <= cut as u64, "cut at {cut}: {damage}");
            let mut changed = bytes.clone();
            changed[cut] ^= 1;
            assert!(read(&changed, 100).is_err(), "changed at {cut}");
        }
        let longer = [&bytes[..], &[0]].concat();
        let damage = read(&longer, 100).expect_err("something follows the end");
        assert_eq!((damage.offset, damage.wrong), (bytes.len() as u64, Wrong::Part));
    }
}
