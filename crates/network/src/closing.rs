//! How connections end: handles dropped, processes and machines that die, and when
//! a connection's slot is free again. Errors on a live one are `recovery.rs`'s.

use crate::address::seen_by;
use crate::broken::Broken;
use crate::connection::{CLIENT, Phase, SERVER, State};
use crate::fabric::Fabric;
use crate::slot::Role;
use crate::told;
use crate::transfer::Handle;
use std::io;
use std::net::SocketAddr;
use wavetank_engine::{EventKind, Kernel, NodeId};

const CLOSE: EventKind = EventKind::new("tcp.close");

impl Fabric {
    /// A stream is split: its halves are closed one by one.
    pub(crate) fn split(&mut self, handle: Handle) {
        let end = &mut self.connections.at(handle.index >> 1).ends[(handle.index & 1) as usize];
        end.split |= end.generation == handle.generation;
    }

    /// This end's address.
    pub(crate) fn local_address(&mut self, handle: Handle) -> io::Result<SocketAddr> {
        let end = &self.connections.at(handle.index >> 1).ends[(handle.index & 1) as usize];
        if end.generation == handle.generation { Ok(end.address) } else { Err(io::ErrorKind::NotConnected.into()) }
    }

    /// The other end's address, as long as there is a connection.
    pub(crate) fn peer_address(&mut self, handle: Handle) -> io::Result<SocketAddr> {
        let side = (handle.index & 1) as usize;
        let connection = self.connections.at(handle.index >> 1);
        let (end, peer) = (&connection.ends[side], &connection.ends[side ^ 1]);
        // Closed by both ends, it is no connection any more: TIME-WAIT, or nothing at all.
        let is_closed = connection.flows.iter().all(|flow| flow.fin_landed);
        let is_over = is_closed && self.config.broken != Some(Broken::NotConnected);
        let is_reset = end.state != State::Open && self.config.broken != Some(Broken::NotConnectedByReset);
        if end.generation != handle.generation || is_reset || is_over {
            return Err(io::ErrorKind::NotConnected.into());
        }
        match self.config.broken {
            Some(Broken::PeerAddress) => Ok(SocketAddr::new(peer.address.ip(), 1)),
            _ => Ok(seen_by(end.address.ip(), peer.address)),
        }
    }

    /// A stream's handle, or one of its halves, is dropped.
    pub(crate) fn close_stream(&mut self, kernel: &mut Kernel, role: Role, end_index: u32, generation: u32) {
        let (index, side) = (end_index >> 1, (end_index & 1) as usize);
        let connection = self.connections.at(index);
        let end = &mut connection.ends[side];
        if end.generation != generation {
            return;
        }
        let is_last = !std::mem::take(&mut end.split);
        if role == Role::ReadHalf && !is_last {
            // As tokio has it: the socket stays open for the other half, data still comes in.
            kernel.discard(connection.flows[side ^ 1].reader.take());
            return;
        }
        if role == Role::WriteHalf {
            self.close_half(kernel, index, side, is_last);
        }
        if is_last {
            self.close_end(kernel, index, side);
        }
    }

    /// The writing half is dropped: it shuts its direction down, the last half too.
    fn close_half(&mut self, kernel: &mut Kernel, index: u32, side: usize, is_last: bool) {
        let broken = if is_last { Broken::EofBeforeReset } else { Broken::EofAfterHalfDrop };
        let connection = self.connections.at(index);
        kernel.discard(connection.flows[side].take_writer());
        let flow = &mut connection.flows[side];
        if !flow.sealed && self.config.broken != Some(broken) {
            flow.sealed = true;
            flow.closing = true;
            kernel.note_and_tell(CLOSE, flow.entity, flow.written, |telling| told::at_writer(telling, flow.entity));
            self.push(kernel, index, side);
        }
    }

    /// The kernel closes a socket: the end of the stream follows what was written, or
    /// a reset goes out at once if something was never read.
    pub(crate) fn close_end(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let connection = self.connections.at(index);
        connection.ends[side].generation = 0;
        kernel.discard(connection.flows[side].take_writer());
        kernel.discard(connection.flows[side ^ 1].reader.take());
        let is_unread = connection.flows[side ^ 1].landed > connection.flows[side ^ 1].read;
        let flow = &mut connection.flows[side];
        let end = &mut connection.ends[side];
        match end.state {
            State::Open if self.config.broken == Some(Broken::EofAfterDrop) && !is_unread && flow.written == 0 => {
                end.state = State::Gone;
            }
            State::Open if is_unread && self.config.broken != Some(Broken::ResetOnUnread) => {
                end.state = State::Gone;
                flow.sealed = true;
                flow.closing = false;
                flow.written = flow.departed;
                kernel.note_and_tell(CLOSE, flow.entity, flow.written, |telling| told::at_writer(telling, flow.entity));
                self.send_reset(kernel, index, side, 0);
            }
            State::Open => {
                end.state = State::Orphan;
                if !flow.sealed {
                    if self.config.broken == Some(Broken::DataBeforeDrop) {
                        flow.drop_departures();
                        flow.ticket.take().into_iter().for_each(|ticket| kernel.cancel(ticket));
                        (flow.written, flow.departed) = (flow.landed, flow.landed);
                    }
                    flow.sealed = true;
                    flow.closing = true;
                    kernel.note_and_tell(CLOSE, flow.entity, flow.written, |telling| {
                        told::at_writer(telling, flow.entity)
                    });
                    self.push(kernel, index, side);
                }
            }
            State::Dead => end.state = State::Gone,
            State::Orphan | State::Gone => {}
        }
        self.finish(kernel, index);
    }

    /// A machine's memory is lost, and with it this side: nobody is told.
    fn vanish_end(&mut self, kernel: &mut Kernel, index: u32, side: usize) {
        let connection = self.connections.at(index);
        let end = &mut connection.ends[side];
        end.state = State::Gone;
        end.generation = 0;
        kernel.discard(connection.flows[side ^ 1].reader.take());
        let flow = &mut connection.flows[side];
        kernel.discard(flow.take_writer());
        flow.sealed = true;
        flow.closing = false;
        flow.written = flow.departed;
        if flow.end_stall()
            && let Some(ticket) = flow.ticket.take()
        {
            kernel.cancel(ticket);
            flow.drop_departures();
        }
        connection.flows[side ^ 1].update_lost = true;
        if side == CLIENT {
            // Whatever its peer believes, nobody on that machine has it any more.
            self.release_port(index);
        }
        self.chase(kernel, index, side ^ 1, 0);
        self.finish(kernel, index);
    }

    /// The listener that a connection waited at is closed: the client is reset, now or
    /// when its confirmation lands; or learns nothing, if the machine died.
    pub(crate) fn drop_server(&mut self, kernel: &mut Kernel, index: u32, is_silent: bool) {
        let phase = self.connections.at(index).handshake.phase;
        if is_silent {
            return self.vanish_end(kernel, index, SERVER);
        }
        let connection = self.connections.at(index);
        connection.ends[SERVER].state = State::Gone;
        if phase == Phase::Established {
            self.send_reset(kernel, index, SERVER, 0);
        }
    }

    /// Every connection of dead processes ends, as their kernel or its silence has it.
    pub(crate) fn crash_connections(&mut self, kernel: &mut Kernel, nodes: &[NodeId], is_silent: bool) {
        for index in self.connections.indices() {
            for side in [CLIENT, SERVER] {
                let connection = self.connections.peek(index);
                let end = &connection.ends[side];
                if end.state == State::Gone || !nodes.contains(&end.node) {
                    continue;
                }
                let is_opening =
                    !matches!(connection.handshake.phase, Phase::Confirming | Phase::ConfirmLost | Phase::Established);
                if side == CLIENT && is_opening {
                    self.bury_client(kernel, index);
                } else if is_silent {
                    self.vanish_end(kernel, index, side);
                } else {
                    self.close_end(kernel, index, side);
                }
            }
        }
    }

    /// Frees the connection's slot once nobody and nothing refers to it.
    #[inline]
    pub(crate) fn finish(&mut self, kernel: &mut Kernel, index: u32) {
        let connection = self.connections.at(index);
        for side in [CLIENT, SERVER] {
            if connection.ends[side].state == State::Orphan && connection.flows[side].fin_landed {
                connection.ends[side].state = State::Gone;
            }
        }
        if connection.is_over() {
            self.free_connection(kernel, index);
        }
    }

    #[inline(never)]
    fn free_connection(&mut self, kernel: &mut Kernel, index: u32) {
        let connection = self.connections.at(index);
        for flow in &mut connection.flows {
            if let Some(ticket) = flow.ack_ticket.take() {
                kernel.cancel(ticket);
            }
            kernel.discard(flow.reader.take());
            kernel.discard(flow.take_writer());
        }
        self.release_port(index);
        self.connections.remove(index);
    }

    /// Gives the client's port back, once.
    fn release_port(&mut self, index: u32) {
        let connection = self.connections.at(index);
        let machine = connection.ends[CLIENT].machine;
        if let Some(port) = connection.port.take() {
            self.site(machine).tcp.release(port);
        }
    }
}
