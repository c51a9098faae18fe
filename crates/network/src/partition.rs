//! What a test does to links by hand, or a plan for it: cut, mend, slow down, heal.
//! What that means for a segment is judged where segments land.

use crate::fabric::Fabric;
use crate::link::Path;
use crate::told;
use wavetank_engine::{EventKind, Kernel, MachineId};

const CUT: EventKind = EventKind::new("network.cut");
const MEND: EventKind = EventKind::new("network.mend");
const CLOGGED: EventKind = EventKind::new("network.clogged");
const SLOWED: EventKind = EventKind::new("network.slowed");

/// Faults by hand. Loopback is never cut: a machine always reaches itself. What is
/// cut already is not cut again, and counts once.
impl Fabric {
    /// Cuts the direction from one machine to another. What departs or would land while it
    /// is cut is lost, and sent again where the protocol does that; what is on its way
    /// and lands after the cut is mended arrives. Acknowledgements on their way are lost at once.
    pub fn cut(&mut self, kernel: &mut Kernel, from: MachineId, to: MachineId) {
        let path = Path { from, to };
        if path.is_loopback() {
            return;
        }
        if self.links.set_cut(path, true) {
            // By hand, or by a plan that has logged its fault already: no decision, so no atom.
            kernel.note_and_tell(CUT, path.entity(), 0, |telling| told::changes(telling, path, "cut", true));
            self.refresh();
            for index in self.connections.indices() {
                for side in [0, 1] {
                    if self.connections.peek(index).path(side ^ 1) == path {
                        self.lose_acks(kernel, index, side);
                    }
                }
            }
        }
    }

    /// Ends a [`cut`](Self::cut).
    pub fn mend(&mut self, kernel: &mut Kernel, from: MachineId, to: MachineId) {
        let path = Path { from, to };
        if self.links.is_cut(path) {
            self.links.set_cut(path, false);
            kernel.note_and_tell(MEND, path.entity(), 0, |telling| told::changes(telling, path, "cut", false));
            self.refresh();
        }
    }

    /// Cuts both directions between every machine of one group and every one of the other.
    pub fn partition(&mut self, kernel: &mut Kernel, one: &[MachineId], other: &[MachineId]) {
        for &a in one {
            for &b in other {
                self.cut(kernel, a, b);
                self.cut(kernel, b, a);
            }
        }
    }

    /// Cuts both directions between a machine and every other.
    pub fn isolate(&mut self, kernel: &mut Kernel, machine: MachineId) {
        let others: Vec<MachineId> = (0..kernel.topology.machines().len() as u32).map(MachineId).collect();
        self.partition(kernel, &[machine], &others);
    }

    /// Makes each packet of a direction take so many nanoseconds more, from now on; 0 ends
    /// that for what departs then, which still does not overtake on a stream.
    pub fn slow(&mut self, kernel: &mut Kernel, from: MachineId, to: MachineId, nanos: u64) {
        let path = Path { from, to };
        if path.is_loopback() {
            return;
        }
        if self.links.set_extra(path, nanos) {
            kernel.note_and_tell(SLOWED, path.entity(), nanos, |telling| {
                told::changes(telling, path, "slow", true);
                telling.arg("nanos", nanos);
            });
        } else if nanos == 0 {
            kernel.tell(MEND.name(), |telling| told::changes(telling, path, "slow", false));
        }
        self.refresh();
    }

    /// Holds whatever departs in a direction until so much virtual time has passed, then
    /// lets it go. Nothing is lost. Once more, and what is held is let go at the new time; 0
    /// lets it go now. What is let go still has its way before it.
    pub fn clog(&mut self, kernel: &mut Kernel, from: MachineId, to: MachineId, nanos: u64) {
        let path = Path { from, to };
        if path.is_loopback() {
            return;
        }
        let until = if nanos == 0 { 0 } else { kernel.now().saturating_add(nanos) };
        self.hold_until(kernel, path, until);
        kernel.note_and_tell(CLOGGED, path.entity(), nanos, |telling| {
            told::changes(telling, path, "clogged", nanos > 0);
            telling.arg("nanos", nanos);
        });
        self.refresh();
    }

    /// Mends every cut, lets go of what is held, and lets every link be as fast as
    /// configured. What has departed on a slow link is as slow as it was to be.
    pub fn heal(&mut self, kernel: &mut Kernel) {
        for path in self.links.disturbed() {
            self.mend(kernel, path.from, path.to);
            if self.links.extra(path) > 0 {
                kernel.tell(MEND.name(), |telling| told::changes(telling, path, "slow", false));
            }
            self.links.set_extra(path, 0);
            if self.links.hold(path, kernel.now()) > 0 {
                kernel.tell(MEND.name(), |telling| told::changes(telling, path, "clogged", false));
            }
            self.hold_until(kernel, path, 0);
        }
        self.refresh();
    }

    /// Whether that direction is cut.
    pub fn is_cut(&self, from: MachineId, to: MachineId) -> bool {
        self.links.is_cut(Path { from, to })
    }
}
