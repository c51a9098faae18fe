//! What retries are told: the answers of the last writes that had a name. Part of the
//! store, and so of log and snapshot; how long they last is the store's to say.

use crate::command::Outcome;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The answer to a write, under the name that its client gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) retry_key: String,
    pub(crate) fingerprint: u32,
    pub(crate) outcome: Outcome,
}

/// The last replies, the oldest of which are forgotten first.
#[derive(Debug, Clone)]
pub(crate) struct Replies {
    most: usize,
    by_key: BTreeMap<Arc<str>, (u32, Outcome)>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Replies {
    /// Remembers `most` at a time.
    pub(crate) fn new(most: usize) -> Replies {
        Replies { most, by_key: BTreeMap::new(), oldest_first: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn get(&self, retry_key: &str) -> Option<(u32, Outcome)> {
        self.by_key.get(retry_key).copied()
    }

    pub(crate) fn remember(&mut self, reply: &Reply) {
        let key: Arc<str> = reply.retry_key.as_str().into();
        if self.by_key.insert(key.clone(), (reply.fingerprint, reply.outcome)).is_none() {
            self.oldest_first.push_back(key);
        }
        while self.oldest_first.len() > self.most {
            let oldest = self.oldest_first.pop_front().expect("there are more than none");
            self.by_key.remove(&oldest);
        }
    }

    /// All of them, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Reply> {
        self.oldest_first.iter().map(|key| {
            let (fingerprint, outcome) = self.by_key[key];
            Reply { retry_key: key.to_string(), fingerprint, outcome }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut replies = Replies::new(2);
        for key in ["a", "b", "a", "c"] {
            replies.remember(&Reply { retry_key: key.into(), fingerprint: 1, outcome: Outcome::Missing });
        }
        let left: Vec<String> = replies.iter().map(|reply| reply.retry_key).collect();
        assert_eq!((left, replies.get("a")), (vec!["b".to_string(), "c".to_string()], None));
        assert_eq!((replies.len(), replies.get("c")), (2, Some((1, Outcome::Missing))));
    }
}
