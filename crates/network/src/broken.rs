//! The promises of the model that tests may break, one at a time. Says what goes
//! wrong; the code that keeps each promise asks.

/// What the model does wrong on purpose: each turns exactly the test red that
/// holds the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// Connecting where nobody listens hangs, at ports below 1024.
    Refusal,
    /// The same at all other ports: where somebody may have listened before.
    RefusalAfterClose,
    /// `shutdown` closes both directions, if nothing has come in yet.
    HalfClose,
    /// Writing after a `shutdown` succeeds.
    Shutdown,
    /// Who has not read what came in cannot write.
    FullDuplex,
    /// The bytes of a write arrive in reverse, half a megabyte into the stream.
    DataOrder,
    /// A write is one byte shorter than it says.
    DataLoss,
    /// Dropping a stream that nothing was written to, and that holds nothing unread, tells
    /// the peer nothing.
    EofAfterDrop,
    /// Dropping a stream takes along what is on its way.
    DataBeforeDrop,
    /// After the end of a stream was read once, reading hangs.
    EofAgain,
    /// Dropping a writing half tells the peer nothing.
    EofAfterHalfDrop,
    /// Shutting down a second time fails.
    ShutdownAgain,
    /// A reset fails every read that follows.
    ResetOnce,
    /// Dropping the writing half after the other one only resets, if something was unread.
    EofBeforeReset,
    /// Dropping a stream with unread data is a polite close.
    ResetOnUnread,
    /// Writing to a peer that is gone succeeds for ever.
    BrokenPipe,
    /// A write always takes everything.
    Backpressure,
    /// Binding port 0 gives one and the same port, from the 33rd on.
    PortZero,
    /// Two listeners may be bound to one address.
    AddrInUse,
    /// Two datagram sockets may be bound to one address.
    UdpAddrInUse,
    /// TCP and UDP share their ports.
    PortsApart,
    /// A listener may be bound to any address.
    AddrNotAvailable,
    /// A datagram socket may be bound to any address.
    UdpAddrNotAvailable,
    /// A listener on all addresses hears loopback only.
    Wildcard,
    /// A datagram socket on all addresses hears loopback only.
    UdpWildcard,
    /// The listener says it was bound elsewhere.
    LocalAddress,
    /// An accepted stream names another peer.
    PeerAddress,
    /// A connection that both ends have closed still has a peer.
    NotConnected,
    /// A connection that was reset still has a peer.
    NotConnectedByReset,
    /// The last connection is accepted first.
    AcceptOrder,
    /// A closed listener's port stays taken.
    PortReuse,
    /// Connecting waits for the peer to accept.
    ConnectBeforeAccept,
    /// What arrives at a connection that waits to be accepted is lost.
    DataBeforeAccept,
    /// A connection is lost to an accept that was given up.
    AcceptCancel,
    /// A write of several slices takes the first only.
    Vectored,
    /// A read into no room is ready at once.
    EmptyRead,
    /// Bytes are lost to a read that was given up.
    ReadCancel,
    /// Who accepts makes all who wait at the same listener wait for ever.
    AcceptTogether,
    /// A listener takes the streams along that it accepted.
    ListenerOnly,
    /// A name that nobody has resolves.
    UnknownName,
    /// A name without a port resolves.
    NameWithoutPort,
    /// An IPv6 address is a name that nobody has.
    NumericName,
    /// The name of a machine's address is loopback.
    NameOfMachine,
    /// What does not fit into a receiver's buffer comes as another datagram.
    UdpTruncation,
    /// Datagrams that wait are received as one.
    UdpBoundary,
    /// A datagram over the limit is sent.
    UdpSize,
    /// A datagram to port 0 is sent, and lost.
    UdpPortZero,
    /// A datagram of a socket for IPv4 to an IPv6 address is sent, and lost.
    UdpFamily,
    /// A datagram to a broadcast address is sent, and lost.
    UdpBroadcast,
    /// Who receives makes all who wait at the same socket wait for ever.
    UdpTogether,
    /// A datagram is lost to a receive that was given up.
    UdpCancel,
    /// A datagram names another sender.
    UdpSender,
    /// A datagram to nobody is refused.
    UdpNobody,
}
