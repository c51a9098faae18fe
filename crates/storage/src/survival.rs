//! What a machine's crash leaves of a file: each pending change is judged once,
//! then what did not survive is undone, in place. When a crash happens is decided
//! elsewhere.
//!
//! A sector is written whole or not at all, from the cache as it was right after
//! some write: so it ends as the last write to it that survived there left it, or
//! as it was durably. Changes of the size are a journal's business, apart from the
//! data: any of them may be lost, but once a cut is lost, so is every change of the
//! size after it, and what was written behind that cut later, since it would have
//! gone to other blocks.

use crate::content::Content;
use crate::kinds;
use crate::page::{PAGE, PageId, Pages, SECTOR, SECTORS};
use crate::pending::{Before, Op, Pending, tail_len};
use crate::table::Cell;
use crate::told;
use wavetank_core::collections::HashMap;
use wavetank_engine::{FaultKind, Kernel, Ratio, Target, mix};

/// Who decides what survives.
pub(crate) struct Judge<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) ratio: Ratio,
    pub(crate) target: Target,
}

impl Judge<'_> {
    pub(crate) fn loses(&mut self, kind: &'static FaultKind, entity: u64, nth: u64) -> bool {
        self.kernel.strikes(kind, entity, nth, self.ratio, self.target)
    }

    /// The fate of a write of `sectors`.
    fn write(&mut self, entity: u64, nth: u64, sectors: u64) -> Verdict {
        if self.loses(&kinds::LOST, entity, nth) {
            self.kernel
                .tell("storage.lost", |telling| told::takes(telling, self.target, "write", entity, nth, sectors));
            return Verdict::Lost(&kinds::LOST);
        }
        if sectors == 1 {
            return Verdict::Whole;
        }
        let torn = self.kernel.strikes_for(&kinds::TORN, entity, nth, self.ratio, 0, u64::MAX, self.target);
        if torn.is_some() {
            self.kernel
                .tell("storage.torn", |telling| told::takes(telling, self.target, "write", entity, nth, sectors));
        }
        torn.map_or(Verdict::Whole, Verdict::Torn)
    }
}

#[derive(Debug, Clone, Copy)]
enum Verdict {
    Whole,
    Lost(&'static FaultKind),
    /// Some sectors survive and some do not, by this draw.
    Torn(u64),
}

/// A verdict on one change, and the sectors of the write that it belongs to.
#[derive(Debug, Clone, Copy)]
struct Fate {
    verdict: Verdict,
    first: u64,
    sectors: u64,
    /// From this sector on nothing survives: it lies behind a cut that was lost.
    floor: u64,
}

impl Fate {
    fn loses(&self, sector: u64) -> Option<&'static FaultKind> {
        if sector >= self.floor {
            return Some(&kinds::LOST);
        }
        match self.verdict {
            Verdict::Whole => None,
            Verdict::Lost(kind) => Some(kind),
            Verdict::Torn(draw) => {
                // One sector surely goes and its neighbour surely stays; the others by a bit each.
                let (place, victim) = (sector - self.first, draw % self.sectors);
                let stays = place == (victim + 1) % self.sectors || mix(draw, place) & 1 == 1;
                (place == victim || !stays).then_some(&kinds::TORN)
            }
        }
    }
}

impl Content {
    /// The machine crashed: what of the file is left.
    pub(crate) fn crash(&mut self, pages: &mut Pages, entity: u64, judge: &mut Judge<'_>) {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            let (fates, size) = self.judge(&pending.ops, entity, judge);
            self.undo(pages, &pending, &fates);
            self.fit(pages, size);
            // Keep the memory.
            self.pending = pending;
            self.pending.forget();
        }
        self.dirty = 0;
        self.cold = self.table.chill();
        self.held = self.cold;
    }

    /// A verdict for each change, and the size that survives.
    fn judge(&self, ops: &[Op], entity: u64, judge: &mut Judge<'_>) -> (Vec<Fate>, u64) {
        let mut fates: Vec<Fate> = Vec::with_capacity(ops.len());
        let mut size = durable_size(ops).unwrap_or(self.size);
        let mut floor = u64::MAX;
        let mut cut_lost = false;
        while fates.len() < ops.len() {
            let rest = &ops[fates.len()..];
            let mut fate = Fate { verdict: Verdict::Whole, first: 0, sectors: 0, floor };
            match rest[0] {
                Op::Data { nth, stranded, .. } => {
                    // Pages of a write that went with an earlier sync leave a gap: `span` bridges it.
                    let run = rest.iter().take_while(|op| op.nth() == nth && matches!(op, Op::Data { .. })).count();
                    (fate.first, fate.sectors) = span(&rest[..run]);
                    fate.verdict = if stranded {
                        Verdict::Lost(&kinds::SYNC_FAILURE)
                    } else {
                        judge.write(entity, nth, fate.sectors)
                    };
                    fates.extend(std::iter::repeat_n(fate, run));
                    continue;
                }
                Op::Size { nth, to, .. } | Op::Cut { nth, to, .. } => {
                    if cut_lost || judge.loses(&kinds::SIZE_LOST, entity, nth) {
                        judge
                            .kernel
                            .tell("storage.lost", |telling| told::takes(telling, judge.target, "size", entity, nth, 0));
                        fate.verdict = Verdict::Lost(&kinds::SIZE_LOST);
                        if let Op::Cut { .. } = rest[0] {
                            cut_lost = true;
                            floor = floor.min(to / SECTOR as u64);
                        }
                    } else {
                        size = to;
                    }
                }
            }
            fates.push(fate);
        }
        (fates, size)
    }

    /// Undoes, last first, what did not survive.
    fn undo(&mut self, pages: &mut Pages, pending: &Pending, fates: &[Fate]) {
        let mut decided: HashMap<u64, u8> = HashMap::default();
        // From this sector on a cut that survived has decided.
        let mut barrier = u64::MAX;
        for (op, fate) in pending.ops.iter().zip(fates).rev() {
            match *op {
                Op::Data { page, start, end, before, .. } => {
                    let decided = decided.entry(page).or_insert(0);
                    let mut lost = Lost { sectors: 0, kind: &kinds::LOST };
                    let base = page * SECTORS as u64;
                    for sector in u64::from(start) / SECTOR as u64..=(u64::from(end) - 1) / SECTOR as u64 {
                        if base + sector >= barrier || *decided >> sector & 1 == 1 {
                            continue;
                        }
                        match fate.loses(base + sector) {
                            Some(kind) => lost = Lost { sectors: lost.sectors | 1 << sector, kind },
                            None => *decided |= 1 << sector,
                        }
                    }
                    self.undo_data(pages, &pending.undo, page, (start, end), before, lost);
                }
                Op::Size { .. } => {}
                Op::Cut { to, dropped, tail, .. } => {
                    if let Verdict::Whole = fate.verdict {
                        barrier = barrier.min(to / SECTOR as u64);
                        Pending::release(&pending.dropped, op, pages);
                        continue;
                    }
                    // Whatever is behind it came later, even what a failed sync has written.
                    self.table.cut(to.div_ceil(PAGE as u64), |_, newer| pages.release(newer));
                    for &(index, page) in &pending.dropped[dropped.0 as usize..(dropped.0 + dropped.1) as usize] {
                        self.table.set(index, Cell::warm(page));
                    }
                    restore_tail(&self.table, pages, &pending.undo, to, tail);
                }
            }
        }
    }

    /// Undoes the lost sectors of one write to one page; the page before it is used or given back.
    fn undo_data(
        &mut self,
        pages: &mut Pages,
        undo: &[u8],
        index: u64,
        (start, end): (u16, u16),
        before: Before,
        lost: Lost,
    ) {
        let current = self.table.get(index).page();
        let mut changed = 0;
        if let (Before::Page(old), Some(current), 0xff) = (before, current, lost.sectors) {
            for sector in 0..SECTORS {
                let range = sector * SECTOR..(sector + 1) * SECTOR;
                let differs = pages.bytes(current)[range.clone()] != pages.bytes(old)[range];
                changed |= u8::from(differs) << sector;
            }
            self.table.set(index, Cell::warm(old));
            pages.release(current);
            return self.scars.mark(index, changed, lost.kind);
        }
        if lost.sectors != 0 {
            let current = current.expect("a page that is not cut off has its place");
            for sector in (0..SECTORS).filter(|sector| lost.sectors >> sector & 1 == 1) {
                let from = usize::from(start).max(sector * SECTOR);
                let to = usize::from(end).min((sector + 1) * SECTOR);
                let differs = put_back(pages, undo, current, (from, to), usize::from(start), before);
                changed |= u8::from(differs) << sector;
            }
            self.scars.mark(index, changed, lost.kind);
        }
        if let Before::Page(old) = before {
            pages.release(old);
        }
    }

    /// Gives the file the size that survived: behind it there is nothing.
    fn fit(&mut self, pages: &mut Pages, size: u64) {
        if size != self.size {
            self.scars.mark_size(&kinds::SIZE_LOST);
        }
        self.size = size;
        self.table.cut(size.div_ceil(PAGE as u64), |_, page| pages.release(page));
        let start = (size % PAGE as u64) as usize;
        if start > 0
            && let Some(page) = self.table.get(size / PAGE as u64).page()
        {
            pages.bytes_mut(page)[start..].fill(0);
        }
    }

    /// What the file holds if nothing survives that was not synced.
    pub(crate) fn durable(&self, pages: &Pages) -> Vec<u8> {
        let ops = &self.pending.ops;
        let most = ops.iter().map(|op| match *op {
            Op::Cut { from, .. } | Op::Size { to: from, .. } => from,
            Op::Data { .. } => 0,
        });
        let size = durable_size(ops).unwrap_or(self.size);
        let room = most.max().unwrap_or(0).max(self.size).max(size).div_ceil(PAGE as u64) * PAGE as u64;
        let mut bytes = vec![0; room as usize];
        let place = |index: u64| (index as usize) * PAGE;
        for (index, cell) in self.table.pages(0, u64::MAX) {
            let page = cell.page().expect("holes are not listed");
            bytes[place(index)..place(index) + PAGE].copy_from_slice(pages.bytes(page));
        }
        for op in ops.iter().rev() {
            match *op {
                Op::Data { page, start, end, before, .. } => {
                    let target = &mut bytes[place(page) + usize::from(start)..place(page) + usize::from(end)];
                    match before {
                        Before::Zero => target.fill(0),
                        Before::Bytes(at) => {
                            target.copy_from_slice(&self.pending.undo[at as usize..at as usize + target.len()]);
                        }
                        Before::Page(old) => target.copy_from_slice(pages.bytes(old)),
                    }
                }
                Op::Size { .. } => {}
                Op::Cut { to, dropped: (first, count), tail, .. } => {
                    bytes[to as usize..].fill(0);
                    for &(index, page) in &self.pending.dropped[first as usize..(first + count) as usize] {
                        bytes[place(index)..place(index) + PAGE].copy_from_slice(pages.bytes(page));
                    }
                    let len = tail_len(to, tail.0);
                    let kept = &self.pending.undo[tail.1 as usize..tail.1 as usize + len];
                    bytes[to as usize..to as usize + len].copy_from_slice(kept);
                }
            }
        }
        bytes.resize(size as usize, 0);
        bytes
    }
}

/// Sectors of a page that a write lost.
struct Lost {
    sectors: u8,
    kind: &'static FaultKind,
}

/// The size before the first pending change of it.
fn durable_size(ops: &[Op]) -> Option<u64> {
    ops.iter().find_map(|op| match *op {
        Op::Size { from, .. } | Op::Cut { from, .. } => Some(from),
        Op::Data { .. } => None,
    })
}

/// The first sector of a write, and how many it has.
fn span(run: &[Op]) -> (u64, u64) {
    let bounds = run.iter().filter_map(|op| match *op {
        Op::Data { page, start, end, .. } => {
            let base = page * PAGE as u64;
            Some(((base + u64::from(start)) / SECTOR as u64, (base + u64::from(end) - 1) / SECTOR as u64))
        }
        _ => None,
    });
    let (first, last) = bounds.fold((u64::MAX, 0), |(first, last), (from, to)| (first.min(from), last.max(to)));
    (first, last - first + 1)
}

/// Puts bytes `from..to` of a page back to what a write that began at `start` found; whether that changed them.
fn put_back(
    pages: &mut Pages,
    undo: &[u8],
    current: PageId,
    (from, to): (usize, usize),
    start: usize,
    before: Before,
) -> bool {
    let mut found = [0; SECTOR];
    let found = &mut found[..to - from];
    match before {
        Before::Zero => {}
        Before::Bytes(at) => found.copy_from_slice(&undo[at as usize + from - start..at as usize + to - start]),
        Before::Page(old) => found.copy_from_slice(&pages.bytes(old)[from..to]),
    }
    let target = &mut pages.bytes_mut(current)[from..to];
    let differs = target != found;
    target.copy_from_slice(found);
    differs
}

fn restore_tail(table: &crate::table::Table, pages: &mut Pages, undo: &[u8], to: u64, tail: (u16, u32)) {
    let len = tail_len(to, tail.0);
    if len == 0 {
        return;
    }
    let page = table.get(to / PAGE as u64).page().expect("the page whose tail was zeroed is there");
    let start = (to % PAGE as u64) as usize;
    pages.bytes_mut(page)[start..start + len].copy_from_slice(&undo[tail.1 as usize..tail.1 as usize + len]);
}
