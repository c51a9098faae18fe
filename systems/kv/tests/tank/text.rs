//! The values that clients write: few, so that they come again, and some of them so long
//! that a record lies across the sectors of a disk. Says whether one came back whole.

use kv::Bytes;
use std::fmt;
use wavetank_probe::always_assert;

/// A letter, so many times.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Text {
    letter: u8,
    length: u16,
}

/// How many values there are.
pub(crate) const TEXTS: u64 = 6;
const LENGTHS: [u16; 3] = [1, 1_300, 2_600];

impl Text {
    /// The value of that number, from 0.
    pub(crate) fn numbered(number: u64) -> Text {
        let letter = b'a' + (number % 2) as u8;
        Text { letter, length: LENGTHS[(number / 2 % 3) as usize] }
    }

    pub(crate) fn bytes(self) -> Bytes {
        vec![self.letter; usize::from(self.length)].into()
    }

    /// What `bytes` are, if anybody ever wrote them.
    pub(crate) fn read(bytes: &[u8]) -> Text {
        let found = (0..TEXTS).map(Text::numbered).find(|text| text.bytes() == bytes);
        always_assert!(found.is_some(), "a value that is read was written by somebody", length = bytes.len());
        found.expect("it was found")
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.letter))?;
        if self.length > 1 { write!(f, "*{}", self.length) } else { Ok(()) }
    }
}
