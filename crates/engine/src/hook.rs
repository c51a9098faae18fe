//! The hooks that product code calls while a run is installed: which branch of a
//! `select!` is polled first, and the points planted with wavetank-probe. Draws from
//! the run's decisions; judges nothing.

use crate::decision::{Domain, mix};
use crate::fault::{Target, kinds};
use crate::kernel::{Kernel, SELECT};
use crate::local;
use crate::node::NodeId;
use crate::ratio::Ratio;
use std::fmt;
use wavetank_core::select;
use wavetank_probe::{self as probe, Details, Probability, Published, Site};

/// The domain in which it is drawn whether a `buggify!` site is active in a run.
pub const BUGGIFY_ACTIVE: Domain = Domain::new("buggify.active");
/// The domain in which a knob's value is drawn.
pub const KNOB: Domain = Domain::new("buggify.knob");

/// An assertion that must always hold, and did not.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The assertion.
    pub site: &'static Site,
    /// Its details in words; empty if there are none.
    pub details: String,
    /// The node and incarnation that ran into it, if any did.
    pub node: Option<(NodeId, u32)>,
    /// Nanoseconds of global virtual time.
    pub time: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.site)?;
        if self.details.is_empty() { Ok(()) } else { write!(f, ": {}", self.details) }
    }
}

/// State that product code published, and who did.
pub struct Publication {
    /// Under which name.
    pub site: &'static Site,
    /// The node and incarnation, if any.
    pub node: Option<(NodeId, u32)>,
    /// The value.
    pub value: Box<dyn Published>,
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("site", &self.site.to_string())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Installs the hooks, and puts back those that were there, on unwinding too.
pub(crate) struct Hooks {
    chooser: Option<select::Chooser>,
    #[expect(dead_code, reason = "dropping it takes the hook out")]
    probe: probe::Installed,
}

impl Hooks {
    #[inline]
    pub(crate) fn install() -> Hooks {
        Hooks { chooser: select::install(Some(first_branch)), probe: probe::install(&Planted) }
    }
}

impl Drop for Hooks {
    #[inline]
    fn drop(&mut self) {
        select::install(self.chooser);
    }
}

/// Borrows the kernel of the run that is installed on this thread.
fn with<R>(body: impl FnOnce(&mut Kernel) -> R) -> R {
    let run = local::installed_run().expect("the hooks are installed only while a run is");
    local::reach(run, |split| body(&mut split.kernel))
}

/// The first branch of a `select!` among `branches`. Benign: the first.
fn first_branch(branches: u32) -> u32 {
    with(|kernel| {
        let (entity, nth) = kernel.next_use();
        kernel.choose(SELECT, entity, nth, 0, u64::from(branches) - 1) as u32
    })
}

struct Planted;

impl probe::Hook for Planted {
    fn hit(&self, site: &'static Site, condition: bool) {
        with(|kernel| {
            if kernel.mourning {
                return;
            }
            kernel.coverage.record(site, condition);
            if kernel.trace.is_some() {
                kernel.tell_hit(site, condition);
            }
        });
    }

    fn violated(&self, site: &'static Site, details: &Details<'_>) {
        // Formatting runs user code, so it comes before the borrow.
        let details = details.to_string();
        with(|kernel| {
            if kernel.mourning {
                return;
            }
            let (node, time) = (kernel.current_node(), kernel.now());
            let violation = Violation { site, details, node, time };
            kernel.tell_violation(&violation);
            kernel.violations.push(violation);
        });
    }

    fn buggify(&self, site: &'static Site, probability: Option<Probability>) -> bool {
        with(|kernel| kernel.buggify(site, probability))
    }

    fn knob(&self, site: &'static Site, choices: usize) -> usize {
        with(|kernel| {
            if kernel.config.buggify_active.is_zero() {
                return 0;
            }
            kernel.choose(KNOB, site.address(), 0, 0, choices as u64 - 1) as usize
        })
    }

    fn reads(&self, _: &'static Site) -> bool {
        with(|kernel| kernel.reads_publications)
    }

    fn publish(&self, site: &'static Site, value: Box<dyn Published>) {
        // The value that is replaced may be anything, so it is dropped after the borrow.
        let replaced = with(|kernel| {
            if kernel.mourning {
                return Some(value);
            }
            let node = kernel.current_node();
            kernel.published_anew = true;
            let place =
                kernel.publications.iter_mut().find(|old| old.site.address() == site.address() && old.node == node);
            match place {
                Some(old) => Some(std::mem::replace(&mut old.value, value)),
                None => {
                    kernel.publications.push(Publication { site, node, value });
                    None
                }
            }
        });
        drop(replaced);
    }
}

impl Kernel {
    /// A site is active in a run or not; an active one fires each time with its own
    /// probability, or the configured one (FoundationDB has 25 % for both).
    fn buggify(&mut self, site: &'static Site, probability: Option<Probability>) -> bool {
        if self.config.buggify_active.is_zero() || self.quiet || self.mourning {
            return false;
        }
        let active = self.decisions.chance(BUGGIFY_ACTIVE, site.address(), 0, self.config.buggify_active);
        if !active {
            return false;
        }
        let fires = probability.map_or(self.config.buggify_fires, |p| Ratio::new(p.numerator(), p.denominator()));
        let (task, nth) = self.next_use();
        let target = self.current_node().map_or(Target::World, |(node, _)| Target::Node(node));
        let fired = self.strikes(&kinds::BUGGIFY, mix(site.address(), task), nth, fires, target);
        if fired {
            self.effective(&kinds::BUGGIFY);
        }
        fired
    }
}
