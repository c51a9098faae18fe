//! One direction of a connection: its bytes, how far each of them has come, and
//! what is on its way. Draws nothing and knows no link.

use crate::acks::{Ack, NO_ACK};
use crate::ring::Ring;
use std::collections::VecDeque;
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
    pub(crate) ack: Ack,
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
    pub(crate) aside: Option<Box<Aside>>,
}

/// What a direction needs only under load or in trouble. Connections come by the thousand,
/// and a run with many of them costs what they measure.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// What is on its way behind the first departure.
    rest: VecDeque<Departure>,
    /// All acknowledgements on their way behind the earliest, as one: as a receiver that
    /// delays its acknowledgements has it.
    pub(crate) later: Ack,
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

    /// What is on its way, the first first.
    pub(crate) fn departures(&mut self) -> impl Iterator<Item = &mut Departure> {
        let Flow { first, aside, .. } = self;
        first.iter_mut().chain(aside.iter_mut().flat_map(|aside| &mut aside.rest))
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
        debug_assert!(most as u64 <= self.landed - self.read, "nobody reads what has not landed");
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

    /// Whether bytes were sent that nobody has confirmed or confirms just now, or wait to be sent.
    pub(crate) fn is_owed(&self) -> bool {
        self.written > self.acked.max(self.acked_soon()) || (self.closing && !self.fin_landed)
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
