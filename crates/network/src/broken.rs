//! The promises of the model that tests may break, one at a time. Says what goes
//! wrong; the code that keeps each promise asks.

/// What the model does wrong on purpose: each turns exactly the test red that
/// holds the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// Connecting where nobody listens hangs.
    Refusal,
    /// `shutdown` closes both directions.
    HalfClose,
    /// The bytes of a write arrive in reverse.
    DataOrder,
    /// A write is one byte shorter than it says.
    DataLoss,
    /// Dropping a stream tells the peer nothing.
    EofAfterDrop,
    /// Dropping a writing half tells the peer nothing.
    EofAfterHalfDrop,
    /// Dropping a stream with unread data is a polite close.
    ResetOnUnread,
    /// Writing to a peer that is gone succeeds for ever.
    BrokenPipe,
    /// A write always takes everything.
    Backpressure,
    /// Binding port 0 gives port 0.
    PortZero,
    /// An address may be bound twice.
    AddrInUse,
    /// Any address may be bound.
    AddrNotAvailable,
    /// A socket on all addresses hears loopback only.
    Wildcard,
    /// The listener says it was bound elsewhere.
    LocalAddress,
    /// An accepted stream names another peer.
    PeerAddress,
    /// The last connection is accepted first.
    AcceptOrder,
    /// A closed listener's port stays taken.
    PortReuse,
    /// Connecting waits for the peer to accept.
    ConnectBeforeAccept,
    /// A name that nobody has resolves.
    UnknownName,
    /// A name without a port resolves.
    NameWithoutPort,
    /// What does not fit into a receiver's buffer comes as another datagram.
    UdpTruncation,
    /// Datagrams that wait are received as one.
    UdpBoundary,
    /// A datagram over the limit is sent.
    UdpSize,
    /// A datagram names another sender.
    UdpSender,
}
