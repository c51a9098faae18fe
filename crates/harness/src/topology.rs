//! Who there is in a run and where: names and addresses, as a workload sees them.

use std::net::IpAddr;
use std::sync::Arc;
use wavetank_engine::NodeId;

/// One process or workload of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name: the group's, with its number if the group may have several, as in `server-2`.
    pub name: Arc<str>,
    /// The address of its machine.
    pub ip: IpAddr,
    /// Its node.
    pub node: NodeId,
}

/// A group of processes or workloads that share a name and a factory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerGroup {
    /// The name that the builder was given.
    pub name: Arc<str>,
    /// Its members, by number.
    pub members: Vec<Peer>,
}

/// Everybody in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadTopology {
    /// The processes, in the order of the builder.
    pub processes: Vec<PeerGroup>,
    /// The workloads, in the order of the builder.
    pub workloads: Vec<PeerGroup>,
}

impl WorkloadTopology {
    /// The members of a group.
    ///
    /// # Panics
    /// If there is no group of that name; says which there are.
    #[track_caller]
    pub fn group(&self, name: &str) -> &[Peer] {
        let groups = || self.processes.iter().chain(&self.workloads);
        match groups().find(|group| &*group.name == name) {
            Some(group) => &group.members,
            None => {
                let names: Vec<&str> = groups().map(|group| &*group.name).collect();
                panic!("there is no group `{name}` in this simulation; there are: {}", names.join(", "))
            }
        }
    }

    /// The address of the first member of a group.
    ///
    /// # Panics
    /// If there is no group of that name.
    #[track_caller]
    pub fn ip(&self, name: &str) -> IpAddr {
        self.group(name)[0].ip
    }

    /// The addresses of a group's members.
    ///
    /// # Panics
    /// If there is no group of that name.
    #[track_caller]
    pub fn ips(&self, name: &str) -> Vec<IpAddr> {
        self.group(name).iter().map(|peer| peer.ip).collect()
    }
}
