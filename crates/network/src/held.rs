//! What a clogged link holds, and that it is let go earlier or later than was said. What
//! departs next is judged where it departs.

use crate::connection::{CLIENT, Connection, Phase, SERVER};
use crate::fabric::Fabric;
use crate::kinds::{CLOG, mark};
use crate::link::Path;
use crate::slot::Role;
use wavetank_engine::Kernel;

/// A clog that ends at another time than it was to end.
#[derive(Debug, Clone, Copy)]
struct Shift {
    /// When it was to end.
    old: u64,
    /// When it ends.
    new: u64,
    /// Nothing that is let go is there before this.
    earliest: u64,
}

impl Shift {
    /// When something is due that was due at `due`: as long after the end as it would have been.
    fn of(self, due: u64) -> u64 {
        // What is due before the end that was told is on its way already.
        if due < self.old {
            return due;
        }
        let shifted = self.new.saturating_add(due - self.old);
        if self.new < self.old { shifted.max(self.earliest).min(due) } else { shifted }
    }

    fn of_marked(self, due: u64, marks: u16) -> u64 {
        if marks & mark(&CLOG) != 0 { self.of(due) } else { due }
    }
}

impl Fabric {
    /// A direction holds what departs until that time; 0 ends that. What it holds already
    /// is let go then too, in the order in which it was sent.
    pub(crate) fn hold_until(&mut self, kernel: &mut Kernel, path: Path, until: u64) {
        let now = kernel.now();
        let old = self.links.hold(path, now).saturating_add(now);
        self.links.set_held(path, until);
        let new = self.links.hold(path, now).saturating_add(now);
        if old == now || old == new {
            return;
        }
        let shift = Shift { old, new, earliest: now.saturating_add(self.config.latency_min) };
        for index in self.connections.indices() {
            for side in [CLIENT, SERVER] {
                if self.connections.peek(index).path(side) == path {
                    self.shift_handshake(kernel, index, side, shift);
                    self.shift_segments(kernel, index, side, shift);
                    self.shift_acks(kernel, index, side ^ 1, shift);
                }
            }
        }
        self.shift_datagrams(kernel, path, shift);
    }

    /// The handshake's packet, if it is one that `side` sent.
    fn shift_handshake(&mut self, kernel: &mut Kernel, index: u32, side: usize, shift: Shift) {
        let handshake = &mut self.connections.at(index).handshake;
        let is_its = match handshake.phase {
            Phase::SynSent | Phase::Confirming => side == CLIENT,
            Phase::SynReceived | Phase::Refused => side == SERVER,
            _ => false,
        };
        let due = shift.of_marked(handshake.due, handshake.marks);
        if is_its
            && due != handshake.due
            && let Some(ticket) = handshake.ticket.take()
        {
            kernel.cancel(ticket);
            self.queue_handshake(kernel, index, due);
        }
    }

    /// What `side` has sent and what will follow it.
    fn shift_segments(&mut self, kernel: &mut Kernel, index: u32, side: usize, shift: Shift) {
        let connection = self.connections.at(index);
        let mut last = confirmation_due(connection, side);
        let flow = &mut connection.flows[side];
        let before = flow.first.map(|first| first.due);
        for departure in flow.departures() {
            departure.due = shift.of_marked(departure.due, departure.marks).max(last);
            last = departure.due;
        }
        flow.last_due = last;
        if before != flow.first.map(|first| first.due)
            && let Some(ticket) = flow.ticket.take()
        {
            kernel.cancel(ticket);
            self.queue_next(kernel, index, side);
        }
    }

    /// The acknowledgements of what `side` has sent.
    fn shift_acks(&mut self, kernel: &mut Kernel, index: u32, side: usize, shift: Shift) {
        let flow = &mut self.connections.at(index).flows[side];
        flow.shift_acks(|due| shift.of(due));
        if let Some(ticket) = flow.ack_ticket.take() {
            kernel.cancel(ticket);
            self.expect_ack(kernel, index, side);
        }
    }

    fn shift_datagrams(&mut self, kernel: &mut Kernel, path: Path, shift: Shift) {
        let Fabric { datagrams, number, .. } = self;
        for index in datagrams.clogged(path) {
            let datagram = datagrams.at(index);
            let due = shift.of(datagram.due);
            if due != datagram.due {
                datagram.ticket.into_iter().for_each(|ticket| kernel.cancel(ticket));
                datagram.due = due;
                datagram.ticket = Some(kernel.at(due, *number, Role::Datagram.slot(index)));
            }
        }
    }
}

/// When the client's confirmation lands, which nothing that it sends overtakes.
fn confirmation_due(connection: &Connection, side: usize) -> u64 {
    let is_on_its_way = side == CLIENT && connection.handshake.phase == Phase::Confirming;
    if is_on_its_way { connection.handshake.due } else { 0 }
}
