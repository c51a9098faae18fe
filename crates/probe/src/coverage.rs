//! How often each site was executed, and with which answer. What is too little is
//! for the harness to judge.

use crate::{Kind, Site, catalogue};

/// Counts of one site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Executions with a true condition: it held, fired, left its default or was read.
    pub hits_true: u64,
    /// Executions with a false one.
    pub hits_false: u64,
}

impl Count {
    /// All executions.
    pub fn hits(self) -> u64 {
        self.hits_true + self.hits_false
    }
}

/// Counts of every site of the program: of a run, of a thread's share of a sweep,
/// or of the whole, by [`merge`](Coverage::merge).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// By site index, then by condition.
    counts: Vec<[u64; 2]>,
}

impl Coverage {
    /// No hits, with room for every site linked into the program.
    #[expect(clippy::new_without_default, reason = "it asks the linked program, which a default does not")]
    #[inline]
    pub fn new() -> Coverage {
        Coverage { counts: vec![[0; 2]; catalogue().len()] }
    }

    /// Counts one execution: one indexed add.
    #[inline]
    pub fn record(&mut self, site: &'static Site, condition: bool) {
        self.counts[site.index()][usize::from(condition)] += 1;
    }

    /// Adds counts from elsewhere, such as another process of the same program.
    pub fn add(&mut self, site: &'static Site, count: Count) {
        let [hits_false, hits_true] = &mut self.counts[site.index()];
        *hits_false += count.hits_false;
        *hits_true += count.hits_true;
    }

    /// Adds all of `other`.
    #[inline]
    pub fn merge(&mut self, other: &Coverage) {
        assert_eq!(self.counts.len(), other.counts.len(), "both count the sites of one program");
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine[0] += theirs[0];
            mine[1] += theirs[1];
        }
    }

    /// Forgets every hit and keeps the room.
    pub fn clear(&mut self) {
        self.counts.fill([0; 2]);
    }

    /// The counts of one site.
    #[inline]
    pub fn count(&self, site: &'static Site) -> Count {
        let [hits_false, hits_true] = self.counts[site.index()];
        Count { hits_true, hits_false }
    }

    /// Every site with its counts, sorted by identity.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Site, Count)> {
        catalogue().iter().map(|site| (site, self.count(site)))
    }

    /// Sites that should have been executed and never were, sorted by identity;
    /// `unreachable!` is none of them.
    pub fn never_reached(&self) -> impl Iterator<Item = &'static Site> {
        self.iter().filter(|(site, count)| site.kind().must_be_reached() && count.hits() == 0).map(|(site, _)| site)
    }

    /// `sometimes_assert!` sites that were executed and never held, sorted by
    /// identity.
    pub fn never_true(&self) -> impl Iterator<Item = &'static Site> {
        self.iter()
            .filter(|(site, count)| site.kind() == Kind::Sometimes && count.hits_false > 0 && count.hits_true == 0)
            .map(|(site, _)| site)
    }

    /// Whether every `sometimes_assert!` held once and every `reachable!` was
    /// executed once.
    pub fn all_sometimes_reached(&self) -> bool {
        self.iter()
            .all(|(site, count)| !matches!(site.kind(), Kind::Sometimes | Kind::Reachable) || count.hits_true > 0)
    }
}
