//! Frames: how both files hold what must be whole or not count. Knows nothing of what
//! is in them.
//!
//! A frame is a mark (4 bytes), the length of its body (4), a number (8), a CRC-32 (4)
//! and the body; numbers are little-endian. The checksum is about the length, the
//! number, the body, and the file's salt: so that a frame of another file, or one that
//! a client smuggled in as a value, is none.

const MARK: [u8; 4] = *b"kvf\xf1";
/// What stands in front of a body.
pub(crate) const HEADER_BYTES: usize = 20;

/// A frame that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) number: u64,
    pub(crate) body: &'a [u8],
}

impl Frame<'_> {
    /// How many bytes it takes in the file.
    pub(crate) fn bytes(&self) -> usize {
        HEADER_BYTES + self.body.len()
    }
}

/// Appends a frame.
pub(crate) fn append(bytes: &mut Vec<u8>, salt: u64, number: u64, body: &[u8]) {
    let length = u32::try_from(body.len()).expect("a batch is bounded").to_le_bytes();
    bytes.extend_from_slice(&MARK);
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&checksum(salt, &length, number, body).to_le_bytes());
    bytes.extend_from_slice(body);
}

/// The frame at the beginning of `bytes`; nothing if it is not whole.
pub(crate) fn first(bytes: &[u8], salt: u64) -> Option<Frame<'_>> {
    let frame = unchecked(bytes)?;
    let (length, stored) = (&bytes[4..8], &bytes[16..20]);
    (checksum(salt, length, frame.number, frame.body).to_le_bytes() == stored).then_some(frame)
}

/// What would be the frame at the beginning of `bytes`, whatever its checksum says.
pub(crate) fn unchecked(bytes: &[u8]) -> Option<Frame<'_>> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let (mark, header) = header.split_first_chunk::<4>()?;
    let (length, header) = header.split_first_chunk::<4>()?;
    let (number, _) = header.split_first_chunk::<8>()?;
    let body = rest.get(..u32::from_le_bytes(*length) as usize)?;
    (*mark == MARK).then_some(Frame { number: u64::from_le_bytes(*number), body })
}

/// Where in `bytes` a whole frame begins that has a number above `number`.
pub(crate) fn find_later(bytes: &[u8], salt: u64, number: u64) -> Option<usize> {
    let marks = bytes.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let mut places = marks.map(|(at, _)| at);
    places.find(|at| first(&bytes[*at..], salt).is_some_and(|frame| frame.number > number))
}

fn checksum(salt: u64, length: &[u8], number: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(length);
    hasher.update(&number.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, 7, 1, b"one");
        append(&mut bytes, 7, 2, b"");
        bytes
    }

    #[test]
    fn frames_come_back() {
        let bytes = two();
        let one = first(&bytes, 7).expect("it is whole");
        assert_eq!((one, one.bytes()), (Frame { number: 1, body: b"one" }, 23));
        assert_eq!(first(&bytes[23..], 7), Some(Frame { number: 2, body: b"" }));
    }

    #[test]
    fn what_is_not_whole_is_no_frame() {
        let bytes = two();
        for cut in 0..23 {
            assert_eq!(first(&bytes[..cut], 7), None, "cut at {cut}");
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[cut] ^= 1 << bit;
                assert_eq!(first(&changed, 7), None, "bit {bit} of byte {cut}");
            }
        }
        assert_eq!(first(&[0; 64], 7), None);
        assert_eq!(first(&bytes, 8), None, "another file's frame");
    }

    #[test]
    fn a_later_frame_is_found_behind_damage() {
        let mut bytes = two();
        bytes[21] ^= 1;
        assert_eq!(find_later(&bytes, 7, 1), Some(23));
        assert_eq!(find_later(&bytes, 7, 2), None);
        assert_eq!(find_later(&bytes, 8, 1), None);
        assert_eq!(find_later(&bytes[..42], 7, 1), None);
    }
}
