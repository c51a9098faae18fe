//! Listening sockets: binding, the backlog, accepting. How a connection gets into
//! the backlog is the handshake's business.

use crate::address::{is_own, seen_by};
use crate::broken::Broken;
use crate::connection::{CLIENT, Phase, SERVER, State};
use crate::fabric::Fabric;
use crate::port::Ports;
use crate::slot::Role;
use crate::told;
use crate::transfer::Handle;
use crate::waiters::Waiters;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll, Waker};
use wavetank_engine::{EventKind, Home, Kernel, MachineId, NodeId};

const LISTEN: EventKind = EventKind::new("tcp.listen");
const ACCEPT: EventKind = EventKind::new("tcp.accept");

/// The port that everybody gets who comes later, if [`Broken::PortZero`] is.
const PORT_ZERO_MOST: u16 = 32_768 + 32;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) node: NodeId,
    machine: MachineId,
    /// Names the handle; 0 if there is none, and the slot is free.
    pub(crate) generation: u32,
    /// Connections that were opened and not accepted yet.
    queue: VecDeque<u32>,
    /// Connections that are being opened.
    reserved: u32,
    acceptors: Waiters,
}

impl Listener {
    fn new() -> Listener {
        Listener {
            address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            node: NodeId(0),
            machine: MachineId(0),
            generation: 0,
            queue: VecDeque::new(),
            reserved: 0,
            acceptors: Waiters::default(),
        }
    }

    /// Holds a place for a connection that is being opened, if there is one.
    pub(crate) fn reserve(&mut self, backlog: u32) -> bool {
        let has_room = self.queue.len() as u64 + u64::from(self.reserved) < u64::from(backlog);
        self.reserved += u32::from(has_room);
        has_room
    }

    /// Gives a place back.
    pub(crate) fn release(&mut self, generation: u32) {
        if self.generation == generation {
            self.reserved -= 1;
        }
    }

    /// Whether connections wait to be accepted, or are being opened.
    fn has_unaccepted(&self) -> bool {
        self.reserved > 0 || !self.queue.is_empty()
    }

    /// A connection is open: it may be accepted.
    pub(crate) fn queue_up(&mut self, connection: u32, generation: u32, broken: Option<Broken>, kernel: &mut Kernel) {
        debug_assert_eq!(self.generation, generation, "a listener that closes takes its connections along");
        self.reserved -= 1;
        if broken != Some(Broken::AcceptCancel) || !self.acceptors.is_first_foreign() {
            self.queue.push_back(connection);
        }
        self.acceptors.wake(kernel);
    }
}

/// All listeners of a run.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    slots: Vec<Listener>,
    free: Vec<u32>,
    used: u32,
}

impl Listeners {
    pub(crate) fn reset(&mut self, kernel: &mut Kernel) {
        for listener in &mut self.slots[..self.used as usize] {
            listener.generation = 0;
            listener.queue.clear();
            listener.acceptors.discard(kernel);
        }
        self.free.clear();
        self.used = 0;
    }

    pub(crate) fn at(&mut self, index: u32) -> &mut Listener {
        &mut self.slots[index as usize]
    }

    pub(crate) fn describe(&self, index: u32) -> String {
        self.slots[index as usize].address.to_string()
    }

    /// Bytes held for who waits.
    pub(crate) fn memory(&self) -> usize {
        self.slots.iter().map(|listener| listener.acceptors.memory()).sum()
    }

    pub(crate) fn leaks(&self) -> impl Iterator<Item = String> {
        let slots = self.slots[..self.used as usize].iter();
        slots.filter(|slot| slot.generation != 0).map(|slot| format!("a TCP listener is open: {}", slot.address))
    }

    fn insert(&mut self) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        if index as usize == self.slots.len() {
            self.slots.push(Listener::new());
        }
        index
    }
}

/// Checks an address that a machine's process wants to bind, and picks the port if it is 0.
/// `shared` is the promise of the protocol that two sockets cannot have one address.
pub(crate) fn choose_address(
    ports: &mut Ports,
    at: SocketAddr,
    machine: MachineId,
    broken: Option<Broken>,
    [shared, foreign]: [Broken; 2],
) -> io::Result<SocketAddr> {
    if !is_own(at.ip(), machine) && broken != Some(foreign) {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    if at.port() == 0 {
        let mut port = ports.take().ok_or(io::ErrorKind::AddrInUse)?;
        if broken == Some(Broken::PortZero) {
            port = port.min(PORT_ZERO_MOST);
        }
        return Ok(SocketAddr::new(at.ip(), port));
    }
    let is_kept = ports.is_kept(at.port());
    if is_kept || (ports.is_taken(at) && broken != Some(shared)) {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    Ok(at)
}

impl Fabric {
    /// Listens on an address.
    pub(crate) fn listen(&mut self, kernel: &mut Kernel, home: Home, at: SocketAddr) -> io::Result<Handle> {
        let machine = kernel.topology.node(home.node).machine;
        let broken = self.config.broken;
        if broken == Some(Broken::PortsApart) && self.site(machine).udp.is_taken(at) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let address = choose_address(
            &mut self.site(machine).tcp,
            at,
            machine,
            broken,
            [Broken::AddrInUse, Broken::AddrNotAvailable],
        )?;
        let generation = self.next_generation();
        let index = self.listeners.insert();
        let listener = self.listeners.at(index);
        listener.address = address;
        listener.node = home.node;
        listener.machine = machine;
        listener.generation = generation;
        listener.reserved = 0;
        listener.queue.clear();
        if broken != Some(Broken::Wildcard) || !address.ip().is_unspecified() {
            self.site(machine).tcp.bind(address, index);
        }
        kernel.note_and_tell(LISTEN, u64::from(home.node.0), u64::from(address.port()), |telling| {
            telling.arg("address", address.to_string());
        });
        Ok(Handle { index, generation })
    }

    /// The bound address.
    pub(crate) fn listener_address(&mut self, handle: Handle) -> io::Result<SocketAddr> {
        let listener = self.listeners.at(handle.index);
        if listener.generation != handle.generation {
            return Err(io::ErrorKind::NotConnected.into());
        }
        match self.config.broken {
            Some(Broken::LocalAddress) => Ok(SocketAddr::new(listener.address.ip(), 1)),
            _ => Ok(listener.address),
        }
    }

    /// Takes the next connection: the handle of its server's side, and the peer's address.
    pub(crate) fn accept(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<(Handle, SocketAddr)> {
        let listener = self.listeners.at(handle.index);
        if listener.generation != handle.generation {
            return Poll::Pending;
        }
        let next = match self.config.broken {
            Some(Broken::AcceptOrder) => listener.queue.pop_back(),
            _ => listener.queue.pop_front(),
        };
        let Some(index) = next else {
            if self.config.broken == Some(Broken::AcceptTogether) {
                listener.acceptors.discard(kernel);
            }
            *replaced = listener.acceptors.add(kernel, cx);
            kernel.waits(self.number, Role::Listener.slot(handle.index), "a connection to accept");
            return Poll::Pending;
        };
        let bound = listener.address.ip();
        let generation = self.next_generation();
        let connection = self.connections.at(index);
        connection.ends[SERVER].generation = generation;
        connection.handshake.listener = None;
        match self.config.broken {
            Some(Broken::ConnectBeforeAccept) => {
                connection.handshake.phase = Phase::Established;
                let waiter = connection.flows[SERVER].reader.take();
                kernel.wake(waiter);
            }
            Some(Broken::DataBeforeAccept) if kernel.now() > connection.handshake.due => {
                connection.flows[CLIENT].read = connection.flows[CLIENT].landed;
            }
            Some(Broken::ListenerOnly) => connection.handshake.listener = Some((handle.index, handle.generation)),
            _ => {}
        }
        let incoming = connection.flows[CLIENT].entity;
        kernel.note_and_tell(ACCEPT, connection.entity, 0, |telling| told::accepts(telling, incoming));
        let peer = seen_by(bound, connection.ends[CLIENT].address);
        Poll::Ready((Handle { index: index << 1 | SERVER as u32, generation }, peer))
    }

    /// A listener's handle is dropped: who was not accepted is reset.
    pub(crate) fn close_listener(&mut self, kernel: &mut Kernel, index: u32, generation: u32) {
        if self.listeners.at(index).generation == generation {
            self.end_listener(kernel, index, false);
        }
    }

    /// The listeners of dead processes are gone.
    pub(crate) fn crash_listeners(&mut self, kernel: &mut Kernel, nodes: &[NodeId], is_silent: bool) {
        for index in 0..self.listeners.used {
            let listener = self.listeners.at(index);
            if listener.generation != 0 && nodes.contains(&listener.node) {
                self.end_listener(kernel, index, is_silent);
            }
        }
    }

    /// A listener is gone, and with it the connections that waited at it.
    fn end_listener(&mut self, kernel: &mut Kernel, index: u32, is_silent: bool) {
        let listener = self.listeners.at(index);
        let generation = listener.generation;
        // To find them is to look at every connection there is.
        let may_have_unaccepted = listener.has_unaccepted() || self.config.broken.is_some();
        self.free_listener(kernel, index);
        if may_have_unaccepted {
            self.drop_unaccepted(kernel, (index, generation), is_silent);
        }
    }

    fn free_listener(&mut self, kernel: &mut Kernel, index: u32) {
        let broken = self.config.broken;
        let listener = self.listeners.at(index);
        listener.generation = 0;
        listener.queue.clear();
        listener.acceptors.discard(kernel);
        let (machine, port) = (listener.machine, listener.address.port());
        let ports = &mut self.site(machine).tcp;
        ports.unbind(index);
        if broken != Some(Broken::PortReuse) {
            ports.release(port);
        }
        self.listeners.free.push(index);
    }

    /// The connections that waited at a listener end with it.
    fn drop_unaccepted(&mut self, kernel: &mut Kernel, listener: (u32, u32), is_silent: bool) {
        for index in self.connections.indices() {
            let connection = self.connections.at(index);
            let is_unaccepted = connection.handshake.listener == Some(listener);
            // An orphan was accepted once: it is here only if a promise is broken.
            if is_unaccepted && !matches!(connection.ends[SERVER].state, State::Gone | State::Orphan) {
                self.drop_server(kernel, index, is_silent);
            }
        }
    }
}
