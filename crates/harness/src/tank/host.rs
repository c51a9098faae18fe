//! A host of a tank: where it is, what it runs, whether its end is awaited; and how it is
//! found. Boots and crashes nobody.

use super::Tank;
use crate::outcome::Ended;
use crate::providers::SimProviders;
use crate::tank_error::TankError;
use crate::topology::Peer;
use std::cell::Cell;
use std::future::Future;
use std::net::IpAddr;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use wavetank_engine::{MachineId, NodeId};

pub(super) type Body = Pin<Box<dyn Future<Output = Ended>>>;
pub(super) type Boot = Rc<dyn Fn(SimProviders) -> Body>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Host,
    /// Its end is awaited.
    Client,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Host => "host",
            Role::Client => "client",
        }
    }
}

pub(super) struct Host {
    pub(super) node: NodeId,
    pub(super) machine: MachineId,
    pub(super) ip: IpAddr,
    pub(super) boot: Boot,
    pub(super) role: Role,
    /// Where the test said so.
    pub(super) site: &'static Location<'static>,
    /// The test waits for its end, which has not come yet.
    pub(super) awaited: Rc<Cell<bool>>,
    /// It was started, and has neither ended nor been crashed since.
    pub(super) running: Rc<Cell<bool>>,
}

impl Host {
    pub(super) fn new(
        peer: &Peer,
        machine: MachineId,
        boot: Boot,
        role: Role,
        site: &'static Location<'static>,
    ) -> Host {
        let awaited = Rc::new(Cell::new(role == Role::Client));
        Host { node: peer.node, machine, ip: peer.ip, boot, role, site, awaited, running: Rc::default() }
    }
}

impl Tank {
    #[track_caller]
    pub(super) fn find(&self, name: &str) -> &Host {
        match self.hosts.get(name) {
            Some(host) => host,
            None => panic!("there is no host `{name}`; there are: {}", self.order.join(", ")),
        }
    }

    /// Says so if a client is waited for that nobody will start.
    pub(super) fn expect_clients(&self) -> Result<(), TankError> {
        let gone = self.order.iter().find(|name| {
            let host = &self.hosts[*name];
            host.awaited.get() && !host.running.get()
        });
        gone.map_or(Ok(()), |host| Err(TankError::NotRunning { seed: self.seed, host: host.clone() }))
    }
}
