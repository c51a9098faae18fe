//! How a process or workload is spawned: where, under which name, and who hears of its
//! end. What it does is its own.

use crate::outcome::{Ended, Outcome};
use crate::rig::Handles;
use pin_project_lite::pin_project;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use wavetank_engine::{Home, SimTaskProvider};

/// A place to spawn one process or workload. A factory that knows the future's type spawns it
/// as it is: in a box of its own, each of its polls would be a call more.
pub(crate) struct Launch {
    pub(crate) handles: Handles,
    pub(crate) home: Home,
    /// Where the test said so.
    pub(crate) site: &'static Location<'static>,
    /// What the task is called.
    pub(crate) what: &'static str,
    /// Who it is, for reports.
    pub(crate) name: Arc<str>,
    /// Whether the run waits for it. It does not wait for processes.
    pub(crate) awaited: bool,
}

impl Launch {
    /// Spawns it.
    pub(crate) fn spawn<F: Future<Output: Outcome> + 'static>(self, future: F) {
        let Launch { handles, home, site, what, name, awaited } = self;
        if awaited {
            handles.ledger.with(|ledger, _| ledger.remaining += 1);
        }
        let witness = Witness { handles, name, awaited };
        let launched = Launched { future, witness: Some(witness) };
        drop(SimTaskProvider::new(home).spawn_at(what, site, launched));
    }
}

/// Hears how it ended. An error ends the run.
struct Witness {
    handles: Handles,
    name: Arc<str>,
    awaited: bool,
}

impl Witness {
    #[cold]
    fn hear(self, ended: Ended) {
        let Witness { handles, name, awaited } = self;
        let failed = ended.is_err();
        if !awaited && !failed {
            return;
        }
        let stop = handles.ledger.with(|ledger, _| {
            ledger.enter(|| name.to_string(), ended);
            ledger.remaining -= u32::from(awaited);
            failed || ledger.remaining == 0
        });
        if stop {
            handles.control.stop();
        }
    }
}

pin_project! {
    /// A future whose end a witness hears of.
    struct Launched<F> {
        #[pin]
        future: F,
        witness: Option<Witness>,
    }
}

impl<F: Future<Output: Outcome>> Future for Launched<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let output = ready!(this.future.poll(cx));
        let witness = this.witness.take().expect("nobody polls a future that has ended");
        witness.hear(output.ended());
        Poll::Ready(())
    }
}
