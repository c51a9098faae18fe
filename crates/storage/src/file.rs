//! An open file of a simulated disk, as a process holds it. Owns no bytes and no
//! cursor: those are the device's.

use crate::cache::{Call, FileId};
use crate::disks::{Disks, FILE};
use crate::errno::Errno;
use crate::operation::{Request, Submitted};
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wavetank_core::StorageFile;
use wavetank_engine::{Home, Kernel, Local};

/// A file of a simulated disk.
///
/// - A write is ready at once: it is in the page cache, where every other handle
///   sees it. It is durable after a sync.
/// - A read of what is in the page cache is ready at once; after a machine's crash
///   the cache is cold, and the first read of a page takes its time. (A write to a
///   part of a cold page does not.)
/// - One call moves 2 MiB at the most, as in production.
/// - Once its process is dead, every operation is pending for ever.
#[derive(Debug)]
pub struct SimStorageFile {
    disks: Local<Disks>,
    home: Home,
    id: FileId,
    reading: Option<Submitted>,
    seeking: Option<SeekFrom>,
}

impl SimStorageFile {
    pub(crate) fn new(home: Home, slot: u32, generation: u32) -> SimStorageFile {
        SimStorageFile { disks: home.device(), home, id: FileId { slot, generation }, reading: None, seeking: None }
    }

    /// Makes a call that needs no device.
    #[inline]
    fn call<T>(&self, body: impl FnOnce(&mut Disks, &mut Kernel) -> Call<T>) -> Poll<io::Result<T>> {
        match self.disks.with(body) {
            Call::Done(result) => Poll::Ready(result.map_err(io::Error::from)),
            Call::Fetch(_) | Call::Dead => self.dead(),
        }
    }

    /// Reads what is in the cache, or waits for the device with what it keeps in `fetching`.
    #[inline]
    fn poll_read_from(
        &self,
        offset: Option<u64>,
        buffer: &mut [u8],
        fetching: &mut Option<Submitted>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(submitted) = fetching {
                let fetched = ready!(submitted.poll(cx));
                *fetching = None;
                fetched?;
            }
            let id = self.id;
            match self.disks.with(|disks, kernel| disks.read(id, offset, buffer, kernel)) {
                Call::Done(result) => return Poll::Ready(result.map_err(io::Error::from)),
                Call::Fetch(request) => *fetching = Some(self.submit(request)),
                Call::Dead => return self.dead(),
            }
        }
    }

    #[cold]
    fn submit(&self, request: Request) -> Submitted {
        let (disks, home) = (self.disks, self.home);
        let slot = disks.with(|device, kernel| device.submit(disks.number(), home, request, kernel));
        Submitted::new(disks, slot)
    }

    /// The dead get no answer.
    #[cold]
    fn dead<T>(&self) -> Poll<T> {
        let number = self.disks.number();
        self.disks.with(|_, kernel| kernel.waits(number, u32::MAX, "a file of a dead process"));
        Poll::Pending
    }

    async fn sync(&self) -> io::Result<()> {
        let id = self.id;
        let Some(request) = self.disks.with(|disks, _| disks.sync(id)) else {
            return poll_fn(|_| self.dead()).await;
        };
        let mut submitted = self.submit(request);
        poll_fn(|cx| submitted.poll(cx)).await.map(drop).map_err(io::Error::from)
    }
}

impl Drop for SimStorageFile {
    fn drop(&mut self) {
        self.reading = None;
        self.disks.close(self.id.slot | FILE, self.id.generation);
    }
}

impl AsyncRead for SimStorageFile {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        this.seeking = None;
        let mut reading = this.reading.take();
        let poll = this.poll_read_from(None, buffer.initialize_unfilled(), &mut reading, cx);
        this.reading = reading;
        let count = ready!(poll)?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SimStorageFile {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = self.get_mut();
        this.seeking = None;
        let id = this.id;
        this.call(|disks, kernel| disks.write(id, None, bytes, kernel))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for SimStorageFile {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.get_mut().seeking = Some(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        let (id, seeking) = (this.id, this.seeking.take());
        this.call(|disks, kernel| match seeking {
            Some(position) => disks.seek(id, position, kernel),
            None => disks.position(id),
        })
    }
}

impl StorageFile for SimStorageFile {
    async fn sync_all(&self) -> io::Result<()> {
        self.sync().await
    }

    async fn sync_data(&self) -> io::Result<()> {
        self.sync().await
    }

    async fn size(&self) -> io::Result<u64> {
        let id = self.id;
        poll_fn(|_| self.call(|disks, kernel| disks.size(id, kernel))).await
    }

    async fn set_len(&self, size: u64) -> io::Result<()> {
        // As std, which asks for an `i64`.
        if i64::try_from(size).is_err() {
            return Err(Errno::INVALID.into());
        }
        let id = self.id;
        poll_fn(|_| self.call(|disks, kernel| disks.set_len(id, size, kernel))).await
    }

    async fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut fetching = None;
        poll_fn(|cx| self.poll_read_from(Some(offset), buffer, &mut fetching, cx)).await
    }

    async fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let id = self.id;
        poll_fn(|_| self.call(|disks, kernel| disks.write(id, Some(offset), bytes, kernel))).await
    }
}
