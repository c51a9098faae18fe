//! A short sorted list of records, which stands in for the wheel as long as there are
//! few. Knows a record by its index and its time only.

/// Records that it has room for. Measured: from about ten on the wheel is as fast.
pub(crate) const FEW_MOST: usize = 8;

/// A record: when it is due, and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time: u64,
    pub(crate) index: u32,
}

const NOTHING: Entry = Entry { time: 0, index: 0 };

/// The list; the earliest is its *last*, and of records due at one time the first
/// queued lies behind those queued later.
#[derive(Debug)]
pub(crate) struct Few {
    entries: [Entry; FEW_MOST],
    len: usize,
}

impl Few {
    pub(crate) const fn new() -> Few {
        Few { entries: [NOTHING; FEW_MOST], len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// From the latest to the earliest.
    #[inline]
    fn entries(&mut self) -> &mut [Entry] {
        let len = self.len.min(FEW_MOST);
        &mut self.entries[..len]
    }

    /// In the order in which they are due.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.entries[..self.len].iter().rev().copied()
    }

    /// The earliest.
    #[inline]
    pub(crate) fn earliest(&self) -> Option<Entry> {
        self.entries.get(self.len.wrapping_sub(1)).copied()
    }

    /// Queues a record behind all that are due by its time.
    ///
    /// # Panics
    /// If the list is full.
    #[inline]
    pub(crate) fn insert(&mut self, entry: Entry) {
        let mut place = self.len;
        assert!(place < FEW_MOST, "whoever queues has asked for room");
        while place > 0 && self.entries[place - 1].time <= entry.time {
            self.entries[place] = self.entries[place - 1];
            place -= 1;
        }
        self.entries[place] = entry;
        self.len += 1;
    }

    /// Takes the earliest: its index.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub(crate) fn pop(&mut self) -> u32 {
        self.len -= 1;
        self.entries[self.len].index
    }

    /// Takes a record out.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) {
        let entries = self.entries();
        let mut place = entries.iter().position(|entry| entry.index == index).expect("a queued record is in the list");
        while place + 1 < entries.len() {
            entries[place] = entries[place + 1];
            place += 1;
        }
        self.len -= 1;
    }

    /// Whether the two earliest are due at one time.
    #[inline]
    pub(crate) fn is_tied(&self) -> bool {
        match &self.entries[..self.len.min(FEW_MOST)] {
            [.., next, first] => next.time == first.time,
            _ => false,
        }
    }

    /// Puts the earliest, all that are due at one time, into the order of `key`; equal
    /// keys keep theirs.
    pub(crate) fn order(&mut self, mut key: impl FnMut(u32) -> u64) {
        let Some(first) = self.earliest() else { return };
        let from = self.entries().partition_point(|entry| entry.time > first.time);
        let tied = &mut self.entries()[from..];
        let mut sorted = [(0, NOTHING); FEW_MOST];
        let sorted = &mut sorted[..tied.len()];
        for (place, &entry) in sorted.iter_mut().zip(tied.iter().rev()) {
            *place = (key(entry.index), entry);
        }
        sorted.sort_by_key(|&(key, _)| key);
        for (place, &(_, entry)) in tied.iter_mut().rev().zip(sorted.iter()) {
            *place = entry;
        }
    }
}
