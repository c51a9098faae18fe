//! The ports of one machine and protocol: which socket has which, and which
//! ephemeral ports are taken. Knows sockets by index only.

use crate::address::{clash, hears};
use std::net::{IpAddr, SocketAddr};

/// Linux's `ip_local_port_range`.
const EPHEMERAL_FIRST: u16 = 32_768;
const EPHEMERAL_LAST: u16 = 60_999;
const EPHEMERAL_COUNT: usize = (EPHEMERAL_LAST - EPHEMERAL_FIRST) as usize + 1;

#[derive(Debug, Clone, Copy)]
struct Bound {
    port: u16,
    address: IpAddr,
    index: u32,
}

/// The ports of a machine for one protocol.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    /// By port.
    bound: Vec<Bound>,
    /// Ephemeral ports taken by connections, a bit each, as far as any was ever taken.
    taken: Vec<u64>,
    next: usize,
}

impl Ports {
    pub(crate) fn reset(&mut self) {
        self.bound.clear();
        self.taken.clear();
        self.next = 0;
    }

    /// Whether a socket bound to that address keeps another from it.
    pub(crate) fn is_taken(&self, at: SocketAddr) -> bool {
        self.of_port(at.port()).iter().any(|bound| clash(bound.address, at.ip()))
    }

    /// Whether an ephemeral port was taken by who is not bound to it: a connection. Nobody may
    /// be bound to it then, as in Linux, so that who is cannot give it back for the connection.
    /// Linux lets a socket have it on another address of the machine; here nobody does.
    pub(crate) fn is_kept(&self, port: u16) -> bool {
        let place = usize::from(port.wrapping_sub(EPHEMERAL_FIRST));
        let is_taken = self.taken.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1);
        is_taken && self.of_port(port).is_empty()
    }

    pub(crate) fn bind(&mut self, at: SocketAddr, index: u32) {
        let place = self.bound.partition_point(|bound| bound.port <= at.port());
        self.bound.insert(place, Bound { port: at.port(), address: at.ip(), index });
    }

    pub(crate) fn unbind(&mut self, index: u32) {
        self.bound.retain(|bound| bound.index != index);
    }

    /// The socket that hears what is sent to `to`. There is one at most: two that would hear the
    /// same cannot both have their port.
    pub(crate) fn find(&self, to: SocketAddr) -> Option<u32> {
        let mut bound = self.of_port(to.port()).iter();
        bound.find(|bound| hears(bound.address, to.ip())).map(|bound| bound.index)
    }

    /// Takes an ephemeral port for a connection; [`None`] if all are taken.
    pub(crate) fn take(&mut self) -> Option<u16> {
        for _ in 0..EPHEMERAL_COUNT {
            let place = self.next;
            self.next = (self.next + 1) % EPHEMERAL_COUNT;
            let port = EPHEMERAL_FIRST + place as u16;
            let word = place / 64;
            if word >= self.taken.len() {
                self.taken.resize(word + 1, 0);
            }
            if self.taken[word] >> (place % 64) & 1 == 0 && self.of_port(port).is_empty() {
                self.taken[word] |= 1 << (place % 64);
                return Some(port);
            }
        }
        None
    }

    /// Gives an ephemeral port back.
    pub(crate) fn release(&mut self, port: u16) {
        if (EPHEMERAL_FIRST..=EPHEMERAL_LAST).contains(&port) {
            let place = usize::from(port - EPHEMERAL_FIRST);
            // One that was bound by its number was never taken.
            if let Some(word) = self.taken.get_mut(place / 64) {
                *word &= !(1 << (place % 64));
            }
        }
    }

    fn of_port(&self, port: u16) -> &[Bound] {
        let from = self.bound.partition_point(|bound| bound.port < port);
        let count = self.bound[from..].iter().take_while(|bound| bound.port == port).count();
        &self.bound[from..from + count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ephemeral_ports_run_out_and_come_back() {
        let mut ports = Ports::default();
        let all: Vec<u16> = std::iter::from_fn(|| ports.take()).collect();
        assert_eq!(all.len(), EPHEMERAL_COUNT);
        for port in [EPHEMERAL_FIRST, 40_000, EPHEMERAL_LAST] {
            ports.release(port);
            assert_eq!(ports.take(), Some(port));
            assert_eq!(ports.take(), None);
        }
    }

    #[test]
    fn a_port_that_somebody_is_bound_to_is_nobodys_ephemeral_port() {
        let mut ports = Ports::default();
        ports.bind(SocketAddr::new([10, 0, 0, 1].into(), EPHEMERAL_FIRST), 1);
        assert_eq!(ports.take(), Some(EPHEMERAL_FIRST + 1));
    }

    #[test]
    fn who_hears_an_address_is_found() {
        let mut ports = Ports::default();
        ports.bind("0.0.0.0:80".parse().expect("an address"), 1);
        ports.bind("10.0.0.1:81".parse().expect("an address"), 2);
        let check = |to: &str, expected: Option<u32>| assert_eq!(ports.find(to.parse().expect("an address")), expected);
        check("10.0.0.1:80", Some(1));
        check("10.0.0.1:81", Some(2));
        check("127.0.0.1:81", None);
        check("10.0.0.1:82", None);
        assert!(ports.is_taken("10.0.0.1:80".parse().expect("an address")));
    }
}
