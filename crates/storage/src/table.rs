//! Which page holds which part of a file, and which of them are cold. Owns no bytes.

use crate::page::PageId;
use std::collections::BTreeMap;

/// An entry: a hole, or a page and whether it must be read from the device first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell(u32);

impl Cell {
    pub(crate) const HOLE: Cell = Cell(u32::MAX);
    const COLD: u32 = 1 << 31;

    /// A page that is in the cache.
    #[inline]
    pub(crate) fn warm(page: PageId) -> Cell {
        Cell(page.0)
    }

    #[inline]
    pub(crate) fn page(self) -> Option<PageId> {
        (self != Cell::HOLE).then_some(PageId(self.0 & !Cell::COLD))
    }

    #[inline]
    pub(crate) fn is_cold(self) -> bool {
        self != Cell::HOLE && self.0 & Cell::COLD != 0
    }

    /// A hole stays one.
    fn chill(&mut self) {
        self.0 |= Cell::COLD;
    }
}

/// How far behind the last page a write may lie without leaving the dense part.
const GAP_MOST: u64 = 1024;

/// A file's pages: dense from the start, sparse behind a wide gap.
#[derive(Debug, Default)]
pub(crate) struct Table {
    dense: Vec<Cell>,
    /// Pages at or behind the end of `dense`.
    sparse: BTreeMap<u64, Cell>,
}

impl Table {
    #[inline]
    pub(crate) fn get(&self, index: u64) -> Cell {
        match self.dense.get(index as usize) {
            Some(&cell) => cell,
            None if self.sparse.is_empty() => Cell::HOLE,
            None => self.sparse.get(&index).copied().unwrap_or(Cell::HOLE),
        }
    }

    /// Puts a page in its place.
    #[inline]
    pub(crate) fn set(&mut self, index: u64, cell: Cell) {
        let len = self.dense.len() as u64;
        if index < len {
            self.dense[index as usize] = cell;
        } else if index <= len + GAP_MOST {
            self.dense.resize(index as usize, Cell::HOLE);
            self.dense.push(cell);
            if !self.sparse.is_empty() {
                self.absorb(len, index);
            }
        } else {
            self.sparse.insert(index, cell);
        }
    }

    /// Moves what became dense: from `first` to `last`, which was just set.
    #[cold]
    fn absorb(&mut self, first: u64, last: u64) {
        let behind = self.sparse.split_off(&(last + 1));
        for (index, cell) in std::mem::replace(&mut self.sparse, behind) {
            debug_assert!(index >= first, "sparse pages lie behind the dense ones");
            if index != last {
                self.dense[index as usize] = cell;
            }
        }
    }

    /// Takes the pages from `first` on out, in order.
    pub(crate) fn cut(&mut self, first: u64, mut take: impl FnMut(u64, PageId)) {
        let keep = usize::try_from(first).unwrap_or(usize::MAX).min(self.dense.len());
        for (offset, cell) in self.dense.drain(keep..).enumerate() {
            if let Some(page) = cell.page() {
                take((keep + offset) as u64, page);
            }
        }
        if !self.sparse.is_empty() {
            for (index, cell) in self.sparse.split_off(&first) {
                take(index, cell.page().expect("no hole is kept among the sparse pages"));
            }
        }
    }

    /// Makes every page cold; how many there are.
    pub(crate) fn chill(&mut self) -> u64 {
        let mut count = 0;
        for cell in self.dense.iter_mut().chain(self.sparse.values_mut()) {
            cell.chill();
            count += u64::from(cell.is_cold());
        }
        count
    }

    /// The pages from `first` to `last` that are there, in order.
    pub(crate) fn pages(&self, first: u64, last: u64) -> impl Iterator<Item = (u64, Cell)> {
        let end = (self.dense.len() as u64).min(last.saturating_add(1));
        let dense = (first..end).map(|index| (index, self.dense[index as usize]));
        let sparse = self.sparse.range(first..=last.max(first)).map(|(&index, &cell)| (index, cell));
        dense.chain(sparse).filter(|(_, cell)| *cell != Cell::HOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_and_sparse_pages_are_one_table() {
        let mut table = Table::default();
        let far = GAP_MOST + 5;
        for index in [0, far, 1 << 31, 3] {
            table.set(index, Cell::warm(PageId(index as u32 % 1000)));
        }
        assert_eq!(table.sparse.len(), 2);
        // The gap closes, and what lay behind it becomes dense without moving.
        table.set(GAP_MOST, Cell::warm(PageId(7)));
        table.set(far + 1, Cell::warm(PageId(8)));
        assert_eq!(table.sparse.len(), 1);
        let pages: Vec<u64> = table.pages(0, u64::MAX).map(|(index, _)| index).collect();
        assert_eq!(pages, [0, 3, GAP_MOST, far, far + 1, 1 << 31]);
        assert_eq!(table.get(far).page(), Some(PageId(far as u32 % 1000)));
        assert_eq!(table.get(1), Cell::HOLE);
        let mut taken = Vec::new();
        table.cut(far, |index, _| taken.push(index));
        assert_eq!(taken, [far, far + 1, 1 << 31]);
        assert_eq!(table.pages(0, u64::MAX).count(), 3);
        assert_eq!(table.chill(), 3);
        assert!(table.get(3).is_cold());
    }

    /// What was written behind a gap is written again, where the gap is closed by then.
    #[test]
    fn a_sparse_page_that_is_set_again_as_a_dense_one_is_there_once() {
        let mut table = Table::default();
        let (near, far) = (GAP_MOST - 1, 2 * GAP_MOST - 1);
        for (index, page) in [(far, 1), (near, 2), (far, 3), (far + 1, 4)] {
            table.set(index, Cell::warm(PageId(page)));
        }
        let pages: Vec<_> = table.pages(0, u64::MAX).map(|(index, cell)| (index, cell.page())).collect();
        assert_eq!(pages, [(near, Some(PageId(2))), (far, Some(PageId(3))), (far + 1, Some(PageId(4)))]);
        assert!(table.sparse.is_empty());
    }
}
