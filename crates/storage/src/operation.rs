//! One operation on a disk: what was asked, what came of it, and the future that
//! waits for it. How long it takes is the device's business.

use crate::cache::FileId;
use crate::disks::Disks;
use crate::errno::Errno;
use crate::path::Route;
use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use wavetank_core::{EntryKind, OpenOptions};
use wavetank_engine::{Home, Local, Ticket, Waiter, mix};

/// What a process asks of its machine's disk.
#[derive(Debug)]
pub(crate) enum Request {
    Open {
        route: Route,
        options: OpenOptions,
    },
    Exists {
        route: Route,
    },
    Delete {
        route: Route,
    },
    Rename {
        from: Route,
        to: Route,
    },
    CreateDirAll {
        route: Route,
    },
    ReadDir {
        route: Route,
    },
    RemoveDir {
        route: Route,
    },
    /// `mark`: the last change of directories that it covers.
    SyncDir {
        route: Route,
        mark: u64,
    },
    /// `file`: the handle that hears of it; `mark`: the last change of the file that it covers;
    /// `nth`: which of its syncs this is.
    Sync {
        file: FileId,
        inode: u32,
        mark: u64,
        nth: u64,
        path: PathBuf,
    },
    /// Brings a part of a file into the cache.
    Fetch {
        inode: u32,
        offset: u64,
        len: usize,
        path: PathBuf,
    },
}

impl Request {
    /// What a task that waits for it waits for.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Request::Open { .. } => "the opening of a file",
            Request::Exists { .. } => "a look at a directory",
            Request::Delete { .. } => "the removal of a file",
            Request::Rename { .. } => "a renaming",
            Request::CreateDirAll { .. } => "the creation of a directory",
            Request::ReadDir { .. } => "the list of a directory",
            Request::RemoveDir { .. } => "the removal of a directory",
            Request::SyncDir { .. } => "the sync of a directory",
            Request::Sync { .. } => "the sync of a file",
            Request::Fetch { .. } => "a read from the disk",
        }
    }

    /// In a word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Request::Open { .. } => "open",
            Request::Exists { .. } => "exists",
            Request::Delete { .. } => "delete",
            Request::Rename { .. } => "rename",
            Request::CreateDirAll { .. } => "create-dir",
            Request::ReadDir { .. } => "read-dir",
            Request::RemoveDir { .. } => "remove-dir",
            Request::SyncDir { .. } => "sync-dir",
            Request::Sync { .. } => "sync",
            Request::Fetch { .. } => "fetch",
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Request::Rename { from: route, .. }
            | Request::Open { route, .. }
            | Request::Exists { route }
            | Request::Delete { route }
            | Request::CreateDirAll { route }
            | Request::ReadDir { route }
            | Request::RemoveDir { route }
            | Request::SyncDir { route, .. } => &route.path,
            Request::Sync { path, .. } | Request::Fetch { path, .. } => path,
        }
    }

    /// A number that stands for what is done to which names, for the run's digest. What is done
    /// to an open file has the file's own name.
    pub(crate) fn key(&self) -> u64 {
        let (what, route) = match self {
            Request::Open { route, .. } => (1, route),
            Request::Exists { route } => (2, route),
            Request::Delete { route } => (3, route),
            Request::Rename { from, to } => return mix(from.key(), to.key()),
            Request::CreateDirAll { route } => (4, route),
            Request::ReadDir { route } => (5, route),
            Request::RemoveDir { route } => (6, route),
            Request::SyncDir { route, .. } => (7, route),
            Request::Sync { .. } | Request::Fetch { .. } => return 0,
        };
        mix(route.key(), what)
    }

    /// The inode that must stay while it is under way.
    pub(crate) fn inode(&self) -> Option<u32> {
        match *self {
            Request::Sync { inode, .. } | Request::Fetch { inode, .. } => Some(inode),
            _ => None,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Done,
    Exists(bool),
    /// An open file: its slot and generation.
    File(u32, u32),
    Entries(Vec<(OsString, EntryKind)>),
}

/// An operation in its slot.
#[derive(Debug)]
pub(crate) struct Underway {
    pub(crate) home: Home,
    pub(crate) volume: u32,
    /// Its structural name.
    pub(crate) name: u64,
    /// Its number in the run, for the order in which a crash settles what is under way.
    pub(crate) sequence: u64,
    /// [`None`]: it has landed.
    pub(crate) request: Option<Request>,
    pub(crate) record: Option<Ticket>,
    pub(crate) answer: Option<Result<Answer, Errno>>,
    pub(crate) waiter: Waiter,
    /// Nobody waits for it any more.
    pub(crate) abandoned: bool,
    /// Its disk was slower than configured when it was submitted.
    pub(crate) slowed: bool,
}

/// An operation that was submitted, and is abandoned when this is dropped: it
/// still lands, but nobody hears of it.
#[derive(Debug)]
pub(crate) struct Submitted {
    disks: Local<Disks>,
    slot: u32,
    generation: u32,
}

impl Submitted {
    pub(crate) fn new(disks: Local<Disks>, (slot, generation): (u32, u32)) -> Submitted {
        Submitted { disks, slot, generation }
    }

    /// The answer, once; pending for ever if its process died.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Errno>> {
        let (disks, slot, generation) = (self.disks, self.slot, self.generation);
        let mut replaced = None;
        let poll = disks.with(|device, kernel| {
            let poll = device.answer(slot, generation, cx, &mut replaced);
            if poll.is_pending() {
                kernel.waits(disks.number(), slot, device.what(slot, generation));
            }
            poll
        });
        drop(replaced);
        if poll.is_ready() {
            self.slot = u32::MAX;
        }
        poll
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        if self.slot != u32::MAX {
            self.disks.close(self.slot, self.generation);
        }
    }
}

/// A request and its answer.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Operation {
    home: Home,
    request: Option<io::Result<Request>>,
    submitted: Option<Submitted>,
}

impl Operation {
    pub(crate) fn new(home: Home, request: io::Result<Request>) -> Operation {
        Operation { home, request: Some(request), submitted: None }
    }
}

impl Future for Operation {
    type Output = io::Result<Answer>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Answer>> {
        let this = &mut *self;
        let home = this.home;
        if let Some(request) = this.request.take() {
            let disks = home.device::<Disks>();
            let submitted = disks.with(|device, kernel| {
                if !home.is_alive(kernel) {
                    return Ok(None);
                }
                let request = request?;
                Ok(Some(device.submit(disks.number(), home, request, kernel)))
            });
            match submitted {
                Ok(submitted) => this.submitted = submitted.map(|slot| Submitted::new(disks, slot)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        match &mut this.submitted {
            Some(submitted) => submitted.poll(cx).map_err(io::Error::from),
            // The dead get no answer.
            None => Poll::Pending,
        }
    }
}
