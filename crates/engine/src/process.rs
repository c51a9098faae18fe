//! Processes as the kernel has them: booted, spawning tasks, crashed, paused. What a
//! crash does to sockets and files is the devices' business.

use crate::decision::mix;
use crate::device::{CrashKind, Scope};
use crate::kernel::Kernel;
use crate::node::{Node, NodeId, NodeState};
use crate::ready::Place;
use crate::stage::BoxRunnable;
use crate::task::{Debris, Leaver, index_of};
use crate::trace::EventKind;
use crate::waking::next_sequence;
use std::panic::Location;

const CRASH: EventKind = EventKind::new("crash");
const PAUSE: EventKind = EventKind::new("pause");
const RESUME: EventKind = EventKind::new("resume");

impl Kernel {
    /// Puts a task on a node; the future comes back if that incarnation is dead.
    pub(crate) fn spawn(
        &mut self,
        (node, incarnation): (NodeId, u32),
        future: BoxRunnable,
        origin: (&'static str, &'static Location<'static>),
    ) -> Result<u64, BoxRunnable> {
        if !self.is_alive(node, incarnation) {
            return Err(future);
        }
        let entity = match self.current.get().map(|index| self.tasks.at(index)) {
            Some(parent) if parent.node == node && parent.incarnation == incarnation => {
                parent.children += 1;
                mix(parent.entity, u64::from(parent.children))
            }
            _ => {
                let owner = self.topology.node_mut(node);
                owner.children += 1;
                mix(Node::entity(node, incarnation), u64::from(owner.children))
            }
        };
        let generation = self.generations.next();
        self.sequence = next_sequence(self.sequence);
        let number = self.tasks.insert(generation, future, (node, incarnation), entity, origin, self.sequence);
        let index = index_of(number);
        self.push_ready(Place::new(self.sequence, index));
        if self.trace.is_some() {
            self.tell_spawn(index);
            self.tell_wake(index);
        }
        Ok(number)
    }

    /// Whether that incarnation of a node is the one that lives.
    #[inline]
    pub fn is_alive(&self, node: NodeId, incarnation: u32) -> bool {
        let node = self.topology.node(node);
        node.incarnation == incarnation && node.state != NodeState::Down
    }

    /// Starts a node's next incarnation.
    #[inline]
    pub(crate) fn boot(&mut self, id: NodeId) -> u32 {
        let node = self.topology.node_mut(id);
        assert_eq!(node.state, NodeState::Down, "node {} ({}) is running already", id.0, node.name);
        node.state = NodeState::Up;
        node.incarnation += 1;
        node.children = 0;
        node.random = None;
        node.entropy = None;
        let incarnation = node.incarnation;
        self.tell_boot(id);
        incarnation
    }

    /// Takes the scope's processes down and their tasks out.
    pub(crate) fn crash(&mut self, scope: Scope, kind: CrashKind) {
        let nodes = self.nodes_of(scope);
        for &id in &nodes {
            let node = self.topology.node_mut(id);
            self.paused -= u32::from(node.state == NodeState::Paused);
            node.state = NodeState::Down;
            node.parked.clear();
            self.note_and_tell(CRASH, u64::from(id.0), kind as u64, |telling| {
                Kernel::tell_node(telling, "node.crash", id);
                telling.arg("kind", kind.name());
            });
        }
        let dead: Vec<u32> =
            self.tasks.iter().filter(|(_, task)| nodes.contains(&task.node)).map(|(index, _)| index).collect();
        for index in dead {
            if self.current.get() == Some(index) {
                // Its future is out being polled: `settle` finishes it off.
                self.tasks.at(index).aborted = true;
            } else {
                let debris = self.bury(index, Leaver::Dead);
                self.bring_out(debris);
            }
        }
    }

    /// Freezes the scope's processes.
    pub fn pause(&mut self, scope: Scope) {
        for id in self.nodes_of(scope) {
            let node = self.topology.node_mut(id);
            if node.state == NodeState::Up {
                node.state = NodeState::Paused;
                self.paused += 1;
                self.note_and_tell(PAUSE, u64::from(id.0), 0, |telling| Kernel::tell_node(telling, "node.pause", id));
            }
        }
    }

    /// Lets them go on.
    pub fn resume(&mut self, scope: Scope) {
        for id in self.nodes_of(scope) {
            let node = self.topology.node_mut(id);
            if node.state == NodeState::Paused {
                node.state = NodeState::Up;
                self.paused -= 1;
                for place in std::mem::take(&mut node.parked) {
                    self.push_ready(place);
                }
                self.note_and_tell(RESUME, u64::from(id.0), 0, |telling| Kernel::tell_node(telling, "node.resume", id));
            }
        }
    }

    pub(crate) fn nodes_of(&self, scope: Scope) -> Vec<NodeId> {
        match scope {
            Scope::Node(node) => vec![node],
            Scope::Machine(machine) => (0..self.topology.nodes().len() as u32)
                .map(NodeId)
                .filter(|&node| self.topology.node(node).machine == machine)
                .collect(),
        }
    }

    /// Frees a task's slot and wakes its joiner, who finds it gone.
    pub(crate) fn bury(&mut self, index: u32, of: Leaver) -> Debris {
        let mut debris = Debris { of, ..self.tasks.remove(index) };
        let joiner = debris.joiner.take();
        self.wake(joiner);
        debris
    }
}
