//! Contracts of opening, reading and writing files. What survives a crash is not
//! promised here: the real world has no crash to offer.

use crate::Stage;
use std::future::Future;
use std::io::{ErrorKind, SeekFrom};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use wavetank_core::{File, OpenOptions, Providers, StorageFile, StorageProvider};

const EBADF: i32 = 9;
const EINVAL: i32 = 22;

/// Writes a file called `file` with these contents.
async fn put<P: Providers>(stage: &Stage<P>, contents: &[u8]) {
    let mut file = open(stage, OpenOptions::create_write().truncate(true)).await;
    file.write_all(contents).await.expect("the disk has room");
}

async fn open<P: Providers>(stage: &Stage<P>, options: OpenOptions) -> File<P> {
    stage.a.world.open("file", options).await.expect("nothing is in the way")
}

async fn open_error<P: Providers>(stage: &Stage<P>, path: &str, options: OpenOptions) -> ErrorKind {
    stage.a.world.open(path, options).await.err().expect("it must not open").kind()
}

/// What a file called `file` holds, through a handle of its own.
async fn get<P: Providers>(stage: &Stage<P>) -> Vec<u8> {
    let mut contents = Vec::new();
    open(stage, OpenOptions::read_only()).await.read_to_end(&mut contents).await.expect("the disk is well");
    contents
}

/// Polls once and no more: whether it is over by then is the world's business.
fn begin(future: impl Future) {
    let _over_or_not = pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready();
}

/// Gives a write of 2 MiB up, by position or by cursor: it takes the real world a while.
fn give_up_a_write<P: Providers>(file: &mut File<P>, is_positioned: bool) {
    let bytes = vec![7; 2 << 20];
    if is_positioned { begin(file.write_at(&bytes, 0)) } else { begin(file.write(&bytes)) }
}

/// Opening what is not there fails with `NotFound`.
pub async fn opening_what_is_not_there_fails<P: Providers>(stage: Stage<P>) {
    for options in [OpenOptions::read_only(), OpenOptions::read_write()] {
        assert_eq!(open_error(&stage, "nothing", options).await, ErrorKind::NotFound);
    }
    assert_eq!(open_error(&stage, "nowhere/file", OpenOptions::create_write()).await, ErrorKind::NotFound);
}

/// Opening with `create` keeps what is there.
pub async fn creating_keeps_what_is_there<P: Providers>(stage: Stage<P>) {
    put(&stage, b"kept").await;
    drop(open(&stage, OpenOptions::create_write()).await);
    assert_eq!(get(&stage).await, b"kept");
}

/// Opening with `create_new` fails if the name exists.
pub async fn creating_anew_fails_on_what_is_there<P: Providers>(stage: Stage<P>) {
    drop(open(&stage, OpenOptions::create_new()).await);
    assert_eq!(open_error(&stage, "file", OpenOptions::create_new()).await, ErrorKind::AlreadyExists);
}

/// Opening with `truncate` empties the file.
pub async fn truncating_empties<P: Providers>(stage: Stage<P>) {
    put(&stage, b"old").await;
    let file = open(&stage, OpenOptions::read_write().truncate(true)).await;
    assert_eq!(file.size().await.expect("the disk is well"), 0);
}

/// Options that make no sense together are refused and change nothing.
pub async fn options_without_sense_are_refused<P: Providers>(stage: Stage<P>) {
    put(&stage, b"kept").await;
    let senseless = [
        OpenOptions::default(),
        OpenOptions::read_only().truncate(true),
        OpenOptions::append().truncate(true),
        OpenOptions { create: true, ..OpenOptions::read_only() },
        OpenOptions { create_new: true, ..OpenOptions::read_only() },
        OpenOptions::read_write().write(false).truncate(true),
    ];
    for options in senseless {
        assert_eq!(open_error(&stage, "file", options).await, ErrorKind::InvalidInput, "{options:?}");
    }
    assert_eq!(get(&stage).await, b"kept");
}

/// A directory does not open as a file.
pub async fn a_directory_does_not_open_as_a_file<P: Providers>(stage: Stage<P>) {
    stage.a.world.storage().create_dir_all("dir").await.expect("nothing is in the way");
    for options in [OpenOptions::read_only(), OpenOptions::read_write()] {
        assert_eq!(open_error(&stage, "dir", options).await, ErrorKind::IsADirectory);
    }
}

/// A path below a file fails with `NotADirectory`.
pub async fn there_is_nothing_below_a_file<P: Providers>(stage: Stage<P>) {
    put(&stage, b"").await;
    assert_eq!(open_error(&stage, "file/below", OpenOptions::create_write()).await, ErrorKind::NotADirectory);
}

/// A write that is ready is seen through another handle.
pub async fn what_is_written_is_read_through_another_handle<P: Providers>(stage: Stage<P>) {
    let mut writer = open(&stage, OpenOptions::create_write()).await;
    let mut reader = open(&stage, OpenOptions::read_only()).await;
    let mut buffer = [0; 3];
    for word in [b"one", b"two"] {
        writer.write_all(word).await.expect("the disk has room");
        reader.read_exact(&mut buffer).await.expect("it was written");
        assert_eq!(&buffer, word);
    }
}

/// What is written in many pieces comes back whole.
pub async fn large_writes_come_back_whole<P: Providers>(stage: Stage<P>) {
    let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    put(&stage, &bytes).await;
    assert!(get(&stage).await == bytes);
}

/// Reading and writing move the handle's one cursor.
pub async fn reading_and_writing_move_the_cursor<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123456789").await;
    let mut file = open(&stage, OpenOptions::read_write()).await;
    let mut buffer = [0; 2];
    file.read_exact(&mut buffer).await.expect("ten bytes are there");
    file.write_all(b"ab").await.expect("the disk has room");
    assert_eq!(file.stream_position().await.expect("a cursor is somewhere"), 4);
    file.read_exact(&mut buffer).await.expect("ten bytes are there");
    assert_eq!(&buffer, b"45");
    assert_eq!(get(&stage).await, b"01ab456789");
}

/// Seeking counts from the start, the cursor or the end.
pub async fn seeking_moves_the_cursor<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123456789").await;
    let mut file = open(&stage, OpenOptions::read_only()).await;
    for (to, position) in [(SeekFrom::Start(4), 4), (SeekFrom::Current(-1), 3), (SeekFrom::End(-2), 8)] {
        assert_eq!(file.seek(to).await.expect("it is within the file"), position);
    }
    let error = file.seek(SeekFrom::End(-11)).await.expect_err("nothing is there");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(file.read_u8().await.expect("two bytes are left"), b'8');
}

/// Seeking before the beginning fails and leaves the cursor.
pub async fn seeking_before_the_beginning_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let mut file = open(&stage, OpenOptions::read_only()).await;
    file.seek(SeekFrom::Start(1)).await.expect("it is within the file");
    let error = file.seek(SeekFrom::Current(-2)).await.expect_err("nothing is there");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(file.read_u8().await.expect("the cursor did not move"), b'1');
}

/// Each handle has a cursor of its own.
pub async fn handles_have_cursors_of_their_own<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let (mut one, mut other) =
        (open(&stage, OpenOptions::read_only()).await, open(&stage, OpenOptions::read_only()).await);
    one.seek(SeekFrom::Start(3)).await.expect("it is within the file");
    assert_eq!(other.read_u8().await.expect("four bytes are there"), b'0');
    assert_eq!(one.read_u8().await.expect("one byte is left"), b'3');
}

/// At and behind the end a read gives no bytes, and what is left before it.
pub async fn reading_at_the_end_gives_nothing<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let mut file = open(&stage, OpenOptions::read_only()).await;
    let mut buffer = [0; 8];
    for offset in [4, 5, 1 << 40] {
        assert_eq!(file.read_at(&mut buffer, offset).await.expect("the end is no error"), 0);
        file.seek(SeekFrom::Start(offset)).await.expect("behind the end is a place");
        assert_eq!(file.read(&mut buffer).await.expect("the end is no error"), 0);
    }
    assert_eq!(file.read_at(&mut buffer, 2).await.expect("two bytes are there"), 2);
}

/// Reading or writing at, or seeking to, an offset of 2^63 or more is invalid and changes nothing.
pub async fn an_offset_beyond_the_kernels_is_refused<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let mut file = open(&stage, OpenOptions::read_write()).await;
    for offset in [1 << 63, u64::MAX] {
        for result in [file.read_at(&mut [0; 1], offset).await, file.write_at(b"x", offset).await] {
            assert_eq!(result.expect_err("the kernel's offsets are signed").raw_os_error(), Some(EINVAL));
        }
        let error = file.seek(SeekFrom::Start(offset)).await.expect_err("a cursor goes no farther");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(file.read_u8().await.expect("the cursor did not move"), b'0');
    assert_eq!(get(&stage).await, b"0123");
}

/// Reading and writing by position leave the cursor, which sees what they wrote.
pub async fn positioned_reads_and_writes_leave_the_cursor<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123456789").await;
    let mut file = open(&stage, OpenOptions::read_write()).await;
    let mut buffer = [0; 3];
    file.read_exact(&mut buffer).await.expect("ten bytes are there");
    file.read_exact_at(&mut buffer, 7).await.expect("ten bytes are there");
    assert_eq!(&buffer, b"789");
    file.write_all_at(b"ab", 3).await.expect("the disk has room");
    assert_eq!(file.stream_position().await.expect("a cursor is somewhere"), 3);
    file.read_exact(&mut buffer).await.expect("ten bytes are there");
    assert_eq!(&buffer, b"ab5", "and the cursor sees what was written by position");
}

/// A gap that was never written reads as zeros.
pub async fn a_gap_reads_as_zeros<P: Providers>(stage: Stage<P>) {
    let mut file = open(&stage, OpenOptions::create_write()).await;
    file.write_all_at(b"b", 3).await.expect("the disk has room");
    file.seek(SeekFrom::Start(6)).await.expect("behind the end is a place");
    file.write_all(b"c").await.expect("the disk has room");
    assert_eq!(get(&stage).await, b"\0\0\0b\0\0c");
    // So far that whole blocks of the disk are in the gap.
    file.write_all_at(b"d", 100_000).await.expect("the disk has room");
    let contents = get(&stage).await;
    assert!(contents.len() == 100_001 && contents[7..100_000].iter().all(|byte| *byte == 0));
}

/// An exact read over the end fails with `UnexpectedEof`.
pub async fn an_exact_read_over_the_end_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let file = open(&stage, OpenOptions::read_only()).await;
    let error = file.read_exact_at(&mut [0; 4], 1).await.expect_err("three bytes are there");
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

/// In append mode each write goes to the end of that moment, and the cursor follows.
pub async fn appending_goes_to_the_end<P: Providers>(stage: Stage<P>) {
    put(&stage, b"01").await;
    let mut file = open(&stage, OpenOptions::append()).await;
    file.rewind().await.expect("there is a beginning");
    file.write_all(b"23").await.expect("the disk has room");
    assert_eq!(file.stream_position().await.expect("a cursor is somewhere"), 4);
    // Another handle makes the end move.
    open(&stage, OpenOptions::append()).await.write_all(b"45").await.expect("the disk has room");
    file.write_all(b"67").await.expect("the disk has room");
    assert_eq!(get(&stage).await, b"01234567");
    file.rewind().await.expect("there is a beginning");
    assert_eq!(file.read_u8().await.expect("eight bytes are there"), b'0');
}

/// In append mode a write by position appends.
pub async fn a_positioned_write_in_append_mode_appends<P: Providers>(stage: Stage<P>) {
    put(&stage, b"01").await;
    let file = open(&stage, OpenOptions::append()).await;
    file.write_all_at(b"23", 0).await.expect("the disk has room");
    assert_eq!(get(&stage).await, b"0123");
}

/// Setting the length cuts off for good and extends with zeros.
pub async fn setting_the_length_cuts_and_extends<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let file = open(&stage, OpenOptions::read_write()).await;
    file.set_len(2).await.expect("the disk is well");
    file.set_len(5).await.expect("the disk has room");
    assert_eq!(file.size().await.expect("the disk is well"), 5);
    assert_eq!(get(&stage).await, b"01\0\0\0", "what was cut off does not come back");
}

/// A file that is cut off after a write was given up stays as it is then.
pub async fn a_cut_comes_after_a_write_that_was_given_up<P: Providers>(stage: Stage<P>) {
    for round in 0..10 {
        let mut file = open(&stage, OpenOptions::create_write().truncate(true)).await;
        give_up_a_write::<P>(&mut file, round % 2 == 0);
        file.set_len(1).await.expect("the disk is well");
        stage.a.world.sleep(Duration::from_millis(5)).await;
        assert_eq!(file.size().await.expect("the disk is well"), 1);
    }
}

/// A file that is opened again stays as it is, although a write was given up before it was closed.
pub async fn a_file_that_is_opened_again_stays_as_it_is<P: Providers>(stage: Stage<P>) {
    for round in 0..10 {
        let mut file = open(&stage, OpenOptions::create_write().truncate(true)).await;
        give_up_a_write::<P>(&mut file, round % 2 == 0);
        drop(file);
        let size = open(&stage, OpenOptions::read_only()).await.size().await.expect("the disk is well");
        stage.a.world.sleep(Duration::from_millis(5)).await;
        assert_eq!(get(&stage).await.len() as u64, size);
    }
}

/// What a read that was given up has found answers none that follows a seek.
pub async fn a_read_that_was_given_up_answers_none_after_a_seek<P: Providers>(stage: Stage<P>) {
    put(&stage, b"before").await;
    let mut file = open(&stage, OpenOptions::read_only()).await;
    let mut buffer = [0; 6];
    begin(file.read(&mut buffer));
    // By then it has found something, in either world.
    stage.a.world.sleep(Duration::from_millis(5)).await;
    put(&stage, b"behind").await;
    file.rewind().await.expect("there is a beginning");
    file.read_exact(&mut buffer).await.expect("six bytes are there");
    assert_eq!(&buffer, b"behind");
}

/// A handle that is not open for reading fails to read with `EBADF`.
pub async fn a_handle_for_writing_does_not_read<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let mut file = open(&stage, OpenOptions::read_write().read(false)).await;
    for result in [file.read_at(&mut [0; 1], 0).await, file.read(&mut [0; 1]).await] {
        assert_eq!(result.expect_err("it is not open for reading").raw_os_error(), Some(EBADF));
    }
}

/// A handle that is not open for writing fails to write with `EBADF` and to set the length with `EINVAL`.
pub async fn a_handle_for_reading_does_not_write<P: Providers>(stage: Stage<P>) {
    put(&stage, b"0123").await;
    let mut file = open(&stage, OpenOptions::read_only()).await;
    for result in [file.write_at(b"x", 0).await, file.write(b"x").await] {
        assert_eq!(result.expect_err("it is not open for writing").raw_os_error(), Some(EBADF));
    }
    assert_eq!(file.set_len(0).await.expect_err("it is not open for writing").kind(), ErrorKind::InvalidInput);
    assert_eq!(get(&stage).await, b"0123");
}

/// On a healthy disk syncing succeeds, on a handle for reading too.
pub async fn a_healthy_disk_syncs<P: Providers>(stage: Stage<P>) {
    let mut file = open(&stage, OpenOptions::create_write()).await;
    file.write_all(b"durable").await.expect("the disk has room");
    file.sync_data().await.expect("the disk is well");
    file.sync_all().await.expect("the disk is well");
    file.flush().await.expect("the disk is well");
    open(&stage, OpenOptions::read_only()).await.sync_all().await.expect("reading is enough to sync");
    assert_eq!(get(&stage).await, b"durable");
}

/// Each host has files of its own.
pub async fn the_hosts_have_disks_of_their_own<P: Providers>(stage: Stage<P>) {
    put(&stage, b"ours").await;
    let there = stage.b.run(async |host| host.world.storage().exists("file").await);
    assert!(!there.end().await.expect("the disk is well"));
}
