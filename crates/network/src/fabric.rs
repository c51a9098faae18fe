//! The network as a device of the engine: what it consists of, what its queued
//! records lead to, and what a crash leaves of it. Each protocol is a file of its own.

use crate::config::NetworkConfig;
use crate::connection::{Connections, State};
use crate::datagram::Datagrams;
use crate::gathered::Gathered;
use crate::link::Links;
use crate::listener::Listeners;
use crate::port::Ports;
use crate::slot::Role;
use crate::socket::Sockets;
use wavetank_engine::{CrashKind, Device, Home, Kernel, MachineId, NodeId, Scope, mix, prefetch};

/// What the network keeps of a machine.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) tcp: Ports,
    pub(crate) udp: Ports,
    /// It crashed when its nodes had been booted so often in all.
    crashed: Option<u64>,
}

/// What the network keeps of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Process {
    incarnation: u32,
    opened: u64,
    /// Crashes of the run up to this node's last one.
    pub(crate) crashes: u64,
}

/// The simulated network: a [`Device`] of a [`World`](wavetank_engine::World).
#[derive(Debug)]
pub struct Fabric {
    pub(crate) config: NetworkConfig,
    /// Something other than the plain latency may happen to a segment.
    pub(crate) rough: bool,
    pub(crate) number: u32,
    pub(crate) links: Links,
    pub(crate) connections: Connections,
    pub(crate) listeners: Listeners,
    pub(crate) sockets: Sockets,
    pub(crate) datagrams: Datagrams,
    pub(crate) sites: Vec<Site>,
    pub(crate) processes: Vec<Process>,
    pub(crate) gathered: Gathered,
    /// Crashes of the run so far.
    pub(crate) crashes: u64,
    machine_crashed: bool,
    /// Bytes may open a connection: a confirmation was lost.
    pub(crate) confirmation_lost: bool,
    generation: u32,
}

impl Fabric {
    /// A network that behaves as configured.
    ///
    /// # Panics
    /// If a figure of the configuration is out of its range.
    pub fn new(config: NetworkConfig) -> Fabric {
        expect_valid(&config);
        let rough = config.is_rough();
        Fabric {
            config,
            rough,
            number: 0,
            links: Links::default(),
            connections: Connections::default(),
            listeners: Listeners::default(),
            sockets: Sockets::default(),
            datagrams: Datagrams::default(),
            sites: Vec::new(),
            processes: Vec::new(),
            gathered: Gathered::default(),
            crashes: 0,
            machine_crashed: false,
            confirmation_lost: false,
            generation: 0,
        }
    }

    /// How it behaves.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Makes it behave otherwise from now on; what is on its way stays as it was drawn.
    ///
    /// # Panics
    /// If a figure is out of its range.
    pub fn configure(&mut self, config: &NetworkConfig) {
        expect_valid(config);
        self.config.clone_from(config);
        self.refresh();
    }

    /// Bytes held for connections, which are their slots and their rings, for who waits
    /// at listeners and datagram sockets, and for writes of several slices.
    pub fn memory(&self) -> usize {
        self.connections.memory() + self.listeners.memory() + self.sockets.memory() + self.gathered.memory()
    }

    /// Sees anew whether anything unusual may happen.
    pub(crate) fn refresh(&mut self) {
        self.rough = self.config.is_rough() || self.links.is_disturbed() || self.confirmation_lost;
    }

    /// A name for a new handle.
    #[inline]
    pub(crate) fn next_generation(&mut self) -> u32 {
        self.generation += 1;
        self.generation
    }

    /// The structural name of the next socket that a process opens.
    pub(crate) fn next_entity(&mut self, home: Home) -> u64 {
        let process = self.process(home.node);
        if process.incarnation != home.incarnation {
            process.incarnation = home.incarnation;
            process.opened = 0;
        }
        process.opened += 1;
        let nth = process.opened;
        mix(mix(u64::from(home.node.0) << 32 | u64::from(home.incarnation), 0x736f_636b_6574), nth)
    }

    pub(crate) fn process(&mut self, node: NodeId) -> &mut Process {
        let index = node.0 as usize;
        if index >= self.processes.len() {
            self.processes.resize(index + 1, Process::default());
        }
        &mut self.processes[index]
    }

    pub(crate) fn site(&mut self, machine: MachineId) -> &mut Site {
        let index = machine.0 as usize;
        if index >= self.sites.len() {
            self.sites.resize_with(index + 1, Site::default);
        }
        &mut self.sites[index]
    }

    /// Whether a machine has crashed and none of its nodes has been booted since.
    pub(crate) fn is_down(&self, machine: MachineId, kernel: &Kernel) -> bool {
        self.machine_crashed
            && self
                .sites
                .get(machine.0 as usize)
                .and_then(|site| site.crashed)
                .is_some_and(|boots| boots == boots_of(machine, kernel))
    }

    /// Whether a packet for that node's sockets was sent, `crashes` into the run, to a process that is dead now.
    pub(crate) fn is_stale(&self, node: NodeId, crashes: u64) -> bool {
        self.crashes > 0 && self.processes.get(node.0 as usize).is_some_and(|process| process.crashes > crashes)
    }
}

fn expect_valid(config: &NetworkConfig) {
    if let Err(error) = config.validate() {
        panic!("{error}");
    }
}

fn boots_of(machine: MachineId, kernel: &Kernel) -> u64 {
    let nodes = kernel.topology.nodes().iter().filter(|node| node.machine == machine);
    nodes.map(|node| u64::from(node.incarnation)).sum()
}

fn nodes_of(scope: Scope, kernel: &Kernel) -> Vec<NodeId> {
    match scope {
        Scope::Node(node) => vec![node],
        Scope::Machine(machine) => (0..kernel.topology.nodes().len() as u32)
            .map(NodeId)
            .filter(|&node| kernel.topology.node(node).machine == machine)
            .collect(),
    }
}

impl Device for Fabric {
    #[inline]
    fn fire(&mut self, slot: u32, kernel: &mut Kernel) {
        // Most are landings, and a jump by a table is hard to foresee.
        if let Some(flow) = Role::Landing.index_of(slot) {
            return self.land(kernel, flow);
        }
        match Role::of(slot) {
            (Role::Acknowledgement, flow) => self.acknowledge(kernel, flow),
            (Role::Handshake, connection) => self.advance(kernel, connection),
            (Role::Datagram, datagram) => self.land_datagram(kernel, datagram),
            (role, index) => unreachable!("nothing queues a record for {role:?} {index}"),
        }
    }

    fn expect(&self, slot: u32) {
        if let Some(flow) = Role::Landing.index_of(slot) {
            prefetch(self.connections.peek(flow >> 1));
        }
    }

    fn expect_next(&self, slot: u32, kernel: &Kernel) {
        if let (Role::Landing, flow) = Role::of(slot) {
            let connection = self.connections.peek(flow >> 1);
            kernel.prefetch_waiter(&connection.flows[(flow & 1) as usize].reader);
        }
    }

    fn close(&mut self, slot: u32, generation: u32, kernel: &mut Kernel) {
        let (role, index) = Role::of(slot);
        match role {
            Role::Stream | Role::ReadHalf | Role::WriteHalf => self.close_stream(kernel, role, index, generation),
            Role::Connect => self.abandon(kernel, index, generation),
            Role::Listener => self.close_listener(kernel, index, generation),
            Role::Socket => self.close_socket(kernel, index, generation),
            role => unreachable!("no handle stands for {role:?}"),
        }
    }

    fn crash(&mut self, scope: Scope, kind: CrashKind, kernel: &mut Kernel) {
        let nodes = nodes_of(scope, kernel);
        self.crashes += 1;
        let crashes = self.crashes;
        for &node in &nodes {
            self.process(node).crashes = crashes;
        }
        if let (Scope::Machine(machine), CrashKind::Machine | CrashKind::PowerLoss) = (scope, kind) {
            self.site(machine).crashed = Some(boots_of(machine, kernel));
            self.machine_crashed = true;
        }
        let is_silent = kind != CrashKind::Process;
        self.crash_listeners(kernel, &nodes, is_silent);
        self.crash_sockets(kernel, &nodes);
        self.crash_connections(kernel, &nodes, is_silent);
    }

    fn reset(&mut self, kernel: &mut Kernel) {
        self.links.reset();
        self.connections.reset(kernel);
        self.listeners.reset(kernel);
        self.sockets.reset(kernel);
        self.datagrams.reset();
        for site in &mut self.sites {
            site.tcp.reset();
            site.udp.reset();
            site.crashed = None;
        }
        // Room for all at once; each gets its place when it first uses the network.
        self.sites.reserve_exact(kernel.topology.machines().len().saturating_sub(self.sites.len()));
        self.processes.clear();
        self.processes.reserve_exact(kernel.topology.nodes().len());
        self.crashes = 0;
        self.machine_crashed = false;
        self.confirmation_lost = false;
        self.generation = 0;
        self.refresh();
    }

    fn name(&self, slot: u32) -> u64 {
        let (role, index) = Role::of(slot);
        let entity = match role {
            Role::Datagram => self.datagrams.peek(index).entity,
            Role::Landing | Role::Acknowledgement => {
                self.connections.peek(index >> 1).flows[(index & 1) as usize].entity
            }
            _ => self.connections.peek(index).entity,
        };
        mix(entity, role as u64)
    }

    fn describe(&self, slot: u32) -> String {
        let (role, index) = Role::of(slot);
        match role {
            Role::Listener => self.listeners.describe(index),
            Role::Socket => self.sockets.describe(index),
            Role::Datagram => self.datagrams.describe(index),
            Role::Connect | Role::Handshake => self.connections.peek(index).describe(0),
            _ => self.connections.peek(index >> 1).describe((index & 1) as usize),
        }
    }

    fn leaks(&self) -> Vec<String> {
        let mut leaks = Vec::new();
        for connection in self.connections.iter() {
            for (side, end) in connection.ends.iter().enumerate() {
                if end.generation != 0 && matches!(end.state, State::Open | State::Dead) {
                    leaks.push(format!("a TCP stream is open: {}", connection.describe(side)));
                }
            }
        }
        leaks.extend(self.listeners.leaks());
        leaks.extend(self.sockets.leaks());
        leaks
    }
}
