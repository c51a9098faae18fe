//! Where and when the calling code runs, for logs. Decides nothing.

use crate::local;
use crate::node::NodeId;
use std::sync::Arc;

/// A place and an instant of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Nanoseconds of global virtual time.
    pub time: u64,
    /// The node whose task is being polled, its incarnation and its name, if any is.
    pub node: Option<(NodeId, u32, Arc<str>)>,
}

/// Where the calling code runs; [`None`] outside of a run, and inside of a device.
pub fn here() -> Option<Here> {
    local::peek(|split| {
        let kernel = &split.kernel;
        let node = kernel
            .current_node()
            .map(|(node, incarnation)| (node, incarnation, kernel.topology.node(node).name.clone()));
        Here { time: kernel.now(), node }
    })
}
