//! Sockets as traits: TCP listeners and streams, UDP sockets, names. Says what a
//! network can do, not how; each method fails with the errors that the kernel
//! gives for the same call. Tell them apart by their kind: in the tank most of them have no
//! number ([`raw_os_error`](std::io::Error::raw_os_error)).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where sockets come from.
///
/// Clones are cheap and speak for the same machine.
pub trait NetworkProvider: Clone + Send + Sync + Unpin + 'static {
    /// A connected byte stream.
    type TcpStream: TcpStream;
    /// A listening socket.
    type TcpListener: TcpListener<Stream = Self::TcpStream>;
    /// A datagram socket.
    type UdpSocket: UdpSocket;

    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused` if nothing listens there, `TimedOut` if nobody
    /// answers, `HostUnreachable`, `NetworkUnreachable`, `AddrNotAvailable` when
    /// no local port is left.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::TcpStream>> + Send;

    /// Listens on `at`; port 0 picks a free port, an unspecified address all of
    /// the machine's.
    ///
    /// # Errors
    /// `AddrInUse`, or `AddrNotAvailable` if the machine does not have that address.
    fn bind(&self, at: SocketAddr) -> impl Future<Output = io::Result<Self::TcpListener>> + Send;

    /// Opens a datagram socket on `at`, as [`bind`](Self::bind) does.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    fn bind_udp(&self, at: SocketAddr) -> impl Future<Output = io::Result<Self::UdpSocket>> + Send;

    /// The addresses of `name`, given as `host:port`; a numeric address is its
    /// own name, and the case of letters makes no difference. Never empty.
    ///
    /// # Errors
    /// `NotFound` (in the tank) or the resolver's error if the name is unknown,
    /// `InvalidInput` without a port.
    fn lookup(&self, name: &str) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// A socket that accepts connections.
pub trait TcpListener: Send + Sync + Unpin + 'static {
    /// What it accepts.
    type Stream: TcpStream;

    /// The next connection and its peer's address. Ready when there is one. Of several tasks
    /// that poll it, production may wake only the last: they wait for [`accept`](Self::accept).
    ///
    /// # Errors
    /// The kernel's, for example when the process has no file descriptor left.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, SocketAddr)>>;

    /// Waits for [`poll_accept`](Self::poll_accept). Several tasks may wait at the same time.
    /// Dropping the future loses no connection.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send {
        std::future::poll_fn(|cx| self.poll_accept(cx))
    }

    /// The bound address, with the port that was picked.
    ///
    /// # Errors
    /// The kernel's.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A connected, ordered, reliable byte stream.
///
/// `poll_read` without room in its buffer waits as any other does. `poll_shutdown` closes
/// the sending half; the peer reads end of file after what was sent. Dropping the stream
/// closes both.
pub trait TcpStream: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {
    /// The reading half of [`into_split`](Self::into_split).
    type ReadHalf: AsyncRead + Send + Sync + Unpin + 'static;
    /// The writing half of [`into_split`](Self::into_split); dropping it closes the sending half.
    type WriteHalf: AsyncWrite + Send + Sync + Unpin + 'static;

    /// This end's address.
    ///
    /// # Errors
    /// The kernel's, if the socket is gone.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The other end's address.
    ///
    /// # Errors
    /// `NotConnected` once the connection is gone: reset, timed out, or closed by both ends.
    fn peer_addr(&self) -> io::Result<SocketAddr>;

    /// Whether small writes leave at once (true) or may wait to be coalesced.
    ///
    /// # Errors
    /// The kernel's, if the socket is gone.
    fn set_nodelay(&self, nodelay: bool) -> io::Result<()>;

    /// Two halves that different tasks may own.
    fn into_split(self) -> (Self::ReadHalf, Self::WriteHalf);
}

/// A datagram socket.
pub trait UdpSocket: Send + Sync + Unpin + 'static {
    /// Sends one datagram. Ready when the send buffer has room.
    ///
    /// # Errors
    /// `EMSGSIZE` (a raw OS error: its kind has no name) over the largest datagram,
    /// `EAFNOSUPPORT` (the same) from a socket for IPv4 to an IPv6 address, `InvalidInput`
    /// to port 0, `PermissionDenied` to a broadcast address, `HostUnreachable`, `NetworkUnreachable`.
    fn poll_send_to(&self, cx: &mut Context<'_>, datagram: &[u8], to: SocketAddr) -> Poll<io::Result<usize>>;

    /// Receives one datagram and its sender; what does not fit into `buffer` is cut off. Of
    /// several tasks that poll it, production may wake only the last: they wait for
    /// [`recv_from`](Self::recv_from).
    ///
    /// # Errors
    /// The kernel's.
    fn poll_recv_from(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>>;

    /// Waits for [`poll_send_to`](Self::poll_send_to).
    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> impl Future<Output = io::Result<usize>> + Send {
        std::future::poll_fn(move |cx| self.poll_send_to(cx, datagram, to))
    }

    /// Waits for [`poll_recv_from`](Self::poll_recv_from); the length and the sender. Several
    /// tasks may wait at the same time. Dropping the future loses no datagram.
    fn recv_from(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send {
        std::future::poll_fn(move |cx| {
            let mut buffer = ReadBuf::new(buffer);
            self.poll_recv_from(cx, &mut buffer).map_ok(|from| (buffer.filled().len(), from))
        })
    }

    /// The bound address, with the port that was picked.
    ///
    /// # Errors
    /// The kernel's.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}
