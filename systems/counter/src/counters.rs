//! The counters as handlers see them: durable values to read, increments to wait for.
//! One task owns the log and commits for all who wait, so that many increments share
//! one sync. Knows no HTTP.

use crate::bug::{Bug, acknowledges_before_sync};
use crate::journal::{Journal, JournalError};
use crate::record;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error};
use wavetank_core::Providers;
use wavetank_probe::{always_assert, sometimes_assert};

/// Increments that wait for the commit before theirs; further ones wait to be queued.
const QUEUED_MOST: usize = 1_000;
/// Increments that share one sync.
const BATCH_MOST: usize = 100;

/// The log failed, and nothing is counted any more. Whether an increment that was
/// under way counts is for the next process to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log failed; whether this counts is not known")]
pub struct Failed;

/// A handle to the counters. Clones see the same ones.
#[derive(Debug, Clone)]
pub struct Counters {
    durable: Arc<Durable>,
    increments: mpsc::Sender<Increment>,
}

/// What a crash cannot take back any more.
#[derive(Debug, Default)]
struct Durable {
    values: Mutex<BTreeMap<String, u64>>,
}

#[derive(Debug)]
struct Increment {
    name: String,
    acknowledge: oneshot::Sender<u64>,
}

/// Says how the task that owns the log ended: well when no handle is left, else with
/// what the log failed of. Nothing is said if the task panicked.
pub(crate) type Committing = oneshot::Receiver<Result<(), JournalError>>;

impl Counters {
    /// Recovers the log and starts the task that keeps it.
    ///
    /// # Errors
    /// [`JournalError::Recover`].
    pub(crate) async fn open<P: Providers>(
        world: &P,
        bug: Option<Bug>,
    ) -> Result<(Counters, Committing), JournalError> {
        let (journal, values) = Journal::recover(world).await?;
        let durable = Arc::new(Durable { values: Mutex::new(values.clone()) });
        let (increments, queue) = mpsc::channel(QUEUED_MOST);
        let committer = Committer { journal, values, durable: durable.clone(), bug };
        let (ended, committing) = oneshot::channel();
        world.spawn(async move {
            // Who does not listen any more is shutting down.
            let _ = ended.send(committer.commit_all(queue).await);
        });
        Ok((Counters { durable, increments }, committing))
    }

    /// Adds one and gives the new value, once that is durable.
    ///
    /// # Errors
    /// [`Failed`]: it may or may not count.
    ///
    /// # Panics
    /// If the name is empty or longer than [`record::NAME_BYTES_MOST`].
    pub async fn increment(&self, name: &str) -> Result<u64, Failed> {
        assert!((1..=record::NAME_BYTES_MOST).contains(&name.len()), "callers check names");
        let (acknowledge, acknowledged) = oneshot::channel();
        let increment = Increment { name: name.to_string(), acknowledge };
        self.increments.send(increment).await.map_err(|_| Failed)?;
        acknowledged.await.map_err(|_| Failed)
    }

    /// The durable value; zero for one that nobody incremented.
    ///
    /// # Errors
    /// [`Failed`], so that nobody takes an old value for the last one.
    pub fn value(&self, name: &str) -> Result<u64, Failed> {
        if self.has_failed() { Err(Failed) } else { Ok(self.durable.value(name)) }
    }

    /// Whether the log has failed.
    pub fn has_failed(&self) -> bool {
        self.increments.is_closed()
    }
}

impl Durable {
    fn value(&self, name: &str) -> u64 {
        self.values.lock().expect("no holder of the lock panics").get(name).copied().unwrap_or(0)
    }

    fn raise(&self, changes: &[(Increment, u64)]) {
        let mut values = self.values.lock().expect("no holder of the lock panics");
        for (increment, value) in changes {
            values.insert(increment.name.clone(), *value);
        }
    }
}

struct Committer<P: Providers> {
    journal: Journal<P>,
    /// With the increments that are written but not durable yet.
    values: BTreeMap<String, u64>,
    durable: Arc<Durable>,
    bug: Option<Bug>,
}

impl<P: Providers> Committer<P> {
    /// Dropping the queue, on failure too, turns away all who wait.
    async fn commit_all(mut self, mut queue: mpsc::Receiver<Increment>) -> Result<(), JournalError> {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, BATCH_MOST).await > 0 {
            sometimes_assert!(batch.len() > 1, "several increments share a sync");
            debug!(increments = batch.len(), "committing");
            self.commit(std::mem::take(&mut batch)).await.inspect_err(|error| error!(%error, "the log failed"))?;
        }
        Ok(())
    }

    async fn commit(&mut self, batch: Vec<Increment>) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        let changes: Vec<(Increment, u64)> =
            batch.into_iter().map(|increment| self.count(increment, &mut bytes)).collect();
        self.journal.append(&bytes).await?;
        if acknowledges_before_sync(self.bug) {
            self.acknowledge(changes);
            self.journal.sync().await
        } else {
            self.journal.sync().await?;
            self.acknowledge(changes);
            Ok(())
        }
    }

    /// The increment's new value, and its record behind `bytes`.
    fn count(&mut self, increment: Increment, bytes: &mut Vec<u8>) -> (Increment, u64) {
        let value = self.values.entry(increment.name.clone()).or_default();
        *value += 1;
        record::append(bytes, &increment.name, *value);
        always_assert!(*value > self.durable.value(&increment.name), "a counter only grows", value);
        (increment, *value)
    }

    fn acknowledge(&self, changes: Vec<(Increment, u64)>) {
        self.durable.raise(&changes);
        for (increment, value) in changes {
            // Who does not wait any more has lost the answer, not the increment.
            let _ = increment.acknowledge.send(value);
        }
    }
}
