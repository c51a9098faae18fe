//! The hooks that other crates call while a run is installed: `select!` of
//! wavetank-core asks which branch is polled first.

use crate::kernel::SELECT;
use crate::local;

/// Installs the hooks, and takes them out on unwinding too.
pub(crate) struct Hooks;

impl Hooks {
    pub(crate) fn install() -> Hooks {
        Hooks
    }
}

/// The first branch of a `select!` among `branches`. Benign: the first.
#[expect(dead_code, reason = "wavetank-core's select! calls it through a hook")]
fn first_branch(branches: u32) -> u32 {
    let run = local::installed_run().expect("the hook is installed only while a run is");
    local::reach(run, |split| {
        let kernel = &mut split.kernel;
        let (entity, nth) = kernel.next_use();
        kernel.choose(SELECT, entity, nth, 0, u64::from(branches) - 1) as u32
    })
}
