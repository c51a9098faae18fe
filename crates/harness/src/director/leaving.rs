//! Who is left as it is when everything else ends.

use super::Director;
use crate::cut::Cut;
use crate::left::{LEFT, Left};
use wavetank_engine::{Address, CrashKind, MachineId, NodeId, Scope, Target};

/// The parameters of what has no end: its duration, and no more.
const FOR_EVER: [u64; 2] = [u64::MAX, 0];

impl Director {
    /// Leaves a process dead or cut off, for good.
    pub(super) fn leave(&mut self, node: NodeId, how: Left) {
        let control = self.starter.handles.control;
        let nth = u64::from(node.0);
        if how == Left::Dead {
            control.kernel(|kernel| {
                kernel.fired(how.kind(), LEFT, nth, Target::Node(node), FOR_EVER);
                kernel.effective(how.kind());
            });
            return control.crash(Scope::Node(node), CrashKind::Process);
        }
        let machine = control.kernel(|kernel| {
            let machine = kernel.topology.node(node).machine;
            kernel.fired(how.kind(), LEFT, nth, Target::Machine(machine), FOR_EVER);
            machine
        });
        let cut = self.cut_of(machine, how);
        let address = Address { domain: how.kind().domain().key(), entity: LEFT, nth };
        self.starter.handles.ledger.with(|ledger, _| ledger.keep_cut(address, &cut));
        self.starter.handles.fabric.with(|fabric, kernel| {
            cut.links().into_iter().for_each(|(from, to)| fabric.cut(kernel, from, to));
        });
    }

    /// Who does not hear whom.
    fn cut_of(&self, machine: MachineId, how: Left) -> Cut {
        let alone = Cut::isolating(machine, self.field.machines);
        match how {
            Left::Mute => Cut { back: false, ..alone },
            Left::Deaf => Cut { ones: alone.others, others: alone.ones, back: false },
            Left::Dead | Left::Cut => alone,
        }
    }
}
