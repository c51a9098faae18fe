//! What the file holds: one record per change of a counter, each with a checksum.
//! Reads and writes no file.
//!
//! A record is the length of its body (4 bytes), the body's CRC-32 (4 bytes), and the
//! body: the counter's value (8 bytes) and its name (UTF-8, at least a byte). Numbers
//! are little-endian. The value is the counter's new one, not a difference, so that
//! reading a record twice does no harm.

use std::ops::RangeInclusive;
use wavetank_probe::reachable;

/// The longest name of a counter, in bytes.
pub const NAME_BYTES_MOST: usize = 200;

const HEADER_BYTES: usize = 8;
const VALUE_BYTES: usize = 8;
/// Of a record's body.
const LENGTHS: RangeInclusive<usize> = VALUE_BYTES + 1..=VALUE_BYTES + NAME_BYTES_MOST;

/// Appends a record to `bytes`.
///
/// # Panics
/// If the name is empty or longer than [`NAME_BYTES_MOST`].
pub fn append(bytes: &mut Vec<u8>, name: &str, value: u64) {
    assert!((1..=NAME_BYTES_MOST).contains(&name.len()), "a counter's name has 1 to {NAME_BYTES_MOST} bytes");
    let mut body = Vec::with_capacity(VALUE_BYTES + name.len());
    body.extend_from_slice(&value.to_le_bytes());
    body.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
}

/// The records at the beginning of `bytes`, up to the first that is not whole.
///
/// What stands behind that one was never acknowledged: a record is acknowledged when a
/// sync has made it and all before it durable. So the rest is a torn tail, even where a
/// whole record happens to follow.
pub fn whole(bytes: &[u8]) -> Records<'_> {
    Records { rest: bytes }
}

/// Whether `bytes` are no log at all: not even a first record that was torn, which leaves the
/// length that was written, or zeros.
pub fn is_foreign(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk::<4>().map(|length| u32::from_le_bytes(*length));
    length.is_some_and(|length| length != 0 && !LENGTHS.contains(&(length as usize)))
}

/// The iterator of [`whole`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// What was not read yet; after the last record, the torn tail.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (&'a str, u64);

    fn next(&mut self) -> Option<(&'a str, u64)> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (checksum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        // A length of zero would make eight zero bytes a record: the CRC of nothing is 0.
        if !LENGTHS.contains(&length) {
            return None;
        }
        let body = rest.get(..length)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            reachable!("a record is torn within");
            return None;
        }
        let (value, name) = body.split_first_chunk::<VALUE_BYTES>()?;
        let name = std::str::from_utf8(name).ok()?;
        self.rest = &self.rest[HEADER_BYTES + length..];
        Some((name, u64::from_le_bytes(*value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, "a", 1);
        append(&mut bytes, &"n".repeat(NAME_BYTES_MOST), u64::MAX);
        append(&mut bytes, "ä", 3);
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<u64> {
        whole(bytes).map(|(_, value)| value).collect()
    }

    #[test]
    fn records_come_back() {
        let bytes = three();
        let mut records = whole(&bytes);
        let names: Vec<usize> = records.by_ref().map(|(name, _)| name.len()).collect();
        assert_eq!(names, [1, NAME_BYTES_MOST, 2]);
        assert_eq!(records.rest(), b"");
        assert_eq!(read(&bytes), [1, u64::MAX, 3]);
    }

    #[test]
    fn a_tail_cut_anywhere_leaves_whole_records() {
        let bytes = three();
        let ends = [17, 17 + 16 + NAME_BYTES_MOST, bytes.len()];
        for cut in 0..=bytes.len() {
            let expected = ends.iter().filter(|&&end| end <= cut).count();
            assert_eq!(read(&bytes[..cut]).len(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_byte_ends_the_log() {
        for place in 0..17 {
            let mut bytes = three();
            bytes[place] ^= 0x10;
            assert_eq!(read(&bytes), [0; 0], "changed at {place}");
        }
        assert_eq!(read(&[0; 4096]), [0; 0], "zeros are no records");
    }

    #[test]
    fn what_a_crash_leaves_of_a_log_is_not_taken_for_somebody_else_s() {
        let bytes = three();
        assert!((0..=bytes.len()).all(|cut| !is_foreign(&bytes[..cut])));
        assert!(!is_foreign(&[0; 512]));
        for other in [&b"{\"apples\": 7}"[..], b"SQLite format 3\0", &[8, 0, 0, 0], &[209, 0, 0, 0]] {
            assert!(is_foreign(other), "{other:?}");
        }
    }
}
