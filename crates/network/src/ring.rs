//! The bytes of one direction of a stream, addressed by stream offset in a ring
//! that grows. Does not know which of them have landed.

/// A ring is a power of two long, so that an offset's place is a mask away. The first
/// bytes lie within it: most connections never need more, and what lies together is
/// fetched together where connections come by the thousand.
#[derive(Debug)]
pub(crate) struct Ring {
    within: [u8; BYTES_WITHIN],
    /// Empty as long as those within suffice.
    beyond: Box<[u8]>,
}

const BYTES_WITHIN: usize = 128;
/// The first size beyond.
const BYTES_FIRST: usize = 512;
/// What a ring keeps when its connection ends, for the next one in its slot.
const BYTES_KEPT: usize = 4096;

impl Default for Ring {
    fn default() -> Self {
        Ring { within: [0; BYTES_WITHIN], beyond: Box::default() }
    }
}

impl Ring {
    #[inline]
    fn bytes(&self) -> &[u8] {
        if self.beyond.is_empty() { &self.within } else { &self.beyond }
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        if self.beyond.is_empty() { &mut self.within } else { &mut self.beyond }
    }

    /// Puts `data` behind the bytes from `read` to `written`.
    #[inline]
    pub(crate) fn put(&mut self, read: u64, written: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let held = (written - read) as usize;
        if held + data.len() > self.bytes().len() {
            self.grow(read, held, held + data.len());
        }
        let bytes = self.bytes_mut();
        let at = written as usize & (bytes.len() - 1);
        let room = bytes.len() - at;
        if data.len() <= room {
            bytes[at..at + data.len()].copy_from_slice(data);
        } else {
            bytes[at..].copy_from_slice(&data[..room]);
            bytes[..data.len() - room].copy_from_slice(&data[room..]);
        }
    }

    /// The `len` bytes from offset `read` on, in one or two pieces.
    #[inline]
    pub(crate) fn get(&self, read: u64, len: usize) -> (&[u8], &[u8]) {
        let bytes = self.bytes();
        let at = read as usize & (bytes.len() - 1);
        let room = bytes.len() - at;
        if len <= room { (&bytes[at..at + len], &[]) } else { (&bytes[at..], &bytes[..len - room]) }
    }

    /// The bytes that it has room for, beyond those within.
    pub(crate) fn len_beyond(&self) -> usize {
        self.beyond.len()
    }

    /// Makes it empty. Gives its memory back if that is more than the next connection in
    /// its slot may need.
    pub(crate) fn renew(&mut self) {
        if self.beyond.len() > BYTES_KEPT {
            self.beyond = Box::default();
        }
    }

    #[cold]
    fn grow(&mut self, read: u64, held: usize, needed: usize) {
        let len = needed.next_power_of_two().max(BYTES_FIRST);
        let mut grown = Ring { beyond: vec![0; len].into(), ..Ring::default() };
        if held > 0 {
            let (one, two) = self.get(read, held);
            grown.put(read, read, one);
            grown.put(read, read + one.len() as u64, two);
        }
        self.beyond = grown.beyond;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_wrapping_and_growth() {
        let mut ring = Ring::default();
        let (mut read, mut written) = (0_u64, 0_u64);
        for round in 0..2000_u64 {
            let data: Vec<u8> = (0..round % 331).map(|nth| (written + nth) as u8).collect();
            ring.put(read, written, &data);
            written += data.len() as u64;
            let len = ((written - read) * (round % 3) / 2) as usize;
            let len = len.min((written - read) as usize);
            let (one, two) = ring.get(read, len);
            for (nth, &byte) in one.iter().chain(two).enumerate() {
                assert_eq!(byte, (read + nth as u64) as u8, "round {round}");
            }
            read += len as u64;
        }
        assert!(ring.bytes().len().is_power_of_two() && ring.bytes().len() < 8192);
    }
}
