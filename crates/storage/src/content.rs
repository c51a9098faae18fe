//! What a file holds, as its readers see it: the page cache. What of it would
//! survive a crash is in its pending changes.

use crate::errno::Errno;
use crate::page::{PAGE, PageId, Pages};
use crate::pending::{Before, Op, Pending};
use crate::scars::Scars;
use crate::table::{Cell, Table};
use std::collections::BTreeSet;
use wavetank_engine::{FaultKind, mix};

/// The largest file, in bytes: 16 TiB, as ext4 has it with pages of 4 KiB.
pub(crate) const FILE_BYTES_MOST: u64 = 16 << 40;

/// A file's contents.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) size: u64,
    pub(crate) table: Table,
    pub(crate) pending: Pending,
    /// Changes so far; the next one is this number plus one.
    pub(crate) changes: u64,
    /// Pages in the table, and how many of them must be read from the device first.
    pub(crate) held: u64,
    pub(crate) cold: u64,
    /// Bytes written since the last sync.
    pub(crate) dirty: u64,
    /// What crashes changed, until somebody reads or rewrites it.
    pub(crate) scars: Scars,
}

impl Content {
    /// Gives everything back.
    pub(crate) fn clear(&mut self, pages: &mut Pages) {
        self.pending.clear(pages);
        self.table.cut(0, |_, page| pages.release(page));
        self.forget();
    }

    /// Forgets everything, when the arena was reset.
    pub(crate) fn forget(&mut self) {
        self.pending.forget();
        self.table.cut(0, |_, _| {});
        self.scars.clear();
        (self.size, self.changes, self.held, self.cold, self.dirty) = (0, 0, 0, 0, 0);
    }

    /// Copies from `offset` on; how many bytes there were. `hole` is what holes read as.
    pub(crate) fn read(&self, pages: &Pages, offset: u64, buffer: &mut [u8], hole: u8) -> usize {
        let len = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let start = (at % PAGE as u64) as usize;
            let count = (PAGE - start).min(len - done);
            let target = &mut buffer[done..done + count];
            match self.table.get(at / PAGE as u64).page() {
                Some(page) => target.copy_from_slice(&pages.bytes(page)[start..start + count]),
                None => target.fill(hole),
            }
            done += count;
        }
        len
    }

    /// How many new pages a write of `len` bytes at `offset` needs.
    pub(crate) fn needs(&self, offset: u64, len: u64) -> u64 {
        let (first, last) = (offset / PAGE as u64, (offset + len - 1) / PAGE as u64);
        (last - first + 1) - self.table.pages(first, last).count() as u64
    }

    /// Writes `bytes` at `offset`, behind the end too.
    pub(crate) fn write(&mut self, pages: &mut Pages, offset: u64, bytes: &[u8]) {
        self.changes += 1;
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let start = (at % PAGE as u64) as usize;
            let count = (PAGE - start).min(bytes.len() - done);
            self.write_page(pages, at / PAGE as u64, start, &bytes[done..done + count]);
            done += count;
        }
        self.dirty += bytes.len() as u64;
        let end = offset + bytes.len() as u64;
        if end > self.size {
            self.pending.ops.push(Op::Size { nth: self.changes, from: self.size, to: end });
            self.size = end;
        }
        if self.scars.are_in_pages() {
            drop(self.scars.heal(offset, end));
        }
        self.write_back(pages);
    }

    /// Makes the older half durable when too much is pending.
    #[inline]
    fn write_back(&mut self, pages: &mut Pages) {
        if let Some(middle) = self.pending.overflow() {
            self.settle(pages, middle);
            self.pending.left = self.pending.ops.len();
        }
    }

    #[inline]
    fn write_page(&mut self, pages: &mut Pages, index: u64, start: usize, bytes: &[u8]) {
        let cell = self.table.get(index);
        let before = match cell.page() {
            None => {
                let page = if bytes.len() == PAGE {
                    pages.filled(bytes)
                } else {
                    let page = pages.zeroed();
                    pages.bytes_mut(page)[start..start + bytes.len()].copy_from_slice(bytes);
                    page
                };
                self.table.set(index, Cell::warm(page));
                self.held += 1;
                Before::Zero
            }
            Some(old) if bytes.len() == PAGE => {
                self.cold -= u64::from(cell.is_cold());
                let page = pages.filled(bytes);
                self.table.set(index, Cell::warm(page));
                Before::Page(old)
            }
            Some(page) => {
                // Behind the end a page holds zeros.
                let valid = self.size.saturating_sub(index * PAGE as u64);
                let target = &mut pages.bytes_mut(page)[start..start + bytes.len()];
                let before =
                    if start as u64 >= valid { Before::Zero } else { Before::Bytes(self.pending.keep(target)) };
                target.copy_from_slice(bytes);
                before
            }
        };
        let (start, end) = (start as u16, (start + bytes.len()) as u16);
        self.pending.ops.push(Op::Data { nth: self.changes, page: index, start, end, before, stranded: false });
    }

    /// Cuts the file off, or extends it with zeros.
    pub(crate) fn resize(&mut self, pages: &mut Pages, size: u64) -> Result<(), Errno> {
        if size > FILE_BYTES_MOST {
            return Err(Errno::TOO_BIG);
        }
        // Whatever it was, it is not missed any more.
        self.scars.take_size();
        if size == self.size {
            return Ok(());
        }
        self.changes += 1;
        let (nth, from) = (self.changes, self.size);
        if size > from {
            self.pending.ops.push(Op::Size { nth, from, to: size });
        } else {
            let (dropped, tail) = self.drop_behind(pages, size);
            self.pending.ops.push(Op::Cut { nth, from, to: size, dropped, tail });
            self.scars.cut(size);
        }
        self.size = size;
        self.write_back(pages);
        Ok(())
    }

    /// Shrinks without forgetting what lies behind: a broken promise.
    pub(crate) fn shrink_remembering(&mut self, size: u64) {
        self.changes += 1;
        self.pending.ops.push(Op::Size { nth: self.changes, from: self.size, to: size });
        self.size = size;
    }

    fn drop_behind(&mut self, pages: &mut Pages, size: u64) -> ((u32, u32), (u16, u32)) {
        let Content { pending, table, held, cold, .. } = self;
        let first = pending.dropped.len();
        let mut warm = |cell: Cell| *cold -= u64::from(cell.is_cold());
        let whole = size.div_ceil(PAGE as u64);
        table.pages(whole, u64::MAX).for_each(|(_, cell)| warm(cell));
        table.cut(whole, |index, page| pending.dropped.push((index, page)));
        let count = pending.dropped.len() - first;
        *held -= count as u64;
        let start = (size % PAGE as u64) as usize;
        let mut tail = (0, 0);
        if start > 0
            && let Some(page) = table.get(size / PAGE as u64).page()
        {
            let rest = &mut pages.bytes_mut(page)[start..];
            tail = (PAGE as u16, pending.keep(rest));
            rest.fill(0);
        }
        ((first as u32, count as u32), tail)
    }

    // --- Durability ------------------------------------------------------------------

    /// Makes all changes up to the `mark`th durable, but for those that an earlier
    /// sync failed to write and nobody has written over since.
    pub(crate) fn settle(&mut self, pages: &mut Pages, mark: u64) {
        let all = self.pending.ops.last().is_none_or(|op| op.nth() <= mark);
        if all && !self.pending.stranded {
            return self.pending.clear(pages);
        }
        let written = self.written(mark, |_| true);
        self.pending.retain(pages, |op| !written.contains(op, mark));
    }

    /// A sync of all changes up to the `mark`th failed: some pages were written, the
    /// others were not and never will be. Sizes stay pending, as a journal has them.
    pub(crate) fn strand(&mut self, pages: &mut Pages, mark: u64, value: u64) {
        let first = self.pending.ops.iter().find_map(|op| match *op {
            Op::Data { page, stranded: false, nth, .. } if nth <= mark => Some(page),
            _ => None,
        });
        // A page that a cut goes through holds what the cut decides as well: it is not written.
        let halved: Vec<u64> = self
            .pending
            .ops
            .iter()
            .filter_map(|op| match *op {
                Op::Cut { nth, to, .. } if nth <= mark && to % PAGE as u64 > 0 => Some(to / PAGE as u64),
                _ => None,
            })
            .collect();
        // The pages that are written at random, but for one that surely failed.
        let lands = |page: u64| Some(page) != first && !halved.contains(&page) && mix(value, page) & 1 == 0;
        let mut written = self.written(mark, lands);
        written.cuts.clear();
        written.metadata = false;
        self.pending.retain(pages, |op| !written.contains(op, mark));
        for op in &mut self.pending.ops {
            if let Op::Data { nth, stranded, .. } = op
                && *nth <= mark
            {
                *stranded = true;
                self.pending.stranded = true;
            }
        }
    }

    /// What a write-back of the changes up to the `mark`th writes, of those pages that `lands` names.
    fn written(&self, mark: u64, lands: impl Fn(u64) -> bool) -> Written {
        let mut written = Written { pages: BTreeSet::new(), cuts: Vec::new(), metadata: true };
        for op in self.pending.ops.iter().filter(|op| op.nth() <= mark) {
            match *op {
                Op::Data { page, stranded: false, .. } if lands(page) => {
                    written.pages.insert(page);
                }
                Op::Cut { nth, to, .. } => written.cuts.push((nth, to / PAGE as u64)),
                _ => {}
            }
        }
        written
    }

    // --- The cache -------------------------------------------------------------------

    /// Bytes that must come from the device before `len` bytes at `offset` can be read.
    pub(crate) fn cold_bytes(&self, offset: u64, len: usize) -> u64 {
        let len = self.size.saturating_sub(offset).min(len as u64);
        if self.cold == 0 || len == 0 {
            return 0;
        }
        let (first, last) = (offset / PAGE as u64, (offset + len - 1) / PAGE as u64);
        self.table.pages(first, last).filter(|(_, cell)| cell.is_cold()).count() as u64 * PAGE as u64
    }

    /// Brings what `len` bytes at `offset` need into the cache.
    pub(crate) fn warm(&mut self, offset: u64, len: usize) {
        let len = self.size.saturating_sub(offset).min(len as u64);
        if len == 0 {
            return;
        }
        let (first, last) = (offset / PAGE as u64, (offset + len - 1) / PAGE as u64);
        let cold: Vec<(u64, PageId)> = self
            .table
            .pages(first, last)
            .filter(|(_, cell)| cell.is_cold())
            .filter_map(|(index, cell)| Some((index, cell.page()?)))
            .collect();
        self.cold -= cold.len() as u64;
        for (index, page) in cold {
            self.table.set(index, Cell::warm(page));
        }
    }

    // --- Scars -----------------------------------------------------------------------

    /// What kinds of fault somebody sees who reads `len` bytes at `offset` for the first time.
    pub(crate) fn reveal(&mut self, offset: u64, len: usize) -> Vec<&'static FaultKind> {
        self.scars.reveal(offset, len, self.size)
    }

    #[inline]
    pub(crate) fn is_scarred(&self) -> bool {
        self.scars.are_any()
    }
}

/// The pages and the metadata that a write-back writes.
struct Written {
    pages: BTreeSet<u64>,
    /// The cuts, and the pages from which on they took everything that was there.
    cuts: Vec<(u64, u64)>,
    metadata: bool,
}

impl Written {
    fn contains(&self, op: &Op, mark: u64) -> bool {
        if op.nth() > mark {
            return false;
        }
        match *op {
            // A page is written as a whole: what was stranded in it comes along.
            Op::Data { nth, page, .. } => {
                self.pages.contains(&page) || self.cuts.iter().any(|&(cut, first)| nth < cut && page >= first)
            }
            Op::Size { .. } | Op::Cut { .. } => self.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes, cuts, syncs, failed syncs and re-reads, drawn; the model is a plain vector.
    #[test]
    fn pages_come_back_and_a_failed_sync_changes_nothing_that_is_read() {
        let mut pages = Pages::default();
        for case in 0..500 {
            let (mut content, mut model) = (Content::default(), Vec::new());
            for step in 0..60 {
                let draw = |nth: u64, below: u64| (mix(mix(case, step), nth) >> 7) % below;
                let (at, len) = (draw(0, 30_000), draw(1, 9_000) as usize + 1);
                match draw(2, 10) {
                    0..6 => {
                        content.write(&mut pages, at, &vec![step as u8 + 1; len]);
                        model.resize(model.len().max(at as usize + len), 0);
                        model[at as usize..at as usize + len].fill(step as u8 + 1);
                    }
                    6 | 7 => {
                        content.resize(&mut pages, at).expect("it is small");
                        model.resize(at as usize, 0);
                    }
                    8 => content.strand(&mut pages, content.changes.saturating_sub(draw(3, 3)), case ^ step),
                    _ => content.settle(&mut pages, content.changes.saturating_sub(draw(3, 3))),
                }
                let mut read = vec![0xff; 50_000];
                let count = content.read(&pages, 0, &mut read, 0);
                assert_eq!(read[..count], model, "case {case}, step {step}");
                assert_eq!(content.held, content.table.pages(0, u64::MAX).count() as u64);
                let durable = content.durable(&pages);
                if content.pending.is_empty() {
                    assert_eq!(durable, model);
                }
            }
            content.clear(&mut pages);
            assert_eq!(pages.len(), 0, "case {case}: every page came back");
        }
    }

    /// A page that a failed sync left behind is written with the next write to it, and not before.
    #[test]
    fn a_stranded_page_waits_for_the_next_write_to_it() {
        let mut pages = Pages::default();
        let mut content = Content::default();
        content.write(&mut pages, 0, &[1; 2 * PAGE]);
        content.settle(&mut pages, 1);
        content.write(&mut pages, 0, &[2; 100]);
        content.strand(&mut pages, 2, 0);
        content.settle(&mut pages, 2);
        assert_eq!(content.durable(&pages), [1; 2 * PAGE]);
        content.write(&mut pages, PAGE as u64, &[3; 100]);
        content.settle(&mut pages, 3);
        assert_eq!(content.durable(&pages)[..100], [1; 100]);
        content.write(&mut pages, 1_000, &[4; 100]);
        content.settle(&mut pages, 4);
        assert_eq!(content.durable(&pages)[..100], [2; 100]);
        assert!(content.pending.is_empty());
    }

    /// The last byte before the end is overwritten, and what lies behind is not.
    #[test]
    fn what_a_write_found_is_known_to_the_byte() {
        let mut pages = Pages::default();
        for at in 0..20 {
            let mut content = Content::default();
            content.write(&mut pages, 0, &[1; 10]);
            content.settle(&mut pages, 1);
            content.write(&mut pages, at, &[2; 3]);
            content.resize(&mut pages, 4).expect("it is small");
            assert_eq!(content.durable(&pages), [1; 10], "a write at {at}");
        }
    }
}
