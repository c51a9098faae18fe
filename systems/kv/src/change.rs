//! What the log holds: the effect of one write, decided already, as bytes and back.
//! Knows neither files nor checksums.
//!
//! Numbers are little-endian; what has a length has it in front, as four bytes.
//!
//! ```text
//! change  number 8, key, effect, reply
//! effect  0 (nothing) | 1, value | 2 (removed)
//! reply   0 (none) | 1, retry key, fingerprint 4, outcome
//! outcome 0, version 8, created 1 | 1, version 8 | 2 | 3 | 4, version 8
//! ```

use crate::command::Outcome;
use crate::cursor::{Cursor, put_bytes};
use crate::replies::Reply;
use axum::body::Bytes;

/// The effect of a write that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Its number among all: the version that it gives its key.
    pub(crate) number: u64,
    pub(crate) key: String,
    pub(crate) effect: Effect,
    pub(crate) reply: Option<Reply>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Only the reply is remembered.
    Nothing,
    Put(Bytes),
    Removed,
}

impl Change {
    pub(crate) fn append(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.number.to_le_bytes());
        put_bytes(bytes, self.key.as_bytes());
        match &self.effect {
            Effect::Nothing => bytes.push(0),
            Effect::Put(value) => {
                bytes.push(1);
                put_bytes(bytes, value);
            }
            Effect::Removed => bytes.push(2),
        }
        match &self.reply {
            None => bytes.push(0),
            Some(reply) => {
                bytes.push(1);
                reply.append(bytes);
            }
        }
    }

    /// Nothing if this is not a change.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Change> {
        let number = cursor.u64()?;
        let key = cursor.text()?;
        let effect = match cursor.u8()? {
            0 => Effect::Nothing,
            1 => Effect::Put(Bytes::copy_from_slice(cursor.bytes()?)),
            2 => Effect::Removed,
            _ => return None,
        };
        let reply = match cursor.u8()? {
            0 => None,
            1 => Some(Reply::read(cursor)?),
            _ => return None,
        };
        Some(Change { number, key, effect, reply })
    }
}

impl Reply {
    pub(crate) fn append(&self, bytes: &mut Vec<u8>) {
        put_bytes(bytes, self.retry_key.as_bytes());
        bytes.extend_from_slice(&self.fingerprint.to_le_bytes());
        let (tag, version) = match self.outcome {
            Outcome::Stored { version, .. } => (0, Some(version)),
            Outcome::Deleted { version } => (1, Some(version)),
            Outcome::Missing => (2, None),
            Outcome::Mismatch { version: None } => (3, None),
            Outcome::Mismatch { version: Some(version) } => (4, Some(version)),
        };
        bytes.push(tag);
        if let Some(version) = version {
            bytes.extend_from_slice(&version.to_le_bytes());
        }
        if let Outcome::Stored { created, .. } = self.outcome {
            bytes.push(u8::from(created));
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Reply> {
        let retry_key = cursor.text()?;
        let fingerprint = cursor.u32()?;
        let outcome = match cursor.u8()? {
            0 => Outcome::Stored { version: cursor.u64()?, created: cursor.u8()? == 1 },
            1 => Outcome::Deleted { version: cursor.u64()? },
            2 => Outcome::Missing,
            3 => Outcome::Mismatch { version: None },
            4 => Outcome::Mismatch { version: Some(cursor.u64()?) },
            _ => return None,
        };
        Some(Reply { retry_key, fingerprint, outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back() {
        let outcomes = [
            Outcome::Stored { version: 7, created: true },
            Outcome::Stored { version: u64::MAX, created: false },
            Outcome::Deleted { version: 1 },
            Outcome::Missing,
            Outcome::Mismatch { version: None },
            Outcome::Mismatch { version: Some(3) },
        ];
        let replies = outcomes.map(|outcome| Some(Reply { retry_key: "r".into(), fingerprint: 9, outcome }));
        for reply in replies.into_iter().chain([None]) {
            for effect in [Effect::Nothing, Effect::Put(Bytes::from_static(b"\0v")), Effect::Removed] {
                let change = Change { number: 5, key: "ä".into(), effect, reply: reply.clone() };
                let mut bytes = Vec::new();
                change.append(&mut bytes);
                for cut in 0..bytes.len() {
                    assert_eq!(Change::read(&mut Cursor::new(&bytes[..cut])), None, "cut at {cut}: {change:?}");
                }
                let mut cursor = Cursor::new(&bytes);
                assert_eq!(Change::read(&mut cursor), Some(change));
                assert!(cursor.is_empty());
            }
        }
    }
}
