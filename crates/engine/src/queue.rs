//! The event queue: a wheel of 64-way levels whose list order is the sequence of
//! insertion. Knows neither what a record is about nor what time it is now.

const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// 11 levels of 6 bits reach past the 64 bits of a time in nanoseconds.
const LEVELS: usize = 11;
/// The lists' anchors come before the records in one numbering.
const ANCHORS: u32 = (LEVELS * SLOTS) as u32;
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

/// What is due, of a record.
#[derive(Debug, Clone, Copy)]
struct Record {
    time: u64,
    slot: u32,
    device: u32,
}

/// The neighbours in a list, of a record or an anchor.
#[derive(Debug, Clone, Copy)]
struct Link {
    next: u32,
    prev: u32,
}

const _: () = assert!(size_of::<Record>() + size_of::<Link>() == 24, "a record stays within 24 bytes");

/// The wheel.
///
/// Invariant: a record lies at the level of the highest 6-bit digit in which its
/// time differs from `base`, in the list of that digit's value; so its place can be
/// computed, and the lowest list of the lowest level in use holds the earliest.
///
/// Each list is a circle through an anchor, so that linking and unlinking take no
/// branch: whether a list is empty is as good as random, and a wrong guess of the
/// processor costs more than the rest.
#[derive(Debug)]
pub struct Queue {
    base: u64,
    levels: u32,
    occupied: [u64; LEVELS],
    /// Those of the anchors, then those of the records.
    links: Vec<Link>,
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
            links: (0..ANCHORS).map(|anchor| Link { next: anchor, prev: anchor }).collect(),
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
            while self.occupied[level] != 0 {
                let anchor = anchor(level, self.occupied[level].trailing_zeros() as usize);
                self.links[anchor as usize] = Link { next: anchor, prev: anchor };
                self.occupied[level] &= self.occupied[level] - 1;
            }
            self.levels &= self.levels - 1;
        }
        self.links.truncate(ANCHORS as usize);
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
        let record = Record { time, slot, device };
        let index = self.free;
        let index = if index == NONE {
            self.records.push(record);
            self.links.push(Link { next: NONE, prev: NONE });
            self.links.len() as u32 - 1
        } else {
            self.free = self.links[index as usize].next;
            self.records[(index - ANCHORS) as usize] = record;
            index
        };
        self.link(index, time);
        self.len += 1;
        Ticket(index)
    }

    /// Takes a record out before it is due.
    #[inline]
    pub fn cancel(&mut self, ticket: Ticket) {
        self.unlink(ticket.0, self.time(ticket.0));
        self.release(ticket.0);
    }

    /// When the earliest record is due.
    pub fn next_time(&self) -> Option<u64> {
        let (_, _, head) = self.lowest()?;
        self.list(head).map(|index| self.time(index)).min()
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
        let (level, place, head) = self.lowest()?;
        if level == 0 || !self.is_tied(head) {
            return (self.time(head) <= limit).then_some(head);
        }
        self.cascade(level, place, head, limit)
    }

    /// Takes the record that [`settle`](Self::settle) brought forward.
    #[inline]
    pub(crate) fn take(&mut self, index: u32) -> Due {
        let Record { time, device, slot } = self.records[(index - ANCHORS) as usize];
        self.unlink(index, time);
        self.release(index);
        self.base = time;
        Due { time, device, slot }
    }

    /// Whether others follow the head of a list; one that has been settled is due together with them.
    #[inline]
    pub(crate) fn is_tied(&self, head: u32) -> bool {
        self.links[head as usize].next >= ANCHORS
    }

    /// Puts the records tied with `head` into the order of `key`; equal keys keep theirs.
    pub(crate) fn order(
        &mut self,
        head: u32,
        scratch: &mut Vec<(u64, u32)>,
        mut key: impl FnMut(u32, u32) -> u64,
    ) -> u32 {
        let mut key_of = |queue: &Queue, index: u32| {
            let record = queue.records[(index - ANCHORS) as usize];
            key(record.device, record.slot)
        };
        let anchor = self.links[head as usize].prev;
        let next = self.links[head as usize].next;
        if self.links[next as usize].next == anchor {
            // Of two records, as most ties are.
            if key_of(self, head) <= key_of(self, next) {
                return head;
            }
            return self.chain(anchor, [next, head]);
        }
        scratch.clear();
        let mut index = head;
        while index != anchor {
            scratch.push((key_of(self, index), index));
            index = self.links[index as usize].next;
        }
        scratch.sort_by_key(|&(key, _)| key);
        self.chain(anchor, scratch.iter().map(|&(_, index)| index))
    }

    /// The time of a record.
    #[inline]
    pub(crate) fn time(&self, index: u32) -> u64 {
        self.records[(index - ANCHORS) as usize].time
    }

    /// Makes a list's circle anew; its new head.
    fn chain(&mut self, anchor: u32, order: impl IntoIterator<Item = u32>) -> u32 {
        let mut last = anchor;
        for index in order {
            self.links[last as usize].next = index;
            self.links[index as usize].prev = last;
            last = index;
        }
        self.links[last as usize].next = anchor;
        self.links[anchor as usize].prev = last;
        self.links[anchor as usize].next
    }

    /// Spreads a list over lower levels, as seen from its earliest record.
    #[inline(never)]
    fn cascade(&mut self, level: usize, place: usize, head: u32, limit: u64) -> Option<u32> {
        let earliest = self.list(head).map(|index| self.time(index)).min()?;
        if earliest > limit {
            return None;
        }
        let anchor = anchor(level, place);
        self.links[anchor as usize] = Link { next: anchor, prev: anchor };
        self.vacate(level, place, true);
        self.base = earliest;
        let mut index = head;
        while index != anchor {
            let next = self.links[index as usize].next;
            self.link(index, self.time(index));
            index = next;
        }
        Some(self.links[(earliest as usize) & (SLOTS - 1)].next)
    }

    #[inline]
    fn place(&self, time: u64) -> (usize, usize) {
        let level = (63 - ((time ^ self.base) | 1).leading_zeros()) / LEVEL_BITS;
        (level as usize, (time >> (level * LEVEL_BITS)) as usize & (SLOTS - 1))
    }

    #[inline]
    fn link(&mut self, index: u32, time: u64) {
        let (level, place) = self.place(time);
        let anchor = anchor(level, place);
        let tail = std::mem::replace(&mut self.links[anchor as usize].prev, index);
        self.links[tail as usize].next = index;
        self.links[index as usize] = Link { next: anchor, prev: tail };
        self.occupied[level] |= 1 << place;
        self.levels |= 1 << level;
    }

    #[inline]
    fn unlink(&mut self, index: u32, time: u64) {
        let (level, place) = self.place(time);
        let Link { next, prev } = self.links[index as usize];
        self.links[prev as usize].next = next;
        self.links[next as usize].prev = prev;
        // Between an anchor and itself it was alone.
        self.vacate(level, place, next == prev && next < ANCHORS);
    }

    /// Notes that a list is empty, if it is.
    #[inline]
    fn vacate(&mut self, level: usize, place: usize, is_empty: bool) {
        let occupied = self.occupied[level] & !(u64::from(is_empty) << place);
        self.occupied[level] = occupied;
        self.levels &= !(u32::from(occupied == 0) << level);
    }

    #[inline]
    fn release(&mut self, index: u32) {
        self.links[index as usize].next = self.free;
        self.free = index;
        self.len -= 1;
    }

    /// The lowest list in use: its level, its place there, and its head.
    #[inline]
    fn lowest(&self) -> Option<(usize, usize, u32)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let place = self.occupied[level].trailing_zeros() as usize;
        Some((level, place, self.links[anchor(level, place) as usize].next))
    }

    fn list(&self, head: u32) -> impl Iterator<Item = u32> {
        let mut index = head;
        std::iter::from_fn(move || {
            let this = index;
            index = self.links[this as usize].next;
            (this >= ANCHORS).then_some(this)
        })
    }
}

/// The number of a list's anchor.
#[inline]
fn anchor(level: usize, place: usize) -> u32 {
    (level * SLOTS + place) as u32
}
