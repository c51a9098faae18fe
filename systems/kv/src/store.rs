//! The keys, their values and versions, and the replies: what log and snapshot add up
//! to. Decides nothing; changes come in decided.

use crate::change::{Change, Effect};
use crate::replies::Replies;
use axum::body::Bytes;
use std::collections::BTreeMap;
use std::ops::Bound;
use wavetank_probe::always_assert;

/// A value and the number of the write that put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// Its version.
    pub version: u64,
}

/// Which keys to list.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    /// Those that begin with this.
    pub(crate) prefix: String,
    /// From here on.
    pub(crate) start: Bound<String>,
    /// At most so many.
    pub(crate) limit: usize,
}

/// Some of the keys, in their order as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Key and entry.
    pub(crate) entries: Vec<(String, Entry)>,
    /// Whether there are more keys in the range.
    pub(crate) more: bool,
}

/// All that is stored.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) entries: BTreeMap<String, Entry>,
    pub(crate) replies: Replies,
    /// The number of the last change.
    pub(crate) number: u64,
    #[cfg(feature = "bugs")]
    /// What each version was, for a bug that compares by it.
    pub(crate) past: BTreeMap<u64, Bytes>,
}

impl Store {
    /// Nothing, and room for so many replies.
    pub(crate) fn new(replies_most: usize) -> Store {
        Store {
            entries: BTreeMap::new(),
            replies: Replies::new(replies_most),
            number: 0,
            #[cfg(feature = "bugs")]
            past: BTreeMap::new(),
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        let (number, last) = (change.number, self.number);
        always_assert!(number > last, "changes are applied once and in their order", number, last);
        self.number = change.number;
        match &change.effect {
            Effect::Nothing => (),
            Effect::Put(value) => {
                #[cfg(feature = "bugs")]
                self.past.insert(change.number, value.clone());
                let entry = Entry { value: value.clone(), version: change.number };
                self.entries.insert(change.key.clone(), entry);
            }
            Effect::Removed => {
                self.entries.remove(&change.key);
            }
        }
        if let Some(reply) = &change.reply {
            self.replies.remember(reply);
        }
    }

    pub(crate) fn page(&self, range: &Range) -> Page {
        // The later of the two beginnings; a start before the prefix excludes nothing of it.
        let from = match &range.start {
            Bound::Included(start) | Bound::Excluded(start) if *start >= range.prefix => {
                range.start.as_ref().map(String::as_str)
            }
            _ => Bound::Included(range.prefix.as_str()),
        };
        let mut found = self
            .entries
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&range.prefix))
            .map(|(key, entry)| (key.clone(), entry.clone()));
        let entries: Vec<(String, Entry)> = found.by_ref().take(range.limit).collect();
        Page { entries, more: found.next().is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(keys: &[&str]) -> Store {
        let mut store = Store::new(1);
        for (key, number) in keys.iter().zip(1..) {
            let effect = Effect::Put(Bytes::new());
            store.apply(&Change { number, key: key.to_string(), effect, reply: None });
        }
        store
    }

    #[test]
    fn pages_follow_one_another() {
        let store = store(&["b", "a/1", "a/3", "a", "a/2"]);
        let check = |prefix: &str, start: Bound<&str>, limit, keys: &str, more| {
            let range = Range { prefix: prefix.into(), start: start.map(str::to_string), limit };
            let page = store.page(&range);
            let found: Vec<&str> = page.entries.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!((found.join(" ").as_str(), page.more), (keys, more), "{range:?}");
        };
        check("", Bound::Unbounded, 9, "a a/1 a/2 a/3 b", false);
        check("a/", Bound::Unbounded, 2, "a/1 a/2", true);
        check("a/", Bound::Excluded("a/2"), 2, "a/3", false);
        check("a/", Bound::Included("a/2"), 1, "a/2", true);
        check("a/", Bound::Included("a"), 1, "a/1", true);
        check("a/", Bound::Included("b"), 1, "", false);
        check("", Bound::Excluded("b"), 1, "", false);
    }

    #[test]
    fn a_version_only_grows() {
        let mut store = store(&["a"]);
        store.apply(&Change { number: 2, key: "a".into(), effect: Effect::Removed, reply: None });
        assert!(store.entries.is_empty());
        store.apply(&Change { number: 3, key: "a".into(), effect: Effect::Put(Bytes::new()), reply: None });
        assert_eq!(store.entries["a"].version, 3);
    }
}
