//! What those who take part in a run are called.

use wavetank_engine::{Kernel, Target};

/// The names of a run's processes and workloads: of the nodes and of their machines, by
/// number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Of the nodes.
    pub nodes: Vec<String>,
    /// Of the machines.
    pub machines: Vec<String>,
}

impl Names {
    /// Of the first `members`; who comes after them is the harness itself.
    pub(crate) fn of(kernel: &Kernel, members: usize) -> Names {
        let topology = &kernel.topology;
        Names {
            nodes: topology.nodes().iter().take(members).map(|node| node.name.to_string()).collect(),
            machines: topology.machines().iter().take(members).map(|machine| machine.name.to_string()).collect(),
        }
    }

    /// What a fault strikes, in words: `kv-1`, `from kv-1 to client`; by numbers where nothing
    /// has a name.
    pub fn who(&self, target: Target) -> String {
        let machine = |id: u32| self.machines.get(id as usize).map_or(format!("machine {id}"), String::clone);
        match target {
            Target::World => "the world".to_string(),
            Target::Machine(id) => machine(id.0),
            Target::Node(id) => self.nodes.get(id.0 as usize).map_or(format!("node {}", id.0), String::clone),
            Target::Link(from, to) => format!("from {} to {}", machine(from.0), machine(to.0)),
        }
    }
}
