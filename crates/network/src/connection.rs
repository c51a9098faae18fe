//! A TCP connection: its two ends, its two flows and its handshake; and the slab
//! of all of them. Moves no byte itself.

use crate::flow::Flow;
use crate::link::Path;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use wavetank_engine::{Kernel, MachineId, NodeId, Ticket, mix};

/// The side that connected.
pub(crate) const CLIENT: usize = 0;
/// The side that accepted.
pub(crate) const SERVER: usize = 1;

/// What is there at one side of a connection.
///
/// | from | by | to |
/// |---|---|---|
/// | Open | its handle is dropped, or its process dies | Orphan, or Gone after a reset |
/// | Open | a reset lands, or it timed out | Dead |
/// | Open, Orphan | its machine dies | Gone |
/// | Orphan | its end of stream landed, a reset lands, or it timed out | Gone |
/// | Dead | its handle is dropped, or its process dies | Gone |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum State {
    /// A socket in use, or on its way into use.
    Open,
    /// No handle; the kernel still sends what was written.
    Orphan,
    /// A handle to a connection that is no more.
    Dead,
    /// Nothing.
    #[default]
    Gone,
}

/// One side.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) state: State,
    /// Names the handle; 0 if there is none.
    pub(crate) generation: u32,
    pub(crate) node: NodeId,
    pub(crate) machine: MachineId,
    pub(crate) address: SocketAddr,
    /// What the next operation fails with.
    pub(crate) error: Option<io::ErrorKind>,
    /// Kinds of fault that brought the error about.
    pub(crate) blame: u16,
    /// The handle was split, and both halves live.
    pub(crate) split: bool,
}

/// How far a connection has been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    /// A SYN is on its way.
    SynSent,
    /// A SYN will be sent again.
    SynLost,
    /// The answer to the SYN is on its way: yes.
    SynReceived,
    /// The answer is on its way: no.
    Refused,
    /// The client is connected; its acknowledgement is on its way.
    Confirming,
    /// That will be sent again, or the server forgets the connection.
    ConfirmLost,
    /// Both sides know.
    Established,
    /// It will fail, at the time that is queued.
    Failing(io::ErrorKind),
    /// It failed.
    #[default]
    Failed,
}

/// The opening of a connection.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    pub(crate) phase: Phase,
    /// When the client began, or, from its confirmation on, when that departed first.
    pub(crate) since: u64,
    pub(crate) attempt: u32,
    /// The packet on its way will not arrive.
    pub(crate) lost: bool,
    /// Kinds of fault that have touched the packets so far; from its confirmation on, that alone.
    pub(crate) marks: u16,
    /// Kinds of fault that the client has felt when it is connected.
    pub(crate) felt: u16,
    /// When the packet on its way was sent, in crashes of the run so far.
    pub(crate) crashes: u64,
    /// The listener that holds a place for it, by index and generation.
    pub(crate) listener: Option<(u32, u32)>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) due: u64,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The structural name: its node's incarnation's n-th connect.
    pub(crate) entity: u64,
    pub(crate) ends: [End; 2],
    /// By the side that writes.
    pub(crate) flows: [Flow; 2],
    pub(crate) handshake: Handshake,
    /// The ephemeral port that it keeps on its client's machine.
    pub(crate) port: Option<u16>,
    used: bool,
}

impl Default for Connection {
    /// None: a slot before its first use. Inline, so that a box of it is made in place.
    #[inline]
    fn default() -> Connection {
        let end = || End {
            state: State::Gone,
            generation: 0,
            node: NodeId(0),
            machine: MachineId(0),
            address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            error: None,
            blame: 0,
            split: false,
        };
        Connection {
            entity: 0,
            ends: [end(), end()],
            flows: [Flow::default(), Flow::default()],
            handshake: Handshake::default(),
            port: None,
            used: false,
        }
    }
}

impl Connection {
    /// The way of what `side` writes.
    #[inline]
    pub(crate) fn path(&self, side: usize) -> Path {
        Path { from: self.ends[side].machine, to: self.ends[side ^ 1].machine }
    }

    /// As good as new, but for its memory, and for what is filled in for each new one.
    fn renew(&mut self) {
        self.flows.iter_mut().for_each(Flow::renew);
        for end in &mut self.ends {
            end.error = None;
            end.blame = 0;
            end.split = false;
        }
        self.handshake = Handshake::default();
    }

    /// In words: `10.0.0.1:80 <- 10.0.0.2:4242`, seen from `side`.
    pub(crate) fn describe(&self, side: usize) -> String {
        let (own, peer) = (self.ends[side].address, self.ends[side ^ 1].address);
        if side == SERVER { format!("{own} <- {peer}") } else { format!("{own} -> {peer}") }
    }

    /// Whether nobody and nothing refers to it.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        let idle = |side: usize| self.ends[side].state == State::Gone && self.flows[side].ticket.is_none();
        idle(CLIENT) && idle(SERVER) && self.handshake.ticket.is_none()
    }
}

/// All connections of a run. Freed slots are used again, the last freed first.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Boxed, so that growing moves no connection: they come by the thousand.
    #[expect(clippy::vec_box, reason = "a connection is 800 bytes; moving all of them at each doubling costs more")]
    slots: Vec<Box<Connection>>,
    free: Vec<u32>,
    used: u32,
}

/// Connections that there is room for when the first is opened.
const SLOTS_FIRST: usize = 64;

impl Connections {
    /// None; the memory stays.
    pub(crate) fn reset(&mut self, kernel: &mut Kernel) {
        self.free.clear();
        for connection in &mut self.slots[..self.used as usize] {
            connection.used = false;
            for flow in &mut connection.flows {
                kernel.discard(flow.reader.take());
                kernel.discard(flow.take_writer());
            }
        }
        self.used = 0;
    }

    /// Bytes held, for those that were closed too.
    pub(crate) fn memory(&self) -> usize {
        let rings = self.slots.iter().flat_map(|connection| &connection.flows).map(Flow::memory);
        self.slots.len() * size_of::<Connection>() + rings.sum::<usize>()
    }

    /// A slot for a new connection, its flows open and its ends still to be filled in.
    pub(crate) fn insert(&mut self, entity: u64, window: u32) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        assert!(index < crate::slot::INDEX_MOST / 2, "2^27 connections are open at once: does something leak them?");
        if index as usize == self.slots.len() {
            if index == 0 {
                self.slots.reserve(SLOTS_FIRST);
                self.free.reserve(SLOTS_FIRST);
            }
            self.slots.push(Box::default());
        } else {
            self.slots[index as usize].renew();
        }
        let connection = &mut self.slots[index as usize];
        connection.used = true;
        connection.entity = entity;
        for (side, flow) in connection.flows.iter_mut().enumerate() {
            flow.open(mix(entity, side as u64 + 1), window);
        }
        index
    }

    pub(crate) fn remove(&mut self, index: u32) {
        self.slots[index as usize].used = false;
        self.free.push(index);
    }

    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> &mut Connection {
        &mut self.slots[index as usize]
    }

    pub(crate) fn peek(&self, index: u32) -> &Connection {
        &self.slots[index as usize]
    }

    /// The indices of those that exist.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> + use<> {
        let used: Vec<u32> = (0..self.used).filter(|&index| self.slots[index as usize].used).collect();
        used.into_iter()
    }

    /// Those that exist.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots[..self.used as usize].iter().map(|connection| &**connection).filter(|connection| connection.used)
    }
}
