//! The numbers that stand for an operation or a socket in the engine's queue: a
//! role and an index. Knows nothing of what the index leads to.

/// What a slot is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Role {
    /// A segment of a direction (connection and side) lands, or is sent again.
    Landing,
    /// An acknowledgement reaches the writer of a direction.
    Acknowledgement,
    /// A step of a connection's handshake.
    Handshake,
    /// One side of a connection, owned by a stream.
    Stream,
    /// The same, owned by a reading half.
    ReadHalf,
    /// The same, owned by a writing half.
    WriteHalf,
    /// A connection that is being opened.
    Connect,
    /// A listener.
    Listener,
    /// A datagram socket.
    Socket,
    /// A datagram in flight.
    Datagram,
}

const ROLES: [Role; 10] = [
    Role::Landing,
    Role::Acknowledgement,
    Role::Handshake,
    Role::Stream,
    Role::ReadHalf,
    Role::WriteHalf,
    Role::Connect,
    Role::Listener,
    Role::Socket,
    Role::Datagram,
];
const ROLE_BITS: u32 = 4;

/// Indices that a slot can carry.
pub(crate) const INDEX_MOST: u32 = 1 << (u32::BITS - ROLE_BITS);

impl Role {
    /// The slot of that index in this role.
    #[inline]
    pub(crate) fn slot(self, index: u32) -> u32 {
        debug_assert!(index < INDEX_MOST, "an index fits beside its role");
        index << ROLE_BITS | self as u32
    }

    /// The index of a slot, if it is in this role.
    #[inline]
    pub(crate) fn index_of(self, slot: u32) -> Option<u32> {
        (slot & ((1 << ROLE_BITS) - 1) == self as u32).then_some(slot >> ROLE_BITS)
    }

    /// A slot's role and index.
    #[inline]
    pub(crate) fn of(slot: u32) -> (Role, u32) {
        (ROLES[(slot & ((1 << ROLE_BITS) - 1)) as usize], slot >> ROLE_BITS)
    }
}
