//! Where a segment that departs goes: behind all that are on their way, and into the
//! queue if it is the first. What its way is like was drawn before.

use crate::flow::{Cargo, Departure, Flow};
use crate::link::Flight;
use crate::told;
use wavetank_engine::Kernel;

/// Where a direction's landings are queued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landing {
    pub(crate) device: u32,
    pub(crate) slot: u32,
}

impl Landing {
    /// Sends a segment up to `flow.departed`, behind all that are on their way.
    ///
    /// Always inline: a call would hand the flight over in memory, to be read back at once.
    #[inline(always)]
    pub(crate) fn enqueue(self, flow: &mut Flow, kernel: &mut Kernel, cargo: Cargo, flight: Flight) {
        let due = flow.last_due.max(kernel.now().saturating_add(flight.nanos));
        flow.last_due = due;
        let departure = Departure { end: flow.departed, due, cargo, lost: flight.lost, marks: flight.marks };
        // Asked first: what the words would be made of is not laid down in memory for nothing.
        if kernel.is_telling() {
            let before = &*flow;
            kernel.tell("tcp.depart", move |telling| told::departs(telling, before, departure));
        }
        if flow.depart(departure) {
            flow.ticket = Some(kernel.at(due, self.device, self.slot));
        }
    }
}
