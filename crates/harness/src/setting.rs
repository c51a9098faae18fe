//! The setting of a run: its plan, who takes part and where, and under which conditions.
//! What everybody in the run shares, behind one pointer; nothing of it changes while the
//! run lasts.

use crate::cast::{Cast, Part};
use crate::simulation::{Conditions, Group, Simulation};
use crate::topology::Peer;
use std::fmt;
use std::sync::Arc;
use wavetank_engine::NodeId;

/// Kept for the next run if that has the same. One pointer, since each that is handed out
/// takes two locked instructions, and a small run hands out a dozen.
pub(crate) struct Setting {
    pub(crate) simulation: Arc<Simulation>,
    pub(crate) cast: Arc<Cast>,
    /// Its own; none if they are those of the simulation.
    pub(crate) drawn: Option<Conditions>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("simulation", &self.simulation.name)
            .field("topology", &self.cast.topology)
            .finish_non_exhaustive()
    }
}

impl Setting {
    /// What the run's world is like.
    pub(crate) fn conditions(&self) -> &Conditions {
        self.drawn.as_ref().unwrap_or(&self.simulation.conditions)
    }

    /// The part of a node; none if it is the harness's own.
    pub(crate) fn part(&self, node: NodeId) -> Option<Part> {
        self.cast.parts.get(node.0 as usize).copied()
    }

    /// The group that a node belongs to; none if it is the harness's own.
    pub(crate) fn group(&self, node: NodeId) -> Option<&Group> {
        self.part(node).map(|part| &self.simulation.groups[part.group])
    }

    /// Who is on a node that has a part.
    pub(crate) fn peer(&self, node: NodeId) -> &Peer {
        let topology = &self.cast.topology;
        let mut groups = topology.processes.iter().chain(&topology.workloads);
        let mut place = node.0 as usize;
        loop {
            let group = groups.next().expect("every node but the director's belongs to a group");
            match place.checked_sub(group.members.len()) {
                None => return &group.members[place],
                Some(rest) => place = rest,
            }
        }
    }
}
