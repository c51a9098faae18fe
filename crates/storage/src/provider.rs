//! A machine's disk, as a process sees it. Owns nothing: each call is an operation
//! of the device.

use crate::broken::Broken;
use crate::disks::Disks;
use crate::file::SimStorageFile;
use crate::operation::{Answer, Operation, Request};
use crate::path::Route;
use ref_cast::RefCast;
use std::future::Future;
use std::io;
use std::path::Path;
use wavetank_core::{DirEntry, OpenOptions, StorageProvider};
use wavetank_engine::Home;

/// The disk of a process's machine.
///
/// Every call is an operation of the device, takes its time, and may be under way
/// when the process dies: then it happened, or not. One whose future is dropped lands all
/// the same, maybe behind what is asked for later. Absolute and relative paths begin at the
/// same root.
#[derive(Debug, Clone, Copy, RefCast)]
#[repr(transparent)]
pub struct SimStorageProvider {
    home: Home,
}

impl SimStorageProvider {
    /// The disk that a process sees: among the [`Disks`] of its world. Using it panics if
    /// there are none.
    pub fn new(home: Home) -> SimStorageProvider {
        SimStorageProvider { home }
    }

    /// The same by reference, so that a bundle of providers holds its process once.
    pub fn of(home: &Home) -> &SimStorageProvider {
        SimStorageProvider::ref_cast(home)
    }

    fn operation(&self, request: io::Result<Request>) -> Operation {
        Operation::new(self.home, request)
    }

    async fn done(self, request: io::Result<Request>) -> io::Result<()> {
        self.operation(request).await.map(drop)
    }
}

impl StorageProvider for SimStorageProvider {
    type File = SimStorageFile;

    fn open(
        &self,
        path: impl AsRef<Path> + Send,
        options: OpenOptions,
    ) -> impl Future<Output = io::Result<SimStorageFile>> + Send {
        let home = self.home;
        let is_checked = options.validate().or_else(|error| {
            let is_broken = home.device::<Disks>().with(|disks, _| disks.config.breaks(Broken::OptionsChecked));
            if is_broken { Ok(()) } else { Err(error) }
        });
        let route = is_checked.and_then(|()| Route::new(path.as_ref()));
        let operation = self.operation(route.map(|route| Request::Open { route, options }));
        async move {
            match operation.await? {
                Answer::File(slot, generation) => Ok(SimStorageFile::new(home, slot, generation)),
                answer => unreachable!("an open is answered with a file, not {answer:?}"),
            }
        }
    }

    fn exists(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<bool>> + Send {
        let operation = self.operation(Route::new(path.as_ref()).map(|route| Request::Exists { route }));
        async move { operation.await.map(|answer| matches!(answer, Answer::Exists(true))) }
    }

    fn delete(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send {
        self.done(Route::new(path.as_ref()).map(|route| Request::Delete { route }))
    }

    fn rename(
        &self,
        from: impl AsRef<Path> + Send,
        to: impl AsRef<Path> + Send,
    ) -> impl Future<Output = io::Result<()>> + Send {
        let routes = Route::new(from.as_ref()).and_then(|from| Ok((from, Route::new(to.as_ref())?)));
        self.done(routes.map(|(from, to)| Request::Rename { from, to }))
    }

    fn create_dir_all(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send {
        self.done(Route::new(path.as_ref()).map(|route| Request::CreateDirAll { route }))
    }

    fn read_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<Vec<DirEntry>>> + Send {
        let asked = path.as_ref().to_path_buf();
        let operation = self.operation(Route::new(&asked).map(|route| Request::ReadDir { route }));
        async move {
            match operation.await? {
                Answer::Entries(entries) => {
                    Ok(entries.into_iter().map(|(name, kind)| DirEntry { path: asked.join(name), kind }).collect())
                }
                answer => unreachable!("a list is answered with entries, not {answer:?}"),
            }
        }
    }

    fn remove_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send {
        self.done(Route::new(path.as_ref()).map(|route| Request::RemoveDir { route }))
    }

    fn sync_dir(&self, path: impl AsRef<Path> + Send) -> impl Future<Output = io::Result<()>> + Send {
        self.done(Route::new(path.as_ref()).map(|route| Request::SyncDir { route, mark: 0 }))
    }
}
