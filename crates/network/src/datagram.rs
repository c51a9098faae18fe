//! Datagrams on their way: loss, duplication, reordering. Shares nothing with TCP but links
//! and ports; what has arrived is its socket's.

use crate::address::{Route, destination, number_of, source};
use crate::broken::Broken;
use crate::fabric::Fabric;
use crate::kinds::{CLOG, DATAGRAM_DUPLICATE, DATAGRAM_LOSS, PARTITION, count_effects, mark};
use crate::link::Path;
use crate::slot::Role;
use crate::socket::Received;
use crate::told;
use crate::transfer::Handle;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;
use wavetank_engine::{EventKind, Kernel, Target, Ticket, hash_bytes, mix};

const SEND: EventKind = EventKind::new("udp.send");
const DROP: EventKind = EventKind::new("udp.drop");

/// A datagram on its way.
#[derive(Debug)]
pub(crate) struct Datagram {
    /// The structural name: its flow (socket and destination), and its number there.
    pub(crate) entity: u64,
    from: SocketAddr,
    to: SocketAddr,
    path: Path,
    bytes: Vec<u8>,
    lost: bool,
    pub(crate) marks: u16,
    /// When it was sent, in crashes of the run so far.
    crashes: u64,
    pub(crate) due: u64,
    /// Its landing; none before it is queued.
    pub(crate) ticket: Option<Ticket>,
    /// How many were sent before it.
    nth: u64,
}

/// All datagrams on their way.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    slots: Vec<Option<Datagram>>,
    free: Vec<u32>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    /// How many were sent.
    sent: u64,
}

/// What Linux says of a datagram that no packet has room for; std has no kind for it.
const EMSGSIZE: i32 = 90;
/// What it says of one to an address of a family that the socket is not for; no kind either.
const EAFNOSUPPORT: i32 = 97;
/// Buffers that are kept for later.
const SPARE_MOST: usize = 256;

impl Datagrams {
    pub(crate) fn reset(&mut self) {
        self.slots.clear();
        self.free.clear();
        self.sent = 0;
    }

    /// Those on a direction that a clog has touched, the first sent first.
    pub(crate) fn clogged(&self, path: Path) -> Vec<u32> {
        let of_path = |datagram: &Datagram| datagram.path == path && datagram.marks & mark(&CLOG) != 0;
        let is_held = |index: &u32| self.slots[*index as usize].as_ref().is_some_and(of_path);
        let mut indices: Vec<u32> = (0..self.slots.len() as u32).filter(is_held).collect();
        indices.sort_unstable_by_key(|&index| self.peek(index).nth);
        indices
    }

    pub(crate) fn at(&mut self, index: u32) -> &mut Datagram {
        self.slots[index as usize].as_mut().expect("a queued datagram exists until it lands")
    }

    pub(crate) fn peek(&self, index: u32) -> &Datagram {
        self.slots[index as usize].as_ref().expect("a queued datagram exists until it lands")
    }

    pub(crate) fn describe(&self, index: u32) -> String {
        let datagram = self.peek(index);
        format!("a datagram {} -> {}", datagram.from, datagram.to)
    }

    fn insert(&mut self, datagram: Datagram) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[index as usize] = Some(datagram);
        index
    }

    fn take(&mut self, index: u32) -> Datagram {
        self.free.push(index);
        self.slots[index as usize].take().expect("a queued datagram exists until it lands")
    }

    fn copy(&mut self, data: &[u8]) -> Vec<u8> {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(data);
        bytes
    }

    pub(crate) fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spare.len() < SPARE_MOST {
            self.spare.push(bytes);
        }
    }
}

/// Whether Linux lets a socket bound to `bound` send to `to`: one for IPv4, mapped or not, to no
/// IPv6 address; and one of an IPv6 address to no IPv4 one (asked of Linux 6.18).
fn check_family(bound: IpAddr, to: IpAddr) -> io::Result<()> {
    let is_ipv4 = bound.to_canonical().is_ipv4();
    match (is_ipv4, to.to_canonical().is_ipv4()) {
        (true, false) => Err(io::Error::from_raw_os_error(EAFNOSUPPORT)),
        (true, true) if bound.is_ipv4() && to.is_ipv6() => Err(io::Error::from_raw_os_error(EAFNOSUPPORT)),
        (false, true) if !bound.is_unspecified() => Err(io::ErrorKind::NetworkUnreachable.into()),
        _ => Ok(()),
    }
}

/// The fate of a datagram.
enum Verdict {
    /// The socket gets it.
    Arrives(u32),
    /// Nobody ever sees it; the kinds of fault to blame, if there was somebody to see it.
    Lost(u16),
}

impl Fabric {
    /// Sends a datagram; there is always room for it.
    pub(crate) fn send_to(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        data: &[u8],
        to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let socket = self.sockets.at(handle.index);
        if socket.generation != handle.generation {
            return Poll::Pending;
        }
        let to = destination(to);
        let (bound, machine, node) = (socket.address, socket.machine, socket.node);
        if data.len() > self.config.datagram_max as usize && self.config.broken != Some(Broken::UdpSize) {
            return Poll::Ready(Err(io::Error::from_raw_os_error(EMSGSIZE)));
        }
        if let Err(error) = check_family(bound.ip(), to.ip()) {
            return Poll::Ready(if self.config.broken == Some(Broken::UdpFamily) {
                Ok(data.len())
            } else {
                Err(error)
            });
        }
        if to.port() == 0 && self.config.broken != Some(Broken::UdpPortZero) {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        }
        let peer = match (Route::of(to.ip(), kernel), bound.ip().is_loopback()) {
            (Route::Loopback, _) => machine,
            (Route::Everybody, _) if self.config.broken == Some(Broken::UdpBroadcast) => {
                return Poll::Ready(Ok(data.len()));
            }
            (Route::Everybody, _) => return Poll::Ready(Err(io::ErrorKind::PermissionDenied.into())),
            // Linux: a socket on loopback has no way out.
            (_, true) => return Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
            (Route::Machine(peer), _) => peer,
            // The first datagrams to an address that nobody has wait for an answer that never comes.
            (Route::Nobody, _) => return Poll::Ready(Ok(data.len())),
            (Route::None, _) => return Poll::Ready(Err(io::ErrorKind::NetworkUnreachable.into())),
        };
        if self.config.broken == Some(Broken::UdpNobody) && self.site(peer).udp.find(to).is_none() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        let socket = self.sockets.at(handle.index);
        let number = socket.count_to(to);
        let entity = mix(mix(socket.entity, number_of(to)), number);
        let ip = if bound.ip().is_unspecified() { source(to.ip(), machine) } else { bound.ip() };
        let from = SocketAddr::new(ip, bound.port());
        let path = Path { from: machine, to: peer };
        kernel.note_and_tell(SEND, entity, hash_bytes(data), |telling| {
            telling
                .arg("from", from.to_string())
                .arg("to", to.to_string())
                .arg("number", number)
                .arg("bytes", data.len());
        });
        self.launch(kernel, entity, from, to, path, data, 0);
        let ratio = self.config.datagram_duplicate;
        if !path.is_loopback() && kernel.strikes(&DATAGRAM_DUPLICATE, entity, 0, ratio, Target::Node(node)) {
            self.launch(kernel, mix(entity, 1), from, to, path, data, mark(&DATAGRAM_DUPLICATE));
        }
        Poll::Ready(Ok(data.len()))
    }

    fn launch(
        &mut self,
        kernel: &mut Kernel,
        entity: u64,
        from: SocketAddr,
        to: SocketAddr,
        path: Path,
        data: &[u8],
        marks: u16,
    ) {
        let flight = self.links.depart_datagram(&self.config, kernel, path, entity, 0);
        let bytes = self.datagrams.copy(data);
        let (crashes, lost, marks) = (self.crashes, flight.lost, flight.marks | marks);
        let due = kernel.now().saturating_add(flight.nanos);
        kernel.tell("udp.depart", |telling| told::sends(telling, entity, path, data.len(), due, marks));
        let nth = self.datagrams.sent;
        self.datagrams.sent += 1;
        let datagram = Datagram { entity, from, to, path, bytes, lost, marks, crashes, due, ticket: None, nth };
        let index = self.datagrams.insert(datagram);
        self.datagrams.at(index).ticket = Some(kernel.at(due, self.number, Role::Datagram.slot(index)));
    }

    /// A datagram is due.
    pub(crate) fn land_datagram(&mut self, kernel: &mut Kernel, index: u32) {
        let datagram = self.datagrams.take(index);
        match self.judge_datagram(kernel, &datagram) {
            Verdict::Arrives(socket) => {
                kernel.tell("udp.land", |telling| told::delivers(telling, datagram.entity, datagram.path, None));
                let Datagram { entity, from, bytes, marks, .. } = datagram;
                let received = Received { entity, from, bytes, marks };
                self.sockets.at(socket).take_in(received, self.config.broken, kernel);
            }
            Verdict::Lost(marks) => {
                kernel.note_and_tell(DROP, datagram.entity, u64::from(marks), |telling| {
                    told::delivers(telling, datagram.entity, datagram.path, Some(marks));
                });
                count_effects(marks, kernel);
                self.datagrams.recycle(datagram.bytes);
            }
        }
    }

    /// Decides, and changes nothing but the record of faults.
    fn judge_datagram(&mut self, kernel: &mut Kernel, datagram: &Datagram) -> Verdict {
        let Path { to: machine, .. } = datagram.path;
        let found = self.site(machine).udp.find(datagram.to);
        let heard = found.filter(|&index| {
            let socket = self.sockets.peek(index);
            !self.is_stale(socket.node, datagram.crashes)
                && socket.has_room_for(datagram.bytes.len(), self.config.datagram_buffer as usize)
        });
        let Some(index) = heard else { return Verdict::Lost(0) };
        if datagram.lost || self.links.is_cut(datagram.path) {
            return Verdict::Lost(mark(&PARTITION));
        }
        let (ratio, target) = (self.config.datagram_loss, Target::Machine(machine));
        if !datagram.path.is_loopback() && kernel.strikes(&DATAGRAM_LOSS, datagram.entity, 0, ratio, target) {
            return Verdict::Lost(mark(&DATAGRAM_LOSS));
        }
        Verdict::Arrives(index)
    }
}
