//! Datagram sockets: binding, what waits in them, receiving, closing. What a datagram meets on
//! its way is no business of theirs.

use crate::address::seen_by;
use crate::broken::Broken;
use crate::fabric::Fabric;
use crate::kinds::count_effects;
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
use wavetank_engine::{EventKind, Home, Kernel, MachineId, NodeId};

const RECEIVE: EventKind = EventKind::new("udp.receive");

/// Bytes of a socket's buffer that each datagram takes besides its own: what Linux charges for
/// one on 64 bits (`SKB_TRUESIZE(0)`: 256 for the `sk_buff`, 320 for its `skb_shared_info`).
const OVERHEAD: usize = 576;

/// A datagram that waits to be received.
#[derive(Debug)]
pub(crate) struct Received {
    /// The datagram's structural name.
    pub(crate) entity: u64,
    pub(crate) from: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: u16,
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
    pub(crate) entity: u64,
    pub(crate) address: SocketAddr,
    pub(crate) node: NodeId,
    pub(crate) machine: MachineId,
    /// Names the handle; 0 if there is none, and the slot is free.
    pub(crate) generation: u32,
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

    pub(crate) fn at(&mut self, index: u32) -> &mut Socket {
        &mut self.slots[index as usize]
    }

    pub(crate) fn peek(&self, index: u32) -> &Socket {
        &self.slots[index as usize]
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
    /// Which datagram to there the next one is.
    pub(crate) fn count_to(&mut self, to: SocketAddr) -> u64 {
        let sent = self.sent.entry(to).or_default();
        *sent += 1;
        *sent
    }

    /// Whether a buffer of so many bytes has room for a datagram of `len` more.
    pub(crate) fn has_room_for(&self, len: usize, buffer: usize) -> bool {
        self.held + len + OVERHEAD <= buffer
    }

    /// A datagram has arrived, and there is room for it.
    pub(crate) fn take_in(&mut self, mut received: Received, broken: Option<Broken>, kernel: &mut Kernel) {
        received.from = match broken {
            Some(Broken::UdpSender) => SocketAddr::new(received.from.ip(), 1),
            _ => seen_by(self.address.ip(), received.from),
        };
        if broken == Some(Broken::UdpCancel) && self.receivers.is_first_foreign() {
            return self.receivers.wake(kernel);
        }
        if broken == Some(Broken::UdpBoundary)
            && let Some(last) = self.received.back_mut()
        {
            last.bytes.extend_from_slice(&received.bytes);
            self.held += received.bytes.len();
        } else {
            self.held += received.cost();
            self.received.push_back(received);
        }
        self.receivers.wake(kernel);
    }

    fn clear(&mut self, kernel: &mut Kernel) {
        self.generation = 0;
        self.received.clear();
        self.held = 0;
        self.sent.clear();
        self.receivers.discard(kernel);
    }
}

impl Fabric {
    /// Opens a datagram socket on an address.
    pub(crate) fn open_socket(&mut self, kernel: &mut Kernel, home: Home, at: SocketAddr) -> io::Result<Handle> {
        let machine = kernel.topology.node(home.node).machine;
        let broken = self.config.broken;
        let address = choose_address(
            &mut self.site(machine).udp,
            at,
            machine,
            broken,
            [Broken::UdpAddrInUse, Broken::UdpAddrNotAvailable],
        )?;
        let entity = self.next_entity(home);
        let generation = self.next_generation();
        let index = self.sockets.insert();
        let socket = self.sockets.at(index);
        socket.entity = entity;
        socket.address = address;
        socket.node = home.node;
        socket.machine = machine;
        socket.generation = generation;
        if broken != Some(Broken::UdpWildcard) || !address.ip().is_unspecified() {
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
            if self.config.broken == Some(Broken::UdpTogether) {
                socket.receivers.discard(kernel);
            }
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
