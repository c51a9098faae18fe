//! A short sorted list of records, which stands in for the wheel as long as there are
//! few. Knows a record by its index and its time only.

/// Records that it has room for. Measured: from about ten on the wheel is as fast.
pub(crate) const FEW_MOST: usize = 8;

const MASK: usize = FEW_MOST - 1;
const _: () = assert!(FEW_MOST.is_power_of_two(), "places are counted around");

/// A record: when it is due, and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time: u64,
    pub(crate) index: u32,
}

const NOTHING: Entry = Entry { time: 0, index: 0 };

/// The list, around a ring in the order in which records are due, the first queued of
/// several first. What is queued is mostly due after all others, as sleeps are, or before
/// them, as packets are: both ends are open, and nothing is moved.
#[derive(Debug)]
pub(crate) struct Few {
    ring: [Entry; FEW_MOST],
    /// The place of the earliest; counted on without end, and around the ring.
    first: usize,
    len: usize,
}

impl Few {
    pub(crate) const fn new() -> Few {
        Few { ring: [NOTHING; FEW_MOST], first: 0, len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// The `nth` in the order in which they are due.
    #[inline]
    fn at(&self, nth: usize) -> Entry {
        self.ring[self.first.wrapping_add(nth) & MASK]
    }

    #[inline]
    fn put(&mut self, nth: usize, entry: Entry) {
        self.ring[self.first.wrapping_add(nth) & MASK] = entry;
    }

    /// In the order in which they are due.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> {
        (0..self.len).map(|nth| self.at(nth))
    }

    /// The earliest.
    #[inline]
    pub(crate) fn earliest(&self) -> Option<Entry> {
        (self.len > 0).then(|| self.at(0))
    }

    /// Queues a record behind all that are due by its time.
    ///
    /// # Panics
    /// If the list is full.
    #[inline]
    pub(crate) fn insert(&mut self, entry: Entry) {
        assert!(self.len < FEW_MOST, "whoever queues has asked for room");
        if self.len == 0 || entry.time >= self.at(self.len - 1).time {
            self.put(self.len, entry);
        } else if entry.time < self.at(0).time {
            self.first = self.first.wrapping_sub(1);
            self.put(0, entry);
        } else {
            self.insert_between(entry);
        }
        self.len += 1;
    }

    #[inline(never)]
    fn insert_between(&mut self, entry: Entry) {
        let mut nth = self.len;
        while nth > 0 && self.at(nth - 1).time > entry.time {
            self.put(nth, self.at(nth - 1));
            nth -= 1;
        }
        self.put(nth, entry);
    }

    /// Takes the earliest: its index.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub(crate) fn pop(&mut self) -> u32 {
        assert!(self.len > 0, "whoever takes has seen that there is one");
        let index = self.at(0).index;
        self.first = self.first.wrapping_add(1);
        self.len -= 1;
        index
    }

    /// Takes the earliest, if it is due by `limit` and no other is due together with it.
    #[inline]
    pub(crate) fn pop_alone(&mut self, limit: u64) -> Option<Entry> {
        let first = self.earliest()?;
        if first.time > limit || self.is_tied() {
            return None;
        }
        self.pop();
        Some(first)
    }

    /// Takes a record out.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) {
        let place = self.iter().position(|entry| entry.index == index).expect("a queued record is in the list");
        for nth in place + 1..self.len {
            self.put(nth - 1, self.at(nth));
        }
        self.len -= 1;
    }

    /// Whether the two earliest are due at one time.
    #[inline]
    pub(crate) fn is_tied(&self) -> bool {
        self.len > 1 && self.at(0).time == self.at(1).time
    }

    /// Puts the earliest, all that are due at one time, into the order of `key`; equal
    /// keys keep theirs.
    pub(crate) fn order(&mut self, mut key: impl FnMut(u32) -> u64) {
        let Some(first) = self.earliest() else { return };
        let mut tied = [(0, NOTHING); FEW_MOST];
        let mut len = 0;
        for entry in self.iter().take_while(|entry| entry.time == first.time) {
            tied[len] = (key(entry.index), entry);
            len += 1;
        }
        let tied = &mut tied[..len];
        tied.sort_by_key(|&(key, _)| key);
        for (nth, &(_, entry)) in tied.iter().enumerate() {
            self.put(nth, entry);
        }
    }
}
