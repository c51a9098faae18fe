//! What happens when a segment does not arrive as sent: judged, sent again, given
//! up, or answered with a reset. Streams in good health never come here.

use crate::broken::Broken;
use crate::connection::{CLIENT, State};
use crate::fabric::Fabric;
use crate::flow::{Cargo, Departure, Stall};
use crate::kinds::{PARTITION, mark};
use crate::landing::Landing;
use crate::slot::Role;
use crate::told;
use crate::transfer::NTH_RESET;
use std::io;
use wavetank_engine::{EventKind, Kernel, Waiter, mix};

const LOST: EventKind = EventKind::new("tcp.lost");
pub(crate) const GIVE_UP: EventKind = EventKind::new("tcp.time-out");
const RESET_LANDS: EventKind = EventKind::new("tcp.reset");

/// The fate of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The receiver has it.
    Arrives,
    /// It is gone, and nobody knows; the kinds of fault to blame.
    Lost(u16),
    /// Its receiver knows no such connection, and says so.
    Unknown,
    /// It makes no difference any more.
    Ignored,
}

impl Fabric {
    /// A direction's record is due, and something is unusual.
    #[cold]
    pub(crate) fn land_with_care(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let flow = &mut self.connections.at(index).flows[side];
        if flow.stall().is_some_and(|stall| stall.waiting) {
            self.retry(kernel, index, side);
            return self.finish(kernel, index);
        }
        let departure = flow.first.expect("a queued landing has its departure");
        flow.arrive();
        let verdict = self.judge(kernel, index, side, &departure);
        self.apply(kernel, index, side, departure, verdict);
        self.queue_next(kernel, index, side);
        self.finish(kernel, index);
    }

    /// Decides, and changes nothing.
    fn judge(&self, kernel: &Kernel, index: u32, side: usize, departure: &Departure) -> Verdict {
        let connection = self.connections.peek(index);
        let path = connection.path(side);
        if departure.lost {
            return Verdict::Lost(departure.marks);
        }
        if self.links.is_cut(path) {
            return Verdict::Lost(departure.marks | mark(&PARTITION));
        }
        if self.is_down(path.to, kernel) {
            return Verdict::Lost(departure.marks);
        }
        match (connection.ends[side ^ 1].state, departure.cargo) {
            (State::Open, _) | (State::Orphan, Cargo::Reset) => Verdict::Arrives,
            // Its handle is gone: nobody will ever read more. What it had already is confirmed again.
            (State::Orphan, _) if departure.end <= connection.flows[side].landed => Verdict::Arrives,
            (State::Dead | State::Gone, Cargo::Reset) => Verdict::Ignored,
            // Both directions were closed in order.
            (State::Gone, Cargo::Fin) if connection.flows[side ^ 1].fin_landed => Verdict::Ignored,
            _ => Verdict::Unknown,
        }
    }

    /// Does what was decided.
    fn apply(&mut self, kernel: &mut Kernel, index: u32, side: usize, departure: Departure, verdict: Verdict) {
        let connection = self.connections.at(index);
        let sender = connection.ends[side].state;
        let flow = &mut connection.flows[side];
        match verdict {
            Verdict::Lost(marks) => {
                kernel.tell("tcp.lost", |telling| told::loses(telling, flow.entity, &departure, marks));
            }
            _ => kernel.tell("tcp.land", |telling| told::lands(telling, flow.entity, &departure)),
        }
        match verdict {
            Verdict::Arrives if departure.cargo == Cargo::Reset => {
                self.reset_end(kernel, index, side ^ 1, departure.marks);
            }
            Verdict::Arrives => {
                let is_end = departure.cargo == Cargo::Fin && !flow.fin_landed;
                if departure.end > flow.landed || is_end {
                    // What is there already was held up by nothing, though it was sent again.
                    flow.marks |= departure.marks;
                }
                flow.landed = flow.landed.max(departure.end);
                flow.fin_landed |= is_end;
                let reader = flow.reader.take();
                if self.config.broken == Some(Broken::ReadCancel) && matches!(reader, Waiter::Foreign(_)) {
                    flow.read = flow.landed;
                }
                self.confirm(kernel, index, side);
                kernel.wake(reader);
                if side == CLIENT {
                    self.confirm_by_bytes(kernel, index);
                }
            }
            Verdict::Ignored => flow.fin_landed |= departure.cargo == Cargo::Fin,
            Verdict::Lost(marks) if departure.cargo == Cargo::Reset => self.lose_reset(kernel, index, side, marks),
            Verdict::Lost(marks) => {
                kernel.note(LOST, flow.entity, departure.end);
                flow.drop_departures();
                if matches!(sender, State::Open | State::Orphan) {
                    self.stall(kernel, index, side, marks);
                } else if flow.reset_departed {
                    // It came behind the hole.
                    self.lose_reset(kernel, index, side, marks);
                }
            }
            Verdict::Unknown => {
                flow.drop_departures();
                if connection.ends[side ^ 1].state == State::Orphan {
                    connection.ends[side ^ 1].state = State::Gone;
                    connection.flows[side ^ 1].closing = false;
                }
                self.send_reset(kernel, index, side ^ 1, departure.marks);
            }
        }
    }

    /// Nobody sends a reset again, unless the other side asks once more.
    fn lose_reset(&mut self, kernel: &mut Kernel, index: u32, side: usize, marks: u16) {
        let connection = self.connections.at(index);
        connection.flows[side].reset_departed = false;
        connection.flows[side ^ 1].update_lost = true;
        self.chase(kernel, index, side ^ 1, marks);
    }

    /// Waits for the next attempt to send what is owed.
    pub(crate) fn stall(&mut self, kernel: &mut Kernel, index: u32, side: usize, marks: u16) {
        let (first, most) = (self.config.retransmit_first, self.config.retransmit_max);
        let flow = &mut self.connections.at(index).flows[side];
        let fresh = Stall { since: kernel.now(), attempt: 0, waiting: true, marks: 0 };
        let stall = flow.aside().stall.get_or_insert(fresh);
        stall.waiting = true;
        stall.marks |= marks;
        let delay = backoff(first, most, stall.attempt);
        let slot = Role::Landing.slot(index << 1 | side as u32);
        flow.ticket = Some(kernel.at(kernel.now().saturating_add(delay), self.number, slot));
    }

    /// Sends everything that is owed again, or gives up.
    fn retry(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let Fabric { connections, config, links, number, rough, .. } = self;
        let connection = connections.at(index);
        let path = connection.path(side);
        let sender = connection.ends[side].state;
        let flow = &mut connection.flows[side];
        let aside = flow.aside();
        let stall = aside.stall.as_mut().expect("only a stalled direction is tried again");
        stall.attempt += 1;
        stall.waiting = false;
        let (since, attempt, marks) = (stall.since, stall.attempt, stall.marks);
        if !matches!(sender, State::Open | State::Orphan) {
            aside.stall = None;
            return;
        }
        if kernel.now() - since >= config.retransmit_limit {
            kernel.note_and_tell(GIVE_UP, flow.entity, u64::from(attempt), |telling| {
                told::retries(telling, flow.entity, attempt);
            });
            return self.fail_end(kernel, index, side, io::ErrorKind::TimedOut, marks);
        }
        kernel.tell("tcp.retry", |telling| told::retries(telling, flow.entity, attempt));
        flow.departed = flow.departed.max(flow.written.min(flow.edge));
        flow.fin_departed |= flow.closing && flow.departed == flow.written;
        let cargo = if flow.fin_departed { Cargo::Fin } else { Cargo::Data };
        let repeats = flow.count_repeat();
        let mut flight = links.depart(*rough, config, kernel, path, mix(flow.entity, repeats), flow.departed);
        flight.marks |= marks;
        Landing { device: *number, slot: Role::Landing.slot(index << 1 | side as u32) }
            .enqueue(flow, kernel, cargo, flight);
    }

    /// The receiver of what `side` wrote has acknowledged it, but that is lost.
    #[cold]
    pub(crate) fn lose_ack(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        // None is on its way: those that had not arrived when it was cut are lost since.
        let flow = &mut self.connections.at(index).flows[side];
        flow.update_lost = true;
        if flow.first.is_none() {
            self.chase(kernel, index, side, mark(&PARTITION));
        }
    }

    /// Asks for the window that the receiver may have opened without being heard, unless it is
    /// just saying so.
    #[cold]
    pub(crate) fn probe(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let flow = &mut self.connections.at(index).flows[side];
        flow.update_lost = false;
        match flow.ack_due() {
            Some(_) => self.expect_ack(kernel, index, side),
            None => self.chase(kernel, index, side, mark(&PARTITION)),
        }
    }

    /// The way back of `side`'s acknowledgements is cut: those that have arrived are
    /// facts, those on their way are lost.
    pub(crate) fn lose_acks(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let flow = &mut self.connections.at(index).flows[side];
        flow.settle(kernel.now());
        if flow.ack_due().is_some() {
            flow.lose_acks();
            flow.update_lost = true;
            self.chase(kernel, index, side, mark(&PARTITION));
        }
    }

    /// Begins to send again if something is owed and nothing is on its way.
    pub(crate) fn chase(&mut self, kernel: &mut Kernel, index: u32, side: usize, marks: u16) {
        let connection = self.connections.at(index);
        let is_sending = matches!(connection.ends[side].state, State::Open | State::Orphan);
        let flow = &mut connection.flows[side];
        // Nobody may have written since the last acknowledgement came.
        flow.settle(kernel.now());
        if is_sending && flow.ticket.is_none() && flow.is_owed() {
            self.stall(kernel, index, side, marks);
        }
    }

    /// A kernel that knows no such connection says so to the other side.
    pub(crate) fn send_reset(&mut self, kernel: &mut Kernel, index: u32, side: usize, marks: u16) {
        let Fabric { connections, config, links, number, rough, .. } = self;
        let connection = connections.at(index);
        let path = connection.path(side);
        let flow = &mut connection.flows[side];
        if std::mem::replace(&mut flow.reset_departed, true) {
            return;
        }
        if flow.end_stall() {
            // What it waited for will never be sent; what is behind a hole is worthless.
            if let Some(ticket) = flow.ticket.take() {
                kernel.cancel(ticket);
            }
            flow.drop_departures();
        }
        let repeats = flow.count_repeat();
        let mut flight = links.depart(*rough, config, kernel, path, mix(flow.entity, repeats), NTH_RESET);
        flight.marks |= marks;
        Landing { device: *number, slot: Role::Landing.slot(index << 1 | side as u32) }.enqueue(
            flow,
            kernel,
            Cargo::Reset,
            flight,
        );
    }

    /// A reset lands at `side`.
    fn reset_end(&mut self, kernel: &mut Kernel, index: u32, side: usize, marks: u16) {
        let connection = self.connections.at(index);
        let incoming = connection.flows[side ^ 1].entity;
        kernel.note_and_tell(RESET_LANDS, connection.entity, side as u64, |telling| told::at_reader(telling, incoming));
        // Linux: a reset after the end of the stream is EPIPE, before it ECONNRESET.
        let error = match connection.flows[side ^ 1].fin_landed {
            true => io::ErrorKind::BrokenPipe,
            false => io::ErrorKind::ConnectionReset,
        };
        self.fail_end(kernel, index, side, error, marks);
    }

    /// The connection is no more at `side`, with an error for who still uses it there.
    pub(crate) fn fail_end(&mut self, kernel: &mut Kernel, index: u32, side: usize, error: io::ErrorKind, marks: u16) {
        let connection = self.connections.at(index);
        let end = &mut connection.ends[side];
        match end.state {
            State::Open => {
                end.state = State::Dead;
                end.error = Some(error);
                end.blame = marks;
            }
            State::Orphan => end.state = State::Gone,
            State::Dead | State::Gone => return,
        }
        let flow = &mut connection.flows[side];
        flow.sealed = true;
        flow.closing = false;
        flow.written = flow.departed;
        if !flow.reset_departed {
            flow.drop_departures();
            if let Some(ticket) = flow.ticket.take() {
                kernel.cancel(ticket);
            }
        }
        flow.end_stall();
        let writer = flow.take_writer();
        let reader = connection.flows[side ^ 1].reader.take();
        kernel.wake(writer);
        kernel.wake(reader);
    }
}

/// The time until the next attempt: doubled each time, up to a limit.
pub(crate) fn backoff(first: u64, most: u64, attempt: u32) -> u64 {
    first.checked_shl(attempt).filter(|&delay| delay >> attempt == first).unwrap_or(most).min(most.max(first))
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        let delays: Vec<u64> = (0..6).map(|attempt| backoff(200, 3000, attempt)).collect();
        assert_eq!(delays, [200, 400, 800, 1600, 3000, 3000]);
        assert_eq!(backoff(200, 3000, 100), 3000);
        assert_eq!(backoff(200, 100, 3), 200);
    }
}
