//! A file or a directory without its name: who refers to it, and what it holds.

use crate::content::Content;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

/// What an inode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Body {
    /// Nothing: its number may be given to a new one.
    #[default]
    Free,
    File,
    Directory,
}

/// An inode.
#[derive(Debug, Default)]
pub(crate) struct Inode {
    pub(crate) body: Body,
    /// Its structural name: the path it was born at, and the how manieth there.
    pub(crate) entity: u64,
    /// Entries of directories that lead to it.
    pub(crate) names: u32,
    /// Open handles.
    pub(crate) handles: u32,
    /// Changes of entries that are not durable, and operations under way, that speak of it.
    pub(crate) mentions: u32,
    /// Whether its pages count as used space.
    pub(crate) counted: bool,
    /// Syncs so far.
    pub(crate) syncs: u64,
    /// Syncs of a file so far that failed.
    pub(crate) failures: u64,
    /// Reads from the device so far.
    pub(crate) fetches: u64,
    /// Changes of its name so far.
    pub(crate) renames: u64,
    /// What a file holds.
    pub(crate) content: Content,
    /// What a directory holds.
    pub(crate) entries: BTreeMap<OsString, u32>,
    /// Names in a directory that a crash changed, until somebody notices.
    pub(crate) scars: BTreeSet<OsString>,
}

impl Inode {
    pub(crate) fn is_referred_to(&self) -> bool {
        self.names > 0 || self.handles > 0 || self.mentions > 0
    }
}
