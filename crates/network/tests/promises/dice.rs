//! Draws of the test's own: what it does, and when.

use wavetank_engine::mix;

/// Numbers of the test's own, not the simulation's.
#[derive(Clone, Copy)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0, 0x6469_6365) % most
    }
    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
    pub(crate) fn fork(&mut self) -> Dice {
        Dice(self.below(u64::MAX))
    }
}
