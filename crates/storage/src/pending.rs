//! What was done to a file and is not durable yet, in order, with what it takes to
//! undo it. Decides nothing: a sync drops it, a crash judges it.

use crate::page::{PageId, Pages};

/// Pending changes of one file beyond which the older half is written back, as a
/// kernel does when too much is dirty.
const PENDING_MOST: usize = 1 << 18;

/// What a write found where it wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Zeros: a hole, or nothing yet.
    Zero,
    /// Bytes, kept in [`Pending::undo`] from there on.
    Bytes(u32),
    /// A whole page, which the new one took the place of.
    Page(PageId),
}

/// One change of a file. `nth` counts the changes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Bytes `start..end` of a page were written; a write across pages has several.
    /// `stranded`: a failed sync marked it clean, so that no sync writes it any more.
    Data { nth: u64, page: u64, start: u16, end: u16, before: Before, stranded: bool },
    /// The file grew.
    Size { nth: u64, from: u64, to: u64 },
    /// The file was cut off: pages left it (kept in [`Pending::dropped`]), and the
    /// rest of the last page, up to `tail`, was zeroed (its bytes kept in `undo`).
    Cut { nth: u64, from: u64, to: u64, dropped: (u32, u32), tail: (u16, u32) },
}

impl Op {
    #[inline]
    pub(crate) fn nth(&self) -> u64 {
        match *self {
            Op::Data { nth, .. } | Op::Size { nth, .. } | Op::Cut { nth, .. } => nth,
        }
    }
}

/// The changes of a file that no sync has made durable.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) ops: Vec<Op>,
    /// Bytes that were overwritten.
    pub(crate) undo: Vec<u8>,
    /// Pages that were cut off, with their place.
    pub(crate) dropped: Vec<(u64, PageId)>,
    /// Whether any of them is stranded.
    pub(crate) stranded: bool,
    /// How many were left when the older half was last written back: more than half
    /// only if they are stranded.
    pub(crate) left: usize,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Keeps bytes that are about to be overwritten.
    #[inline]
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> u32 {
        let at = u32::try_from(self.undo.len())
            .expect("a file has less than 4 GiB to undo: sync it more often, or let fewer syncs fail");
        self.undo.extend_from_slice(bytes);
        at
    }

    /// The change up to which everything is to be written back, if too much is pending.
    /// What no write-back takes is not tried again before there is twice as much.
    #[inline]
    pub(crate) fn overflow(&self) -> Option<u64> {
        let most = PENDING_MOST.max(2 * self.left);
        (self.ops.len() > most).then(|| self.ops[most / 2].nth())
    }

    /// Gives back the pages that only the undoing of `op` would need.
    #[inline]
    pub(crate) fn release(dropped: &[(u64, PageId)], op: &Op, pages: &mut Pages) {
        match *op {
            Op::Data { before: Before::Page(page), .. } => pages.release(page),
            Op::Cut { dropped: (first, count), .. } => {
                for &(_, page) in &dropped[first as usize..(first + count) as usize] {
                    pages.release(page);
                }
            }
            _ => {}
        }
    }

    /// Forgets everything; it is durable, or gone with its file.
    pub(crate) fn clear(&mut self, pages: &mut Pages) {
        for op in &self.ops {
            Pending::release(&self.dropped, op, pages);
        }
        self.forget();
    }

    /// Forgets everything whose pages were given back already.
    pub(crate) fn forget(&mut self) {
        self.ops.clear();
        self.undo.clear();
        self.dropped.clear();
        (self.stranded, self.left) = (false, 0);
    }

    /// Keeps those changes that `keep` wants, and moves what they need together.
    pub(crate) fn retain(&mut self, pages: &mut Pages, mut keep: impl FnMut(&Op) -> bool) {
        let old = std::mem::take(self);
        for mut op in old.ops {
            if !keep(&op) {
                Pending::release(&old.dropped, &op, pages);
                continue;
            }
            match &mut op {
                Op::Data { start, end, before: Before::Bytes(at), stranded, .. } => {
                    *at = self.keep(&old.undo[*at as usize..*at as usize + usize::from(*end - *start)]);
                    self.stranded |= *stranded;
                }
                Op::Data { stranded, .. } => self.stranded |= *stranded,
                Op::Size { .. } => {}
                Op::Cut { dropped, tail, to, .. } => {
                    let first = self.dropped.len() as u32;
                    let range = dropped.0 as usize..(dropped.0 + dropped.1) as usize;
                    self.dropped.extend_from_slice(&old.dropped[range]);
                    dropped.0 = first;
                    let len = tail_len(*to, tail.0);
                    tail.1 = self.keep(&old.undo[tail.1 as usize..tail.1 as usize + len]);
                }
            }
            self.ops.push(op);
        }
    }
}

/// How many bytes a cut at `to` zeroed in the last page, whose zeroed part ends at `tail_end`.
pub(crate) fn tail_len(to: u64, tail_end: u16) -> usize {
    usize::from(tail_end).saturating_sub((to % crate::page::PAGE as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    #[test]
    fn a_file_that_only_changes_its_size_is_written_back_too() {
        let (mut content, mut pages) = (Content::default(), Pages::default());
        content.write(&mut pages, 0, &[1; 100]);
        for _ in 0..PENDING_MOST {
            content.resize(&mut pages, 4_000).unwrap();
            content.resize(&mut pages, 4_096).unwrap();
            assert!(content.pending.ops.len() <= PENDING_MOST);
        }
        assert!(content.pending.undo.len() <= 96 * PENDING_MOST);
    }

    #[test]
    fn what_no_write_back_takes_is_not_tried_again_at_each_write() {
        let (mut content, mut pages) = (Content::default(), Pages::default());
        while content.pending.ops.len() < PENDING_MOST {
            content.write(&mut pages, 0, b"x");
        }
        content.write(&mut pages, 0, b"x");
        assert_eq!(content.pending.ops.len(), PENDING_MOST / 2, "the older half is written back");
        while content.pending.ops.len() < PENDING_MOST {
            content.write(&mut pages, 0, b"x");
        }
        let mark = content.changes;
        content.strand(&mut pages, mark, 0);
        // Its only page was not written, and no sync writes it until somebody writes to it.
        let elsewhere = crate::page::PAGE as u64;
        let mut tries = 0;
        for _ in 0..1_000 {
            let left = content.pending.left;
            content.write(&mut pages, elsewhere, b"x");
            tries += u32::from(content.pending.left != left);
        }
        assert_eq!(tries, 1, "of a thousand writes over the limit");
        assert!(content.pending.overflow().is_none());
        // In the end it is tried again, and a whole sync forgets what it can.
        while content.pending.ops.len() < 2 * PENDING_MOST {
            content.write(&mut pages, elsewhere, b"x");
        }
        content.write(&mut pages, 0, b"x");
        content.settle(&mut pages, u64::MAX);
        assert_eq!((content.pending.ops.len(), content.pending.left), (0, 0));
    }

    /// The cut may be lost, or survive what was written behind it later.
    #[test]
    fn a_failed_sync_makes_nothing_durable_behind_a_cut() {
        const PAGE: usize = crate::page::PAGE;
        let (mut content, mut pages) = (Content::default(), Pages::default());
        content.write(&mut pages, 0, &[1; 2 * PAGE]);
        content.settle(&mut pages, 1);
        content.write(&mut pages, PAGE as u64, &[2; 100]);
        content.resize(&mut pages, 1).unwrap();
        content.strand(&mut pages, 3, 0);
        assert_eq!(content.durable(&pages), [1; 2 * PAGE]);
        content.write(&mut pages, PAGE as u64, &[3; 100]);
        content.strand(&mut pages, 4, 0);
        content.settle(&mut pages, 4);
        assert_eq!(content.durable(&pages)[PAGE..], [0; 100]);
    }
    /// It goes to new places there, which only who knows of the cut knows.
    #[test]
    fn what_a_failed_sync_wrote_behind_a_cut_is_lost_with_the_cut() {
        const PAGE: usize = crate::page::PAGE;
        let mut landed = 0;
        for draw in 0..20 {
            let (mut content, mut pages) = (Content::default(), Pages::default());
            content.write(&mut pages, 0, &[1; 100]);
            content.resize(&mut pages, 3 * PAGE as u64).unwrap();
            content.settle(&mut pages, 2);
            content.resize(&mut pages, 50).unwrap();
            content.write(&mut pages, 2 * PAGE as u64, &[2; PAGE]);
            content.write(&mut pages, 60, &[3; 2 * PAGE]);
            content.strand(&mut pages, 5, draw);
            landed += u32::from(content.pending.ops.len() < 8);
            let durable = content.durable(&pages);
            assert_eq!((&durable[..100], &durable[100..]), (&[1; 100][..], &[0; 3 * PAGE - 100][..]), "draw {draw}");
        }
        assert!(landed > 5, "{landed}");
    }

    #[test]
    fn what_a_failed_sync_left_behind_no_later_sync_writes_whatever_was_there_before() {
        const PAGE: usize = crate::page::PAGE;
        for (at, len) in [(0, 100), (0, PAGE), (PAGE, 100), (PAGE, PAGE)] {
            let (mut content, mut pages) = (Content::default(), Pages::default());
            content.write(&mut pages, 0, &[1; PAGE]);
            content.settle(&mut pages, 1);
            content.write(&mut pages, at as u64, &vec![2; len]);
            content.strand(&mut pages, 2, 0);
            for _ in 0..3 {
                content.settle(&mut pages, 2);
            }
            assert!(!content.durable(&pages).contains(&2), "{len} bytes at {at}");
        }
    }
}
