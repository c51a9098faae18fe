//! The cast of a run: everybody's node and address. How each is started is the starter's.

use crate::rig::Rig;
use crate::simulation::{DIRECTOR, Group, Role, Simulation};
use crate::topology::{Peer, PeerGroup, WorkloadTopology};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use wavetank_engine::{Decisions, Domain, NodeId, Placement, name_key};

/// The domain in which the sizes of groups are drawn.
const SIZE: Domain = Domain::new("topology.size");

/// Somebody who takes part: which member of which group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) group: usize,
    pub(crate) number: u32,
}

/// Who takes part in a run; kept for the next run if its sizes are the same.
pub(crate) struct Cast {
    /// Of each group.
    sizes: Vec<u32>,
    /// By node.
    pub(crate) parts: Vec<Part>,
    pub(crate) topology: WorkloadTopology,
    /// Nodes of processes come first: those below it.
    pub(crate) processes: u32,
    /// The node of the harness itself; after all others.
    pub(crate) director: Option<NodeId>,
}

impl Cast {
    /// Members of each group, by name.
    pub(crate) fn sizes(&self, simulation: &Simulation) -> BTreeMap<String, u32> {
        simulation.groups.iter().zip(&self.sizes).map(|(group, size)| (group.name.to_string(), *size)).collect()
    }

    /// Whether a run has this cast.
    pub(crate) fn fits(&self, simulation: &Simulation, decisions: &Decisions) -> bool {
        let mut groups = simulation.groups.iter().zip(&self.sizes);
        groups.all(|(group, size)| size_of_group(simulation, group, decisions) == *size)
    }

    /// The cast of a run. Makes the world's machines and nodes those of this cast.
    pub(crate) fn arrange(simulation: &Simulation, decisions: &Decisions, rig: &mut Rig) -> Cast {
        let sizes: Vec<u32> =
            simulation.groups.iter().map(|group| size_of_group(simulation, group, decisions)).collect();
        let total = sizes.iter().map(|size| *size as usize).sum::<usize>();
        let mut parts = Vec::with_capacity(total);
        let mut processes = 0;
        rig.world.clear_topology();
        rig.world.kernel(|kernel| kernel.topology.reserve(total + usize::from(simulation.has_phases())));
        let mut topology = WorkloadTopology::default();
        let mut text = String::new();
        for role in [Role::Process, Role::Workload] {
            for (index, group) in simulation.groups.iter().enumerate().filter(|(_, group)| group.role == role) {
                let members = (0..sizes[index]).map(|number| {
                    parts.push(Part { group: index, number });
                    let name: Arc<str> = if group.count.high == 1 {
                        group.name.clone()
                    } else {
                        text.clear();
                        text.push_str(&group.name);
                        text.push('-');
                        push_number(&mut text, number);
                        (&*text).into()
                    };
                    add_machine(rig, name)
                });
                let group = PeerGroup { name: group.name.clone(), members: members.collect() };
                match role {
                    Role::Process => topology.processes.push(group),
                    Role::Workload => topology.workloads.push(group),
                }
            }
            if role == Role::Process {
                processes = parts.len() as u32;
            }
        }
        let director = simulation.has_phases().then(|| add_machine(rig, DIRECTOR.into()).node);
        Cast { sizes, parts, topology, processes, director }
    }
}

/// Appends a number's digits. Not by `format!` or `to_string`, whose machinery and table of
/// digits nothing else in a run needs.
fn push_number(text: &mut String, number: u32) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push((b'0' + (number % 10) as u8) as char);
}

fn size_of_group(simulation: &Simulation, group: &Group, decisions: &Decisions) -> u32 {
    if let Some(size) = simulation.fixed.as_ref().and_then(|fixed| fixed.sizes.get(&*group.name)) {
        return *size;
    }
    let (low, high) = (u64::from(group.count.low), u64::from(group.count.high));
    if low == high {
        return group.count.low;
    }
    decisions.within(SIZE, name_key(&group.name), 0, low, high) as u32
}

/// Whether a name is an address to whoever looks it up, so that it leads to nobody of that name.
pub(crate) fn is_address(name: &str) -> bool {
    // Few names begin as an address does, and only those are worth a closer look.
    let looks_like_one = name.starts_with(|first: char| first.is_ascii_digit() || first == '[');
    name == "localhost" || looks_like_one && format!("{name}:0").parse::<SocketAddr>().is_ok()
}

/// Adds a machine with one node, both of that name.
pub(crate) fn add_machine(rig: &mut Rig, name: Arc<str>) -> Peer {
    rig.world.kernel(|kernel| {
        let machine = kernel.topology.add_machine(name.clone(), Placement::default());
        let node = kernel.topology.add_node(name.clone(), machine);
        Peer { name, ip: wavetank_network::address_of(machine), node }
    })
}
