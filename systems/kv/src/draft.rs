//! Writes that are decided but not durable yet: one batch, on top of the store that
//! readers see. Owns the rules of conditions and retries; writes nothing.

use crate::bug::Bug;
use crate::change::{Change, Effect};
use crate::command::{Action, Command, Condition, Outcome};
use crate::replies::Reply;
use crate::store::{Entry, Store};
use std::collections::BTreeMap;
use wavetank_probe::reachable;

/// What is to be told about a command once its batch is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) outcome: Outcome,
    /// Whether this is the answer of an earlier command.
    pub(crate) replayed: bool,
}

/// A retry key names one write, and this is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reused;

/// A batch on top of `store`.
pub(crate) struct Draft<'a> {
    store: &'a Store,
    bug: Option<Bug>,
    /// What the batch makes of its keys; nothing stands for a removed one.
    entries: BTreeMap<String, Option<Entry>>,
    changes: Vec<Change>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(store: &'a Store, bug: Option<Bug>) -> Draft<'a> {
        Draft { store, bug, entries: BTreeMap::new(), changes: Vec::new() }
    }

    /// The batch's changes in their order.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Decides one command, and takes its effect into the batch.
    ///
    /// # Errors
    /// [`Reused`].
    pub(crate) fn decide(&mut self, command: Command) -> Result<Decided, Reused> {
        let fingerprint = command.retry_key.is_some().then(|| command.fingerprint());
        if let Some((seen, outcome)) = command.retry_key.as_deref().and_then(|key| self.reply(key)) {
            reachable!("a retry hits the idempotency table");
            return if Some(seen) == fingerprint { Ok(Decided { outcome, replayed: true }) } else { Err(Reused) };
        }
        let number = self.store.number + self.changes.len() as u64 + 1;
        let current = self.entry(&command.key);
        let version = current.map(|entry| entry.version);
        let (effect, outcome) = if !self.holds(command.condition, current) {
            (Effect::Nothing, Outcome::Mismatch { version })
        } else {
            match command.action {
                Action::Put(value) => {
                    (Effect::Put(value), Outcome::Stored { version: number, created: version.is_none() })
                }
                Action::Delete if version.is_none() => (Effect::Nothing, Outcome::Missing),
                Action::Delete => (Effect::Removed, Outcome::Deleted { version: number }),
            }
        };
        let reply = command.retry_key.zip(fingerprint);
        let reply = reply.map(|(retry_key, fingerprint)| Reply { retry_key, fingerprint, outcome });
        self.take(Change { number, key: command.key, effect, reply });
        Ok(Decided { outcome, replayed: false })
    }

    fn take(&mut self, change: Change) {
        match &change.effect {
            // What changes nothing and is to be remembered by nobody needs no record.
            Effect::Nothing if change.reply.is_none() => return,
            Effect::Nothing => (),
            Effect::Put(value) => {
                let entry = Entry { value: value.clone(), version: change.number };
                self.entries.insert(change.key.clone(), Some(entry));
            }
            Effect::Removed => {
                self.entries.insert(change.key.clone(), None);
            }
        }
        self.changes.push(change);
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        match self.entries.get(key) {
            Some(entry) => entry.as_ref(),
            None => self.store.entries.get(key),
        }
    }

    fn reply(&self, retry_key: &str) -> Option<(u32, Outcome)> {
        let mut replies = self.changes.iter().filter_map(|change| change.reply.as_ref());
        let drafted = replies.find(|reply| reply.retry_key == retry_key);
        drafted.map(|reply| (reply.fingerprint, reply.outcome)).or_else(|| self.store.replies.get(retry_key))
    }

    fn holds(&self, condition: Condition, current: Option<&Entry>) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Absent => current.is_none(),
            Condition::Present => current.is_some(),
            Condition::Version(version) if Bug::CompareValue.is(self.bug) => self.had_value(version, current),
            Condition::Version(version) => current.is_some_and(|entry| entry.version == version),
        }
    }

    /// The bug: whether the value is the one that it was at `version`.
    #[cfg(feature = "bugs")]
    fn had_value(&self, version: u64, current: Option<&Entry>) -> bool {
        let past = self.store.past.get(&version);
        current.is_some_and(|entry| entry.version == version || past == Some(&entry.value))
    }

    #[cfg(not(feature = "bugs"))]
    fn had_value(&self, version: u64, current: Option<&Entry>) -> bool {
        self.holds(Condition::Version(version), current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decides each command in a batch of its own if `apart`, else all in one.
    fn outcomes(commands: &[Command], apart: bool) -> Vec<Result<Decided, Reused>> {
        let mut store = Store::new(10);
        let mut decided = Vec::new();
        for batch in commands.chunks(if apart { 1 } else { commands.len() }) {
            let mut draft = Draft::new(&store, None);
            decided.extend(batch.iter().map(|command| draft.decide(command.clone())));
            for change in draft.into_changes() {
                store.apply(&change);
            }
        }
        decided
    }

    fn check(commands: &[(Command, Outcome)]) {
        let (asked, expected): (Vec<Command>, Vec<Outcome>) = commands.iter().cloned().unzip();
        for apart in [true, false] {
            let found: Vec<Outcome> =
                outcomes(&asked, apart).into_iter().map(|one| one.expect("no key is reused").outcome).collect();
            assert_eq!(found, expected, "apart: {apart}");
        }
    }

    fn stored(version: u64, created: bool) -> Outcome {
        Outcome::Stored { version, created }
    }

    #[test]
    fn conditions_are_about_versions() {
        check(&[
            (Command::put("k", "a").when(Condition::Present), Outcome::Mismatch { version: None }),
            (Command::put("k", "a").when(Condition::Absent), stored(1, true)),
            (Command::put("k", "a").when(Condition::Absent), Outcome::Mismatch { version: Some(1) }),
            (Command::put("k", "b").when(Condition::Version(1)), stored(2, false)),
            (Command::put("k", "a"), stored(3, false)),
            // The value is the one of version 1 again. The version is not.
            (Command::put("k", "c").when(Condition::Version(1)), Outcome::Mismatch { version: Some(3) }),
            (Command::delete("k").when(Condition::Version(2)), Outcome::Mismatch { version: Some(3) }),
            (Command::delete("k").when(Condition::Version(3)), Outcome::Deleted { version: 4 }),
            (Command::delete("k"), Outcome::Missing),
            (Command::put("k", "a"), stored(5, true)),
        ]);
    }

    #[test]
    fn a_retry_is_done_once() {
        let gone = Command::delete("k").once("2");
        check(&[
            (Command::put("k", "a").once("1"), stored(1, true)),
            (Command::put("k", "b"), stored(2, false)),
            (Command::put("k", "a").once("1"), stored(1, true)),
            (gone.clone(), Outcome::Deleted { version: 3 }),
            (gone.clone(), Outcome::Deleted { version: 3 }),
            (Command::delete("k").once("3"), Outcome::Missing),
            (Command::put("k", "a"), stored(5, true)),
            // It was missing when this was first asked.
            (Command::delete("k").once("3"), Outcome::Missing),
        ]);
    }

    #[test]
    fn a_retry_key_names_one_write() {
        let put = Command::put("k", "a").once("1");
        let others = [
            Command::put("k", "b").once("1"),
            Command::put("l", "a").once("1"),
            Command::delete("k").once("1"),
            put.clone().when(Condition::Absent),
        ];
        for other in others {
            for apart in [true, false] {
                assert_eq!(outcomes(&[put.clone(), other.clone()], apart)[1], Err(Reused), "{other:?}");
            }
        }
    }
}
