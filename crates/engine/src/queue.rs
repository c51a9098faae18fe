//! The event queue: records in the order in which they are due, the first queued of
//! several first. Knows neither what a record is about nor what time it is now.

use crate::few::{Entry, FEW_MOST, Few};
use crate::wheel::{ANCHORS, Wheel};
use std::num::NonZero;

const NONE: u32 = u32::MAX;
/// With so few records left the wheel hands them to the short list. A good deal fewer
/// than fit there, so that the next few do not spread them again.
const GATHER_AT: usize = FEW_MOST / 2;

/// Records from which on [`Queue::has_many`]: with a connection and two tasks to each
/// record, which are 2 kB together, two megabytes.
const MANY: usize = 1024;

/// Records that there is room for from the first on.
const RECORDS_FIRST: usize = 128;

/// A queued record; held by the device that queued it, until it fires or is cancelled.
///
/// Four bytes, and so is an `Option` of it: records come after the wheel's anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(NonZero<u32>);

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

/// The earliest record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) time: u64,
    /// Whether others are due together with it.
    pub(crate) is_tied: bool,
}

/// What is due, of a record; of a free one, `slot` is the next free.
#[derive(Debug, Clone, Copy)]
struct Record {
    time: u64,
    slot: u32,
    device: u32,
}

const _: () = assert!(size_of::<Record>() == 16, "a record stays within 16 bytes, and 8 in the wheel");

/// The queue: its records, and their order.
///
/// Invariant: the order is kept by the short list or by the wheel; one of them is empty.
#[derive(Debug)]
pub struct Queue {
    few: Few,
    wheel: Wheel,
    /// A record's index is its place here, behind the wheel's anchors.
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
        Queue { few: Few::new(), wheel: Wheel::new(), records: Vec::with_capacity(RECORDS_FIRST), free: NONE, len: 0 }
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

    /// Whether so much is queued that what it is about lies in no cache that is near.
    #[inline]
    pub(crate) fn has_many(&self) -> bool {
        self.len > MANY
    }

    /// The device and slot of the records that come first in the order as far as it is
    /// known: one alone is the earliest, several are still to be put into order.
    pub(crate) fn front(&self) -> impl Iterator<Item = (u32, u32)> {
        let list = self.wheel.lowest().into_iter().flat_map(|(_, _, head)| self.wheel.list(head));
        list.map(|index| {
            let record = &self.records[(index - ANCHORS) as usize];
            (record.device, record.slot)
        })
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets every record and goes back to time zero; keeps its memory.
    pub fn reset(&mut self) {
        self.few.clear();
        self.wheel.clear();
        self.wheel.rebase(0);
        self.records.clear();
        self.free = NONE;
        self.len = 0;
    }

    /// Queues a record behind all that are due at the same time.
    ///
    /// Always inline: a call would hand the record over in memory, to be read back at once.
    ///
    /// # Panics
    /// If `time` lies before the last record that was taken.
    #[inline(always)]
    pub fn insert(&mut self, time: u64, device: u32, slot: u32) -> Ticket {
        assert!(time >= self.wheel.base(), "a record may not be queued in the past");
        let index = self.free;
        let index = if index == NONE {
            self.push(time, device, slot)
        } else {
            let place = &mut self.records[(index - ANCHORS) as usize];
            self.free = place.slot;
            // Not through a record on the stack, which is written in three pieces and would be
            // read in one: the processor cannot pass those on, and waits for all three.
            place.time = time;
            place.slot = slot;
            place.device = device;
            index
        };
        self.len += 1;
        if !self.wheel.is_empty() {
            self.wheel.link(index, time);
        } else if self.few.len() < FEW_MOST {
            self.few.insert(Entry { time, index });
        } else {
            self.spread(index);
        }
        Ticket(NonZero::new(index).expect("records come after the anchors"))
    }

    /// Takes a record out before it is due.
    #[inline]
    pub fn cancel(&mut self, ticket: Ticket) {
        let index = ticket.0.get();
        let place = &mut self.records[(index - ANCHORS) as usize];
        let time = place.time;
        place.slot = self.free;
        self.free = index;
        self.len -= 1;
        if self.wheel.is_empty() {
            self.few.remove(index);
        } else {
            self.wheel.unlink(index, time);
            self.gather_if_few();
        }
    }

    /// When the earliest record is due.
    pub fn next_time(&self) -> Option<u64> {
        match self.wheel.lowest() {
            Some((_, _, head)) => self.wheel.list(head).map(|index| self.time(index)).min(),
            None => self.few.earliest().map(|entry| entry.time),
        }
    }

    /// Takes the earliest record, the first queued of several, unless it is due after `limit`.
    #[inline]
    pub fn pop(&mut self, limit: u64) -> Option<Due> {
        self.pop_alone(limit).or_else(|| {
            self.settle(limit)?;
            Some(self.take())
        })
    }

    /// Takes the earliest record, if it is due by `limit` and lies alone in its list: most do, and
    /// no list needs to be spread or put into order for them.
    #[inline]
    pub(crate) fn pop_alone(&mut self, limit: u64) -> Option<Due> {
        let Some(lowest @ (_, _, head)) = self.wheel.lowest() else {
            let Entry { time, index } = self.few.pop_alone(limit)?;
            return Some(self.release(index, time));
        };
        let time = self.time(head);
        if self.wheel.is_tied(head) || time > limit {
            return None;
        }
        self.wheel.empty(lowest);
        let due = self.release(head, time);
        self.gather_if_few();
        Some(due)
    }

    /// Frees a record that is taken.
    #[inline]
    fn release(&mut self, index: u32, time: u64) -> Due {
        let place = &mut self.records[(index - ANCHORS) as usize];
        let Record { device, slot, .. } = *place;
        place.slot = self.free;
        self.free = index;
        self.len -= 1;
        self.wheel.rebase(time);
        Due { time, device, slot }
    }

    /// Brings the earliest records to the front, if they are due by `limit`. The first must
    /// be taken next.
    #[inline]
    pub(crate) fn settle(&mut self, limit: u64) -> Option<Head> {
        let Some(lowest @ (level, _, head)) = self.wheel.lowest() else {
            let time = self.few.earliest()?.time;
            return (time <= limit).then_some(Head { time, is_tied: self.few.is_tied() });
        };
        let is_tied = self.wheel.is_tied(head);
        if level == 0 || !is_tied {
            let time = self.time(head);
            return (time <= limit).then_some(Head { time, is_tied });
        }
        let records = &self.records;
        let index = self.wheel.cascade(lowest, limit, |index| records[(index - ANCHORS) as usize].time)?;
        Some(Head { time: self.time(index), is_tied: self.wheel.is_tied(index) })
    }

    /// Takes the record that [`settle`](Self::settle) brought forward.
    ///
    /// # Panics
    /// If nothing is queued.
    #[inline]
    pub(crate) fn take(&mut self) -> Due {
        let lowest = self.wheel.lowest();
        let index = match lowest {
            Some((_, _, head)) => head,
            None => self.few.pop(),
        };
        let due = self.release(index, self.time(index));
        if let Some(lowest) = lowest {
            self.wheel.behead(lowest);
            self.gather_if_few();
        }
        due
    }

    /// Puts the earliest records into the order of `key`; equal keys keep theirs.
    pub(crate) fn order(&mut self, scratch: &mut Vec<(u64, u32)>, mut key: impl FnMut(u32, u32) -> u64) {
        let Queue { records, few, wheel, .. } = self;
        let key = |index: u32| {
            let record = &records[(index - ANCHORS) as usize];
            key(record.device, record.slot)
        };
        match wheel.lowest() {
            Some((_, _, head)) => wheel.order(head, scratch, key),
            None => few.order(key),
        }
    }

    /// The time of a record.
    #[inline]
    pub(crate) fn time(&self, index: u32) -> u64 {
        self.records[(index - ANCHORS) as usize].time
    }

    /// Makes a new record; its index.
    fn push(&mut self, time: u64, device: u32, slot: u32) -> u32 {
        let index = ANCHORS + self.records.len() as u32;
        self.records.push(Record { time, slot, device });
        if !self.wheel.is_empty() {
            self.wheel.make_room(index + 1);
        }
        index
    }

    /// Hands the order over to the wheel, and queues one record more.
    #[cold]
    #[inline(never)]
    fn spread(&mut self, index: u32) {
        self.wheel.begin(ANCHORS + self.records.len() as u32);
        self.few.iter().for_each(|entry| self.wheel.link(entry.index, entry.time));
        self.few.clear();
        self.wheel.link(index, self.time(index));
    }

    #[inline]
    fn gather_if_few(&mut self) {
        if self.len == GATHER_AT {
            self.gather();
        }
    }

    /// Takes the order over from the wheel.
    #[cold]
    #[inline(never)]
    fn gather(&mut self) {
        for index in self.wheel.iter() {
            self.few.insert(Entry { time: self.records[(index - ANCHORS) as usize].time, index });
        }
        self.wheel.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that is due by `limit`, each instant in the order of a key; after each record
    /// another is queued for that very instant, as long as there are any.
    fn drain(queue: &mut Queue, further: &mut Vec<u32>) -> Vec<u32> {
        let (mut taken, mut ordered_at) = (Vec::new(), None);
        while let Some(head) = queue.settle(u64::MAX) {
            if ordered_at != Some(head.time) {
                ordered_at = Some(head.time);
                queue.order(&mut Vec::new(), |_, slot| u64::from(slot % 5));
            }
            let due = queue.take();
            taken.push(due.slot);
            if let Some(slot) = further.pop() {
                queue.insert(due.time, 1, slot);
            }
        }
        taken
    }

    #[test]
    fn what_is_queued_for_an_instant_that_was_put_into_order_comes_last_in_it() {
        // Few of them, and many, with some that are due later.
        for (tied, later) in [(3, 2), (2, 40), (3, 40), (30, 40)] {
            let mut queue = Queue::new();
            for slot in 0..later {
                queue.insert(1000 + u64::from(slot), 1, 1000 + slot);
            }
            for slot in (0..tied).rev() {
                queue.insert(500, 1, slot);
            }
            let mut expected: Vec<u32> = (0..tied).rev().collect();
            expected.sort_by_key(|slot| slot % 5);
            expected.extend([100, 101, 102].into_iter().chain(1000..1000 + later));
            assert_eq!(drain(&mut queue, &mut vec![102, 101, 100]), expected, "{tied} of {}", tied + later);
        }
    }

    #[test]
    fn records_whose_keys_are_equal_come_as_they_were_queued() {
        // Few of them; two and more among many.
        for (tied, later) in [(2, 0), (2, 40), (3, 40)] {
            let mut queue = Queue::new();
            for slot in 0..later {
                queue.insert(1000 + u64::from(slot), 1, 1000 + slot);
            }
            // Their keys are all 2.
            for slot in (0..tied).rev() {
                queue.insert(500, 1, 5 * slot + 2);
            }
            let expected: Vec<u32> = (0..tied).rev().map(|slot| 5 * slot + 2).chain(1000..1000 + later).collect();
            assert_eq!(drain(&mut queue, &mut Vec::new()), expected, "{tied} of {}", tied + later);
        }
    }
}
