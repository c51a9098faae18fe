//! Where code runs: the run, the node and the incarnation that a provider speaks
//! for. Holds no reference, so that it may be copied and sent freely.

use crate::clock::Clock;
use crate::kernel::Kernel;
use crate::local;
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
