//! What a crash changed in a file, until somebody reads it or writes over it: so that a fault
//! counts as felt when it is. What the file holds is not here.

use crate::page::{SECTOR, SECTORS};
use std::collections::BTreeMap;
use wavetank_engine::FaultKind;

/// A file's scars.
#[derive(Debug, Default)]
pub(crate) struct Scars {
    /// One of each kind, by page.
    pages: BTreeMap<u64, Vec<Scar>>,
    /// The size is not what it was before a crash.
    size: Option<&'static FaultKind>,
}

/// Sectors of a page that a crash changed, and the kind of fault.
#[derive(Debug)]
struct Scar {
    sectors: u8,
    kind: &'static FaultKind,
}

impl Scars {
    pub(crate) fn clear(&mut self) {
        self.pages.clear();
        self.size = None;
    }

    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.are_in_pages() || self.size.is_some()
    }

    #[inline]
    pub(crate) fn are_in_pages(&self) -> bool {
        !self.pages.is_empty()
    }

    /// A crash changed sectors of a page, one bit each.
    pub(crate) fn mark(&mut self, page: u64, sectors: u8, kind: &'static FaultKind) {
        if sectors == 0 {
            return;
        }
        let scars = self.pages.entry(page).or_default();
        match scars.iter_mut().find(|scar| scar.kind == kind) {
            Some(scar) => scar.sectors |= sectors,
            None => scars.push(Scar { sectors, kind }),
        }
    }

    /// A crash changed the size.
    pub(crate) fn mark_size(&mut self, kind: &'static FaultKind) {
        self.size = Some(kind);
    }

    /// Somebody cut the file off at `size`: what was behind is missed no more.
    pub(crate) fn cut(&mut self, size: u64) {
        if self.are_in_pages() {
            drop(self.take_sectors(size.div_ceil(SECTOR as u64), u64::MAX / SECTOR as u64));
        }
    }

    /// Somebody looks at the size, or gives another; what has changed it.
    pub(crate) fn take_size(&mut self) -> Option<&'static FaultKind> {
        self.size.take()
    }

    /// Somebody reads `len` bytes at `offset` of a file of that size; what they come from that
    /// are seen for the first time.
    pub(crate) fn reveal(&mut self, offset: u64, len: usize, size: u64) -> Vec<&'static FaultKind> {
        let end = offset.saturating_add(len as u64);
        let mut kinds = Vec::new();
        if offset < size && len > 0 {
            kinds = self.heal(offset, end.min(size));
        }
        if end > size {
            kinds.extend(self.take_size());
        }
        kinds
    }

    /// Takes the scars of `offset..end` away; what they come from.
    pub(crate) fn heal(&mut self, offset: u64, end: u64) -> Vec<&'static FaultKind> {
        self.take_sectors(offset / SECTOR as u64, (end - 1) / SECTOR as u64)
    }

    fn take_sectors(&mut self, first: u64, last: u64) -> Vec<&'static FaultKind> {
        let mut kinds: Vec<&'static FaultKind> = Vec::new();
        let mut healed = Vec::new();
        let pages = first / SECTORS as u64..=last / SECTORS as u64;
        for (&page, scars) in self.pages.range_mut(pages) {
            let touched = (0..SECTORS as u64)
                .filter(|sector| (first..=last).contains(&(page * SECTORS as u64 + sector)))
                .fold(0, |sectors, sector| sectors | 1u8 << sector);
            for scar in scars.iter_mut() {
                if scar.sectors & touched != 0 && !kinds.contains(&scar.kind) {
                    kinds.push(scar.kind);
                }
                scar.sectors &= !touched;
            }
            if scars.iter().all(|scar| scar.sectors == 0) {
                healed.push(page);
            }
        }
        for page in healed {
            self.pages.remove(&page);
        }
        kinds
    }
}
