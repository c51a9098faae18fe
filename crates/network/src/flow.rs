//! One direction of a connection: its bytes, how far each of them has come, and
//! what is on its way. Draws nothing and knows no link.

use crate::ring::Ring;
use std::collections::VecDeque;
use std::hint::select_unpredictable;
use tokio::io::ReadBuf;
use wavetank_engine::{Ticket, Waiter};

/// What a segment carries besides bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cargo {
    /// Bytes only.
    Data,
    /// The end of the stream.
    Fin,
    /// The end of the connection.
    Reset,
}

/// A segment on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    /// The offset behind its last byte.
    pub(crate) end: u64,
    pub(crate) due: u64,
    pub(crate) cargo: Cargo,
    /// It will not arrive.
    pub(crate) lost: bool,
    /// The kinds of fault that have touched it.
    pub(crate) marks: u16,
}

impl Departure {
    /// Whether nothing about it is unusual.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.cargo == Cargo::Data && !self.lost && self.marks == 0
    }
}

/// An acknowledgement on its way: a fact with a due time, and not an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ack {
    pub(crate) due: u64,
    /// What has landed.
    pub(crate) upto: u64,
    /// Where the receive window ends.
    pub(crate) edge: u64,
}

const NO_ACK: Ack = Ack { due: u64::MAX, upto: 0, edge: 0 };

impl Default for Ack {
    /// None.
    fn default() -> Ack {
        NO_ACK
    }
}

/// Something was lost, and nothing can land before it was sent again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stall {
    pub(crate) since: u64,
    pub(crate) attempt: u32,
    /// The queued record is the next attempt, not a landing.
    pub(crate) waiting: bool,
    pub(crate) marks: u16,
}

/// One direction.
///
/// Invariant: `read <= landed <= departed <= written` and `acked <= landed`; the
/// ring holds the bytes from `read` to `written`.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) ring: Ring,
    /// The structural name, address of its segments' decisions.
    pub(crate) entity: u64,
    pub(crate) read: u64,
    pub(crate) landed: u64,
    pub(crate) departed: u64,
    pub(crate) written: u64,
    /// What the writer knows to have landed.
    pub(crate) acked: u64,
    /// How far the writer may send.
    pub(crate) edge: u64,
    /// How far the reader has said so, which the writer may not know yet.
    pub(crate) advertised: u64,
    /// The earliest acknowledgement on its way.
    ack: Ack,
    pub(crate) first: Option<Departure>,
    /// The queued record: the first departure's landing, or the next attempt.
    pub(crate) ticket: Option<Ticket>,
    pub(crate) ack_ticket: Option<Ticket>,
    pub(crate) last_due: u64,
    /// No byte may be written any more.
    pub(crate) sealed: bool,
    /// The end of the stream follows the last byte.
    pub(crate) closing: bool,
    pub(crate) fin_departed: bool,
    pub(crate) fin_landed: bool,
    pub(crate) reset_departed: bool,
    /// The writer may not know how wide the window is, and nobody will say so unasked.
    pub(crate) update_lost: bool,
    /// Kinds of fault that have touched what landed and was not read yet.
    pub(crate) marks: u16,
    pub(crate) reader: Waiter,
    /// None before it is needed.
    aside: Option<Box<Aside>>,
}

/// What a direction needs only under load or in trouble. Connections come by the thousand,
/// and a run with many of them costs what they measure.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// What is on its way behind the first departure.
    rest: VecDeque<Departure>,
    /// All acknowledgements on their way behind the earliest, as one: as a receiver that
    /// delays its acknowledgements has it.
    later: Ack,
    pub(crate) stall: Option<Stall>,
    pub(crate) writer: Waiter,
    /// Numbers the reads, for those that a fault shortens.
    pub(crate) reads: u64,
    /// Numbers what is sent again, and resets: each has a fate of its own.
    pub(crate) repeats: u64,
}

impl Flow {
    /// Opens a direction that was just made, or made as good as new.
    #[inline]
    pub(crate) fn open(&mut self, entity: u64, window: u32) {
        self.entity = entity;
        self.edge = u64::from(window);
        self.advertised = u64::from(window);
    }

    /// As good as new, but for its memory.
    pub(crate) fn renew(&mut self) {
        // Field by field: as one value it would be made elsewhere and moved here, ring and all.
        let Flow { ring, aside, .. } = self;
        ring.renew();
        if let Some(aside) = aside {
            aside.renew();
        }
        let Flow { read, landed, departed, written, acked, last_due, .. } = self;
        for count in [read, landed, departed, written, acked, last_due] {
            *count = 0;
        }
        let Flow { sealed, closing, fin_departed, fin_landed, reset_departed, update_lost, .. } = self;
        for is_so in [sealed, closing, fin_departed, fin_landed, reset_departed, update_lost] {
            *is_so = false;
        }
        self.ack = NO_ACK;
        self.first = None;
        self.ticket = None;
        self.ack_ticket = None;
        self.marks = 0;
        self.reader = Waiter::NOBODY;
    }

    /// What only load or trouble needs.
    pub(crate) fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// The hole that what is sent again is to fill, if there is one.
    #[inline]
    pub(crate) fn stall(&self) -> Option<Stall> {
        self.aside.as_ref().and_then(|aside| aside.stall)
    }

    /// Ends a stall; whether there was one.
    pub(crate) fn end_stall(&mut self) -> bool {
        self.aside.as_mut().is_some_and(|aside| aside.stall.take().is_some())
    }

    /// Takes who waits to write.
    pub(crate) fn take_writer(&mut self) -> Waiter {
        self.aside.as_mut().map_or(Waiter::NOBODY, |aside| aside.writer.take())
    }

    /// Counts that something is sent again, or a reset; how often that was.
    pub(crate) fn count_repeat(&mut self) -> u64 {
        let aside = self.aside();
        aside.repeats += 1;
        aside.repeats
    }

    /// How often that was so far.
    pub(crate) fn repeats(&self) -> u64 {
        self.aside.as_ref().map_or(0, |aside| aside.repeats)
    }

    /// Puts a segment behind all that are on their way; whether it is the first.
    #[inline]
    pub(crate) fn depart(&mut self, departure: Departure) -> bool {
        if self.first.is_some() {
            self.aside().rest.push_back(departure);
            return false;
        }
        self.first = Some(departure);
        true
    }

    /// Takes the first segment off the way; the next is the first then.
    #[inline]
    pub(crate) fn arrive(&mut self) {
        self.first = None;
        if let Some(aside) = &mut self.aside {
            self.first = aside.rest.pop_front();
        }
    }

    /// The last segment on its way.
    pub(crate) fn last(&self) -> Option<&Departure> {
        self.aside.as_ref().and_then(|aside| aside.rest.back()).or(self.first.as_ref())
    }

    /// When the earliest acknowledgement arrives, if one is on its way.
    #[inline]
    pub(crate) fn ack_due(&self) -> Option<u64> {
        (self.ack.due != u64::MAX).then_some(self.ack.due)
    }

    /// Sends an acknowledgement at `now`.
    #[inline]
    pub(crate) fn push_ack(&mut self, ack: Ack, now: u64) {
        if self.ack.due == u64::MAX {
            self.ack = ack;
        } else {
            self.push_another(ack, now);
        }
    }

    #[inline(never)]
    fn push_another(&mut self, ack: Ack, now: u64) {
        self.settle(now);
        if self.ack.due == u64::MAX {
            self.ack = ack;
        } else {
            let due = ack.due.max(self.ack.due);
            self.aside().later = Ack { due, ..ack };
        }
    }

    /// The acknowledgements on their way are lost.
    pub(crate) fn lose_acks(&mut self) {
        self.ack = NO_ACK;
        if let Some(aside) = &mut self.aside {
            aside.later = NO_ACK;
        }
    }

    /// Settles the acknowledgements that have arrived by `now`.
    #[inline]
    pub(crate) fn settle(&mut self, now: u64) {
        let Ack { due, upto, edge } = self.ack;
        // Whether it has arrived when somebody writes is as good as random, and a wrong guess of
        // the processor costs more than settling nothing.
        let arrived = due <= now;
        self.acked = self.acked.max(select_unpredictable(arrived, upto, 0));
        self.edge = self.edge.max(select_unpredictable(arrived, edge, 0));
        self.ack.due = select_unpredictable(arrived, NO_ACK.due, due);
        if self.aside.is_some() && arrived {
            self.settle_later(now);
        }
    }

    #[inline(never)]
    fn settle_later(&mut self, now: u64) {
        if let Some(aside) = &mut self.aside
            && aside.later.due != NO_ACK.due
        {
            self.ack = std::mem::take(&mut aside.later);
            self.settle(now);
        }
    }

    /// Bytes that the send buffer has room for.
    #[inline]
    pub(crate) fn room(&self, send_buffer: u32) -> usize {
        (u64::from(send_buffer)).saturating_sub(self.written - self.acked) as usize
    }

    #[inline]
    pub(crate) fn put(&mut self, data: &[u8]) {
        self.ring.put(self.read, self.written, data);
        self.written += data.len() as u64;
    }

    /// Moves up to `most` bytes into `buffer`. So many have landed.
    #[inline]
    pub(crate) fn take(&mut self, most: usize, buffer: &mut ReadBuf<'_>) {
        let len = most.min(buffer.remaining());
        match self.ring.within(self.read, len) {
            Some(bytes) => buffer.put_slice(bytes),
            None => self.copy(len, buffer),
        }
        self.read += len as u64;
    }

    /// Out of the way of the few bytes that most reads are about.
    #[inline(never)]
    fn copy(&self, len: usize, buffer: &mut ReadBuf<'_>) {
        self.ring.get(self.read, len).into_iter().for_each(|bytes| buffer.put_slice(bytes));
    }

    /// Whether an acknowledgement must be an event: a writer waits for room, or bytes for the window.
    #[inline]
    pub(crate) fn is_ack_awaited(&self) -> bool {
        self.departed < self.written || self.aside.as_ref().is_some_and(|aside| !aside.writer.is_none())
    }

    /// Whether bytes were sent that the writer does not know to have landed, or wait to be sent.
    pub(crate) fn is_owed(&self) -> bool {
        self.written > self.acked || (self.closing && !self.fin_landed)
    }

    /// Bytes held besides the flow itself.
    pub(crate) fn memory(&self) -> usize {
        let aside = |aside: &Aside| size_of::<Aside>() + aside.rest.capacity() * size_of::<Departure>();
        self.ring.len_beyond() + self.aside.as_deref().map_or(0, aside)
    }

    /// Forgets what is on its way.
    pub(crate) fn drop_departures(&mut self) {
        self.first = None;
        if let Some(aside) = &mut self.aside {
            aside.rest.clear();
        }
    }
}

impl Aside {
    /// As a new connection has it; keeps its memory.
    fn renew(&mut self) {
        let Aside { rest, later, stall, writer, reads, repeats } = self;
        rest.clear();
        *later = NO_ACK;
        (*stall, *writer, *reads, *repeats) = (None, Waiter::NOBODY, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow_with(acks: impl IntoIterator<Item = (u64, Ack)>) -> Flow {
        let mut flow = Flow::default();
        flow.open(1, 1000);
        acks.into_iter().for_each(|(now, ack)| flow.push_ack(ack, now));
        flow
    }

    fn ack(due: u64, upto: u64) -> Ack {
        Ack { due, upto, edge: 1000 + upto }
    }

    #[test]
    fn an_acknowledgement_is_settled_when_it_has_arrived() {
        let mut flow = flow_with([(0, ack(10, 7))]);
        flow.settle(9);
        assert_eq!((flow.acked, flow.edge, flow.ack_due()), (0, 1000, Some(10)));
        flow.settle(10);
        assert_eq!((flow.acked, flow.edge, flow.ack_due()), (7, 1007, None));
    }

    #[test]
    fn those_behind_the_earliest_arrive_together_with_the_last() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2)), (2, ack(11, 3))]);
        flow.settle(10);
        assert_eq!((flow.acked, flow.ack_due()), (1, Some(11)));
        flow.settle(11);
        assert_eq!((flow.acked, flow.ack_due()), (3, None));

        let mut all_at_once = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
        all_at_once.settle(12);
        assert_eq!((all_at_once.acked, all_at_once.ack_due()), (2, None));
    }

    #[test]
    fn a_later_one_never_arrives_before_the_earliest() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(5, 2))]);
        flow.settle(5);
        assert_eq!(flow.acked, 0);
        flow.settle(10);
        assert_eq!((flow.acked, flow.ack_due()), (2, None));
    }

    #[test]
    fn one_that_has_arrived_makes_room_for_the_next() {
        let flow = flow_with([(0, ack(10, 1)), (10, ack(20, 2))]);
        assert_eq!((flow.acked, flow.ack_due()), (1, Some(20)));
        assert!(flow.aside.is_none(), "only load and trouble need more memory");
    }

    #[test]
    fn all_on_their_way_are_lost_together() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
        flow.lose_acks();
        flow.settle(100);
        assert_eq!((flow.acked, flow.ack_due()), (0, None));
    }
}
