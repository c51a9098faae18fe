//! Pages of 4 KiB in one arena, by number. Who uses which page is its owners'
//! business.

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;
/// Bytes in a sector: what survives a crash whole or not at all.
pub(crate) const SECTOR: usize = 512;
/// Sectors in a page.
pub(crate) const SECTORS: usize = PAGE / SECTOR;

/// A page's number in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageId(pub(crate) u32);

const CHUNK_BITS: u32 = 8;
const CHUNK_PAGES: usize = 1 << CHUNK_BITS;

/// The arena. Keeps its memory from run to run.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    chunks: Vec<Box<[u8]>>,
    free: Vec<PageId>,
    /// Pages handed out at least once in this run.
    next: u32,
    /// Pages handed out at least once in any run: those behind are still zero.
    used: u32,
}

impl Pages {
    /// Takes every page back.
    pub(crate) fn reset(&mut self) {
        self.used = self.used.max(self.next);
        self.next = 0;
        self.free.clear();
    }

    /// Pages in use.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.next as usize - self.free.len()
    }

    /// A page of zeros.
    #[inline]
    pub(crate) fn zeroed(&mut self) -> PageId {
        let (id, dirty) = self.take();
        if dirty {
            self.bytes_mut(id).fill(0);
        }
        id
    }

    /// A page that holds `bytes`.
    #[inline]
    pub(crate) fn filled(&mut self, bytes: &[u8]) -> PageId {
        let (id, _) = self.take();
        self.bytes_mut(id).copy_from_slice(bytes);
        id
    }

    /// A page, and whether it holds anything but zeros.
    #[inline]
    fn take(&mut self) -> (PageId, bool) {
        if let Some(id) = self.free.pop() {
            return (id, true);
        }
        let id = self.next;
        if id as usize == self.chunks.len() * CHUNK_PAGES {
            self.grow();
        }
        self.next += 1;
        (PageId(id), id < self.used)
    }

    #[cold]
    fn grow(&mut self) {
        assert!(self.chunks.len() < 1 << 22, "a simulation holds less than 4 TiB of file contents");
        self.chunks.push(vec![0; CHUNK_PAGES * PAGE].into_boxed_slice());
    }

    /// Takes a page back.
    #[inline]
    pub(crate) fn release(&mut self, id: PageId) {
        self.free.push(id);
    }

    /// What a page holds.
    #[inline]
    pub(crate) fn bytes(&self, id: PageId) -> &[u8] {
        let start = (id.0 as usize % CHUNK_PAGES) * PAGE;
        &self.chunks[(id.0 >> CHUNK_BITS) as usize][start..start + PAGE]
    }

    /// What a page holds, to change it.
    #[inline]
    pub(crate) fn bytes_mut(&mut self, id: PageId) -> &mut [u8] {
        let start = (id.0 as usize % CHUNK_PAGES) * PAGE;
        &mut self.chunks[(id.0 >> CHUNK_BITS) as usize][start..start + PAGE]
    }
}
