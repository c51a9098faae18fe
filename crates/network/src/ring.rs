//! The bytes of one direction of a stream, addressed by stream offset: a few in place,
//! more in a ring that grows. Does not know which of them have landed.

/// The first bytes lie within it: most connections never need more, and what lies together
/// is fetched together where connections come by the thousand.
#[derive(Debug)]
pub(crate) struct Ring {
    within: [u8; BYTES_WITHIN],
    /// The stream offset of the first byte within.
    base: u64,
    /// A power of two long, so that an offset's place is a mask away; empty as long as the
    /// bytes within suffice.
    beyond: Box<[u8]>,
}

const BYTES_WITHIN: usize = 96;
/// The first size beyond.
const BYTES_FIRST: usize = 512;
/// What a ring keeps when its connection ends, for the next one in its slot.
const BYTES_KEPT: usize = 4096;

impl Default for Ring {
    #[inline]
    fn default() -> Self {
        Ring { within: [0; BYTES_WITHIN], base: 0, beyond: Box::default() }
    }
}

impl Ring {
    /// Puts `data` behind the bytes from `read` to `written`.
    #[inline]
    pub(crate) fn put(&mut self, read: u64, written: u64, data: &[u8]) {
        if !self.beyond.is_empty() {
            return self.put_beyond(read, written, data);
        }
        if read == written {
            self.base = written;
        }
        let at = (written - self.base) as usize;
        match self.within.get_mut(at..at + data.len()) {
            Some(place) => place.copy_from_slice(data),
            None => self.make_room(read, written, data),
        }
    }

    /// The `len` bytes from offset `read` on, if they lie within.
    #[inline]
    pub(crate) fn within(&self, read: u64, len: usize) -> Option<&[u8]> {
        if !self.beyond.is_empty() {
            return None;
        }
        let at = (read - self.base) as usize;
        Some(&self.within[at..at + len])
    }

    /// The `len` bytes from offset `read` on, wherever they lie, in one or two pieces.
    pub(crate) fn get(&self, read: u64, len: usize) -> [&[u8]; 2] {
        if let Some(bytes) = self.within(read, len) {
            return [bytes, &[]];
        }
        let at = read as usize & (self.beyond.len() - 1);
        let room = self.beyond.len() - at;
        if len <= room { [&self.beyond[at..at + len], &[]] } else { [&self.beyond[at..], &self.beyond[..len - room]] }
    }

    /// The bytes that it has room for, beyond those within.
    pub(crate) fn len_beyond(&self) -> usize {
        self.beyond.len()
    }

    /// Makes it empty, for a stream that begins at offset 0. Gives its memory back if that is
    /// more than the next connection in its slot may need.
    pub(crate) fn renew(&mut self) {
        self.base = 0;
        if self.beyond.len() > BYTES_KEPT {
            self.beyond = Box::default();
        }
    }

    /// Puts what does not fit behind the bytes within: they move to the front, or out.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, read: u64, written: u64, data: &[u8]) {
        let held = (written - read) as usize;
        if held + data.len() > BYTES_WITHIN {
            return self.put_beyond(read, written, data);
        }
        let at = (read - self.base) as usize;
        self.within.copy_within(at..at + held, 0);
        self.base = read;
        self.within[held..held + data.len()].copy_from_slice(data);
    }

    #[inline(never)]
    fn put_beyond(&mut self, read: u64, written: u64, data: &[u8]) {
        let held = (written - read) as usize;
        if held + data.len() > self.beyond.len() {
            self.grow(read, held, held + data.len());
        }
        let at = written as usize & (self.beyond.len() - 1);
        let room = self.beyond.len() - at;
        if data.len() <= room {
            self.beyond[at..at + data.len()].copy_from_slice(data);
        } else {
            self.beyond[at..].copy_from_slice(&data[..room]);
            self.beyond[..data.len() - room].copy_from_slice(&data[room..]);
        }
    }

    #[cold]
    fn grow(&mut self, read: u64, held: usize, needed: usize) {
        let len = needed.next_power_of_two().max(BYTES_FIRST);
        let mut grown = Ring { beyond: vec![0; len].into(), ..Ring::default() };
        if held > 0 {
            let [one, two] = self.get(read, held);
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
            let [one, two] = ring.get(read, len);
            for (nth, &byte) in one.iter().chain(two).enumerate() {
                assert_eq!(byte, (read + nth as u64) as u8, "round {round}");
            }
            read += len as u64;
        }
        assert!(ring.len_beyond().is_power_of_two() && ring.len_beyond() < 8192);
    }
    #[test]
    fn few_bytes_stay_in_place_however_many_pass() {
        let mut ring = Ring::default();
        let (mut read, mut written) = (0_u64, 0_u64);
        for round in 0..1000_u64 {
            // One to three short writes before the reader takes a part, and at last all.
            for _ in 0..=round % 3 {
                let data: Vec<u8> = (0..1 + round % 27).map(|nth| (written + nth) as u8).collect();
                ring.put(read, written, &data);
                written += data.len() as u64;
            }
            for len in [(written - read) / 2, written - read - (written - read) / 2] {
                let [one, two] = ring.get(read, len as usize);
                assert!(two.is_empty(), "round {round}");
                assert!(one.iter().enumerate().all(|(nth, &byte)| byte == (read + nth as u64) as u8), "round {round}");
                read += len;
                if round % 2 == 0 {
                    ring.put(read, written, &[written as u8; 1]);
                    written += 1;
                }
            }
        }
        assert_eq!(ring.len_beyond(), 0);
    }
}
