//! Exact reads and whole writes go on when a signal interrupts them, as those of std do: a
//! file over a network or in user space may say so at any time. They say where it ends.

use std::io::{self, ErrorKind, SeekFrom};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wavetank_core::{BlockingFile, StorageFile};

/// Behind this a disk is broken.
const BROKEN: u64 = 9;

/// Room for three bytes, of which each call moves one, if it is not interrupted: every other is.
#[derive(Default)]
struct Slow(Mutex<(bool, Vec<u8>)>);

impl Slow {
    fn interrupt(&self) -> io::Result<()> {
        let turn = &mut self.0.lock().expect("one thread").0;
        *turn = !*turn;
        if *turn { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.interrupt()?;
        broken(offset)?;
        let found = self.0.lock().expect("one thread").1.get(offset as usize).copied();
        buffer.iter_mut().zip(found).for_each(|(place, byte)| *place = byte);
        Ok(usize::from(found.is_some()))
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.interrupt()?;
        broken(offset)?;
        let held = &mut self.0.lock().expect("one thread").1;
        assert_eq!(held.len() as u64, offset, "each byte goes behind the one before it");
        let has_room = held.len() < 3;
        held.extend(bytes.first().filter(|_| has_room));
        Ok(usize::from(has_room))
    }
}

impl BlockingFile for Slow {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.write(bytes, offset)
    }

    fn append(&self, _: &[u8]) -> io::Result<()> {
        unreachable!()
    }

    fn sync(&self) -> io::Result<()> {
        unreachable!()
    }

    fn sync_data(&self) -> io::Result<()> {
        unreachable!()
    }

    fn size(&self) -> io::Result<u64> {
        unreachable!()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        unreachable!()
    }

    fn try_lock(&self) -> io::Result<()> {
        unreachable!()
    }

    fn unlock(&self) -> io::Result<()> {
        unreachable!()
    }
}

impl AsyncRead for Slow {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        unreachable!()
    }
}

impl AsyncWrite for Slow {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        unreachable!()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        unreachable!()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        unreachable!()
    }
}

impl AsyncSeek for Slow {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        unreachable!()
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        unreachable!()
    }
}

impl StorageFile for Slow {
    async fn sync_all(&self) -> io::Result<()> {
        unreachable!()
    }

    async fn sync_data(&self) -> io::Result<()> {
        unreachable!()
    }

    async fn size(&self) -> io::Result<u64> {
        unreachable!()
    }

    async fn set_len(&self, _: u64) -> io::Result<()> {
        unreachable!()
    }

    async fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(buffer, offset)
    }

    async fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.write(bytes, offset)
    }
}

fn broken(offset: u64) -> io::Result<()> {
    if offset == BROKEN { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
}

fn finished<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn kind(result: io::Result<()>) -> ErrorKind {
    result.expect_err("three bytes are all there is").kind()
}

#[test]
fn blocking_calls_go_on() {
    let (file, mut buffer) = (Slow::default(), [0; 3]);
    BlockingFile::write_all_at(&file, b"abc", 0).expect("an interruption is no end");
    BlockingFile::read_exact_at(&file, &mut buffer, 0).expect("an interruption is no end");
    assert_eq!(&buffer, b"abc");
    let ends = [BlockingFile::read_exact_at(&file, &mut buffer, 1), BlockingFile::write_all_at(&file, b"d", 3)];
    assert_eq!(ends.map(kind), [ErrorKind::UnexpectedEof, ErrorKind::WriteZero]);
    let broken =
        [BlockingFile::read_exact_at(&file, &mut buffer, BROKEN), BlockingFile::write_all_at(&file, b"d", BROKEN)];
    assert_eq!(broken.map(kind), [ErrorKind::StorageFull; 2]);
}

#[test]
fn asynchronous_calls_go_on() {
    let (file, mut buffer) = (Slow::default(), [0; 3]);
    finished(StorageFile::write_all_at(&file, b"abc", 0)).expect("an interruption is no end");
    finished(StorageFile::read_exact_at(&file, &mut buffer, 0)).expect("an interruption is no end");
    assert_eq!(&buffer, b"abc");
    let short = finished(StorageFile::read_exact_at(&file, &mut buffer, 1));
    let full = finished(StorageFile::write_all_at(&file, b"d", 3));
    assert_eq!([short, full].map(kind), [ErrorKind::UnexpectedEof, ErrorKind::WriteZero]);
    let read = finished(StorageFile::read_exact_at(&file, &mut buffer, BROKEN));
    let written = finished(StorageFile::write_all_at(&file, b"d", BROKEN));
    assert_eq!([read, written].map(kind), [ErrorKind::StorageFull; 2]);
}
