//! The event queue: a wheel of 64-way levels whose list order is the sequence of
//! insertion. Knows neither what a record is about nor what time it is now.

const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// 11 levels of 6 bits reach past the 64 bits of a time in nanoseconds.
const LEVELS: usize = 11;
const NONE: u32 = u32::MAX;

/// A queued record; held by the device that queued it, until it fires or is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub(crate) u32);

/// What is due: when, and the device and slot that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// Who queued it.
    pub device: u32,
    /// The device's own number for it.
    pub slot: u32,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    time: u64,
    next: u32,
    prev: u32,
    slot: u32,
    device: u32,
}

const _: () = assert!(size_of::<Record>() == 24, "a record stays within 24 bytes");

/// The wheel.
///
/// Invariant: a record lies at the level of the highest 6-bit digit in which its
/// time differs from `base`, in the list of that digit's value; so its place can be
/// computed, and the lowest list of the lowest level in use holds the earliest.
#[derive(Debug)]
pub struct Queue {
    base: u64,
    levels: u32,
    occupied: [u64; LEVELS],
    heads: Box<[[u32; SLOTS]; LEVELS]>,
    records: Vec<Record>,
    free: u32,
    len: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Queue::new()
    }
}

impl Queue {
    /// An empty queue at time zero.
    pub fn new() -> Queue {
        Queue {
            base: 0,
            levels: 0,
            occupied: [0; LEVELS],
            heads: Box::new([[NONE; SLOTS]; LEVELS]),
            records: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    /// Records queued.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Records that were ever queued at once.
    #[doc(hidden)]
    pub fn slots(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets every record and goes back to time zero; keeps its memory.
    pub fn reset(&mut self) {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros() as usize;
            self.occupied[level] = 0;
            self.heads[level] = [NONE; SLOTS];
            self.levels &= self.levels - 1;
        }
        self.records.clear();
        self.free = NONE;
        self.len = 0;
        self.base = 0;
    }

    /// Queues a record behind all that are due at the same time.
    ///
    /// # Panics
    /// If `time` lies before the last record that was taken.
    #[inline]
    pub fn insert(&mut self, time: u64, device: u32, slot: u32) -> Ticket {
        assert!(time >= self.base, "a record may not be queued in the past");
        let record = Record { time, next: NONE, prev: NONE, slot, device };
        let index = self.free;
        let index = if index == NONE {
            self.records.push(record);
            self.records.len() as u32 - 1
        } else {
            self.free = self.records[index as usize].next;
            self.records[index as usize] = record;
            index
        };
        self.link(index);
        self.len += 1;
        Ticket(index)
    }

    /// Takes a record out before it is due.
    #[inline]
    pub fn cancel(&mut self, ticket: Ticket) {
        self.unlink(ticket.0);
        self.release(ticket.0);
    }

    /// When the earliest record is due.
    pub fn next_time(&self) -> Option<u64> {
        let head = self.first()?;
        Some(self.list(head).map(|record| self.records[record as usize].time).min().expect("a list is never empty"))
    }

    /// Takes the earliest record, the first queued of several, unless it is due after `limit`.
    #[inline]
    pub fn pop(&mut self, limit: u64) -> Option<Due> {
        let head = self.settle(limit)?;
        Some(self.take(head))
    }

    /// Brings the earliest records to the front: the head of their list, if they are due by `limit`.
    #[inline]
    pub(crate) fn settle(&mut self, limit: u64) -> Option<u32> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let head = self.heads[level][self.occupied[level].trailing_zeros() as usize];
        let record = self.records[head as usize];
        if level == 0 || record.next == head {
            return (record.time <= limit).then_some(head);
        }
        self.cascade(level, head, limit)
    }

    /// Takes the record that [`settle`](Self::settle) brought forward.
    #[inline]
    pub(crate) fn take(&mut self, index: u32) -> Due {
        let Record { time, device, slot, .. } = self.records[index as usize];
        self.unlink(index);
        self.release(index);
        self.base = time;
        Due { time, device, slot }
    }

    /// Whether others are due together with a record that has been settled.
    #[inline]
    pub(crate) fn is_tied(&self, head: u32) -> bool {
        self.records[head as usize].next != head
    }

    /// Puts the records tied with `head` into the order of `key`; equal keys keep theirs.
    pub(crate) fn order(
        &mut self,
        head: u32,
        scratch: &mut Vec<(u64, u32)>,
        mut key: impl FnMut(u32, u32) -> u64,
    ) -> u32 {
        let next = self.records[head as usize].next;
        if self.records[next as usize].next == head {
            return self.order_two(head, next, key);
        }
        scratch.clear();
        scratch.extend(self.list(head).map(|index| {
            let record = self.records[index as usize];
            (key(record.device, record.slot), index)
        }));
        scratch.sort_by_key(|&(key, _)| key);
        let time = self.records[head as usize].time;
        let (level, place) = self.place(time);
        self.heads[level][place] = scratch[0].1;
        for pair in 0..scratch.len() {
            let (one, other) = (scratch[pair].1, scratch[(pair + 1) % scratch.len()].1);
            self.records[one as usize].next = other;
            self.records[other as usize].prev = one;
        }
        scratch[0].1
    }

    /// As [`order`](Self::order), of two records: most ties are.
    #[inline]
    fn order_two(&mut self, head: u32, next: u32, mut key: impl FnMut(u32, u32) -> u64) -> u32 {
        let (one, other) = (self.records[head as usize], self.records[next as usize]);
        if key(one.device, one.slot) <= key(other.device, other.slot) {
            return head;
        }
        // A circle of two is turned by its head alone.
        let (level, place) = self.place(one.time);
        self.heads[level][place] = next;
        next
    }

    /// The time of a settled record.
    #[inline]
    pub(crate) fn time(&self, index: u32) -> u64 {
        self.records[index as usize].time
    }

    /// Spreads the list at `head` over lower levels, as seen from its earliest record.
    #[inline(never)]
    fn cascade(&mut self, level: usize, head: u32, limit: u64) -> Option<u32> {
        let earliest = self.list(head).map(|index| self.records[index as usize].time).min()?;
        if earliest > limit {
            return None;
        }
        let place = self.occupied[level].trailing_zeros() as usize;
        self.vacate(level, place);
        self.base = earliest;
        let mut index = head;
        loop {
            let next = self.records[index as usize].next;
            self.link(index);
            if next == head {
                break;
            }
            index = next;
        }
        Some(self.heads[0][(earliest as usize) & (SLOTS - 1)])
    }

    #[inline]
    fn place(&self, time: u64) -> (usize, usize) {
        let level = (63 - ((time ^ self.base) | 1).leading_zeros()) / LEVEL_BITS;
        (level as usize, (time >> (level * LEVEL_BITS)) as usize & (SLOTS - 1))
    }

    #[inline]
    fn link(&mut self, index: u32) {
        let (level, place) = self.place(self.records[index as usize].time);
        let head = self.heads[level][place];
        if head == NONE {
            self.heads[level][place] = index;
            self.occupied[level] |= 1 << place;
            self.levels |= 1 << level;
            let record = &mut self.records[index as usize];
            (record.next, record.prev) = (index, index);
        } else {
            let tail = self.records[head as usize].prev;
            self.records[head as usize].prev = index;
            self.records[tail as usize].next = index;
            let record = &mut self.records[index as usize];
            (record.next, record.prev) = (head, tail);
        }
    }

    #[inline]
    fn unlink(&mut self, index: u32) {
        let Record { time, next, prev, .. } = self.records[index as usize];
        let (level, place) = self.place(time);
        if next == index {
            debug_assert_eq!(self.heads[level][place], index, "a record lies where its time says");
            self.vacate(level, place);
            return;
        }
        self.records[prev as usize].next = next;
        self.records[next as usize].prev = prev;
        if self.heads[level][place] == index {
            self.heads[level][place] = next;
        }
    }

    #[inline]
    fn vacate(&mut self, level: usize, place: usize) {
        self.heads[level][place] = NONE;
        self.occupied[level] &= !(1 << place);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    #[inline]
    fn release(&mut self, index: u32) {
        self.records[index as usize].next = self.free;
        self.free = index;
        self.len -= 1;
    }

    fn first(&self) -> Option<u32> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some(self.heads[level][self.occupied[level].trailing_zeros() as usize])
    }

    fn list(&self, head: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(head);
        std::iter::from_fn(move || {
            let index = next?;
            let follower = self.records[index as usize].next;
            next = (follower != head).then_some(follower);
            Some(index)
        })
    }
}
