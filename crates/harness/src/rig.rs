//! The rig: a world with the network, the disks and the harness's own ledger in
//! it. Used again for run after run, by the builder's workers and by the tank.

use crate::ledger::Ledger;
use crate::panic_site;
use wavetank_engine::{Control, Key, Local, NodeId, World};
use wavetank_network::{Fabric, NetworkConfig};
use wavetank_storage::{Disks, StorageConfiguration};

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) fabric: Key<Fabric>,
    pub(crate) disks: Key<Disks>,
    pub(crate) ledger: Key<Ledger>,
}

/// The rig's devices for one run, and the right to crash nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handles {
    pub(crate) fabric: Local<Fabric>,
    pub(crate) disks: Local<Disks>,
    pub(crate) ledger: Local<Ledger>,
    pub(crate) control: Control,
}

impl Rig {
    pub(crate) fn new(network: &NetworkConfig, storage: &StorageConfiguration) -> Rig {
        let mut world = World::new();
        let fabric = world.add(Fabric::new(network.clone()));
        let disks = world.add(Disks::new(storage.clone()));
        let ledger = world.add(Ledger::default());
        world.locate_panics(panic_site::last);
        Rig { world, fabric, disks, ledger }
    }

    /// The name of a node; whatever else there is belongs to the harness.
    pub(crate) fn name_of(&mut self, node: NodeId) -> String {
        self.world.kernel(|kernel| {
            kernel.topology.nodes().get(node.0 as usize).map_or("the harness".into(), |node| node.name.to_string())
        })
    }

    #[inline]
    pub(crate) fn handles(&self) -> Handles {
        Handles {
            fabric: self.world.local(self.fabric),
            disks: self.world.local(self.disks),
            ledger: self.world.local(self.ledger),
            control: self.world.control(),
        }
    }
}
