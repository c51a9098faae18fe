//! The kernel's sockets through tokio. Adds nothing to what they do.

#![expect(clippy::disallowed_methods, reason = "this is where the real network is asked")]

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream, UdpSocket};

/// This machine's network.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioNetworkProvider;

/// A TCP connection. `From` and `Into` convert to tokio's own type.
#[derive(Debug)]
pub struct TokioTcpStream(tokio::net::TcpStream);

/// A listening TCP socket. `From` and `Into` convert to tokio's own type.
#[derive(Debug)]
pub struct TokioTcpListener(tokio::net::TcpListener);

/// A UDP socket. `From` and `Into` convert to tokio's own type.
#[derive(Debug)]
pub struct TokioUdpSocket(tokio::net::UdpSocket);

impl NetworkProvider for TokioNetworkProvider {
    type TcpStream = TokioTcpStream;
    type TcpListener = TokioTcpListener;
    type UdpSocket = TokioUdpSocket;

    async fn connect(&self, to: SocketAddr) -> io::Result<TokioTcpStream> {
        tokio::net::TcpStream::connect(to).await.map(TokioTcpStream)
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<TokioTcpListener> {
        tokio::net::TcpListener::bind(at).await.map(TokioTcpListener)
    }

    async fn bind_udp(&self, at: SocketAddr) -> io::Result<TokioUdpSocket> {
        tokio::net::UdpSocket::bind(at).await.map(TokioUdpSocket)
    }

    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(name).await?.collect();
        if addresses.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(addresses) }
    }
}

impl TcpListener for TokioTcpListener {
    type Stream = TokioTcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TokioTcpStream, SocketAddr)>> {
        self.0.poll_accept(cx).map_ok(|(stream, peer)| (TokioTcpStream(stream), peer))
    }

    // Not by `poll_accept`, of which tokio wakes only the last caller: several tasks
    // may accept at the same time.
    async fn accept(&self) -> io::Result<(TokioTcpStream, SocketAddr)> {
        let (stream, peer) = self.0.accept().await?;
        Ok((TokioTcpStream(stream), peer))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl TcpStream for TokioTcpStream {
    type ReadHalf = OwnedReadHalf;
    type WriteHalf = OwnedWriteHalf;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.set_nodelay(nodelay)
    }

    fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.0.into_split()
    }
}

impl AsyncRead for TokioTcpStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TokioTcpStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl UdpSocket for TokioUdpSocket {
    fn poll_send_to(&self, cx: &mut Context<'_>, datagram: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, datagram, to)
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.0.poll_recv_from(cx, buffer)
    }

    // These two for the same reason as `accept`.
    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.send_to(datagram, to).await
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(buffer).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

macro_rules! convert {
    ($($ours:ident $theirs:ident),+) => {$(
        impl From<tokio::net::$theirs> for $ours {
            fn from(socket: tokio::net::$theirs) -> $ours {
                $ours(socket)
            }
        }

        impl From<$ours> for tokio::net::$theirs {
            fn from(socket: $ours) -> tokio::net::$theirs {
                socket.0
            }
        }
    )+};
}

convert!(TokioTcpStream TcpStream, TokioTcpListener TcpListener, TokioUdpSocket UdpSocket);
