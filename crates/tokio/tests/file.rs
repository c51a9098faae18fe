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
use wavetank_core::{DirEntry, EntryKind, OpenOptions, StorageFile, StorageProvider};
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

/// Polls once and gives up, with as many threads as work is there for: what comes later may
/// overtake it. Two mebibytes take longer to write than a thread takes to begin.
fn give_up_midway(future: impl Future) {
    let _done_or_not = pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready();
}

/// What the file holds after `later`, which came after a write that was given up, and that it
/// stays so.
fn assert_settled(directory: &Directory, later: &str) -> usize {
    let found = directory.bytes().len();
    std::thread::sleep(std::time::Duration::from_millis(4));
    assert_eq!(directory.bytes().len(), found, "{later} came before the write that had been given up");
    found
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

#[tokio::test]
async fn what_is_cut_off_after_a_write_was_given_up_stays_cut_off() {
    let (directory, large) = (Directory::new("cut-off"), vec![7; 2 << 20]);
    for round in 0..30 {
        let mut file = directory.open(OpenOptions::create_write().truncate(true)).await;
        if round % 2 == 0 {
            give_up_midway(file.write(&large));
        } else {
            give_up_midway(file.write_at(&large, 0));
        }
        file.set_len(1).await.expect("the disk is well");
        assert_eq!(assert_settled(&directory, "a cut"), 1);
    }
}

#[tokio::test]
async fn whatever_comes_after_a_write_that_was_given_up_finds_it_over() {
    let (directory, large) = (Directory::new("over"), vec![7; 2 << 20]);
    for round in 0..100 {
        let mut file = directory.open(OpenOptions::create_write().truncate(true)).await;
        if round % 2 == 0 {
            give_up_midway(file.write(&large));
        } else {
            give_up_midway(file.write_at(&large, 0));
        }
        let later = ["a sync", "a sync of data", "a size", "a read", "a read by position"][round / 2 % 5];
        match later {
            "a sync" => file.sync_all().await.expect("the disk is well"),
            "a sync of data" => file.sync_data().await.expect("the disk is well"),
            "a size" => drop(file.size().await.expect("the disk is well")),
            "a read" => drop(file.read(&mut [0]).await.expect("the disk is well")),
            _ => drop(file.read_at(&mut [0], 0).await.expect("the disk is well")),
        }
        assert_settled(&directory, later);
    }
}

#[tokio::test]
async fn a_write_by_position_that_was_given_up_lands_before_the_next() {
    let (directory, large) = (Directory::new("by-position"), vec![7; 2 << 20]);
    for round in 0..300 {
        let mut file = directory.open(OpenOptions::create_write().truncate(true)).await;
        give_up_midway(file.write_at(&large, 0));
        let end = (2 << 20) - 4;
        if round % 2 == 0 {
            file.write_all_at(b"last", end).await.expect("the disk has room");
        } else {
            file.seek(SeekFrom::Start(end)).await.expect("an offset is an offset");
            file.write_all(b"last").await.expect("the disk has room");
        }
        assert_settled(&directory, "a write");
        assert_eq!(directory.bytes()[end as usize..], *b"last");
    }
}

#[tokio::test]
async fn a_file_that_is_opened_again_is_as_it_stays() {
    let (directory, large) = (Directory::new("again"), vec![7; 2 << 20]);
    let provider = TokioStorageProvider::new(&directory.0);
    for round in 0..40 {
        let mut file =
            provider.open("file", OpenOptions::create_write().truncate(true)).await.expect("nothing is in the way");
        if round % 2 == 0 {
            give_up_midway(file.write(&large));
        } else {
            give_up_midway(file.write_at(&large, 0));
        }
        drop(file);
        let options = OpenOptions::create_write().truncate(round / 2 % 2 == 0);
        drop(provider.open("file", options).await.expect("nothing is in the way"));
        let found = assert_settled(&directory, "an opening");
        assert!(!options.truncate || found == 0);
    }
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

            for to in [SeekFrom::Start(1), SeekFrom::Current(-3), SeekFrom::End(-3)] {
                give_up(file.read(&mut buffer));
                file.seek(to).await.expect("an offset is an offset");
                assert_eq!(file.read(&mut buffer).await.expect("three bytes are there"), 3);
                assert_eq!(&buffer[..3], b"ew!");
            }
        }
    });
}

#[test]
fn a_write_by_position_that_was_given_up_behind_a_read_is_seen_by_the_next() {
    with_one_thread(async {
        let directory = Directory::new("behind-a-read");
        let mut file = directory.open(OpenOptions::create_write()).await;
        file.write_all_at(b"old!", 0).await.expect("the disk has room");
        let mut buffer = [0; 4];
        give_up(file.read(&mut buffer));
        give_up(file.write_at(b"new!", 0));
        file.read_exact(&mut buffer).await.expect("four bytes are there");
        assert_eq!(&buffer, b"new!");
    });
}

#[test]
fn a_read_with_less_room_than_the_one_that_was_given_up_takes_what_fits() {
    with_one_thread(async {
        let directory = Directory::new("less-room");
        let mut file = directory.open(OpenOptions::create_write()).await;
        file.write_all_at(b"0123", 0).await.expect("the disk has room");
        give_up(file.read(&mut [0; 4]));
        let mut buffer = [0; 1];
        for expected in b"0123" {
            assert_eq!(file.read(&mut buffer).await.expect("the disk is well"), 1);
            assert_eq!(buffer[0], *expected);
        }
    });
}

#[tokio::test]
async fn nothing_is_read_or_written_without_waiting() {
    let directory = Directory::new("nothing");
    let mut file = directory.open(OpenOptions::create_write()).await;
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(file.read(&mut [])).poll(&mut cx).is_ready());
    assert!(pin!(file.write(&[])).poll(&mut cx).is_ready());
}

#[tokio::test]
async fn a_device_is_a_file_that_has_nothing_to_be_emptied_of() {
    let directory = Directory::new("device");
    let options = OpenOptions::create_write().truncate(true);
    let provider = TokioStorageProvider::new(&directory.0);
    let mut device = provider.open("/dev/null", options).await.expect("it has nothing to be emptied of");
    device.write_all(b"gone").await.expect("it takes everything");
    let listed = provider.read_dir("/dev").await.expect("it is a directory");
    assert!(listed.contains(&DirEntry { path: "/dev/null".into(), kind: EntryKind::File }));
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
