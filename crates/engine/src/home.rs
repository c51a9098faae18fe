//! Where code runs: the run, the node and the incarnation that a provider speaks
//! for. Holds no reference, so that it may be copied and sent freely.

use crate::clock::Clock;
use crate::device::Device;
use crate::kernel::Kernel;
use crate::local::{self, Local};
use crate::node::NodeId;

/// A process of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    pub(crate) run: u64,
    /// The node.
    pub node: NodeId,
    /// Which of its processes.
    pub incarnation: u32,
}

impl Home {
    /// Borrows the kernel.
    ///
    /// # Panics
    /// Outside of the run.
    #[inline]
    pub fn with<R>(self, body: impl FnOnce(&mut Kernel) -> R) -> R {
        local::reach(self.run, |split| body(&mut split.kernel))
    }

    /// The device of a type in the run's world: the first, if there are several. So what
    /// a process is given need not carry references to all that there is.
    ///
    /// # Panics
    /// Outside of the run, and if the world has no such device.
    pub fn device<D: Device>(self) -> Local<D> {
        local::device(self.run)
    }

    /// Whether the process lives.
    #[inline]
    pub fn is_alive(self, kernel: &Kernel) -> bool {
        kernel.is_alive(self.node, self.incarnation)
    }

    /// The clocks of its machine.
    #[inline]
    pub fn clock(self, kernel: &Kernel) -> &Clock {
        kernel.topology.clock(self.node)
    }
}
