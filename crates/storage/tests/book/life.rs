//! One life of a process: it looks at what the last one left, holds that against the book, and
//! does what it likes until it dies.

use crate::bytes::{Bytes, runs};
use crate::dice::Dice;
use crate::names::{Edit, Id, Listing, Name, Names};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::ops::AddAssign;
use std::rc::Rc;
use std::task::Poll;
use wavetank_core::{EntryKind, OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::CrashKind;
use wavetank_storage::{SimStorageFile, SimStorageProvider};

pub(crate) const NAMES: [Name; 3] = ["a", "b", "c"];
/// What a file begins with, synced before anything else is done to it: who it is.
const BIRTH: usize = 512;
const SIZE_MOST: usize = 5 * 4096;
/// So many changes that may be undone that all their outcomes can be gone through.
const OPEN_MOST: usize = 9;

/// What is known of a machine's disk.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) names: Names,
    pub(crate) files: BTreeMap<Id, Bytes>,
    /// A file that does not say yet who it is.
    young: Option<Id>,
    /// The last change of names is under way.
    is_underway: bool,
    /// How the last life ended.
    pub(crate) crash: Option<CrashKind>,
    pub(crate) counts: Counts,
}

/// What was seen: runs in which nothing happens prove nothing.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) crashes: u64,
    pub(crate) other_trees: u64,
    pub(crate) other_bytes: u64,
    pub(crate) failed_syncs: u64,
    pub(crate) undone: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.crashes += other.crashes;
        self.other_trees += other.other_trees;
        self.other_bytes += other.other_bytes;
        self.failed_syncs += other.failed_syncs;
        self.undone += other.undone;
    }
}

pub(crate) type Shared = Rc<RefCell<Book>>;

/// A handle, and how many failed syncs of its file it was told of, or began after.
struct Handle {
    id: Id,
    file: SimStorageFile,
    told: u64,
}

pub(crate) struct Life {
    disk: SimStorageProvider,
    book: Shared,
    dice: Dice,
    handles: Vec<Handle>,
    /// It does not always wait for what it has asked for.
    pub(crate) is_hasty: bool,
}

/// Asks for it, and gives it up.
async fn give_up<T>(future: impl Future<Output = T>) {
    let mut future = Box::pin(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
}

impl Life {
    pub(crate) fn new(disk: SimStorageProvider, book: Shared, dice: Dice) -> Life {
        Life { disk, book, dice, handles: Vec::new(), is_hasty: true }
    }

    /// Holds what is there against the book, and goes on from there.
    pub(crate) async fn look(&mut self) {
        let (mut listing, mut contents) = (Listing::new(), BTreeMap::new());
        let mut directories = vec![String::new()];
        while let Some(dir) = directories.pop() {
            for entry in self.disk.read_dir(&dir).await.expect("it is there") {
                let path = entry.path.file_name().expect("an entry has a name").to_str().expect("plain names");
                let path = format!("{dir}/{path}");
                if entry.kind == EntryKind::Dir {
                    listing.insert(path.clone(), None);
                    directories.push(path);
                    continue;
                }
                let file = self.disk.open(&path, OpenOptions::read_only()).await.expect("it is there");
                let mut bytes = vec![0; file.size().await.expect("a size") as usize];
                file.read_exact_at(&mut bytes, 0).await.expect("it is as long as it says");
                let told = bytes.first_chunk().map_or(0, |told| Id::from_le_bytes(*told));
                let id = if told == 0 { self.book.borrow().young.expect("who it is was synced") } else { told };
                listing.insert(path, Some(id));
                assert!(contents.insert(id, bytes).is_none(), "file {id} has two names: {listing:?}");
            }
        }
        self.book.borrow_mut().judge(&listing, contents);
        self.grow_up(&listing).await;
    }

    /// Says who a file is that does not say so yet.
    async fn grow_up(&mut self, listing: &Listing) {
        let Some(young) = self.book.borrow().young else { return };
        if let Some((path, _)) = listing.iter().find(|(_, id)| **id == Some(young)) {
            let file = self.disk.open(path, OpenOptions::read_write()).await.expect("it is there");
            self.birth(young, file).await;
        } else {
            self.book.borrow_mut().young = None;
        }
    }

    async fn birth(&mut self, id: Id, file: SimStorageFile) {
        let mut bytes = [0; BIRTH];
        loop {
            bytes[..8].copy_from_slice(&id.to_le_bytes());
            file.write_all_at(&bytes, 0).await.expect("there is room");
            if file.sync_all().await.is_ok() {
                break;
            }
        }
        let mut book = self.book.borrow_mut();
        book.young = None;
        book.files.insert(id, Bytes::new(bytes.to_vec()));
        self.handles.push(Handle { id, file, told: 0 });
    }

    /// One thing that can be done, if it is drawn.
    pub(crate) async fn step(&mut self) {
        let (dir, name) = {
            let book = self.book.borrow();
            (self.dice.pick(&book.names.now.directories()), self.dice.pick(&NAMES))
        };
        let there = self.book.borrow().names.now.at(dir, name);
        let is_directory = there.is_some_and(|id| self.book.borrow().names.now.is_directory(id));
        let may_change = self.book.borrow().names.open() < OPEN_MOST;
        match (self.dice.below(20), there) {
            (0..3, None) if may_change => self.create(dir, name).await,
            (3..5, None) if may_change => self.make_directory(dir, name).await,
            (0..5, Some(id)) if may_change => self.rename(dir, name, id).await,
            (5, Some(id)) if may_change && !is_directory => {
                let path = self.path(dir, name);
                self.change(vec![Edit { dir, name, before: Some(id), after: None }], self.disk.delete(path)).await;
            }
            (5 | 6, Some(id)) if may_change && is_directory && self.book.borrow().names.now.is_empty(id) => {
                let path = self.path(dir, name);
                self.change(vec![Edit { dir, name, before: Some(id), after: None }], self.disk.remove_dir(path)).await;
            }
            (7..10, _) => self.sync_directory(dir).await,
            (10, Some(id)) if !is_directory => {
                let file = self.disk.open(self.path(dir, name), OpenOptions::read_write()).await;
                let told = self.book.borrow().files[&id].failures;
                self.handles.push(Handle { id, file: file.expect("it is there"), told });
            }
            (11, _) if self.handles.len() > 2 => {
                let which = self.dice.below(self.handles.len());
                drop(self.handles.swap_remove(which));
            }
            (12.., _) if !self.handles.is_empty() => self.use_handle().await,
            _ => {}
        }
    }

    fn path(&self, dir: Id, name: Name) -> String {
        format!("{}/{name}", self.book.borrow().names.now.path(dir))
    }

    /// Does something to names; if this process dies meanwhile, it may have been done or not.
    async fn change<T>(&self, edits: Vec<Edit>, future: impl Future<Output = io::Result<T>>) -> T {
        {
            let mut book = self.book.borrow_mut();
            book.names.change(edits);
            book.is_underway = true;
        }
        let done = future.await.expect("it is possible");
        self.book.borrow_mut().is_underway = false;
        done
    }

    async fn create(&mut self, dir: Id, name: Name) {
        let path = self.path(dir, name);
        let id = self.book.borrow_mut().names.make(false);
        self.book.borrow_mut().young = Some(id);
        let edits = vec![Edit { dir, name, before: None, after: Some(id) }];
        let file = self.change(edits, self.disk.open(path, OpenOptions::create_new())).await;
        self.birth(id, file).await;
    }

    async fn make_directory(&mut self, dir: Id, name: Name) {
        let path = self.path(dir, name);
        let id = self.book.borrow_mut().names.make(true);
        self.change(vec![Edit { dir, name, before: None, after: Some(id) }], self.disk.create_dir_all(path)).await;
    }

    async fn rename(&mut self, dir: Id, name: Name, id: Id) {
        let (edits, from, to) = {
            let book = self.book.borrow();
            let now = &book.names.now;
            let (target, new) = (self.dice.pick(&now.directories()), self.dice.pick(&NAMES));
            let before = now.at(target, new);
            let is_directory = now.is_directory(id);
            let is_possible = before != Some(id)
                && !(is_directory && now.is_within(target, id))
                && before.is_none_or(|it| now.is_directory(it) == is_directory && (!is_directory || now.is_empty(it)));
            if !is_possible {
                return;
            }
            let gone = Edit { dir, name, before: Some(id), after: None };
            let there = Edit { dir: target, name: new, before, after: Some(id) };
            (vec![gone, there], self.path(dir, name), self.path(target, new))
        };
        self.change(edits, self.disk.rename(from, to)).await;
    }

    async fn sync_directory(&mut self, dir: Id) {
        let (mark, path) = {
            let book = self.book.borrow();
            (book.names.mark(), format!("{}/", book.names.now.path(dir)))
        };
        if self.is_hasty && self.dice.one_in(8) {
            return give_up(self.disk.sync_dir(path)).await;
        }
        let result = self.disk.sync_dir(path).await;
        let mut book = self.book.borrow_mut();
        match result {
            Ok(()) => book.names.synced(dir, mark),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(5), "the device's error");
                book.counts.failed_syncs += 1;
            }
        }
    }

    /// Does something to an open file. All but its syncs is done at once.
    async fn use_handle(&mut self) {
        let which = self.dice.below(self.handles.len());
        let id = self.handles[which].id;
        let size = self.book.borrow().files[&id].now().len();
        match self.dice.below(8) {
            0..3 => self.write(which, size).await,
            3 => {
                let size = BIRTH + self.dice.below(SIZE_MOST - BIRTH);
                self.book.borrow_mut().files.get_mut(&id).expect("it is open").resize(size);
                self.handles[which].file.set_len(size as u64).await.expect("it may be that long");
            }
            4 => {
                let mut bytes = vec![0; SIZE_MOST * 2];
                let count = self.handles[which].file.read_at(&mut bytes, 0).await.expect("it may be read");
                assert_eq!(bytes[..count], *self.book.borrow().files[&id].now(), "file {id}");
            }
            _ => self.sync(which).await,
        }
    }

    async fn write(&mut self, which: usize, size: usize) {
        let id = self.handles[which].id;
        let at = match self.dice.below(3) {
            0 => size.clamp(BIRTH, SIZE_MOST),
            1 => (1 + self.dice.below(4)) * 4096,
            _ => BIRTH + self.dice.below(SIZE_MOST - BIRTH),
        };
        let len = match self.dice.below(3) {
            0 => 4096,
            1 => 1 + self.dice.below(600),
            _ => 1 + self.dice.below(6000),
        };
        let bytes = vec![1 + self.dice.below(255) as u8; len];
        self.book.borrow_mut().files.get_mut(&id).expect("it is open").write(at, &bytes);
        self.handles[which].file.write_all_at(&bytes, at as u64).await.expect("there is room");
    }

    async fn sync(&mut self, which: usize) {
        let id = self.handles[which].id;
        let covers = self.book.borrow_mut().files.get_mut(&id).expect("it is open").begin();
        if self.is_hasty && self.dice.one_in(8) {
            self.book.borrow_mut().files.get_mut(&id).expect("it is open").is_unheard = true;
            return give_up(self.handles[which].file.sync_all()).await;
        }
        let result = if self.dice.one_in(3) {
            // What is written while it is under way it need not cover.
            let at = BIRTH + self.dice.below(SIZE_MOST - BIRTH);
            let Handle { file, .. } = &self.handles[which];
            let mut syncing = Box::pin(file.sync_data());
            let begun = poll_fn(|cx| Poll::Ready(syncing.as_mut().poll(cx).is_pending())).await;
            assert!(begun, "a sync takes its time");
            self.book.borrow_mut().files.get_mut(&id).expect("it is open").write(at, &[7; 700]);
            file.write_all_at(&[7; 700], at as u64).await.expect("there is room");
            syncing.await
        } else {
            self.handles[which].file.sync_all().await
        };
        let handle = &mut self.handles[which];
        let mut book = self.book.borrow_mut();
        let Book { files, counts, .. } = &mut *book;
        let bytes = files.get_mut(&id).expect("it is open");
        match result {
            Ok(()) => {
                let is_told = handle.told == bytes.failures || bytes.is_unheard;
                assert!(is_told, "a sync of file {id} failed, and this handle was not told");
                bytes.synced(&covers);
            }
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(5), "the device's error");
                counts.failed_syncs += 1;
                // Or what another handle was told comes a second time.
                bytes.failures += u64::from(handle.told == bytes.failures);
            }
        }
        handle.told = bytes.failures;
    }
}

impl Book {
    /// A life ends. If nobody has looked since the one before, both crashes are one.
    pub(crate) fn end(&mut self, kind: CrashKind) {
        self.crash = self.crash.max(Some(kind));
    }

    /// Whether what was found may be there, and what follows.
    fn judge(&mut self, listing: &Listing, contents: BTreeMap<Id, Vec<u8>>) {
        let is_underway = std::mem::take(&mut self.is_underway);
        let grown = contents.iter().filter(|(id, _)| self.young != Some(**id));
        match self.crash.take() {
            None => assert!(listing.is_empty(), "a disk is empty at first"),
            Some(CrashKind::Process) => {
                if is_underway && *listing != self.names.now.listing() {
                    self.names.take_back();
                    self.counts.undone += 1;
                }
                assert_eq!(*listing, self.names.now.listing(), "the kernel has what was done");
                grown.for_each(|(id, bytes)| assert_eq!(bytes, self.files[id].now(), "file {id}"));
            }
            Some(_) => {
                self.counts.crashes += 1;
                self.counts.other_trees += u64::from(*listing != self.names.now.listing());
                assert!(self.names.allows(listing), "no crash leaves {listing:?}: {:?}", self.names);
                for (id, bytes) in grown {
                    let book = &self.files[id];
                    self.counts.other_bytes += u64::from(bytes != book.now());
                    assert!(book.allows(bytes), "no crash leaves file {id} as {}\n{book:?}", runs(bytes));
                }
                self.names.settle(listing, &NAMES);
                self.files = contents.into_iter().map(|(id, bytes)| (id, Bytes::new(bytes))).collect();
            }
        }
    }
}
