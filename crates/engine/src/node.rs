//! Who owns what: datacentre, zone, machine, node, incarnation. Knows who is up;
//! what a crash destroys is each owner's business.

use crate::clock::Clock;
use crate::decision::mix;
use crate::ready::Place;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;

/// A machine: disks, addresses and a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct MachineId(pub u32);

/// A node: a slot for one process on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct NodeId(pub u32);

/// Where a machine stands; correlated faults strike a zone or a datacentre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Placement {
    /// The datacentre's number.
    pub datacentre: u16,
    /// The zone's number within it.
    pub zone: u16,
}

/// A machine of a run.
#[derive(Debug)]
pub struct Machine {
    /// Its name in reports.
    pub name: Arc<str>,
    /// Where it stands.
    pub placement: Placement,
    /// Its clocks.
    pub clock: Clock,
}

/// Whether a node's process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// No process: not booted yet, or dead.
    Down,
    /// Running.
    Up,
    /// Frozen: its tasks are not polled.
    Paused,
}

/// A node of a run.
#[derive(Debug)]
pub struct Node {
    /// Its name in reports.
    pub name: Arc<str>,
    /// The machine that it runs on.
    pub machine: MachineId,
    /// Whether its process runs.
    pub state: NodeState,
    /// How often it was booted; the process that runs, or ran last, is this one.
    pub incarnation: u32,
    pub(crate) children: u32,
    pub(crate) parked: Vec<Place>,
    pub(crate) random: Option<Xoshiro256PlusPlus>,
    pub(crate) entropy: Option<Xoshiro256PlusPlus>,
}

impl Node {
    /// The structural name of an incarnation, parent of its tasks.
    pub(crate) fn entity(id: NodeId, incarnation: u32) -> u64 {
        mix(u64::from(id.0) << 32 | u64::from(incarnation), 0x6e6f_6465)
    }
}

/// The machines and nodes of a run.
#[derive(Debug, Default)]
pub struct Topology {
    machines: Vec<Machine>,
    nodes: Vec<Node>,
    /// Whether some clock may differ from global time.
    pub(crate) skewed: bool,
}

impl Topology {
    /// Makes room for so many more machines with a node each, and no more than that.
    #[inline]
    pub fn reserve(&mut self, machines: usize) {
        self.machines.reserve_exact(machines);
        self.nodes.reserve_exact(machines);
    }

    /// Adds a machine with exact clocks.
    pub fn add_machine(&mut self, name: impl Into<Arc<str>>, placement: Placement) -> MachineId {
        self.machines.push(Machine { name: name.into(), placement, clock: Clock::default() });
        MachineId(self.machines.len() as u32 - 1)
    }

    /// Adds a node on a machine; it is down until it is booted.
    ///
    /// # Panics
    /// If there is no such machine.
    pub fn add_node(&mut self, name: impl Into<Arc<str>>, machine: MachineId) -> NodeId {
        assert!((machine.0 as usize) < self.machines.len(), "there is no machine {}", machine.0);
        self.nodes.push(Node {
            name: name.into(),
            machine,
            state: NodeState::Down,
            incarnation: 0,
            children: 0,
            parked: Vec::new(),
            random: None,
            entropy: None,
        });
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// The nodes, by id.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The machines, by id.
    pub fn machines(&self) -> &[Machine] {
        &self.machines
    }

    /// A node.
    ///
    /// # Panics
    /// If there is no such node.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Whether a node's process runs.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn is_up(&self, id: NodeId) -> bool {
        self.node(id).state == NodeState::Up
    }

    /// A machine.
    ///
    /// # Panics
    /// If there is no such machine.
    #[inline]
    pub fn machine(&self, id: MachineId) -> &Machine {
        &self.machines[id.0 as usize]
    }

    /// A machine, to set its clock.
    ///
    /// # Panics
    /// If there is no such machine.
    pub fn machine_mut(&mut self, id: MachineId) -> &mut Machine {
        self.skewed = true;
        &mut self.machines[id.0 as usize]
    }

    /// The clock that a node reads.
    #[inline]
    pub fn clock(&self, node: NodeId) -> &Clock {
        &self.machines[self.nodes[node.0 as usize].machine.0 as usize].clock
    }

    /// The global time at which a node's monotonic clock shows at least `local`.
    #[inline]
    pub(crate) fn global(&self, node: NodeId, local: u64) -> u64 {
        if self.skewed { self.skewed_global(node, local) } else { local }
    }

    #[cold]
    #[inline(never)]
    fn skewed_global(&self, node: NodeId, local: u64) -> u64 {
        self.clock(node).global(local)
    }

    /// Whether some clock may differ from global time.
    #[inline]
    pub(crate) fn is_skewed(&self) -> bool {
        self.skewed
    }

    /// A machine's clock, to disturb it.
    ///
    /// # Panics
    /// If there is no such machine.
    pub fn clock_mut(&mut self, id: MachineId) -> &mut Clock {
        &mut self.machine_mut(id).clock
    }

    #[inline]
    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    /// Everything down, every clock exact, no process ever booted: that renews the rest of a node.
    pub(crate) fn reset(&mut self) {
        for machine in &mut self.machines {
            machine.clock = Clock::default();
        }
        for node in &mut self.nodes {
            node.state = NodeState::Down;
            node.incarnation = 0;
            node.parked.clear();
        }
    }

    /// No machines and no nodes.
    pub(crate) fn clear(&mut self) {
        self.machines.clear();
        self.nodes.clear();
    }
}
