//! Datagram sockets and datagrams on their way: loss, duplication, reordering,
//! truncation. Shares nothing with TCP but links and ports.

use crate::address::{Route, destination, number_of, seen_by, source};
use crate::broken::Broken;
use crate::fabric::Fabric;
use crate::kinds::{CLOG, DATAGRAM_DUPLICATE, DATAGRAM_LOSS, PARTITION, count_effects, mark};
use crate::link::Path;
use crate::listener::choose_address;
use crate::slot::Role;
use crate::told;
use crate::transfer::Handle;
use crate::waiters::Waiters;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll, Waker};
use tokio::io::ReadBuf;
use wavetank_engine::{EventKind, Home, Kernel, MachineId, NodeId, Target, Ticket, hash_bytes, mix};

const SEND: EventKind = EventKind::new("udp.send");
const RECEIVE: EventKind = EventKind::new("udp.receive");
const DROP: EventKind = EventKind::new("udp.drop");

/// A datagram on its way.
#[derive(Debug)]
pub(crate) struct Datagram {
    /// The structural name: its flow (socket and destination), and its number there.
    pub(crate) entity: u64,
    from: SocketAddr,
    to: SocketAddr,
    path: Path,
    bytes: Vec<u8>,
    lost: bool,
    pub(crate) marks: u16,
    /// When it was sent, in crashes of the run so far.
    crashes: u64,
    pub(crate) due: u64,
    /// Its landing; none before it is queued.
    pub(crate) ticket: Option<Ticket>,
    /// How many were sent before it.
    nth: u64,
}

/// All datagrams on their way.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    slots: Vec<Option<Datagram>>,
    free: Vec<u32>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    /// How many were sent.
    sent: u64,
}

/// What Linux says of a datagram that no packet has room for; std has no kind for it.
const EMSGSIZE: i32 = 90;
/// Bytes of a socket's buffer that each datagram takes besides its own: what Linux charges for
/// one on 64 bits (`SKB_TRUESIZE(0)`: 256 for the `sk_buff`, 320 for its `skb_shared_info`).
const OVERHEAD: usize = 576;
/// Buffers that are kept for later.
const SPARE_MOST: usize = 256;

impl Datagrams {
    pub(crate) fn reset(&mut self) {
        self.slots.clear();
        self.free.clear();
        self.sent = 0;
    }

    /// Those on a direction that a clog has touched, the first sent first.
    pub(crate) fn clogged(&self, path: Path) -> Vec<u32> {
        let of_path = |datagram: &Datagram| datagram.path == path && datagram.marks & mark(&CLOG) != 0;
        let is_held = |index: &u32| self.slots[*index as usize].as_ref().is_some_and(of_path);
        let mut indices: Vec<u32> = (0..self.slots.len() as u32).filter(is_held).collect();
        indices.sort_unstable_by_key(|&index| self.peek(index).nth);
        indices
    }

    pub(crate) fn at(&mut self, index: u32) -> &mut Datagram {
        self.slots[index as usize].as_mut().expect("a queued datagram exists until it lands")
    }

    pub(crate) fn peek(&self, index: u32) -> &Datagram {
        self.slots[index as usize].as_ref().expect("a queued datagram exists until it lands")
    }

    pub(crate) fn describe(&self, index: u32) -> String {
        let datagram = self.peek(index);
        format!("a datagram {} -> {}", datagram.from, datagram.to)
    }

    fn insert(&mut self, datagram: Datagram) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[index as usize] = Some(datagram);
        index
    }

    fn take(&mut self, index: u32) -> Datagram {
        self.free.push(index);
        self.slots[index as usize].take().expect("a queued datagram exists until it lands")
    }

    fn copy(&mut self, data: &[u8]) -> Vec<u8> {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(data);
        bytes
    }

    fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spare.len() < SPARE_MOST {
            self.spare.push(bytes);
        }
    }
}

/// A datagram that waits to be received.
#[derive(Debug)]
struct Received {
    /// The datagram's structural name.
    entity: u64,
    from: SocketAddr,
    bytes: Vec<u8>,
    marks: u16,
}

impl Received {
    /// What it takes of its socket's buffer.
    fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

/// A datagram socket.
#[derive(Debug)]
pub(crate) struct Socket {
    entity: u64,
    address: SocketAddr,
    node: NodeId,
    machine: MachineId,
    /// Names the handle; 0 if there is none, and the slot is free.
    generation: u32,
    received: VecDeque<Received>,
    /// What the received take of the buffer.
    held: usize,
    /// Datagrams sent, by destination.
    sent: BTreeMap<SocketAddr, u64>,
    receivers: Waiters,
}

/// All datagram sockets of a run.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    slots: Vec<Socket>,
    free: Vec<u32>,
    used: u32,
}

impl Sockets {
    pub(crate) fn reset(&mut self, kernel: &mut Kernel) {
        for socket in &mut self.slots[..self.used as usize] {
            socket.clear(kernel);
        }
        self.free.clear();
        self.used = 0;
    }

    pub(crate) fn describe(&self, index: u32) -> String {
        self.slots[index as usize].address.to_string()
    }

    /// Bytes held for who waits.
    pub(crate) fn memory(&self) -> usize {
        self.slots.iter().map(|socket| socket.receivers.memory()).sum()
    }

    pub(crate) fn leaks(&self) -> impl Iterator<Item = String> {
        let slots = self.slots[..self.used as usize].iter();
        slots.filter(|slot| slot.generation != 0).map(|slot| format!("a UDP socket is open: {}", slot.address))
    }

    fn at(&mut self, index: u32) -> &mut Socket {
        &mut self.slots[index as usize]
    }

    fn insert(&mut self) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        if index as usize == self.slots.len() {
            self.slots.push(Socket {
                entity: 0,
                address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
                node: NodeId(0),
                machine: MachineId(0),
                generation: 0,
                received: VecDeque::new(),
                held: 0,
                sent: BTreeMap::new(),
                receivers: Waiters::default(),
            });
        }
        index
    }
}

impl Socket {
    fn clear(&mut self, kernel: &mut Kernel) {
        self.generation = 0;
        self.received.clear();
        self.held = 0;
        self.sent.clear();
        self.receivers.discard(kernel);
    }
}

/// The fate of a datagram.
enum Verdict {
    /// The socket gets it.
    Arrives(u32),
    /// Nobody ever sees it; the kinds of fault to blame, if there was somebody to see it.
    Lost(u16),
}

impl Fabric {
    /// Opens a datagram socket on an address.
    pub(crate) fn open_socket(&mut self, kernel: &mut Kernel, home: Home, at: SocketAddr) -> io::Result<Handle> {
        let machine = kernel.topology.node(home.node).machine;
        let broken = self.config.broken;
        let address = choose_address(&mut self.site(machine).udp, at, machine, broken, Broken::UdpAddrInUse)?;
        let entity = self.next_entity(home);
        let generation = self.next_generation();
        let index = self.sockets.insert();
        let socket = self.sockets.at(index);
        socket.entity = entity;
        socket.address = address;
        socket.node = home.node;
        socket.machine = machine;
        socket.generation = generation;
        if broken != Some(Broken::Wildcard) || !address.ip().is_unspecified() {
            self.site(machine).udp.bind(address, index);
        }
        Ok(Handle { index, generation })
    }

    /// The bound address.
    pub(crate) fn socket_address(&mut self, handle: Handle) -> io::Result<SocketAddr> {
        let socket = self.sockets.at(handle.index);
        if socket.generation != handle.generation {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(socket.address)
    }

    /// Sends a datagram; there is always room for it.
    pub(crate) fn send_to(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        data: &[u8],
        to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let socket = self.sockets.at(handle.index);
        if socket.generation != handle.generation {
            return Poll::Pending;
        }
        let to = destination(to);
        let (bound, machine, node) = (socket.address, socket.machine, socket.node);
        if data.len() > self.config.datagram_max as usize && self.config.broken != Some(Broken::UdpSize) {
            return Poll::Ready(Err(io::Error::from_raw_os_error(EMSGSIZE)));
        }
        if bound.is_ipv4() && to.is_ipv6() {
            // EAFNOSUPPORT
            return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
        }
        let peer = match (Route::of(to.ip(), kernel), bound.ip().is_loopback()) {
            (Route::Loopback, _) => machine,
            // Linux: a socket on loopback has no way out.
            (_, true) => return Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
            (Route::Machine(peer), _) => peer,
            // The first datagrams to an address that nobody has wait for an answer that never comes.
            (Route::Nobody, _) => return Poll::Ready(Ok(data.len())),
            (Route::None, _) => return Poll::Ready(Err(io::ErrorKind::NetworkUnreachable.into())),
        };
        if self.config.broken == Some(Broken::UdpNobody) && self.site(peer).udp.find(to).is_none() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        let socket = self.sockets.at(handle.index);
        let number = socket.sent.entry(to).or_default();
        *number += 1;
        let entity = mix(mix(socket.entity, number_of(to)), *number);
        let ip = if bound.ip().is_unspecified() { source(to.ip(), machine) } else { bound.ip() };
        let from = SocketAddr::new(ip, bound.port());
        let path = Path { from: machine, to: peer };
        kernel.note_and_tell(SEND, entity, hash_bytes(data), |telling| {
            telling
                .arg("from", from.to_string())
                .arg("to", to.to_string())
                .arg("number", *number)
                .arg("bytes", data.len());
        });
        self.launch(kernel, entity, from, to, path, data, 0);
        let ratio = self.config.datagram_duplicate;
        if !path.is_loopback() && kernel.strikes(&DATAGRAM_DUPLICATE, entity, 0, ratio, Target::Node(node)) {
            self.launch(kernel, mix(entity, 1), from, to, path, data, mark(&DATAGRAM_DUPLICATE));
        }
        Poll::Ready(Ok(data.len()))
    }

    fn launch(
        &mut self,
        kernel: &mut Kernel,
        entity: u64,
        from: SocketAddr,
        to: SocketAddr,
        path: Path,
        data: &[u8],
        marks: u16,
    ) {
        let flight = self.links.depart_datagram(&self.config, kernel, path, entity, 0);
        let bytes = self.datagrams.copy(data);
        let (crashes, lost, marks) = (self.crashes, flight.lost, flight.marks | marks);
        let due = kernel.now().saturating_add(flight.nanos);
        kernel.tell("udp.depart", |telling| told::sends(telling, entity, path, data.len(), due, marks));
        let nth = self.datagrams.sent;
        self.datagrams.sent += 1;
        let datagram = Datagram { entity, from, to, path, bytes, lost, marks, crashes, due, ticket: None, nth };
        let index = self.datagrams.insert(datagram);
        self.datagrams.at(index).ticket = Some(kernel.at(due, self.number, Role::Datagram.slot(index)));
    }

    /// A datagram is due.
    pub(crate) fn land_datagram(&mut self, kernel: &mut Kernel, index: u32) {
        let datagram = self.datagrams.take(index);
        match self.judge_datagram(kernel, &datagram) {
            Verdict::Arrives(socket) => {
                kernel.tell("udp.land", |telling| told::delivers(telling, datagram.entity, datagram.path, None));
                let socket = self.sockets.at(socket);
                let from = match self.config.broken {
                    Some(Broken::UdpSender) => SocketAddr::new(datagram.from.ip(), 1),
                    _ => seen_by(socket.address.ip(), datagram.from),
                };
                if self.config.broken == Some(Broken::UdpBoundary)
                    && let Some(last) = socket.received.back_mut()
                {
                    last.bytes.extend_from_slice(&datagram.bytes);
                    socket.held += datagram.bytes.len();
                } else {
                    let Datagram { entity, bytes, marks, .. } = datagram;
                    let received = Received { entity, from, bytes, marks };
                    socket.held += received.cost();
                    socket.received.push_back(received);
                }
                socket.receivers.wake(kernel);
            }
            Verdict::Lost(marks) => {
                kernel.note_and_tell(DROP, datagram.entity, u64::from(marks), |telling| {
                    told::delivers(telling, datagram.entity, datagram.path, Some(marks));
                });
                count_effects(marks, kernel);
                self.datagrams.recycle(datagram.bytes);
            }
        }
    }

    /// Decides, and changes nothing but the record of faults.
    fn judge_datagram(&mut self, kernel: &mut Kernel, datagram: &Datagram) -> Verdict {
        let Path { to: machine, .. } = datagram.path;
        let found = self.site(machine).udp.find(datagram.to);
        let heard = found.filter(|&index| {
            let (node, held) = (self.sockets.at(index).node, self.sockets.at(index).held);
            !self.is_stale(node, datagram.crashes)
                && !self.is_down(machine, kernel)
                && held + datagram.bytes.len() + OVERHEAD <= self.config.datagram_buffer as usize
        });
        let Some(index) = heard else { return Verdict::Lost(0) };
        if datagram.lost || self.links.is_cut(datagram.path) {
            return Verdict::Lost(mark(&PARTITION));
        }
        let (ratio, target) = (self.config.datagram_loss, Target::Machine(machine));
        if !datagram.path.is_loopback() && kernel.strikes(&DATAGRAM_LOSS, datagram.entity, 0, ratio, target) {
            return Verdict::Lost(mark(&DATAGRAM_LOSS));
        }
        Verdict::Arrives(index)
    }

    /// Receives the next datagram; what does not fit is cut off.
    pub(crate) fn receive_from(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<SocketAddr>> {
        let socket = self.sockets.at(handle.index);
        if socket.generation != handle.generation {
            return Poll::Pending;
        }
        let Some(mut received) = socket.received.pop_front() else {
            *replaced = socket.receivers.add(kernel, cx);
            kernel.waits(self.number, Role::Socket.slot(handle.index), "a datagram");
            return Poll::Pending;
        };
        let len = received.bytes.len().min(buffer.remaining());
        buffer.put_slice(&received.bytes[..len]);
        socket.held -= received.cost();
        kernel.note_and_tell(RECEIVE, socket.entity, len as u64, |telling| {
            told::receives(telling, received.entity, len);
        });
        count_effects(received.marks, kernel);
        let from = received.from;
        if len < received.bytes.len() && self.config.broken == Some(Broken::UdpTruncation) {
            received.bytes.drain(..len);
            socket.held += received.cost();
            socket.received.push_front(received);
        } else {
            self.datagrams.recycle(received.bytes);
        }
        Poll::Ready(Ok(from))
    }

    /// A datagram socket's handle is dropped.
    pub(crate) fn close_socket(&mut self, kernel: &mut Kernel, index: u32, generation: u32) {
        if self.sockets.at(index).generation == generation {
            self.free_socket(kernel, index);
        }
    }

    /// The sockets of dead processes are gone.
    pub(crate) fn crash_sockets(&mut self, kernel: &mut Kernel, nodes: &[NodeId]) {
        for index in 0..self.sockets.used {
            let socket = self.sockets.at(index);
            if socket.generation != 0 && nodes.contains(&socket.node) {
                self.free_socket(kernel, index);
            }
        }
    }

    fn free_socket(&mut self, kernel: &mut Kernel, index: u32) {
        let socket = self.sockets.at(index);
        socket.clear(kernel);
        let (machine, port) = (socket.machine, socket.address.port());
        let ports = &mut self.site(machine).udp;
        ports.unbind(index);
        ports.release(port);
        self.sockets.free.push(index);
    }
}
