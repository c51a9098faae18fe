//! The store as handlers see it: durable values to read, writes to wait for. One task
//! owns the data directory and commits for all who wait, so that many writes share one
//! sync. Knows no HTTP.

use crate::bug::Bug;
use crate::change::Change;
use crate::command::{Command, Outcome};
use crate::directory::{Directory, DirectoryError};
use crate::draft::{Decided, Draft, Reused};
use crate::metrics::Metrics;
use crate::store::{Entry, Page, Range, Store};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error};
use wavetank_core::Providers;
use wavetank_probe::{buggify, buggify_knob, sometimes_assert};

/// Writes that wait for the commit before theirs; further ones are turned away.
const QUEUED_MOST: usize = 1_000;
/// Writes that share one sync.
const BATCH_MOST: usize = 100;

/// Why a write has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WriteError {
    /// It was not done.
    #[error("too many writes are waiting; this one was not done")]
    Overloaded,
    /// It was not done.
    #[error("this idempotency key was used for another write; this one was not done")]
    Reused,
    /// The log failed, and nothing is written any more. Whether this write counts is
    /// for the next process to find out.
    #[error("the log failed; whether this write counts is not known")]
    Failed,
}

/// A handle to the store. Clones see the same one.
#[derive(Clone)]
pub(crate) struct Database {
    shared: Arc<Shared>,
    writes: mpsc::Sender<Write>,
}

struct Shared {
    /// What a crash cannot take back any more.
    durable: Mutex<Store>,
    metrics: Metrics,
}

impl Shared {
    fn durable(&self) -> MutexGuard<'_, Store> {
        self.durable.lock().expect("no holder of the lock panics")
    }
}

struct Write {
    command: Command,
    answer: oneshot::Sender<Result<Decided, Reused>>,
}

/// Says how the task that owns the directory ended: well when no handle is left, else
/// with what failed. Nothing is said if the task panicked.
pub(crate) type Committing = oneshot::Receiver<Result<(), DirectoryError>>;

/// How a database is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    /// The log is compacted when it is longer than this, in bytes, and longer than the
    /// snapshot.
    pub(crate) compact_bytes: u64,
    pub(crate) replies_most: usize,
    pub(crate) bug: Option<Bug>,
}

impl Database {
    /// Recovers the data directory and starts the task that keeps it.
    pub(crate) async fn open<P: Providers>(
        world: &P,
        keeping: Keeping,
    ) -> Result<(Database, Committing), DirectoryError> {
        let (directory, store) = Directory::open(world, keeping.replies_most, keeping.bug).await?;
        let shared = Arc::new(Shared { durable: Mutex::new(store), metrics: Metrics::default() });
        let (writes, queue) = mpsc::channel(QUEUED_MOST);
        let compact_bytes = buggify_knob!("compact after bytes", keeping.compact_bytes, [600, 6_000, 60_000]);
        let committer =
            Committer { world: world.clone(), directory, shared: shared.clone(), compact_bytes, bug: keeping.bug };
        committer.count();
        let (ended, committing) = oneshot::channel();
        world.spawn(async move {
            // Who does not listen any more is shutting down.
            let _ = ended.send(committer.commit_all(queue).await);
        });
        Ok((Database { shared, writes }, committing))
    }

    /// Does one write, and says what came of it once that is durable.
    pub(crate) async fn write(&self, command: Command) -> Result<Decided, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.writes.try_send(Write { command, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                self.metrics().overloads.add(1);
                WriteError::Overloaded
            }
            mpsc::error::TrySendError::Closed(_) => WriteError::Failed,
        })?;
        let decided = answered.await.map_err(|_| WriteError::Failed)?.map_err(|Reused| WriteError::Reused)?;
        self.metrics().writes.add(1);
        self.metrics().replays.add(u64::from(decided.replayed));
        self.metrics().mismatches.add(u64::from(matches!(decided.outcome, Outcome::Mismatch { .. })));
        Ok(decided)
    }

    /// The durable entry of a key.
    ///
    /// # Errors
    /// [`WriteError::Failed`], so that nobody takes an old value for the last one.
    pub(crate) fn read(&self, key: &str) -> Result<Option<Entry>, WriteError> {
        self.metrics().reads.add(1);
        self.alive()?;
        Ok(self.shared.durable().entries.get(key).cloned())
    }

    /// Some durable keys, all as they are at one moment.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn list(&self, range: &Range) -> Result<Page, WriteError> {
        self.metrics().lists.add(1);
        self.alive()?;
        Ok(self.shared.durable().page(range))
    }

    /// Nothing, unless the log has failed.
    pub(crate) fn alive(&self) -> Result<(), WriteError> {
        if self.writes.is_closed() { Err(WriteError::Failed) } else { Ok(()) }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }
}

struct Committer<P: Providers> {
    world: P,
    directory: Directory<P>,
    shared: Arc<Shared>,
    compact_bytes: u64,
    bug: Option<Bug>,
}

/// Who waits for a batch, and for what.
type Answers = Vec<(oneshot::Sender<Result<Decided, Reused>>, Result<Decided, Reused>)>;

impl<P: Providers> Committer<P> {
    /// Dropping the queue, on failure too, turns away all who wait.
    async fn commit_all(mut self, mut queue: mpsc::Receiver<Write>) -> Result<(), DirectoryError> {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, BATCH_MOST).await > 0 {
            sometimes_assert!(batch.len() > 1, "several writes share a sync");
            debug!(writes = batch.len(), "committing");
            self.commit(std::mem::take(&mut batch)).await.inspect_err(|error| error!(%error, "the log failed"))?;
            if self.is_compaction_due() {
                self.compact().await.inspect_err(|error| error!(%error, "the compaction failed"))?;
            }
        }
        Ok(())
    }

    async fn commit(&mut self, batch: Vec<Write>) -> Result<(), DirectoryError> {
        let (changes, answers) = self.decide(batch);
        if changes.is_empty() {
            // What was found is durable already.
            tell(answers);
            return Ok(());
        }
        let begun = self.world.now();
        self.directory.append(&changes).await?;
        if Bug::AcknowledgeBeforeSync.is(self.bug) {
            self.apply(&changes);
            tell(answers);
            return self.directory.sync().await;
        }
        self.directory.sync().await?;
        self.shared.metrics.synced(self.world.now().saturating_duration_since(begun));
        self.apply(&changes);
        tell(answers);
        Ok(())
    }

    fn decide(&self, batch: Vec<Write>) -> (Vec<Change>, Answers) {
        let store = self.shared.durable();
        let mut draft = Draft::new(&store, self.bug);
        let answers = batch.into_iter().map(|write| (write.answer, draft.decide(write.command))).collect();
        (draft.into_changes(), answers)
    }

    /// The changes are durable: now others may see them.
    fn apply(&self, changes: &[Change]) {
        let mut store = self.shared.durable();
        for change in changes {
            store.apply(change);
        }
        drop(store);
        self.count();
    }

    fn count(&self) {
        let store = self.shared.durable();
        let metrics = &self.shared.metrics;
        metrics.keys.set(store.entries.len() as u64);
        metrics.replies.set(store.replies.len() as u64);
        metrics.log_bytes.set(self.directory.log_bytes());
        metrics.snapshot_bytes.set(self.directory.snapshot_bytes());
    }

    /// A log as long as the snapshot is worth one: so compacting costs no more than
    /// writing the log did.
    fn is_compaction_due(&self) -> bool {
        let least = self.compact_bytes.max(self.directory.snapshot_bytes());
        self.directory.log_bytes() > least || buggify!("compact early", 0.1)
    }

    async fn compact(&mut self) -> Result<(), DirectoryError> {
        let image = self.directory.image(&self.shared.durable())?;
        self.directory.compact(image).await?;
        self.shared.metrics.compactions.add(1);
        self.count();
        Ok(())
    }
}

fn tell(answers: Answers) {
    for (answer, decided) in answers {
        // Who does not wait any more has lost the answer, not the write.
        let _ = answer.send(decided);
    }
}
