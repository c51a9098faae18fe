//! The network as a process sees it: connect, bind, look up; and its listeners and
//! datagram sockets. All state stays in the fabric.

use crate::address;
use crate::broken::Broken;
use crate::fabric::Fabric;
use crate::slot::Role;
use crate::stream::SimTcpStream;
use crate::transfer::Handle;
use ref_cast::RefCast;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_engine::{Home, Kernel, Local};

/// The network of a process.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimNetworkProvider {
    home: Home,
}

impl SimNetworkProvider {
    /// The network as the process `home` sees it: the [`Fabric`] of its world. Using it
    /// panics if there is none.
    pub fn new(home: Home) -> SimNetworkProvider {
        SimNetworkProvider { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimNetworkProvider {
        SimNetworkProvider::ref_cast(home)
    }

    /// Does something at once if the process lives; for the dead nothing ever completes.
    async fn alive<T>(self, mut body: impl FnMut(&mut Fabric, &mut Kernel, Local<Fabric>) -> T) -> T {
        poll_fn(|_| {
            let local = self.home.device::<Fabric>();
            local.with(|fabric, kernel| {
                if !self.home.is_alive(kernel) {
                    return Poll::Pending;
                }
                fabric.number = local.number();
                Poll::Ready(body(fabric, kernel, local))
            })
        })
        .await
    }
}

impl NetworkProvider for SimNetworkProvider {
    type TcpStream = SimTcpStream;
    type TcpListener = SimTcpListener;
    type UdpSocket = SimUdpSocket;

    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<SimTcpStream>> + Send {
        Connecting { attempt: Attempt::New { home: self.home, to } }
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<SimTcpListener> {
        let home = self.home;
        self.alive(move |fabric, kernel, local| {
            fabric.listen(kernel, home, at).map(|handle| SimTcpListener { fabric: local, handle })
        })
        .await
    }

    async fn bind_udp(&self, at: SocketAddr) -> io::Result<SimUdpSocket> {
        let home = self.home;
        self.alive(move |fabric, kernel, local| {
            fabric.open_socket(kernel, home, at).map(|handle| SimUdpSocket { fabric: local, handle })
        })
        .await
    }

    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.alive(|fabric, kernel, _| {
            let found = address::lookup(name, kernel);
            match (&found, fabric.config.broken) {
                (Err(error), Some(Broken::UnknownName)) if error.kind() == io::ErrorKind::NotFound => {
                    Ok(vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80)])
                }
                (Err(error), Some(Broken::NameWithoutPort)) if error.kind() == io::ErrorKind::InvalidInput => {
                    Ok(vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80)])
                }
                (Ok(addresses), Some(Broken::NumericName)) if addresses[0].is_ipv6() => {
                    Err(io::ErrorKind::NotFound.into())
                }
                (Ok(addresses), Some(Broken::NameOfMachine)) => {
                    Ok(addresses.iter().map(|it| by_loopback(*it)).collect())
                }
                _ => found,
            }
        })
        .await
    }
}

/// An address of 10.0.0.0/8 turned into this machine's loopback: a broken promise.
fn by_loopback(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.octets()[0] == 10 => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

/// A connection that is being opened; dropping it ends the attempt.
struct Connecting {
    attempt: Attempt,
}

/// How far that is. Each state holds what it needs and no more, since every future that waits
/// for a connection holds the largest of them.
#[derive(Clone, Copy)]
enum Attempt {
    /// Nothing was asked of the fabric yet.
    New { home: Home, to: SocketAddr },
    /// It is under way.
    Trying { fabric: Local<Fabric>, handle: Handle },
    /// It has come to its end.
    Over,
}

impl Future for Connecting {
    type Output = io::Result<SimTcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let attempt = &mut self.attempt;
        let mut replaced = None;
        let polled = match *attempt {
            Attempt::New { home, to } => {
                let local = home.device::<Fabric>();
                local.with(|fabric, kernel| {
                    if !home.is_alive(kernel) {
                        return Poll::Pending;
                    }
                    fabric.number = local.number();
                    let handle = fabric.connect(kernel, home, to)?;
                    *attempt = Attempt::Trying { fabric: local, handle };
                    fabric.poll_connect(kernel, handle, cx, &mut replaced).map_ok(|()| SimTcpStream::new(local, handle))
                })
            }
            Attempt::Trying { fabric: local, handle } => local.with(|fabric, kernel| {
                fabric.poll_connect(kernel, handle, cx, &mut replaced).map_ok(|()| SimTcpStream::new(local, handle))
            }),
            Attempt::Over => panic!("a connection that was opened, or could not be, is polled again"),
        };
        drop(replaced);
        if polled.is_ready() {
            *attempt = Attempt::Over;
        }
        polled
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        if let Attempt::Trying { fabric, handle } = self.attempt {
            fabric.close(Role::Connect.slot(handle.index >> 1), handle.generation);
        }
    }
}

/// A simulated listening socket.
#[derive(Debug)]
pub struct SimTcpListener {
    fabric: Local<Fabric>,
    handle: Handle,
}

impl Drop for SimTcpListener {
    fn drop(&mut self) {
        self.fabric.close(Role::Listener.slot(self.handle.index), self.handle.generation);
    }
}

impl TcpListener for SimTcpListener {
    type Stream = SimTcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(SimTcpStream, SocketAddr)>> {
        let mut replaced = None;
        let accepted = self.fabric.with(|fabric, kernel| fabric.accept(kernel, self.handle, cx, &mut replaced));
        drop(replaced);
        accepted.map(|(handle, peer)| Ok((SimTcpStream::new(self.fabric, handle), peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fabric.with(|fabric, _| fabric.listener_address(self.handle))
    }
}

/// A simulated datagram socket.
#[derive(Debug)]
pub struct SimUdpSocket {
    fabric: Local<Fabric>,
    handle: Handle,
}

impl Drop for SimUdpSocket {
    fn drop(&mut self) {
        self.fabric.close(Role::Socket.slot(self.handle.index), self.handle.generation);
    }
}

impl UdpSocket for SimUdpSocket {
    fn poll_send_to(&self, _: &mut Context<'_>, datagram: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.fabric.with(|fabric, kernel| fabric.send_to(kernel, self.handle, datagram, to))
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        let mut replaced = None;
        self.fabric.with(|fabric, kernel| fabric.receive_from(kernel, self.handle, cx, buffer, &mut replaced))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fabric.with(|fabric, _| fabric.socket_address(self.handle))
    }
}
