//! The book of one file's bytes: what it held when, what of that was promised, and what a crash
//! may leave of it.
//!
//! Each sector is as it was at some time since it was last durable, and so is the size. Once a
//! cut is lost, so is every size after it, and what was written behind it; if it is not, what was
//! there before does not come back. Written pages are durable when a sync says so that was asked
//! for after them; if one fails, or nobody knows how it came out, none is before somebody writes
//! to it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// What a file held, and since when that is durable.
pub(crate) struct Bytes {
    /// All that it held, in order.
    states: Vec<Vec<u8>>,
    /// The states that cuts led to, and where they cut.
    cuts: Vec<(usize, usize)>,
    /// The first state whose size may be found.
    size_since: usize,
    /// The first state that each page may be found in, if not the first of all.
    since: BTreeMap<usize, usize>,
    /// Pages that the next sync writes.
    dirty: BTreeSet<usize>,
    /// How often a sync was told to have failed.
    pub(crate) failures: u64,
    /// A sync was given up, and may have failed.
    pub(crate) is_unheard: bool,
}

/// What is told of bytes: each that differs from the one before, with its place.
pub(crate) fn runs(bytes: &[u8]) -> String {
    let begins = (0..bytes.len()).filter(|&at| at == 0 || bytes[at] != bytes[at - 1]);
    let runs: Vec<String> = begins.map(|at| format!("{at}: {}", bytes[at])).collect();
    format!("{} bytes ({})", bytes.len(), runs.join(", "))
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.states.iter().enumerate().try_for_each(|(nth, state)| writeln!(f, "{nth}: {}", runs(state)))?;
        let Bytes { cuts, size_since, since, dirty, .. } = self;
        write!(f, "cuts {cuts:?}, size since {size_since}, pages since {since:?}, dirty {dirty:?}")
    }
}

/// What a sync that was asked for covers.
#[derive(Debug)]
pub(crate) struct Covers {
    state: usize,
    dirty: BTreeSet<usize>,
}

impl Bytes {
    pub(crate) fn new(bytes: Vec<u8>) -> Bytes {
        Bytes {
            states: vec![bytes],
            cuts: Vec::new(),
            size_since: 0,
            since: BTreeMap::new(),
            dirty: BTreeSet::new(),
            failures: 0,
            is_unheard: false,
        }
    }

    pub(crate) fn now(&self) -> &[u8] {
        self.states.last().expect("there is a first")
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let mut state = self.now().to_vec();
        state.resize(state.len().max(at + bytes.len()), 0);
        state[at..at + bytes.len()].copy_from_slice(bytes);
        self.states.push(state);
        self.dirty.extend(at / PAGE..=(at + bytes.len() - 1) / PAGE);
    }

    pub(crate) fn resize(&mut self, size: usize) {
        let mut state = self.now().to_vec();
        if size < state.len() {
            self.cuts.push((self.states.len(), size));
            self.dirty.retain(|&page| page * PAGE < size);
            self.dirty.insert(size / PAGE);
        }
        state.resize(size, 0);
        self.states.push(state);
    }

    /// A sync is asked for. What it covers is clean from now on, whatever comes of it.
    pub(crate) fn begin(&mut self) -> Covers {
        Covers { state: self.states.len() - 1, dirty: std::mem::take(&mut self.dirty) }
    }

    /// It said that all is well.
    pub(crate) fn synced(&mut self, covers: &Covers) {
        self.size_since = self.size_since.max(covers.state);
        for &page in &covers.dirty {
            let since = self.since.entry(page).or_insert(0);
            *since = covers.state.max(*since);
        }
    }

    /// Whether a crash may leave that.
    pub(crate) fn allows(&self, found: &[u8]) -> bool {
        let sized = (self.size_since..self.states.len()).filter(|&nth| self.states[nth].len() == found.len());
        sized
            .into_iter()
            .any(|nth| found.chunks(SECTOR).enumerate().all(|(sector, bytes)| self.allows_sector(nth, sector, bytes)))
    }

    /// Whether a sector may be like that if the size is the `sized`th state's.
    fn allows_sector(&self, sized: usize, sector: usize, found: &[u8]) -> bool {
        let mut from = self.since.get(&(sector * SECTOR / PAGE)).copied().unwrap_or(0);
        let mut until = self.states.len();
        for &(nth, _) in self.cuts.iter().filter(|(_, to)| sector * SECTOR >= *to) {
            if nth <= sized {
                from = from.max(nth);
            } else {
                until = until.min(nth);
            }
        }
        let held = |state: &Vec<u8>| {
            let start = (sector * SECTOR).min(state.len());
            let there = &state[start..(start + found.len()).min(state.len())];
            found[..there.len()] == *there && found[there.len()..].iter().all(|&byte| byte == 0)
        };
        self.states[from..until.max(from)].iter().any(held)
    }
}
