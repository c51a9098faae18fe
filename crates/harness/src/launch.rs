//! How a process or workload is spawned: where, under which name, and who hears of its
//! end. What it does is its own.

use crate::cast::Starter;
use crate::outcome::{Ended, Outcome};
use crate::rig::Handles;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use wavetank_engine::{Home, NodeId, SimTaskProvider};

/// A place to spawn one process or workload. A factory that knows the future's type spawns it
/// as it is: in a box of its own, each of its polls would be a call more.
pub(crate) struct Launch<'a> {
    pub(crate) starter: &'a Starter,
    pub(crate) home: Home,
    /// What the task is called.
    pub(crate) what: &'static str,
    /// The name of what the run waits for. It does not wait for processes.
    pub(crate) awaited: Option<Arc<str>>,
}

impl Launch<'_> {
    /// Spawns it.
    pub(crate) fn spawn<F: Future<Output: Outcome> + 'static>(self, future: F) {
        let Launch { starter, home, what, awaited } = self;
        let witness = match awaited {
            Some(name) => {
                starter.handles.ledger.with(|ledger, _| ledger.remaining += 1);
                Witness::Awaited(starter.handles, name)
            }
            None => Witness::Process(starter.clone(), home.node),
        };
        let launched = Launched { future, witness: Some(witness) };
        drop(SimTaskProvider::new(home).spawn_at(what, starter.site(home), launched));
    }
}

/// Who hears how it ended.
enum Witness {
    /// An error ends the run.
    Process(Starter, NodeId),
    /// The run has waited for it.
    Awaited(Handles, Arc<str>),
}

impl Witness {
    #[cold]
    fn hear(self, ended: Ended) {
        match self {
            Witness::Process(starter, node) => {
                if ended.is_err() {
                    let name = || starter.setting.peer(node).name.to_string();
                    starter.handles.ledger.with(|ledger, _| ledger.enter(name, ended));
                    starter.handles.control.stop();
                }
            }
            Witness::Awaited(handles, name) => {
                let stop = handles.ledger.with(|ledger, _| {
                    let failed = ended.is_err();
                    ledger.enter(|| name.to_string(), ended);
                    ledger.remaining -= 1;
                    failed || ledger.remaining == 0
                });
                if stop {
                    handles.control.stop();
                }
            }
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
