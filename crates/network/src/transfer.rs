//! How bytes move on an open connection: written, sent, landed, acknowledged,
//! read. What happens when they do not arrive is next door, in `recovery.rs`.

use crate::acks::Ack;
use crate::broken::Broken;
use crate::connection::State;
use crate::fabric::Fabric;
use crate::flow::{Cargo, Flow};
use crate::kinds::{RESET, SHORT_READ, SHORT_WRITE, count_effects, mark};
use crate::landing::Landing;
use crate::slot::Role;
use crate::told;
use std::io;
use std::task::{Context, Poll, Waker};
use tokio::io::ReadBuf;
use wavetank_engine::{Domain, EventKind, Kernel, Target, hash_bytes};

const WRITE: EventKind = EventKind::new("tcp.write");
const SHUTDOWN: EventKind = EventKind::new("tcp.shutdown");
/// How much of a read or write is left when a fault shortens it.
const SHORT: Domain = Domain::new("network.short-length");

/// A handle, as the fabric knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle {
    /// For a side of a connection: twice the connection, plus the side.
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// The decision number of the segment that carries the end of the stream.
pub(crate) const NTH_FIN: u64 = u64::MAX;
/// That of a reset.
pub(crate) const NTH_RESET: u64 = u64::MAX - 1;

impl Fabric {
    /// Writes as much of `data` as the send buffer has room for.
    #[inline]
    pub(crate) fn write(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        data: &[u8],
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<usize>> {
        let (index, side) = (handle.index >> 1, (handle.index & 1) as usize);
        let connection = self.connections.at(index);
        if connection.ends[side].generation != handle.generation {
            // The process that had this handle is dead: nothing ever completes for it.
            return Poll::Pending;
        }
        let flow = &mut connection.flows[side];
        if flow.sealed {
            return Poll::Ready(self.write_sealed(kernel, index, side, data));
        }
        flow.settle(kernel.now());
        let mut len = data.len().min(flow.room(self.config.send_buffer));
        if self.rough {
            len = self.shorten_write(kernel, index, side, data, len);
        }
        if len == 0 && !data.is_empty() {
            return self.wait_to_write(kernel, handle, cx, replaced);
        }
        let flow = &mut self.connections.at(index).flows[side];
        kernel.note_and_tell(WRITE, flow.entity, hash_bytes(&data[..len]), |telling| told::writes(telling, flow, len));
        if self.rough && self.config.broken.is_some() {
            self.put_broken(index, side, &data[..len]);
        } else {
            flow.put(&data[..len]);
        }
        self.push(kernel, index, side);
        Poll::Ready(Ok(len))
    }

    #[cold]
    fn wait_to_write(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<usize>> {
        let (index, side) = (handle.index >> 1, (handle.index & 1) as usize);
        *replaced = self.connections.at(index).flows[side].aside().writer.set(cx);
        kernel.waits(self.number, Role::Stream.slot(handle.index), "room on a TCP stream");
        self.expect_ack(kernel, index, side);
        Poll::Pending
    }

    /// Reads what has landed.
    #[inline]
    pub(crate) fn read(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<()>> {
        let (index, side) = (handle.index >> 1, (handle.index & 1) as usize);
        let connection = self.connections.at(index);
        let (end, flow) = (&connection.ends[side], &mut connection.flows[side ^ 1]);
        if end.generation != handle.generation {
            return Poll::Pending;
        }
        let mut len = (flow.landed - flow.read) as usize;
        if len == 0 {
            // As on Linux, a read into no room waits too.
            let is_broken = self.config.broken == Some(Broken::EmptyRead) && buffer.remaining() == 0;
            if flow.fin_landed || end.state != State::Open || is_broken {
                return self.read_end(kernel, handle);
            }
            *replaced = flow.reader.set(cx);
            kernel.waits(self.number, Role::Stream.slot(handle.index), "data on a TCP stream");
            return Poll::Pending;
        }
        if self.rough {
            len = shorten_read(kernel, flow, &self.config, len.min(buffer.remaining()), side);
        }
        let before = flow.read;
        flow.take(len, buffer);
        kernel.tell("tcp.read", |telling| told::reads(telling, flow, flow.read - before));
        if flow.marks != 0 {
            count_effects(std::mem::take(&mut flow.marks), kernel);
        }
        // As Linux does, tell the writer of a wider window once that is worth a packet.
        let window = u64::from(self.config.receive_window);
        if (flow.read + window) * 2 >= flow.advertised * 2 + window {
            self.confirm(kernel, index, side ^ 1);
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing is left to read, and nothing more will be.
    #[cold]
    fn read_end(&mut self, kernel: &mut Kernel, handle: Handle) -> Poll<io::Result<()>> {
        let (index, side) = (handle.index >> 1, (handle.index & 1) as usize);
        let connection = self.connections.at(index);
        let (end, flow) = (&mut connection.ends[side], &mut connection.flows[side ^ 1]);
        // Linux asks in this order: what has arrived, the end of the stream, an error.
        if flow.fin_landed {
            if self.config.broken == Some(Broken::EofAgain)
                && std::mem::replace(&mut flow.aside().reads, u64::MAX) == u64::MAX
            {
                return Poll::Pending;
            }
            count_effects(std::mem::take(&mut flow.marks), kernel);
            return Poll::Ready(Ok(()));
        }
        if let Some(error) = end.error.take() {
            count_effects(std::mem::take(&mut end.blame), kernel);
            end.error = (self.config.broken == Some(Broken::ResetOnce)).then_some(error);
            return Poll::Ready(Err(error.into()));
        }
        Poll::Ready(Ok(()))
    }

    #[cold]
    fn write_sealed(&mut self, kernel: &mut Kernel, index: u32, side: usize, data: &[u8]) -> io::Result<usize> {
        let connection = self.connections.at(index);
        let end = &mut connection.ends[side];
        let is_shut = connection.flows[side].closing || connection.flows[side].fin_departed;
        if self.config.broken == Some(if is_shut { Broken::Shutdown } else { Broken::BrokenPipe }) {
            return Ok(data.len());
        }
        match end.error.take() {
            Some(error) => {
                count_effects(std::mem::take(&mut end.blame), kernel);
                Err(error.into())
            }
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Closes the sending half; what was written is sent, then the end of the stream.
    pub(crate) fn shutdown(&mut self, kernel: &mut Kernel, handle: Handle) -> Poll<io::Result<()>> {
        let (index, side) = (handle.index >> 1, (handle.index & 1) as usize);
        let connection = self.connections.at(index);
        if connection.ends[side].generation != handle.generation {
            return Poll::Pending;
        }
        if self.config.broken == Some(Broken::HalfClose) && connection.flows[side ^ 1].landed == 0 {
            connection.flows[side ^ 1].fin_landed = true;
        }
        let flow = &mut connection.flows[side];
        // On a connection that is gone the kernel says ENOTCONN, which tokio swallows.
        if !flow.sealed {
            flow.sealed = true;
            flow.closing = true;
            kernel.note_and_tell(SHUTDOWN, flow.entity, flow.written, |telling| told::at_writer(telling, flow.entity));
            self.push(kernel, index, side);
        } else if self.config.broken == Some(Broken::ShutdownAgain) {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what was written, as far as the window allows, and the end of the stream after the last byte.
    #[inline]
    pub(crate) fn push(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let Fabric { connections, config, links, number, rough, .. } = self;
        let connection = connections.at(index);
        let path = connection.path(side);
        let flow = &mut connection.flows[side];
        if flow.stall().is_some() {
            return;
        }
        let landing = Landing { device: *number, slot: Role::Landing.slot(index << 1 | side as u32) };
        let end = flow.written.min(flow.edge);
        let mut is_reset = false;
        if end > flow.departed {
            let (entity, nth) = (flow.entity, flow.departed);
            // Nothing lies between a machine and itself.
            if *rough && !path.is_loopback() {
                is_reset = kernel.strikes(&RESET, entity, nth, config.reset, Target::Machine(path.to));
            }
            let flight = links.depart(*rough, config, kernel, path, entity, nth);
            flow.departed = end;
            landing.enqueue(flow, kernel, Cargo::Data, flight);
        } else if end < flow.written {
            return self.wait_for_window(kernel, index, side);
        }
        if flow.closing && !flow.fin_departed && flow.departed == flow.written {
            let flight = links.depart(*rough, config, kernel, path, flow.entity, NTH_FIN);
            flow.fin_departed = true;
            landing.enqueue(flow, kernel, Cargo::Fin, flight);
        }
        if is_reset {
            self.send_reset(kernel, index, side, mark(&RESET));
            self.fail_end(kernel, index, side, io::ErrorKind::ConnectionReset, mark(&RESET));
        }
    }

    /// Nothing may be sent: the next word of a wider window becomes an event, or is asked for.
    #[cold]
    fn wait_for_window(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        if self.connections.at(index).flows[side].update_lost {
            self.probe(kernel, index, side);
        } else {
            self.expect_ack(kernel, index, side);
        }
    }

    /// A direction's queued record is due.
    #[inline]
    pub(crate) fn land(&mut self, kernel: &mut Kernel, flow_index: u32) {
        let (index, side) = (flow_index >> 1, (flow_index & 1) as usize);
        let Fabric { connections, config, links, number, rough, .. } = self;
        let connection = connections.at(index);
        let is_plain = !*rough && connection.ends[side ^ 1].state == State::Open;
        let back = connection.path(side ^ 1);
        let flow = &mut connection.flows[side];
        flow.ticket = None;
        let end = match &flow.first {
            Some(first) if is_plain && flow.stall().is_none() && first.is_plain() => {
                kernel.tell("tcp.land", |telling| told::lands(telling, flow.entity, first));
                first.end
            }
            _ => return self.land_with_care(kernel, index, side),
        };
        flow.arrive();
        flow.landed = flow.landed.max(end);
        flow.advertised = flow.advertised.max(flow.read + u64::from(config.receive_window));
        let due = kernel.now().saturating_add(links.latency_of_ack(config, back, kernel.now()));
        flow.push_ack(Ack { due, upto: flow.landed, edge: flow.advertised }, kernel.now());
        if let Some(next) = flow.first {
            flow.ticket = Some(kernel.at(next.due, *number, Role::Landing.slot(flow_index)));
        }
        let is_awaited = flow.is_ack_awaited();
        kernel.wake(flow.reader.take());
        if is_awaited {
            self.expect_ack(kernel, index, side);
        }
    }

    /// Queues the landing of the next departure.
    #[inline]
    pub(crate) fn queue_next(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let flow = &mut self.connections.at(index).flows[side];
        if let (Some(next), None) = (&flow.first, flow.ticket) {
            let due = next.due;
            flow.ticket = Some(kernel.at(due, self.number, Role::Landing.slot(index << 1 | side as u32)));
        }
    }

    /// The receiver of what `side` writes says what has landed and how much more it takes. Out of
    /// the way of reads, of which one in hundreds asks for it.
    #[inline(never)]
    pub(crate) fn confirm(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let Fabric { connections, config, links, rough, .. } = self;
        let connection = connections.at(index);
        let back = connection.path(side ^ 1);
        if *rough && links.is_cut(back) {
            return self.lose_ack(kernel, index, side);
        }
        let flow = &mut connection.flows[side];
        if flow.ticket.is_none() {
            // What was sent again has landed; a mere update of the window ends no stall.
            flow.end_stall();
        }
        flow.advertised = flow.advertised.max(flow.read + u64::from(config.receive_window));
        let due = kernel.now().saturating_add(links.latency_of_ack(config, back, kernel.now()));
        flow.push_ack(Ack { due, upto: flow.landed, edge: flow.advertised }, kernel.now());
        if flow.is_ack_awaited() {
            self.expect_ack(kernel, index, side);
        }
    }

    /// Makes the next acknowledgement an event: somebody waits for it.
    #[cold]
    pub(crate) fn expect_ack(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let flow = &mut self.connections.at(index).flows[side];
        if let (None, Some(due)) = (flow.ack_ticket, flow.ack_due()) {
            let slot = Role::Acknowledgement.slot(index << 1 | side as u32);
            flow.ack_ticket = Some(kernel.at(due, self.number, slot));
        }
    }

    /// An acknowledgement that somebody waits for has arrived.
    pub(crate) fn acknowledge(&mut self, kernel: &mut Kernel, flow_index: u32) {
        let (index, side) = (flow_index >> 1, (flow_index & 1) as usize);
        let flow = &mut self.connections.at(index).flows[side];
        flow.ack_ticket = None;
        flow.settle(kernel.now());
        kernel.tell("tcp.ack", |telling| told::acknowledges(telling, flow));
        self.push(kernel, index, side);
        let flow = &mut self.connections.at(index).flows[side];
        if flow.room(self.config.send_buffer) > 0 {
            let writer = flow.take_writer();
            kernel.wake(writer);
        }
        if flow.is_ack_awaited() {
            self.expect_ack(kernel, index, side);
        }
    }

    #[cold]
    fn shorten_write(&mut self, kernel: &mut Kernel, index: u32, side: usize, data: &[u8], len: usize) -> usize {
        if self.config.broken == Some(Broken::Backpressure) {
            return data.len();
        }
        let connection = self.connections.at(index);
        let incoming = &connection.flows[side ^ 1];
        if self.config.broken == Some(Broken::FullDuplex) && incoming.landed > incoming.read {
            return 0;
        }
        let target = Target::Machine(connection.ends[side].machine);
        let flow = &connection.flows[side];
        if len > 1 && kernel.strikes(&SHORT_WRITE, flow.entity, flow.written, self.config.short_write, target) {
            kernel.effective(&SHORT_WRITE);
            return kernel.choose(SHORT, flow.entity, flow.written, 1, len as u64 - 1) as usize;
        }
        len
    }

    #[cold]
    fn put_broken(&mut self, index: u32, side: usize, data: &[u8]) {
        let flow = &mut self.connections.at(index).flows[side];
        match self.config.broken {
            Some(Broken::DataOrder) if flow.written >= 1 << 19 => {
                let reversed: Vec<u8> = data.iter().rev().copied().collect();
                flow.put(&reversed);
            }
            Some(Broken::DataLoss) => flow.put(&data[..data.len().saturating_sub(1)]),
            _ => flow.put(data),
        }
    }
}

#[cold]
fn shorten_read(
    kernel: &mut Kernel,
    flow: &mut Flow,
    config: &crate::config::NetworkConfig,
    len: usize,
    side: usize,
) -> usize {
    let aside = flow.aside();
    aside.reads += 1;
    let reads = aside.reads;
    let entity = flow.entity ^ side as u64;
    if len > 1 && kernel.strikes(&SHORT_READ, entity, reads, config.short_read, Target::World) {
        kernel.effective(&SHORT_READ);
        return kernel.choose(SHORT, entity, reads | 1 << 63, 1, len as u64 - 1) as usize;
    }
    len
}
