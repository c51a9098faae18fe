//! Counts of faults by kind: what was asked for, and what came of it. Which fault it was
//! is the log's.

use crate::fault::FaultKind;

/// How often a kind of fault was considered, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    /// The plan or a draw asked for it.
    pub asked: u64,
    /// A tolerance let it through as it was.
    pub granted: u64,
    /// A tolerance let a weaker form of it through.
    pub downgraded: u64,
    /// A tolerance forbade it.
    pub refused: u64,
    /// It happened.
    pub fired: u64,
    /// Product code received a result that differs from the benign one.
    pub effective: u64,
}

impl Tally {
    /// Adds another run's tally.
    pub fn merge(&mut self, other: &Tally) {
        self.asked += other.asked;
        self.granted += other.granted;
        self.downgraded += other.downgraded;
        self.refused += other.refused;
        self.fired += other.fired;
        self.effective += other.effective;
    }
}

/// A tally of each kind of fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    /// By index, as far as there was anything to count.
    list: Vec<Tally>,
}

const NOTHING: Tally = Tally { asked: 0, granted: 0, downgraded: 0, refused: 0, fired: 0, effective: 0 };

impl Tallies {
    /// The tally of a kind.
    pub fn of(&self, kind: &FaultKind) -> &Tally {
        self.list.get(kind.index()).unwrap_or(&NOTHING)
    }

    /// The tally of the kind with that index.
    pub fn of_mut(&mut self, index: usize) -> &mut Tally {
        if index >= self.list.len() {
            self.list.resize(index + 1, NOTHING);
        }
        &mut self.list[index]
    }

    /// Those of the kinds that were counted at all, with their index.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Tally)> {
        self.list.iter().enumerate().filter(|(_, tally)| **tally != NOTHING)
    }

    /// Adds those of other runs.
    pub fn merge<'a>(&mut self, others: impl IntoIterator<Item = (usize, &'a Tally)>) {
        others.into_iter().for_each(|(index, tally)| self.of_mut(index).merge(tally));
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }
}
