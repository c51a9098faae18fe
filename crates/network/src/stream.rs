//! What product code holds of a connection: the stream, and its two halves. All
//! state stays in the fabric; a handle is a name.

use crate::fabric::Fabric;
use crate::slot::Role;
use crate::transfer::Handle;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wavetank_core::TcpStream;
use wavetank_engine::Local;

/// What every handle of a stream does with it.
#[derive(Debug, Clone, Copy)]
struct End {
    fabric: Local<Fabric>,
    handle: Handle,
}

impl End {
    #[inline]
    fn poll_read(self, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut replaced = None;
        self.fabric.with(|fabric, kernel| fabric.read(kernel, self.handle, cx, buffer, &mut replaced))
    }

    #[inline]
    fn poll_write(self, cx: &Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let mut replaced = None;
        self.fabric.with(|fabric, kernel| fabric.write(kernel, self.handle, cx, data, &mut replaced))
    }

    fn poll_write_vectored(self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut replaced = None;
        self.fabric.with(|fabric, kernel| fabric.write_vectored(kernel, self.handle, cx, slices, &mut replaced))
    }

    fn poll_shutdown(self) -> Poll<io::Result<()>> {
        self.fabric.with(|fabric, kernel| fabric.shutdown(kernel, self.handle))
    }

    #[inline]
    fn close(self, role: Role) {
        self.fabric.close(role.slot(self.handle.index), self.handle.generation);
    }
}

/// A simulated TCP stream.
#[derive(Debug)]
pub struct SimTcpStream {
    end: End,
}

impl SimTcpStream {
    pub(crate) fn new(fabric: Local<Fabric>, handle: Handle) -> SimTcpStream {
        SimTcpStream { end: End { fabric, handle } }
    }
}

impl Drop for SimTcpStream {
    #[inline]
    fn drop(&mut self) {
        self.end.close(Role::Stream);
    }
}

impl AsyncRead for SimTcpStream {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.end.poll_read(cx, buffer)
    }
}

impl AsyncWrite for SimTcpStream {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.end.poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is written is sent at once: there is nothing to flush, as on a real socket.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end.poll_shutdown()
    }
}

impl TcpStream for SimTcpStream {
    type ReadHalf = SimReadHalf;
    type WriteHalf = SimWriteHalf;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        let End { fabric, handle } = self.end;
        fabric.with(|fabric, _| fabric.local_address(handle))
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        let End { fabric, handle } = self.end;
        fabric.with(|fabric, _| fabric.peer_address(handle))
    }

    fn set_nodelay(&self, _: bool) -> io::Result<()> {
        // Small writes always leave at once: there is no Nagle to switch off.
        Ok(())
    }

    fn into_split(self) -> (SimReadHalf, SimWriteHalf) {
        let end = self.end;
        // The halves own the socket from now on.
        std::mem::forget(self);
        end.fabric.with(|fabric, _| fabric.split(end.handle));
        (SimReadHalf { end }, SimWriteHalf { end })
    }
}

/// The reading half of a [`SimTcpStream`].
#[derive(Debug)]
pub struct SimReadHalf {
    end: End,
}

impl Drop for SimReadHalf {
    fn drop(&mut self) {
        self.end.close(Role::ReadHalf);
    }
}

impl AsyncRead for SimReadHalf {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.end.poll_read(cx, buffer)
    }
}

/// The writing half of a [`SimTcpStream`]; dropping it closes the sending direction.
#[derive(Debug)]
pub struct SimWriteHalf {
    end: End,
}

impl Drop for SimWriteHalf {
    fn drop(&mut self) {
        self.end.close(Role::WriteHalf);
    }
}

impl AsyncWrite for SimWriteHalf {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.end.poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end.poll_shutdown()
    }
}
