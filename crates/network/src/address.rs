//! Which machine an address belongs to, and the addresses of names. Owns no
//! socket and no port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use wavetank_engine::{Kernel, MachineId, mix};

/// Machines that have an address: 10.0.0.1 to 10.255.255.254.
const MACHINES_MOST: u32 = (1 << 24) - 2;
const FIRST: u32 = 0x0a00_0001;

/// The address of a machine: 10.0.0.1 for the first, and so on. Its loopback
/// addresses (127.0.0.0/8 and ::1) come in addition.
///
/// # Panics
/// Beyond 2^24 - 2 machines.
pub fn address_of(machine: MachineId) -> IpAddr {
    assert!(machine.0 < MACHINES_MOST, "10.0.0.0/8 has no address left for machine {}", machine.0);
    IpAddr::V4(Ipv4Addr::from(FIRST + machine.0))
}

/// Where an address leads, seen from a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// To this very machine, by loopback.
    Loopback,
    /// To a machine.
    Machine(MachineId),
    /// Into our net, but nobody has it.
    Nobody,
    /// To everybody, which a kernel does not do unless it was allowed (`SO_BROADCAST`, socket(7)).
    Everybody,
    /// Nowhere.
    None,
}

impl Route {
    #[inline]
    pub(crate) fn of(address: IpAddr, kernel: &Kernel) -> Route {
        match address.to_canonical() {
            IpAddr::V4(address) if is_broadcast(address) => Route::Everybody,
            address if address.is_loopback() || address.is_unspecified() => Route::Loopback,
            IpAddr::V4(address) if address.octets()[0] == 10 => match u32::from(address).checked_sub(FIRST) {
                Some(number) if (number as usize) < kernel.topology.machines().len() => {
                    Route::Machine(MachineId(number))
                }
                _ => Route::Nobody,
            },
            _ => Route::None,
        }
    }
}

/// Whether an address is that of everybody: on all nets, on loopback's, or on ours.
fn is_broadcast(address: Ipv4Addr) -> bool {
    address.is_broadcast() || matches!(address.octets(), [10 | 127, 255, 255, 255])
}

/// Whether a machine may bind that address.
pub(crate) fn is_own(address: IpAddr, machine: MachineId) -> bool {
    let canonical = address.to_canonical();
    address.is_unspecified() || canonical.is_loopback() || canonical == address_of(machine)
}

/// Whether a socket bound to `bound` hears what is sent to `to`. The unspecified IPv6
/// address hears IPv4 too, as Linux has it unless `IPV6_V6ONLY` is set.
pub(crate) fn hears(bound: IpAddr, to: IpAddr) -> bool {
    match bound {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => to.to_canonical().is_ipv4(),
        bound => bound.to_canonical() == to.to_canonical(),
    }
}

/// Whether two sockets of one machine cannot both have their port.
pub(crate) fn clash(one: IpAddr, other: IpAddr) -> bool {
    hears(one, other) || hears(other, one)
}

/// Where a machine sends from when it sends to `to`.
pub(crate) fn source(to: IpAddr, machine: MachineId) -> IpAddr {
    match to {
        IpAddr::V6(to) if to.is_loopback() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        to if to.to_canonical().is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => address_of(machine),
    }
}

/// An unspecified destination means this machine, as in Linux.
pub(crate) fn destination(to: SocketAddr) -> SocketAddr {
    match to.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), to.port()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), to.port()),
        _ => to,
    }
}

/// What a socket bound to `bound` calls a peer: an IPv6 socket maps IPv4 addresses, and an
/// IPv4 socket knows of no other.
pub(crate) fn seen_by(bound: IpAddr, peer: SocketAddr) -> SocketAddr {
    match (bound, peer.ip()) {
        (IpAddr::V6(_), IpAddr::V4(address)) => SocketAddr::new(address.to_ipv6_mapped().into(), peer.port()),
        (IpAddr::V4(_), address) => SocketAddr::new(address.to_canonical(), peer.port()),
        _ => peer,
    }
}

/// A number for the digest and for the names of decisions.
pub(crate) fn number_of(address: SocketAddr) -> u64 {
    match address.ip() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)) << 16 | u64::from(address.port()),
        IpAddr::V6(ip) => mix(u128::from(ip) as u64, (u128::from(ip) >> 64) as u64) ^ u64::from(address.port()),
    }
}

/// The addresses of `name`: numeric, `localhost`, a machine's name, or a node's.
pub(crate) fn lookup(name: &str, kernel: &Kernel) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = name.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    let no_port = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` has no port, as `{name}:80` has"));
    let (host, port) = name.rsplit_once(':').ok_or_else(no_port)?;
    let port: u16 = port.parse().map_err(|_| no_port())?;
    let at = |address: IpAddr| Ok(vec![SocketAddr::new(address, port)]);
    if host.eq_ignore_ascii_case("localhost") {
        return at(Ipv4Addr::LOCALHOST.into());
    }
    let (machines, nodes) = (kernel.topology.machines(), kernel.topology.nodes());
    let find = |is_host: &dyn Fn(&str) -> bool| {
        let machine = machines.iter().position(|machine| is_host(&machine.name));
        machine
            .map(|number| MachineId(number as u32))
            .or_else(|| nodes.iter().find(|node| is_host(&node.name)).map(|node| node.machine))
    };
    // The case of letters makes no other name (RFC 4343), unless two of ours differ in nothing else.
    match find(&|name| name == host).or_else(|| find(&|name| name.eq_ignore_ascii_case(host))) {
        Some(machine) => at(address_of(machine)),
        None => Err(io::Error::new(io::ErrorKind::NotFound, format!("no machine or process is called `{host}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_hear_what_linux_lets_them_hear() {
        let check = |bound: &str, to: &str, expected: bool| {
            let (bound, to) = (bound.parse().expect("an address"), to.parse().expect("an address"));
            assert_eq!(hears(bound, to), expected, "{bound} hears {to}");
        };
        check("0.0.0.0", "10.0.0.1", true);
        check("0.0.0.0", "127.0.0.1", true);
        check("0.0.0.0", "::1", false);
        check("::", "::1", true);
        check("::", "10.0.0.1", true);
        check("127.0.0.1", "10.0.0.1", false);
        check("10.0.0.1", "10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
        check("10.0.0.1", "::ffff:10.0.0.1", true);
        check("::ffff:10.0.0.1", "10.0.0.1", true);
        check("::ffff:10.0.0.1", "10.0.0.2", false);
    }
}
