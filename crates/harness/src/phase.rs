//! The phases of a run, and waiting for the last of its faults. Who moves from one to
//! the next is the course's business.

use crate::ledger::Ledger;
use std::fmt;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use wavetank_engine::{EventKind, Local};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub enum Phase {
    /// Processes start, workloads are set up. The world is quiet if faults are planned.
    #[default]
    Boot,
    /// There is load, and the world is still quiet.
    Warm,
    /// Faults strike.
    Chaos,
    /// No planned fault begins any more; those under way end one after another.
    Taper,
    /// Everything is healed, or enough of it, and every fault is benign.
    Quiesce,
    /// It must make progress now.
    CheckLive,
    /// Workloads check what is there.
    FinalCheck,
    /// Every process is killed and started again, before the last check.
    RestartAll,
}

impl Phase {
    /// Its name, as traces have it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Boot => "boot",
            Phase::Warm => "warm",
            Phase::Chaos => "chaos",
            Phase::Taper => "taper",
            Phase::Quiesce => "quiesce",
            Phase::CheckLive => "check-live",
            Phase::FinalCheck => "final-check",
            Phase::RestartAll => "restart-all",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Noted when a phase begins: its number, and which cycle of faults it belongs to.
pub(crate) const PHASE: EventKind = EventKind::new("phase");

/// Who waits for the world to be quiet for good.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    is: bool,
    waiting: Vec<Waker>,
}

impl Quiet {
    pub(crate) fn begin(&mut self, is: bool) {
        self.is = is;
        self.waiting.clear();
    }
}

/// Waits until the last fault is over.
pub(crate) async fn wait(ledger: Local<Ledger>) {
    poll_fn(|context| {
        // Cloned before the borrow: a waker may be anybody's code.
        let waker = context.waker().clone();
        let number = ledger.number();
        ledger.with(|ledger, kernel| {
            if ledger.quiet.is {
                return Poll::Ready(());
            }
            ledger.quiet.waiting.push(waker);
            kernel.waits(number, 0, "the last fault to be over");
            Poll::Pending
        })
    })
    .await;
}

/// Tells everybody who waits that the last fault is over.
pub(crate) fn announce(ledger: Local<Ledger>) {
    let waiting = ledger.with(|ledger, _| {
        ledger.quiet.is = true;
        std::mem::take(&mut ledger.quiet.waiting)
    });
    waiting.into_iter().for_each(Waker::wake);
}
