//! How a connection opens: SYN and answer, each of which may be lost, and refusal. The
//! confirmation, and who is left without one, is next door, in `confirmation.rs`.

use crate::address::{Route, destination, number_of, seen_by, source};
use crate::broken::Broken;
use crate::connection::{CLIENT, Phase, SERVER, State};
use crate::fabric::Fabric;
use crate::kinds::{CONNECT_HANG, CONNECT_REFUSED, PARTITION, count_effects, mark};
use crate::recovery::backoff;
use crate::slot::Role;
use crate::told::{self, Packet};
use crate::transfer::Handle;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};
use wavetank_engine::{EventKind, Home, Kernel, NodeState, Target, mix};

const CONNECT: EventKind = EventKind::new("tcp.connect");
/// Linux asks three times, a second apart, who has an address (`mcast_solicit`).
const UNREACHABLE_AFTER: u64 = 3_000_000_000;
/// Set apart the decisions of the three packets.
const SYN: u64 = 0x7379_6e00;
const ANSWER: u64 = 0x616e_7300;
pub(crate) const CONFIRMATION: u64 = 0x636f_6e00;

impl Fabric {
    /// Begins to connect: the client's side of a new connection.
    pub(crate) fn connect(&mut self, kernel: &mut Kernel, home: Home, to: SocketAddr) -> io::Result<Handle> {
        let machine = kernel.topology.node(home.node).machine;
        let to = destination(to);
        let peer = match Route::of(to.ip(), kernel) {
            Route::Loopback => Some(machine),
            Route::Machine(peer) => Some(peer),
            Route::Nobody => None,
            Route::Everybody | Route::None => return Err(io::ErrorKind::NetworkUnreachable.into()),
        };
        let port = self.site(machine).tcp.take().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let entity = self.next_entity(home);
        let index = self.connections.insert(entity, self.config.receive_window);
        let generation = self.next_generation();
        let connection = self.connections.at(index);
        connection.port = Some(port);
        let client = &mut connection.ends[CLIENT];
        client.state = State::Open;
        client.generation = generation;
        client.node = home.node;
        client.machine = machine;
        // An IPv6 socket sees itself mapped where the peer is.
        client.address = seen_by(to.ip(), SocketAddr::new(source(to.ip(), machine), port));
        let server = &mut connection.ends[SERVER];
        server.state = State::Gone;
        server.generation = 0;
        server.machine = peer.unwrap_or(machine);
        server.address = to;
        connection.handshake.since = kernel.now();
        let is_loopback = connection.path(CLIENT).is_loopback();
        kernel.note_and_tell(CONNECT, entity, number_of(to), |telling| told::opens(telling, connection));
        if peer.is_none() {
            self.fail_at(kernel, index, kernel.now().saturating_add(UNREACHABLE_AFTER), io::ErrorKind::HostUnreachable);
        } else if !is_loopback
            && kernel.strikes(&CONNECT_HANG, entity, 0, self.config.connect_hang, Target::Node(home.node))
        {
            self.connections.at(index).handshake.marks |= mark(&CONNECT_HANG);
            let due = kernel.now().saturating_add(self.config.connect_limit);
            self.fail_at(kernel, index, due, io::ErrorKind::TimedOut);
        } else {
            self.send_syn(kernel, index);
        }
        Ok(Handle { index: index << 1, generation })
    }

    /// Waits for the connection to open.
    pub(crate) fn poll_connect(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<()>> {
        let index = handle.index >> 1;
        let connection = self.connections.at(index);
        if connection.ends[CLIENT].generation != handle.generation {
            return Poll::Pending;
        }
        let is_open = match connection.handshake.phase {
            Phase::Confirming | Phase::ConfirmLost => self.config.broken != Some(Broken::ConnectBeforeAccept),
            Phase::Established | Phase::Failed => true,
            _ => false,
        };
        if !is_open {
            *replaced = connection.flows[SERVER].reader.set(cx);
            kernel.waits(self.number, Role::Connect.slot(index), "a TCP connection to open");
            return Poll::Pending;
        }
        if connection.handshake.phase != Phase::Failed {
            count_effects(std::mem::take(&mut connection.handshake.felt), kernel);
            return Poll::Ready(Ok(()));
        }
        count_effects(connection.handshake.marks, kernel);
        let error = connection.ends[CLIENT].error.take().expect("a connection that failed to open has its error");
        self.bury_client(kernel, index);
        Poll::Ready(Err(error.into()))
    }

    /// The packet of a handshake's phase is due.
    pub(crate) fn advance(&mut self, kernel: &mut Kernel, index: u32) {
        let handshake = &mut self.connections.at(index).handshake;
        handshake.ticket = None;
        let phase = handshake.phase;
        if kernel.is_telling() {
            self.tell_packet(kernel, index, phase);
        }
        match phase {
            Phase::SynSent => self.land_syn(kernel, index),
            Phase::SynLost => self.send_syn(kernel, index),
            Phase::SynReceived => self.land_answer(kernel, index),
            Phase::Refused if self.is_packet_lost(index, SERVER) => self.lose_syn(kernel, index),
            Phase::Refused => self.fail_connect(kernel, index, io::ErrorKind::ConnectionRefused),
            Phase::Confirming => self.land_confirmation(kernel, index),
            Phase::ConfirmLost if self.is_half_open_over(kernel, index) => self.end_half_open(kernel, index),
            Phase::ConfirmLost => self.send_confirmation(kernel, index),
            Phase::Failing(error) => self.fail_connect(kernel, index, error),
            Phase::Established | Phase::Failed => unreachable!("nothing is due in phase {phase:?}"),
        }
        self.finish(kernel, index);
    }

    fn send_syn(&mut self, kernel: &mut Kernel, index: u32) {
        self.send_packet(kernel, index, CLIENT, Phase::SynSent, SYN);
    }

    fn land_syn(&mut self, kernel: &mut Kernel, index: u32) {
        let connection = self.connections.peek(index);
        let (to, machine) = (connection.ends[SERVER].address, connection.ends[SERVER].machine);
        let (entity, sent_at) = (connection.entity, connection.handshake.crashes);
        let is_loopback = connection.path(CLIENT).is_loopback();
        let is_again = connection.handshake.listener.is_some() && connection.ends[SERVER].state == State::Open;
        if self.is_packet_lost(index, CLIENT) || self.is_down(machine, kernel) {
            return self.lose_syn(kernel, index);
        }
        if is_again {
            // The answer was lost, and this is the SYN again.
            return self.send_packet(kernel, index, SERVER, Phase::SynReceived, ANSWER);
        }
        self.forget_server(index);
        let Some(listener) = self.site(machine).tcp.find(to) else {
            let is_low = to.port() < 1024;
            if self.config.broken == Some(if is_low { Broken::Refusal } else { Broken::RefusalAfterClose }) {
                return self.lose_syn(kernel, index);
            }
            return self.send_packet(kernel, index, SERVER, Phase::Refused, ANSWER);
        };
        let node = self.listeners.at(listener).node;
        let target = Target::Node(node);
        if !is_loopback && kernel.strikes(&CONNECT_REFUSED, entity, 0, self.config.connect_refused, target) {
            self.connections.at(index).handshake.marks |= mark(&CONNECT_REFUSED);
            return self.send_packet(kernel, index, SERVER, Phase::Refused, ANSWER);
        }
        if self.is_stale(node, sent_at) || !self.listeners.at(listener).reserve(self.config.backlog) {
            // A full backlog drops the SYN, as Linux does.
            return self.lose_syn(kernel, index);
        }
        let generation = self.listeners.at(listener).generation;
        let bound = self.listeners.at(listener).address.ip();
        let connection = self.connections.at(index);
        connection.handshake.listener = Some((listener, generation));
        let server = &mut connection.ends[SERVER];
        server.state = State::Open;
        server.node = node;
        server.address = seen_by(bound, to);
        self.send_packet(kernel, index, SERVER, Phase::SynReceived, ANSWER);
    }

    /// Who answered an earlier SYN is no more: this one finds the server's side as new.
    fn forget_server(&mut self, index: u32) {
        let connection = self.connections.at(index);
        // Its place went with the listener.
        connection.handshake.listener = None;
        connection.flows[SERVER].sealed = false;
        connection.flows[CLIENT].update_lost = false;
    }

    fn land_answer(&mut self, kernel: &mut Kernel, index: u32) {
        if self.is_packet_lost(index, SERVER) {
            return self.lose_syn(kernel, index);
        }
        let connection = self.connections.at(index);
        connection.handshake.since = kernel.now();
        connection.handshake.attempt = 0;
        connection.handshake.felt = std::mem::take(&mut connection.handshake.marks);
        let waiter = connection.flows[SERVER].reader.take();
        self.send_confirmation(kernel, index);
        kernel.wake(waiter);
    }

    /// Sends a packet of the handshake, and queues its landing.
    pub(crate) fn send_packet(&mut self, kernel: &mut Kernel, index: u32, side: usize, phase: Phase, packet: u64) {
        let crashes = self.crashes;
        let connection = self.connections.at(index);
        let path = connection.path(side);
        let (entity, nth) = (mix(connection.entity, packet), u64::from(connection.handshake.attempt));
        let flight = self.links.depart(self.rough, &self.config, kernel, path, entity, nth);
        let handshake = &mut connection.handshake;
        handshake.phase = phase;
        handshake.lost = flight.lost;
        handshake.marks |= flight.marks;
        handshake.crashes = crashes;
        let due = kernel.now().saturating_add(flight.nanos);
        kernel.tell("tcp.depart", |telling| Packet::of(connection, phase).departs(telling, due));
        self.queue_handshake(kernel, index, due);
    }

    /// Tells what becomes of the packet that is due, if one is.
    #[cold]
    fn tell_packet(&mut self, kernel: &mut Kernel, index: u32, phase: Phase) {
        if !matches!(phase, Phase::SynSent | Phase::SynReceived | Phase::Refused | Phase::Confirming) {
            return;
        }
        let connection = self.connections.peek(index);
        let side = if matches!(phase, Phase::SynSent | Phase::Confirming) { CLIENT } else { SERVER };
        let path = connection.path(side);
        let mut packet = Packet::of(connection, phase);
        let is_cut = self.links.is_cut(path);
        packet.marks |= if is_cut { mark(&PARTITION) } else { 0 };
        let is_lost = connection.handshake.lost || is_cut || self.is_down(path.to, kernel);
        kernel.tell("tcp.land", |telling| packet.ends(telling, is_lost));
    }

    pub(crate) fn queue_handshake(&mut self, kernel: &mut Kernel, index: u32, due: u64) {
        let ticket = kernel.at(due, self.number, Role::Handshake.slot(index));
        let connection = self.connections.at(index);
        connection.handshake.due = due;
        connection.handshake.ticket = Some(ticket);
    }

    /// Whether the packet that `side` sent was lost, or lands on a cut link.
    pub(crate) fn is_packet_lost(&mut self, index: u32, side: usize) -> bool {
        let connection = self.connections.at(index);
        if self.links.is_cut(connection.path(side)) {
            connection.handshake.lost = true;
            connection.handshake.marks |= mark(&PARTITION);
        }
        connection.handshake.lost
    }

    /// The SYN or its answer was lost: another attempt, or the end.
    fn lose_syn(&mut self, kernel: &mut Kernel, index: u32) {
        let due = self.next_attempt(kernel, index);
        let limit = self.config.connect_limit;
        let handshake = &mut self.connections.at(index).handshake;
        if due - handshake.since > limit {
            let due = handshake.since.saturating_add(limit);
            return self.fail_at(kernel, index, due, io::ErrorKind::TimedOut);
        }
        handshake.phase = Phase::SynLost;
        self.queue_handshake(kernel, index, due);
    }

    /// When a packet of the handshake that was lost is sent again: twice as long each time.
    pub(crate) fn next_attempt(&mut self, kernel: &Kernel, index: u32) -> u64 {
        let attempt = &mut self.connections.at(index).handshake.attempt;
        let delay = backoff(self.config.connect_first, u64::MAX >> 1, *attempt);
        *attempt += 1;
        kernel.now().saturating_add(delay)
    }

    fn fail_at(&mut self, kernel: &mut Kernel, index: u32, due: u64, error: io::ErrorKind) {
        self.connections.at(index).handshake.phase = Phase::Failing(error);
        self.queue_handshake(kernel, index, due);
    }

    fn fail_connect(&mut self, kernel: &mut Kernel, index: u32, error: io::ErrorKind) {
        self.release_place(index);
        let connection = self.connections.at(index);
        connection.handshake.phase = Phase::Failed;
        connection.ends[CLIENT].error = Some(error);
        connection.ends[SERVER].state = State::Gone;
        let waiter = connection.flows[SERVER].reader.take();
        kernel.wake(waiter);
    }

    /// Gives the place at the listener back that a handshake holds.
    pub(crate) fn release_place(&mut self, index: u32) {
        if let Some((listener, generation)) = self.connections.at(index).handshake.listener.take() {
            self.listeners.at(listener).release(generation);
        }
    }

    /// Who connected has dropped the attempt.
    pub(crate) fn abandon(&mut self, kernel: &mut Kernel, index: u32, generation: u32) {
        let connection = self.connections.at(index);
        if connection.ends[CLIENT].generation != generation {
            return;
        }
        match connection.handshake.phase {
            Phase::Confirming | Phase::ConfirmLost | Phase::Established => {
                self.close_end(kernel, index, CLIENT);
            }
            _ => {
                self.feel_hang(kernel, index);
                self.bury_client(kernel, index);
            }
        }
    }

    /// Who gives up an attempt that hangs has felt it, if without the fault it would
    /// have been over: after a round trip. The dead feel nothing.
    fn feel_hang(&mut self, kernel: &mut Kernel, index: u32) {
        let round_trip = self.config.latency_max.saturating_mul(2);
        let connection = self.connections.at(index);
        let is_over_due = kernel.now() - connection.handshake.since > round_trip;
        let is_alive = kernel.topology.node(connection.ends[CLIENT].node).state != NodeState::Down;
        if connection.handshake.marks & mark(&CONNECT_HANG) != 0 && is_over_due && is_alive {
            kernel.effective(&CONNECT_HANG);
        }
    }

    /// A connection that never opened is no more. What is on its way is answered by nobody that cares.
    pub(crate) fn bury_client(&mut self, kernel: &mut Kernel, index: u32) {
        self.release_place(index);
        let connection = self.connections.at(index);
        if let Some(ticket) = connection.handshake.ticket.take() {
            kernel.cancel(ticket);
        }
        connection.handshake.phase = Phase::Failed;
        for end in &mut connection.ends {
            end.state = State::Gone;
            end.generation = 0;
        }
        self.finish(kernel, index);
    }
}
