//! The wheel: 64-way levels of lists whose order is the sequence of insertion. Knows
//! a record by its index; what it is about, and when it is due, it is told.

const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// The digit of the lowest level, shorter than the others so that a border between levels lies
/// at a millisecond (2^20 ns): the lists of the level below are 16 us wide then, and hold one
/// packet of a local network each, with which nothing remains to be done. Measured against
/// digits of six bits throughout: 3 percent less time for timers and echo, 9 among 100 nodes.
const FIRST_BITS: u32 = 2;
/// 2 bits and 11 times 6 reach past the 64 of a time in nanoseconds.
const LEVELS: usize = 12;
/// What the digit of the lowest level lacks.
const LEAD: u32 = LEVEL_BITS - FIRST_BITS;
/// The lowest bit of each level's digit.
const SHIFTS: [u8; LEVELS] = {
    let mut shifts = [0; LEVELS];
    let mut level = 1;
    while level < LEVELS {
        shifts[level] = (level as u32 * LEVEL_BITS - LEAD) as u8;
        level += 1;
    }
    shifts
};
/// The level whose digit each bit of a time belongs to.
const LEVEL_OF: [u8; 64] = {
    let mut levels = [0; 64];
    let mut bit = 0;
    while bit < 64 {
        levels[bit] = ((bit as u32 + LEAD) / LEVEL_BITS) as u8;
        bit += 1;
    }
    levels
};
/// The lists' anchors come before the records in one numbering.
pub(crate) const ANCHORS: u32 = (LEVELS * SLOTS) as u32;

/// The neighbours in a list, of a record or an anchor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    next: u32,
    prev: u32,
}

const NOWHERE: Link = Link { next: u32::MAX, prev: u32::MAX };

/// The wheel.
///
/// Invariant: a record lies at the level of the highest digit in which its
/// time differs from `base`, in the list of that digit's value; so its place can be
/// computed, and the lowest list of the lowest level in use holds the earliest.
///
/// Each list is a circle through an anchor, so that linking and unlinking take no
/// branch: whether a list is empty is as good as random, and a wrong guess of the
/// processor costs more than the rest.
#[derive(Debug)]
pub(crate) struct Wheel {
    base: u64,
    levels: u32,
    occupied: [u64; LEVELS],
    /// Those of the anchors, then those of the records; none before the first use.
    links: Vec<Link>,
}

impl Wheel {
    pub(crate) const fn new() -> Wheel {
        Wheel { base: 0, levels: 0, occupied: [0; LEVELS], links: Vec::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// No time before this is due any more.
    #[inline]
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Moves the base to the time of a record that is about to be taken: the earliest, which
    /// is settled, or one of a wheel that is not in use.
    #[inline]
    pub(crate) fn rebase(&mut self, time: u64) {
        self.base = time;
    }

    /// Begins to be used, for records with indices below `end`.
    pub(crate) fn begin(&mut self, end: u32) {
        if self.links.is_empty() {
            self.links.reserve(end.next_power_of_two() as usize);
            self.links.extend((0..ANCHORS).map(|anchor| Link { next: anchor, prev: anchor }));
        }
        self.make_room(end);
    }

    /// Makes room for records with indices below `end`.
    #[inline]
    pub(crate) fn make_room(&mut self, end: u32) {
        if self.links.len() < end as usize {
            self.links.resize(end as usize, NOWHERE);
        }
    }

    /// Empties every list; keeps the memory.
    pub(crate) fn clear(&mut self) {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros() as usize;
            while self.occupied[level] != 0 {
                let anchor = anchor(level, self.occupied[level].trailing_zeros() as usize);
                self.links[anchor as usize] = Link { next: anchor, prev: anchor };
                self.occupied[level] &= self.occupied[level] - 1;
            }
            self.levels &= self.levels - 1;
        }
        debug_assert_eq!(self.levels, 0, "every list was looked at");
    }

    /// The first list in the order of time: its level, its place there, and its head.
    #[inline]
    pub(crate) fn lowest(&self) -> Option<(usize, usize, u32)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let place = self.occupied[level].trailing_zeros() as usize;
        Some((level, place, self.links[anchor(level, place) as usize].next))
    }

    /// All lists in the order of time, each from its head.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let levels = bits(u64::from(self.levels));
        levels.flat_map(move |level| {
            let places = bits(self.occupied[level]);
            places.flat_map(move |place| self.list(self.links[anchor(level, place) as usize].next))
        })
    }

    /// A list from one of its records on.
    pub(crate) fn list(&self, head: u32) -> impl Iterator<Item = u32> {
        let mut index = head;
        std::iter::from_fn(move || {
            let this = index;
            index = self.links[this as usize].next;
            (this >= ANCHORS).then_some(this)
        })
    }

    /// Whether others follow in a list; one that is settled is due together with them.
    #[inline]
    pub(crate) fn is_tied(&self, head: u32) -> bool {
        self.links[head as usize].next >= ANCHORS
    }

    /// Spreads the lowest list over lower levels, as seen from its earliest record; its new head.
    /// One whose records are all due at once moves as it is.
    #[inline]
    pub(crate) fn cascade(
        &mut self,
        (level, place, head): (usize, usize, u32),
        limit: u64,
        time: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        let (earliest, latest) = self.span(head, &time);
        if earliest > limit {
            return None;
        }
        let source = anchor(level, place);
        let tail = std::mem::replace(&mut self.links[source as usize], Link { next: source, prev: source }).prev;
        self.vacate(level, place, true);
        self.base = earliest;
        // Of the lowest level, which is empty.
        let place = earliest as usize & (SLOTS - 1);
        let target = anchor(0, place);
        if earliest == latest {
            self.links[target as usize] = Link { next: head, prev: tail };
            self.links[head as usize].prev = target;
            self.links[tail as usize].next = target;
            self.occupy(0, place);
            return Some(head);
        }
        let mut index = head;
        while index != source {
            let next = self.links[index as usize].next;
            self.link(index, time(index));
            index = next;
        }
        Some(self.links[target as usize].next)
    }

    /// The earliest and the latest time of a list.
    #[inline]
    fn span(&self, head: u32, time: impl Fn(u32) -> u64) -> (u64, u64) {
        let first = time(head);
        self.list(self.links[head as usize].next)
            .map(time)
            .fold((first, first), |(earliest, latest), time| (earliest.min(time), latest.max(time)))
    }

    /// Puts the records from `head` on, all of a list, into the order of `key`; equal keys
    /// keep theirs.
    #[inline]
    pub(crate) fn order(&mut self, head: u32, scratch: &mut Vec<(u64, u32)>, mut key: impl FnMut(u32) -> u64) {
        let Link { next, prev: anchor } = self.links[head as usize];
        if self.links[next as usize].next == anchor {
            // Of two records, as most ties are.
            if key(head) > key(next) {
                self.chain(anchor, [next, head]);
            }
            return;
        }
        scratch.clear();
        let mut index = head;
        while index != anchor {
            scratch.push((key(index), index));
            index = self.links[index as usize].next;
        }
        scratch.sort_by_key(|&(key, _)| key);
        self.chain(anchor, scratch.iter().map(|&(_, index)| index));
    }

    /// Makes a list's circle anew.
    fn chain(&mut self, anchor: u32, order: impl IntoIterator<Item = u32>) {
        let mut last = anchor;
        for index in order {
            self.links[last as usize].next = index;
            self.links[index as usize].prev = last;
            last = index;
        }
        self.links[last as usize].next = anchor;
        self.links[anchor as usize].prev = last;
    }

    #[inline]
    fn place(&self, time: u64) -> (usize, usize) {
        // The highest bit that differs: 63 less the zeroes above it, in the one instruction that it is.
        let bit = ((time ^ self.base) | 1).leading_zeros() ^ 63;
        let level = usize::from(LEVEL_OF[bit as usize]);
        // In the lowest level more than its digit is looked at: the rest is the same for all.
        (level, (time >> SHIFTS[level]) as usize & (SLOTS - 1))
    }

    #[inline]
    pub(crate) fn link(&mut self, index: u32, time: u64) {
        let (level, place) = self.place(time);
        let anchor = anchor(level, place);
        let tail = std::mem::replace(&mut self.links[anchor as usize].prev, index);
        self.links[tail as usize].next = index;
        self.links[index as usize] = Link { next: anchor, prev: tail };
        self.occupy(level, place);
    }

    #[inline]
    pub(crate) fn unlink(&mut self, index: u32, time: u64) {
        let (level, place) = self.place(time);
        let Link { next, prev } = self.links[index as usize];
        self.links[prev as usize].next = next;
        self.links[next as usize].prev = prev;
        // Between an anchor and itself it was alone.
        self.vacate(level, place, next == prev);
    }

    /// Takes the head out of the lowest list.
    #[inline]
    pub(crate) fn behead(&mut self, (level, place, head): (usize, usize, u32)) {
        let anchor = anchor(level, place);
        let next = self.links[head as usize].next;
        self.links[anchor as usize].next = next;
        self.links[next as usize].prev = anchor;
        self.vacate(level, place, next == anchor);
    }

    /// Takes the only record out of the lowest list.
    #[inline]
    pub(crate) fn empty(&mut self, (level, place, _): (usize, usize, u32)) {
        let anchor = anchor(level, place);
        self.links[anchor as usize] = Link { next: anchor, prev: anchor };
        self.vacate(level, place, true);
    }

    /// Notes that a list is not empty.
    #[inline]
    fn occupy(&mut self, level: usize, place: usize) {
        self.occupied[level] |= 1 << place;
        self.levels |= 1 << level;
    }

    /// Notes that a list is empty, if it is.
    #[inline]
    fn vacate(&mut self, level: usize, place: usize, is_empty: bool) {
        let occupied = self.occupied[level] & !(u64::from(is_empty) << place);
        self.occupied[level] = occupied;
        self.levels &= !(u32::from(occupied == 0) << level);
    }
}

/// The places of the bits that are set, from the lowest.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = word.trailing_zeros() as usize;
        (word != 0).then(|| {
            word &= word - 1;
            place
        })
    })
}

/// The number of a list's anchor.
#[inline]
fn anchor(level: usize, place: usize) -> u32 {
    (level * SLOTS + place) as u32
}
