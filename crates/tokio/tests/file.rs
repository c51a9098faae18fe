//! What the production file promises beyond its trait: futures that are given up, and
//! reads and writes by cursor and by position on one handle.

#![expect(clippy::disallowed_methods, reason = "the tests keep a real thread busy")]

use std::future::Future;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Waker};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::runtime::Builder;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_tokio::{TokioStorageFile, TokioStorageProvider};

/// A directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("wavetank-tokio-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary directory can be written to");
        Directory(path)
    }

    async fn open(&self, options: OpenOptions) -> TokioStorageFile {
        TokioStorageProvider::new(&self.0).open("file", options).await.expect("nothing is in the way")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.0.join("file")).expect("the file was created")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

/// Polls once and gives up: the operation is queued, and runs before any later one.
///
/// The one thread for blocking work is kept busy meanwhile, or it might be ready at once.
fn give_up(future: impl Future) {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || gate.recv());
    assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(open);
}

fn with_one_thread(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build();
    runtime.expect("a runtime without drivers").block_on(test);
}

#[tokio::test]
async fn a_write_that_is_ready_is_in_the_kernels_hands() {
    let directory = Directory::new("ready");
    let mut file = directory.open(OpenOptions::create_write()).await;
    for round in 0u8..100 {
        assert_eq!(file.write(&[round]).await.expect("the disk has room"), 1);
        assert_eq!(directory.bytes().last(), Some(&round));
    }
}

#[test]
fn a_write_that_was_given_up_is_followed_by_the_next_at_its_place() {
    with_one_thread(async {
        let directory = Directory::new("given-up");
        for _ in 0..50 {
            let mut file = directory.open(OpenOptions::create_write().truncate(true)).await;
            file.write_all(b"ab").await.expect("the disk has room");
            give_up(file.write(b"xxxx"));
            file.write_all(b"cd").await.expect("the disk has room");
            assert_eq!(file.stream_position().await.expect("a cursor is always somewhere"), 4);
            assert_eq!(&directory.bytes()[..4], b"abcd", "the later write wins");
        }
    });
}

#[test]
fn the_same_bytes_at_another_place_are_another_write() {
    with_one_thread(async {
        let directory = Directory::new("another-place");
        let mut file = directory.open(OpenOptions::create_write()).await;
        give_up(file.write(b"xx"));
        file.seek(SeekFrom::Start(4)).await.expect("an offset is an offset");
        file.write_all(b"xx").await.expect("the disk has room");
        assert_eq!(directory.bytes()[4..], *b"xx");
        assert_eq!(file.seek(SeekFrom::End(-1)).await.expect("the end is known"), 5);
    });
}

#[test]
fn a_record_that_is_rolled_back_and_written_again_is_there() {
    with_one_thread(async {
        let directory = Directory::new("rolled-back");
        for options in [OpenOptions::append(), OpenOptions::create_write()] {
            let mut log = directory.open(options).await;
            log.set_len(0).await.expect("the disk is well");
            log.write_all(b"one.").await.expect("the disk has room");
            give_up(log.write(b"two."));
            log.set_len(4).await.expect("the disk is well");
            log.write_all(b"two.").await.expect("the disk has room");
            assert_eq!(directory.bytes(), b"one.two.", "{options:?}");
            give_up(log.write(b"three."));
            give_up(log.set_len(8));
            log.write_all(b"three.").await.expect("the disk has room");
            assert_eq!(directory.bytes(), b"one.two.three.", "{options:?}");
        }
    });
}

#[test]
fn a_seek_that_was_given_up_moves_nothing_later() {
    with_one_thread(async {
        let directory = Directory::new("seek");
        let mut file = directory.open(OpenOptions::create_write()).await;
        file.write_all_at(b"0123456789", 0).await.expect("the disk has room");
        give_up(file.seek(SeekFrom::End(0)));
        assert_eq!(file.read_u8().await.expect("ten bytes are there"), b'0');
        assert_eq!(file.stream_position().await.expect("a cursor is somewhere"), 1);
        give_up(file.seek(SeekFrom::End(0)));
        file.write_all(b"b").await.expect("the disk has room");
        assert_eq!(file.stream_position().await.expect("a cursor is somewhere"), 2);
    });
}

#[test]
fn a_read_that_was_given_up_does_not_answer_a_later_one() {
    with_one_thread(async {
        let directory = Directory::new("stale");
        for _ in 0..50 {
            let mut file = directory.open(OpenOptions::create_write()).await;
            file.write_all_at(b"old!", 0).await.expect("the disk has room");
            let mut buffer = [0; 4];
            give_up(file.read(&mut buffer));
            file.write_all_at(b"new!", 0).await.expect("the disk has room");
            file.read_exact(&mut buffer).await.expect("four bytes are there");
            assert_eq!(&buffer, b"new!");

            give_up(file.read(&mut buffer));
            file.seek(SeekFrom::Start(1)).await.expect("an offset is an offset");
            assert_eq!(file.read(&mut buffer).await.expect("three bytes are there"), 3);
            assert_eq!(&buffer[..3], b"ew!");
        }
    });
}

#[tokio::test]
async fn one_call_moves_two_mebibytes_at_the_most_and_the_whole_arrives() {
    let directory = Directory::new("chunk");
    let bytes: Vec<u8> = (0..5_000_000u32).map(|number| (number % 251) as u8).collect();
    let mut file = directory.open(OpenOptions::create_write()).await;
    assert_eq!(file.write(&bytes).await.expect("the disk has room"), 2 << 20);
    file.rewind().await.expect("there is a beginning");
    file.write_all(&bytes).await.expect("the disk has room");
    file.rewind().await.expect("there is a beginning");
    let mut back = Vec::new();
    file.read_to_end(&mut back).await.expect("the file can be read");
    assert!(back == bytes);
}
