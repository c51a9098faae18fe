//! An open file of the operating system with a cursor of ours, worked by threads for
//! blocking work. Keeps no bytes back: what was reported as written the kernel has.
#![expect(clippy::disallowed_methods, reason = "the kernel's file calls block, so they need threads of their own")]

use crate::line::{Line, Waits};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use wavetank_core::StorageFile;

/// The most that one read or write moves: 2 MiB. Each holds a buffer of its size.
const CHUNK: usize = 2 << 20;

/// A real file.
///
/// - A write (by cursor or by position) is ready when the kernel has taken the bytes:
///   another handle, and a process that starts after this one was killed, reads them.
///   They are durable after a sync. `poll_flush` and `poll_shutdown` have nothing to
///   do. One call moves 2 MiB at the most.
/// - Dropping the future of a write stops nothing: the bytes may or may not land, at the
///   place where they were meant to go. The cursor does not move, so that the next write
///   goes to that same place (in append mode, behind them).
/// - A change (a write, a new length) that was given up is over before whatever comes later
///   through this handle begins; once this handle is closed, before the same provider, or a
///   clone of it, opens the file again.
/// - A read sees every write through this handle, by whichever way, that was ready before
///   it began. One by cursor that follows another one that was given up may be answered by
///   what that one found, for nobody can tell them apart: of what others wrote it then sees
///   what was ready before that began. A seek between them, to wherever it may be, keeps them
///   apart, and reads by position always are.
/// - A seek whose future is dropped moves the cursor now or never: not after a later read
///   or write.
#[derive(Debug)]
pub struct TokioStorageFile {
    file: Arc<File>,
    cursor: u64,
    append: bool,
    /// Counts changes by position, which may come behind a read or a write that nobody waits
    /// for any more: a later one is then another, whatever it looks like.
    changes: AtomicU64,
    line: Arc<Line>,
    underway: Option<Operation>,
    /// The last write by cursor. Whether its caller gave it up cannot be seen.
    writing: Option<Waits>,
    seek: Option<SeekFrom>,
}

/// What a blocking thread is doing for the cursor.
#[derive(Debug)]
enum Operation {
    Read { work: JoinHandle<io::Result<Vec<u8>>>, changes: u64 },
    Write { work: JoinHandle<Written>, changes: u64 },
    End(JoinHandle<io::Result<u64>>),
}

/// A write that is over: its bytes, and how many of them landed up to which offset.
#[derive(Debug)]
struct Written {
    bytes: Vec<u8>,
    result: io::Result<(usize, u64)>,
}

/// Runs `work` on a thread for blocking work.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(gone(error)))
}

/// The runtime ended before the work began, or the work panicked.
fn gone(error: tokio::task::JoinError) -> io::Error {
    io::Error::other(error)
}

/// Writes at `offset`, or at the end in append mode; how many bytes, and where they end.
fn write(mut file: &File, append: bool, bytes: &[u8], offset: u64) -> io::Result<(usize, u64)> {
    if append {
        // Not by position: only Linux would append then.
        let count = file.write(bytes)?;
        Ok((count, file.stream_position()?))
    } else {
        let count = file.write_at(bytes, offset)?;
        Ok((count, offset + count as u64))
    }
}

/// Reads up to `length` bytes at `offset`.
fn read(file: &File, length: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.min(CHUNK)];
    let count = file.read_at(&mut bytes, offset)?;
    bytes.truncate(count);
    Ok(bytes)
}

impl TokioStorageFile {
    /// An open file, and the line of all handles that it has.
    pub(crate) fn new(file: File, append: bool, line: Arc<Line>) -> TokioStorageFile {
        TokioStorageFile {
            file: Arc::new(file),
            cursor: 0,
            append,
            changes: AtomicU64::new(0),
            line,
            underway: None,
            writing: None,
            seek: None,
        }
    }

    /// Leaves nothing in it, as opening with `O_TRUNC` does: where that means something.
    pub(crate) async fn empty(&self) -> io::Result<()> {
        self.change(|file| if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }).await
    }

    /// Waits for changes that their callers gave up, since what comes next must come after
    /// them, and forgets a read or an end that its caller gave up.
    fn poll_clear(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.line.poll_clear(self.writing.as_ref(), cx));
        self.underway = None;
        Poll::Ready(())
    }

    /// Where the file ends.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        loop {
            if let Some(Operation::End(work)) = &mut self.underway {
                let done = ready!(Pin::new(work).poll(cx));
                self.underway = None;
                return Poll::Ready(done.unwrap_or_else(|error| Err(gone(error))));
            }
            ready!(self.poll_clear(cx));
            let file = self.file.clone();
            self.underway = Some(Operation::End(tokio::task::spawn_blocking(move || Ok(file.metadata()?.len()))));
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.line.clear(self.writing.as_ref()).await;
        let file = self.file.clone();
        blocking(move || work(&file)).await
    }

    /// [`run`](Self::run) for what changes the file.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.line.clear(self.writing.as_ref()).await;
        // Before it begins: dropping this future does not stop it.
        self.changes.fetch_add(1, Ordering::Release);
        let (_waits, change) = self.line.begin();
        let file = self.file.clone();
        blocking(move || {
            let result = work(&file);
            drop(change);
            result
        })
        .await
    }
}

impl AsyncRead for TokioStorageFile {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        this.seek = None;
        loop {
            if let Some(Operation::Read { work, changes }) = &mut this.underway {
                let done = ready!(Pin::new(work).poll(cx));
                let fresh = *changes == this.changes.load(Ordering::Acquire);
                this.underway = None;
                if fresh {
                    let bytes = done.unwrap_or_else(|error| Err(gone(error)))?;
                    // Less room than was asked for: another read than the one that began this.
                    let count = bytes.len().min(buffer.remaining());
                    buffer.put_slice(&bytes[..count]);
                    this.cursor += count as u64;
                    return Poll::Ready(Ok(()));
                }
            }
            ready!(this.poll_clear(cx));
            let (file, length, offset) = (this.file.clone(), buffer.remaining(), this.cursor);
            let changes = this.changes.load(Ordering::Acquire);
            let work = tokio::task::spawn_blocking(move || read(&file, length, offset));
            this.underway = Some(Operation::Read { work, changes });
        }
    }
}

impl AsyncWrite for TokioStorageFile {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        this.seek = None;
        loop {
            if let Some(Operation::Write { work, changes }) = &mut this.underway {
                let done = ready!(Pin::new(work).poll(cx));
                let fresh = *changes == this.changes.load(Ordering::Acquire);
                this.underway = None;
                let written = done.map_err(gone)?;
                // Other bytes, or something has changed since: their caller gave that write up,
                // and this is a new one.
                if fresh && written.bytes == bytes {
                    let (count, end) = written.result?;
                    this.cursor = end;
                    return Poll::Ready(Ok(count));
                }
            }
            ready!(this.poll_clear(cx));
            let (file, append, offset, bytes) = (this.file.clone(), this.append, this.cursor, bytes.to_vec());
            let changes = this.changes.load(Ordering::Acquire);
            let (waits, change) = this.line.begin();
            let work = tokio::task::spawn_blocking(move || {
                let result = write(&file, append, &bytes, offset);
                drop(change);
                Written { bytes, result }
            });
            this.writing = Some(waits);
            this.underway = Some(Operation::Write { work, changes });
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for TokioStorageFile {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.get_mut().seek = Some(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        let Some(position) = this.seek else { return Poll::Ready(Ok(this.cursor)) };
        let target = match position {
            SeekFrom::Start(offset) => {
                ready!(this.poll_clear(cx));
                Ok(Some(offset))
            }
            SeekFrom::Current(distance) => {
                ready!(this.poll_clear(cx));
                Ok(this.cursor.checked_add_signed(distance))
            }
            SeekFrom::End(distance) => ready!(this.poll_end(cx)).map(|end| end.checked_add_signed(distance)),
        };
        this.seek = None;
        // Offsets are signed in the kernel.
        let target = target?.filter(|target| i64::try_from(*target).is_ok());
        this.cursor = target.ok_or(io::ErrorKind::InvalidInput)?;
        Poll::Ready(Ok(this.cursor))
    }
}

impl StorageFile for TokioStorageFile {
    async fn sync_all(&self) -> io::Result<()> {
        self.run(File::sync_all).await
    }

    async fn sync_data(&self) -> io::Result<()> {
        self.run(File::sync_data).await
    }

    async fn size(&self) -> io::Result<u64> {
        self.run(|file| Ok(file.metadata()?.len())).await
    }

    async fn set_len(&self, size: u64) -> io::Result<()> {
        self.change(move |file| file.set_len(size)).await
    }

    async fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = buffer.len();
        let bytes = self.run(move |file| read(file, length, offset)).await?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    async fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let bytes = bytes[..bytes.len().min(CHUNK)].to_vec();
        let append = self.append;
        self.change(move |file| write(file, append, &bytes, offset)).await.map(|(count, _)| count)
    }
}
