//! One contract per promise of the model; each holds, and each fails if, and only
//! if, exactly its promise is broken.

mod tank;

use std::future::Future;
use std::io::{self, ErrorKind, SeekFrom};
use std::pin::Pin;
use tank::Tank;
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wavetank_core::{EntryKind, OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::Ratio;
use wavetank_storage::{Broken, SimStorageFile, SimStorageProvider, StorageConfiguration};

type Contract = fn(&mut Tank) -> bool;

const CONTRACTS: [(Broken, Contract); 21] = [
    (Broken::AppendMode, |tank| holds(tank, append_goes_to_the_end)),
    (Broken::HolesAreZero, |tank| holds(tank, holes_are_zero)),
    (Broken::RenameReplaces, |tank| holds(tank, rename_replaces)),
    (Broken::DeleteKeepsOpen, |tank| holds(tank, delete_keeps_open)),
    (Broken::ReadDirSorted, |tank| holds(tank, read_dir_sorted)),
    (Broken::CreateNewExists, |tank| holds(tank, create_new_exists)),
    (Broken::TruncateEmpties, |tank| holds(tank, truncate_empties)),
    (Broken::SyncDurable, sync_is_durable),
    (Broken::SyncDirDurable, sync_dir_is_durable),
    (Broken::UnsyncedMayVanish, unsynced_may_vanish),
    (Broken::ProcessCrashKeepsCache, process_crash_keeps_cache),
    (Broken::PositionKeepsCursor, |tank| holds(tank, position_keeps_cursor)),
    (Broken::CutForgets, |tank| holds(tank, cut_forgets)),
    (Broken::RemoveDirEmpty, |tank| holds(tank, remove_dir_empty)),
    (Broken::MissingNotFound, |tank| holds(tank, missing_not_found)),
    (Broken::AccessChecked, |tank| holds(tank, access_checked)),
    (Broken::EndOfFile, |tank| holds(tank, end_of_file)),
    (Broken::OffsetsSigned, |tank| holds(tank, offsets_are_signed)),
    (Broken::SeekFromEnd, |tank| holds(tank, seek_from_end)),
    (Broken::CreateDirAllRepeats, |tank| holds(tank, create_dir_all_repeats)),
    (Broken::MachinesIsolated, machines_are_isolated),
];

#[test]
fn each_promise_holds_and_its_switch_breaks_it_alone() {
    for broken in std::iter::once(None).chain(CONTRACTS.iter().map(|(broken, _)| Some(*broken))) {
        // What is not synced is lost, all of it.
        let config =
            StorageConfiguration { broken, crash_fault_probability: Ratio::ONE, ..StorageConfiguration::default() };
        let mut tank = Tank::new(config);
        for (promise, contract) in CONTRACTS {
            let held = contract(tank.begin(7));
            assert_eq!(held, broken != Some(promise), "with {broken:?} broken, the contract of {promise:?}");
        }
    }
}

fn holds<F>(tank: &mut Tank, contract: fn(SimStorageProvider) -> F) -> bool
where
    F: Future<Output = io::Result<bool>> + 'static,
{
    // An error where none belongs is a broken promise too.
    tank.does(contract).unwrap_or(false)
}

async fn write(file: &mut SimStorageFile, bytes: &[u8]) -> io::Result<usize> {
    std::future::poll_fn(|cx| Pin::new(&mut *file).poll_write(cx, bytes)).await
}

async fn read(file: &mut SimStorageFile, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut buffer = ReadBuf::new(&mut bytes);
    std::future::poll_fn(|cx| Pin::new(&mut *file).poll_read(cx, &mut buffer)).await?;
    Ok(buffer.filled().to_vec())
}

async fn seek(file: &mut SimStorageFile, position: SeekFrom) -> io::Result<u64> {
    Pin::new(&mut *file).start_seek(position)?;
    std::future::poll_fn(|cx| Pin::new(&mut *file).poll_complete(cx)).await
}

async fn put(disk: &SimStorageProvider, path: &str, bytes: &[u8]) -> io::Result<SimStorageFile> {
    let file = disk.open(path, OpenOptions::create_write()).await?;
    file.write_all_at(bytes, 0).await?;
    Ok(file)
}

async fn get(disk: &SimStorageProvider, path: &str) -> io::Result<Vec<u8>> {
    let mut file = disk.open(path, OpenOptions::read_only()).await?;
    let size = file.size().await? as usize;
    read(&mut file, size).await
}

async fn append_goes_to_the_end(disk: SimStorageProvider) -> io::Result<bool> {
    drop(put(&disk, "log", b"one").await?);
    let mut file = disk.open("log", OpenOptions::append()).await?;
    write(&mut file, b"two").await?;
    file.write_all_at(b"three", 1).await?;
    Ok(get(&disk, "log").await? == b"onetwothree")
}

async fn holes_are_zero(disk: SimStorageProvider) -> io::Result<bool> {
    let file = disk.open("sparse", OpenOptions::create_write()).await?;
    file.write_all_at(b"end", 1 << 40).await?;
    let mut bytes = [1; 9000];
    file.read_exact_at(&mut bytes, 1 << 30).await?;
    Ok(bytes == [0; 9000] && file.size().await? == (1 << 40) + 3)
}

async fn rename_replaces(disk: SimStorageProvider) -> io::Result<bool> {
    drop(put(&disk, "new", b"new").await?);
    drop(put(&disk, "old", b"old").await?);
    disk.rename("new", "old").await?;
    Ok(get(&disk, "old").await? == b"new" && !disk.exists("new").await?)
}

async fn delete_keeps_open(disk: SimStorageProvider) -> io::Result<bool> {
    let file = put(&disk, "file", b"still here").await?;
    disk.delete("file").await?;
    let mut bytes = [0; 10];
    let count = file.read_at(&mut bytes, 0).await?;
    Ok(&bytes[..count] == b"still here" && !disk.exists("file").await?)
}

async fn read_dir_sorted(disk: SimStorageProvider) -> io::Result<bool> {
    for name in ["b", "c", "a"] {
        drop(put(&disk, name, b"").await?);
    }
    disk.create_dir_all("ab/x").await?;
    let entries = disk.read_dir("./ab/..").await?;
    let names: Vec<_> = entries.iter().map(|entry| (entry.path.to_str().expect("plain names"), entry.kind)).collect();
    let (file, dir) = (EntryKind::File, EntryKind::Dir);
    Ok(names == [("./ab/../a", file), ("./ab/../ab", dir), ("./ab/../b", file), ("./ab/../c", file)])
}

async fn create_new_exists(disk: SimStorageProvider) -> io::Result<bool> {
    drop(disk.open("file", OpenOptions::create_new()).await?);
    let again = disk.open("file", OpenOptions::create_new()).await;
    Ok(again.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists))
}

async fn truncate_empties(disk: SimStorageProvider) -> io::Result<bool> {
    drop(put(&disk, "file", b"something").await?);
    drop(disk.open("file", OpenOptions::create_write().truncate(true)).await?);
    Ok(get(&disk, "file").await?.is_empty())
}

fn sync_is_durable(tank: &mut Tank) -> bool {
    tank.does(|disk| async move {
        let file = put(&disk, "file", b"synced").await.expect("there is room");
        file.sync_all().await.expect("no sync fails");
        disk.sync_dir("/").await.expect("no sync fails");
    });
    tank.crash_machine();
    // Whether its name is durable is another contract's business.
    tank.contents("file").is_none_or(|bytes| bytes == b"synced")
}

fn sync_dir_is_durable(tank: &mut Tank) -> bool {
    tank.does(|disk| async move {
        drop(put(&disk, "file", b"").await.expect("there is room"));
        disk.sync_dir("/").await.expect("no sync fails");
    });
    tank.durable("file").is_some()
}

fn unsynced_may_vanish(tank: &mut Tank) -> bool {
    tank.does(|disk| async move { drop(put(&disk, "file", b"").await.expect("there is room")) });
    tank.crash_machine();
    tank.contents("file").is_none()
}

fn process_crash_keeps_cache(tank: &mut Tank) -> bool {
    tank.does(|disk| async move { drop(put(&disk, "file", b"cached").await.expect("there is room")) });
    tank.contents("file").is_some_and(|bytes| bytes == b"cached")
}

async fn position_keeps_cursor(disk: SimStorageProvider) -> io::Result<bool> {
    let mut file = disk.open("file", OpenOptions::create_write()).await?;
    write(&mut file, b"0123").await?;
    file.write_all_at(b"x", 9).await?;
    let mut byte = [0];
    file.read_at(&mut byte, 1).await?;
    Ok(seek(&mut file, SeekFrom::Current(0)).await? == 4 && read(&mut file, 2).await? == [0, 0])
}

async fn cut_forgets(disk: SimStorageProvider) -> io::Result<bool> {
    let file = put(&disk, "file", &[1; 3_000]).await?;
    file.set_len(100).await?;
    file.set_len(3_000).await?;
    let bytes = get(&disk, "file").await?;
    Ok(bytes[..100] == [1; 100] && bytes[100..].iter().all(|&byte| byte == 0))
}

async fn remove_dir_empty(disk: SimStorageProvider) -> io::Result<bool> {
    disk.create_dir_all("a/b").await?;
    let refused = disk.remove_dir("a").await;
    Ok(refused.is_err_and(|error| error.kind() == ErrorKind::DirectoryNotEmpty) && disk.remove_dir("a/b").await.is_ok())
}

async fn missing_not_found(disk: SimStorageProvider) -> io::Result<bool> {
    let missing = disk.open("nothing", OpenOptions::read_write()).await;
    Ok(missing.is_err_and(|error| error.kind() == ErrorKind::NotFound))
}

async fn access_checked(disk: SimStorageProvider) -> io::Result<bool> {
    drop(put(&disk, "file", b"bytes").await?);
    let reader = disk.open("file", OpenOptions::read_only()).await?;
    let writer = disk.open("file", OpenOptions::read_write().read(false)).await?;
    let refused = reader.write_at(b"x", 0).await.is_err_and(|error| error.raw_os_error() == Some(9));
    let denied = writer.read_at(&mut [0], 0).await.is_err_and(|error| error.raw_os_error() == Some(9));
    Ok(refused && denied)
}

async fn end_of_file(disk: SimStorageProvider) -> io::Result<bool> {
    let file = put(&disk, "file", b"12345").await?;
    let mut bytes = [0; 8];
    let short = file.read_at(&mut bytes, 3).await?;
    Ok(short == 2 && file.read_at(&mut bytes, 5).await? == 0 && file.read_at(&mut bytes, 1 << 62).await? == 0)
}

async fn offsets_are_signed(disk: SimStorageProvider) -> io::Result<bool> {
    let file = put(&disk, "file", b"12345").await?;
    let number = |result: io::Result<usize>| result.err().and_then(|error| error.raw_os_error());
    let mut refused = true;
    // The last would begin below 2^63 and end above.
    for offset in [u64::MAX, 1 << 63, (1 << 63) - 4] {
        refused &= number(file.read_at(&mut [0; 8], offset).await) == Some(22);
        refused &= number(file.write_at(&[0; 8], offset).await) == Some(22);
    }
    let appends = disk.open("file", OpenOptions::append()).await?.write_at(b"6", u64::MAX).await? == 1;
    Ok(refused && appends && get(&disk, "file").await? == b"123456")
}

async fn seek_from_end(disk: SimStorageProvider) -> io::Result<bool> {
    let mut file = put(&disk, "file", b"12345").await?;
    let before = seek(&mut file, SeekFrom::End(-6)).await;
    Ok(seek(&mut file, SeekFrom::End(-2)).await? == 3
        && read(&mut file, 9).await? == b"45"
        && before.is_err_and(|error| error.kind() == ErrorKind::InvalidInput))
}

async fn create_dir_all_repeats(disk: SimStorageProvider) -> io::Result<bool> {
    disk.create_dir_all("a/b/c").await?;
    disk.create_dir_all("/a/./b/").await?;
    disk.exists("a/b/c/..").await
}

fn machines_are_isolated(tank: &mut Tank) -> bool {
    let (node, sibling, stranger) = (tank.node, tank.sibling, tank.stranger);
    tank.start(node, |disk, _| async move { put(&disk, "file", b"mine").await.map(drop) });
    tank.run();
    let shared = tank.start(sibling, |disk, _| async move { disk.exists("file").await.is_ok_and(|there| there) });
    let foreign = tank.start(stranger, |disk, _| async move { disk.exists("file").await.is_ok_and(|there| there) });
    tank.run();
    assert_eq!(shared.take(), Some(true), "two nodes of one machine have one disk");
    foreign.take() == Some(false)
}
