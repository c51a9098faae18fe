//! The bytes of one direction of a stream, addressed by stream offset in a ring
//! that grows. Does not know which of them have landed.

/// A ring is a power of two long, so that an offset's place is a mask away.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    bytes: Vec<u8>,
}

/// The first size; most connections of a small simulation never need more.
const BYTES_FIRST: usize = 256;
/// What a ring keeps when its connection ends, for the next one in its slot.
const BYTES_KEPT: usize = 4096;

impl Ring {
    /// Puts `data` behind the bytes from `read` to `written`.
    #[inline]
    pub(crate) fn put(&mut self, read: u64, written: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let held = (written - read) as usize;
        if held + data.len() > self.bytes.len() {
            self.grow(read, held, held + data.len());
        }
        let at = written as usize & (self.bytes.len() - 1);
        let room = self.bytes.len() - at;
        if data.len() <= room {
            self.bytes[at..at + data.len()].copy_from_slice(data);
        } else {
            self.bytes[at..].copy_from_slice(&data[..room]);
            self.bytes[..data.len() - room].copy_from_slice(&data[room..]);
        }
    }

    /// The `len` bytes from offset `read` on, in one or two pieces.
    #[inline]
    pub(crate) fn get(&self, read: u64, len: usize) -> (&[u8], &[u8]) {
        let at = read as usize & self.bytes.len().wrapping_sub(1);
        let room = self.bytes.len() - at;
        if len <= room { (&self.bytes[at..at + len], &[]) } else { (&self.bytes[at..], &self.bytes[..len - room]) }
    }

    /// The bytes it has room for.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Gives memory back that the next connection in this slot hardly needs.
    pub(crate) fn shrink(&mut self) {
        if self.bytes.len() > BYTES_KEPT {
            self.bytes = Vec::new();
        }
    }

    #[cold]
    fn grow(&mut self, read: u64, held: usize, needed: usize) {
        let len = needed.next_power_of_two().max(BYTES_FIRST);
        let mut grown = Ring { bytes: vec![0; len] };
        if held > 0 {
            let (one, two) = self.get(read, held);
            grown.put(read, read, one);
            grown.put(read, read + one.len() as u64, two);
        }
        *self = grown;
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
        assert!(ring.bytes.len().is_power_of_two() && ring.bytes.len() < 8192);
    }
}
