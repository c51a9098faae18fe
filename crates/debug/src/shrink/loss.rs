//! What crashes lose, said of all of them at once: then it does not matter which write of
//! which file a crash meets. Whether the run still fails so is for who asks.

use super::domains::{TORN, losses};
use super::lowering::clear_single;
use super::passes::Passes;
use wavetank_harness::{Decisions, Overrides};

/// What crashes lose of what is not durable.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss {
    /// As the last crash of now that lost it; in a higher way other parts of it.
    Alike(u32),
    /// All of it.
    All,
}

impl Passes<'_> {
    /// The overrides, and every crash loses so, whatever it meets.
    pub(super) fn losing(&self, mut overrides: Overrides, loss: Loss) -> Overrides {
        let decisions = Decisions::new(self.seed, self.overrides.clone());
        for domain in losses() {
            let last = self.record.atoms.iter().rev().find(|atom| atom.address.domain == domain.key());
            let drawn = last.and_then(|atom| decisions.draw(domain, atom.address.entity, atom.address.nth));
            let draw = match loss {
                // What is lower holds if the draw does.
                Loss::Alike(way) => drawn.map(|draw| draw >> way),
                Loss::All => (domain != TORN).then_some(0),
            };
            if let Some(draw) = draw {
                clear_single(&mut overrides, &domain);
                overrides.set_domain_draw(domain, draw);
            }
        }
        overrides
    }
}
