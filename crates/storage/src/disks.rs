//! The device: the disks of all machines, the operations under way on them, and
//! the open files. What an operation does when it lands is said elsewhere.

use crate::broken::Broken;
use crate::config::{DurationRange, StorageConfiguration};
use crate::errno::Errno;
use crate::handle::{Handle, Slots};
use crate::kinds;
use crate::operation::{Answer, Request, Underway};
use crate::page::Pages;
use crate::told;
use crate::volume::Volume;
use std::task::{Context, Poll, Waker};
use wavetank_core::saturating_nanos;
use wavetank_engine::{CrashKind, Device, Domain, EventKind, Home, Kernel, MachineId, Scope, Waiter, mix};

/// The disks of a world, one file system per machine.
#[derive(Debug)]
pub struct Disks {
    pub(crate) config: StorageConfiguration,
    pub(crate) pages: Pages,
    pub(crate) volumes: Vec<Volume>,
    /// Volumes that this run has used.
    pub(crate) formatted: Vec<u32>,
    pub(crate) underway: Slots<Underway>,
    pub(crate) handles: Slots<Handle>,
    submitted: u64,
}

/// The domain of the latency of reads from a device.
pub(crate) const READ_LATENCY: Domain = Domain::new("storage.read-latency");
/// The domain of the latency of changes to directories.
pub(crate) const WRITE_LATENCY: Domain = Domain::new("storage.write-latency");
/// The domain of the latency of syncs.
pub(crate) const SYNC_LATENCY: Domain = Domain::new("storage.sync-latency");

const SUBMIT: EventKind = EventKind::new("storage.submit");
const LAND: EventKind = EventKind::new("storage.land");

/// Marks the slot of an open file, where operations have slots too.
pub(crate) const FILE: u32 = 1 << 31;

impl Disks {
    /// Disks of that kind in every machine.
    ///
    /// # Panics
    /// If the configuration does not [validate](StorageConfiguration::validate).
    // Inline, as all that a run without files needs: it touches no page of this crate's code then.
    #[inline]
    pub fn new(config: StorageConfiguration) -> Disks {
        if let Err(error) = config.validate() {
            panic!("a disk cannot be like that: {error}");
        }
        Disks {
            config,
            pages: Pages::default(),
            volumes: Vec::new(),
            formatted: Vec::new(),
            underway: Slots::default(),
            handles: Slots::default(),
            submitted: 0,
        }
    }

    /// Forgets what the last run has left on the disks.
    fn unformat_all(&mut self, kernel: &mut Kernel) {
        let waiting: Vec<u32> = self.underway.iter().map(|(slot, _)| slot).collect();
        for slot in waiting {
            kernel.discard(self.underway.at(slot).waiter.take());
        }
        self.underway.reset();
        self.handles.reset();
        for index in self.formatted.drain(..) {
            self.volumes[index as usize].unformat();
        }
        self.pages.reset();
        self.submitted = 0;
    }

    /// The volume of a process's machine.
    pub(crate) fn volume_of(&mut self, home: Home, kernel: &Kernel) -> u32 {
        self.volume_in(kernel.topology.node(home.node).machine)
    }

    /// The volume of a machine; formatted when it is first used in a run.
    pub(crate) fn volume_in(&mut self, machine: MachineId) -> u32 {
        let index = if self.config.breaks(Broken::MachinesIsolated) { 0 } else { machine.0 };
        if index as usize >= self.volumes.len() {
            self.volumes.resize_with(index as usize + 1, Volume::default);
        }
        if self.volumes[index as usize].live == 0 {
            self.volumes[index as usize].format(index, 0);
            self.formatted.push(index);
        }
        index
    }

    // --- Operations ------------------------------------------------------------------

    /// Hands an operation to the disk; its slot and generation.
    pub(crate) fn submit(&mut self, number: u32, home: Home, request: Request, kernel: &mut Kernel) -> (u32, u32) {
        let index = self.volume_of(home, kernel);
        let volume = &mut self.volumes[index as usize];
        let (request, bytes) = volume.cover(request);
        let (domain, range) = latency(&self.config, &request);
        let (entity, nth) = match request {
            Request::Sync { inode, nth, .. } => (volume.inodes[inode as usize].entity, nth),
            Request::Fetch { inode, .. } => {
                let inode = &mut volume.inodes[inode as usize];
                inode.fetches += 1;
                (inode.entity, inode.fetches)
            }
            _ => kernel.next_use(),
        };
        let slow = u64::from(volume.slow);
        let service = service(&self.config, bytes).saturating_mul(slow);
        volume.busy_until = volume.busy_until.max(kernel.now()).saturating_add(service);
        let (min, max) = (saturating_nanos(range.min), saturating_nanos(range.max));
        let latency = kernel.choose(domain, entity, nth, min, max).saturating_mul(slow);
        let due = volume.busy_until.saturating_add(latency);
        if let Some(inode) = request.inode() {
            volume.mention(inode);
        }
        let name = mix(entity, nth);
        kernel.note_and_tell(SUBMIT, name, due ^ request.key(), |telling| {
            told::submits(telling, name, &request, due, bytes)
        });
        self.submitted += 1;
        let (slot, generation) = self.underway.insert(Underway {
            home,
            volume: index,
            name,
            sequence: self.submitted,
            request: Some(request),
            record: None,
            answer: None,
            waiter: Waiter::NOBODY,
            abandoned: false,
            slowed: slow > 1,
        });
        self.underway.at(slot).record = Some(kernel.at(due, number, slot));
        (slot, generation)
    }

    /// The answer of an operation; pending for ever if it is gone with its process.
    pub(crate) fn answer(
        &mut self,
        slot: u32,
        generation: u32,
        cx: &Context<'_>,
        replaced: &mut Option<Waker>,
    ) -> Poll<Result<Answer, Errno>> {
        let Some(underway) = self.underway.get(slot, generation) else { return Poll::Pending };
        match underway.answer.take() {
            Some(answer) => {
                self.underway.remove(slot);
                Poll::Ready(answer)
            }
            None => {
                *replaced = underway.waiter.set(cx);
                Poll::Pending
            }
        }
    }

    pub(crate) fn what(&mut self, slot: u32, generation: u32) -> &'static str {
        match self.underway.get(slot, generation).and_then(|underway| underway.request.as_ref()) {
            Some(request) => request.what(),
            None => "the disk of a machine that crashed",
        }
    }

    /// Counts what an answer that product code is about to see differs in.
    fn count_effects(&mut self, volume: u32, answer: &Result<Answer, Errno>, slowed: bool, kernel: &mut Kernel) {
        if slowed {
            kernel.effective(&kinds::SLOW);
        }
        if let Err(Errno::INPUT_OUTPUT) = answer {
            kernel.effective(&kinds::SYNC_FAILURE);
        }
        let volume = &mut self.volumes[volume as usize];
        for _ in 0..std::mem::take(&mut volume.noticed) {
            kernel.effective(&kinds::ENTRY_LOST);
        }
        if std::mem::take(&mut volume.wiped) {
            kernel.effective(&kinds::WIPED);
        }
    }

    /// Closes an open file.
    pub(crate) fn close_file(&mut self, slot: u32) {
        let Handle { volume, inode, .. } = self.handles.remove(slot);
        let volume = &mut self.volumes[volume as usize];
        volume.inodes[inode as usize].handles -= 1;
        volume.release(&mut self.pages, inode);
    }

    /// Forgets an operation that has an answer nobody will take.
    pub(crate) fn forget_answer(&mut self, slot: u32, kernel: &mut Kernel) {
        let mut underway = self.underway.remove(slot);
        kernel.discard(underway.waiter.take());
        if let Some(Ok(Answer::File(file, _))) = underway.answer {
            self.close_file(file);
        }
    }
}

impl Device for Disks {
    fn fire(&mut self, slot: u32, kernel: &mut Kernel) {
        let underway = self.underway.at(slot);
        underway.record = None;
        let request = underway.request.take().expect("an operation lands once");
        let (volume, home, name, slowed) = (underway.volume, underway.home, underway.name, underway.slowed);
        let abandoned = underway.abandoned;
        let answer = self.land(volume, home, request, !abandoned, kernel);
        kernel.note_and_tell(LAND, name, digest_of(&answer), |telling| {
            told::lands(telling, volume, name, &told::verdict(&answer));
        });
        let underway = self.underway.at(slot);
        let waiter = underway.waiter.take();
        if abandoned {
            underway.answer = Some(answer);
            self.forget_answer(slot, kernel);
            return;
        }
        self.count_effects(volume, &answer, slowed, kernel);
        self.underway.at(slot).answer = Some(answer);
        kernel.wake(waiter);
    }

    fn close(&mut self, slot: u32, generation: u32, kernel: &mut Kernel) {
        if slot & FILE != 0 {
            if self.handles.get(slot & !FILE, generation).is_some() {
                self.close_file(slot & !FILE);
            }
            return;
        }
        let Some(underway) = self.underway.get(slot, generation) else { return };
        if underway.answer.is_some() {
            return self.forget_answer(slot, kernel);
        }
        // It was handed over, and lands all the same.
        underway.abandoned = true;
        let waiter = underway.waiter.take();
        kernel.discard(waiter);
    }

    fn crash(&mut self, scope: Scope, kind: CrashKind, kernel: &mut Kernel) {
        self.crash_scope(scope, kind, kernel);
    }

    #[inline]
    fn reset(&mut self, kernel: &mut Kernel) {
        if !self.formatted.is_empty() {
            self.unformat_all(kernel);
        }
    }

    fn name(&self, slot: u32) -> u64 {
        self.underway.peek(slot).map_or(0, |underway| underway.name)
    }

    fn describe(&self, slot: u32) -> String {
        let Some(underway) = self.underway.peek(slot) else { return "its process is dead".to_string() };
        match &underway.request {
            Some(request) => format!("{} on machine {}", request.path().display(), underway.volume),
            None => "it has landed".to_string(),
        }
    }

    #[inline]
    fn leaks(&self) -> Vec<String> {
        let leak = |handle: &Handle| {
            format!("file {} on machine {} is open that no task owns", handle.path.display(), handle.volume)
        };
        self.handles.iter().map(|(_, handle)| leak(handle)).collect()
    }
}

/// Nanoseconds that the device is busy with an operation of so many bytes.
fn service(config: &StorageConfiguration, bytes: u64) -> u64 {
    let moving = u128::from(bytes) * 1_000_000_000 / u128::from(config.bandwidth);
    (1_000_000_000 / config.iops).saturating_add(u64::try_from(moving).unwrap_or(u64::MAX))
}

fn latency(config: &StorageConfiguration, request: &Request) -> (Domain, DurationRange) {
    match request {
        Request::Open { options, .. } if options.create || options.create_new || options.truncate => {
            (WRITE_LATENCY, config.write_latency)
        }
        Request::Open { .. } | Request::Exists { .. } | Request::ReadDir { .. } | Request::Fetch { .. } => {
            (READ_LATENCY, config.read_latency)
        }
        Request::Delete { .. } | Request::Rename { .. } | Request::CreateDirAll { .. } | Request::RemoveDir { .. } => {
            (WRITE_LATENCY, config.write_latency)
        }
        Request::SyncDir { .. } | Request::Sync { .. } => (SYNC_LATENCY, config.sync_latency),
    }
}

/// What the digest says of an answer.
fn digest_of(answer: &Result<Answer, Errno>) -> u64 {
    match answer {
        Ok(Answer::Done | Answer::File(..)) => 0,
        Ok(Answer::Exists(there)) => u64::from(*there),
        Ok(Answer::Entries(entries)) => entries
            .iter()
            .fold(entries.len() as u64, |sum, (name, kind)| mix(sum ^ *kind as u64, crate::path::key(name))),
        Err(errno) => errno.0 as u64 | 1 << 32,
    }
}
