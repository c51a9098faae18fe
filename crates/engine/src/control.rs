//! The right to boot, crash and pause nodes from inside a run: the harness's and its
//! injectors'. Plans nothing.

use crate::device::{CrashKind, Scope};
use crate::home::Home;
use crate::kernel::Kernel;
use crate::limit::Stop;
use crate::local;
use crate::node::NodeId;
use crate::spawn::{SimJoinHandle, SimTaskProvider};
use crate::turn::drop_one;
use std::future::Future;

/// The right to boot, crash and pause nodes, and to stop the run: for the harness
/// and its injectors, from inside a run.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    pub(crate) run: u64,
}

impl Control {
    /// Borrows the kernel.
    ///
    /// # Panics
    /// Outside of the run.
    pub fn kernel<R>(self, body: impl FnOnce(&mut Kernel) -> R) -> R {
        local::reach(self.run, |split| body(&mut split.kernel))
    }

    /// Starts a node's next incarnation.
    ///
    /// # Panics
    /// If the node is running already.
    #[inline]
    pub fn boot(self, node: NodeId) -> Home {
        let incarnation = self.kernel(|kernel| kernel.boot(node));
        Home { run: self.run, node, incarnation }
    }

    /// The process that runs on a node, or ran there last.
    pub fn home(self, node: NodeId) -> Home {
        let incarnation = self.kernel(|kernel| kernel.topology.node(node).incarnation);
        Home { run: self.run, node, incarnation }
    }

    /// Puts a task on a node.
    #[track_caller]
    pub fn spawn<F>(self, home: Home, name: &'static str, future: F) -> SimJoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        SimTaskProvider::new(home).spawn_named(name, future)
    }

    /// Kills the scope's processes, this instant: not one more poll.
    ///
    /// # Panics
    /// If a machine is to go down and the scope is one of its nodes: one device would
    /// take it for dead, and another not.
    pub fn crash(self, scope: Scope, kind: CrashKind) {
        assert!(
            kind == CrashKind::Process || matches!(scope, Scope::Machine(_)),
            "{kind:?} takes a whole machine down, not {scope:?}: crash the scope that CrashKind::scope gives"
        );
        let dead = local::reach(self.run, |split| {
            let local::Split { kernel, devices } = split;
            let before = kernel.debris.len();
            kernel.crash(scope, kind);
            let dead = kernel.debris.split_off(before);
            for device in devices.iter() {
                device.crash(scope, kind, kernel);
            }
            dead
        });
        for debris in dead {
            let panic = drop_one(self.run, debris);
            debug_assert!(panic.is_none(), "no panic of the dead counts");
        }
    }

    /// Freezes the scope's processes.
    pub fn pause(self, scope: Scope) {
        self.kernel(|kernel| kernel.pause(scope));
    }

    /// Lets them go on.
    pub fn resume(self, scope: Scope) {
        self.kernel(|kernel| kernel.resume(scope));
    }

    /// Stops the run once the poll under way returns.
    #[inline]
    pub fn stop(self) {
        self.kernel(|kernel| kernel.stop(Stop::Requested));
    }
}
