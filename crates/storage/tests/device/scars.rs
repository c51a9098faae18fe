//! What a crash took of a file counts as felt when somebody sees that it is gone, and not before.

use super::plain;
use crate::tank::Tank;
use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;
use tokio::io::AsyncSeek;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::Ratio;
use wavetank_storage::{Disks, SimStorageFile, SimStorageProvider, StorageConfiguration, kinds};

/// What of a run's losses was felt so far: of writes, torn ones, sizes and names.
fn felt(tank: &mut Tank) -> [u64; 4] {
    [&kinds::LOST, &kinds::TORN, &kinds::SIZE_LOST, &kinds::ENTRY_LOST].map(|kind| tank.tally(kind).effective)
}

/// A disk that loses all that was not synced.
fn tank() -> Tank {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..plain() });
    tank.begin(1);
    tank
}

/// A file of 100 bytes, which are durable.
async fn durable(disk: &SimStorageProvider) -> SimStorageFile {
    let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
    file.write_all_at(&[1; 100], 0).await.unwrap();
    file.sync_all().await.unwrap();
    disk.sync_dir("/").await.unwrap();
    file
}

async fn open(disk: &SimStorageProvider) -> SimStorageFile {
    disk.open("data", OpenOptions::read_write()).await.unwrap()
}

/// A tank in which the file was longer before a crash, with and without bytes behind its end.
fn shortened(bytes: &'static [u8]) -> Tank {
    let mut tank = tank();
    tank.does(move |disk| async move {
        let file = durable(&disk).await;
        file.write_all_at(bytes, 512).await.unwrap();
        file.set_len(2048).await.unwrap();
    });
    tank.crash_machine();
    tank
}

#[test]
fn a_size_is_seen_by_who_asks_for_it_seeks_from_it_or_reads_beyond_it() {
    let mut tank = shortened(b"");
    tank.does(|disk| async move { assert_eq!(open(&disk).await.size().await.unwrap(), 100) });
    assert_eq!(felt(&mut tank), [0, 0, 1, 0]);

    let mut tank = shortened(b"");
    tank.does(|disk| async move {
        let mut file = open(&disk).await;
        Pin::new(&mut file).start_seek(SeekFrom::End(0)).unwrap();
        assert_eq!(poll_fn(|cx| Pin::new(&mut file).poll_complete(cx)).await.unwrap(), 100);
    });
    assert_eq!(felt(&mut tank), [0, 0, 1, 0]);

    let mut tank = shortened(b"");
    tank.does(|disk| async move {
        let (file, mut bytes) = (open(&disk).await, [0; 200]);
        assert_eq!(file.read_at(&mut bytes[..100], 0).await.unwrap(), 100);
    });
    assert_eq!(felt(&mut tank), [0; 4], "as many as there are");
    tank.does(|disk| async move { assert_eq!(open(&disk).await.read_at(&mut [0; 200], 0).await.unwrap(), 100) });
    assert_eq!(felt(&mut tank), [0, 0, 1, 0]);
}

#[test]
fn a_size_that_is_set_anew_was_no_loss() {
    for size in [50, 100, 5_000] {
        let mut tank = shortened(b"");
        tank.does(move |disk| async move {
            let file = open(&disk).await;
            file.set_len(size).await.unwrap();
            assert_eq!(file.size().await.unwrap(), size);
        });
        assert_eq!(felt(&mut tank), [0; 4], "{size}");
    }
}

#[test]
fn bytes_behind_the_end_are_missed_when_the_file_is_as_long_again() {
    let mut tank = shortened(b"lost");
    tank.does(|disk| async move { open(&disk).await.read_at(&mut [0; 2_000], 0).await.unwrap() });
    assert_eq!(felt(&mut tank), [0, 0, 1, 0], "there is no place for them");
    tank.does(|disk| async move {
        let file = open(&disk).await;
        file.set_len(2_048).await.unwrap();
        file.read_exact_at(&mut [0; 512], 1_024).await.unwrap();
        for empty in [0, 512] {
            assert_eq!(file.read_at(&mut [], empty).await.unwrap(), 0);
        }
    });
    assert_eq!(felt(&mut tank), [0, 0, 1, 0], "not there");
    tank.does(|disk| async move { open(&disk).await.read_exact_at(&mut [0; 512], 512).await.unwrap() });
    assert_eq!(felt(&mut tank), [1, 0, 1, 0]);

    // Nobody misses what was cut off since.
    let mut tank = shortened(b"lost");
    tank.does(|disk| async move {
        let file = open(&disk).await;
        file.set_len(50).await.unwrap();
        file.set_len(2_048).await.unwrap();
        file.read_exact_at(&mut [0; 2_048], 0).await.unwrap();
    });
    assert_eq!(felt(&mut tank), [0; 4]);
}

#[test]
fn what_is_left_of_a_sector_by_a_cut_is_still_missed() {
    let mut tank = tank();
    tank.does(|disk| async move { durable(&disk).await.write_all_at(b"lost", 0).await.unwrap() });
    tank.crash_machine();
    tank.does(|disk| async move {
        let file = open(&disk).await;
        file.set_len(50).await.unwrap();
        file.read_exact_at(&mut [0; 50], 0).await.unwrap();
    });
    assert_eq!(felt(&mut tank), [1, 0, 0, 0]);
}

#[test]
fn each_kind_of_loss_in_a_page_is_felt_once_a_read() {
    let mut tank = tank();
    let fail = |tank: &mut Tank, often: Ratio| {
        let config =
            StorageConfiguration { crash_fault_probability: Ratio::ONE, sync_failure_probability: often, ..plain() };
        tank.world.device(tank.disks, |disks: &mut Disks, _| disks.configure(config));
    };
    tank.does(|disk| async move {
        let file = durable(&disk).await;
        file.write_all_at(&[1; 8_192], 0).await.unwrap();
        file.sync_all().await.unwrap();
    });
    fail(&mut tank, Ratio::ONE);
    tank.does(|disk| async move {
        let file = open(&disk).await;
        file.write_all_at(b"stranded", 0).await.unwrap();
        file.sync_all().await.unwrap_err();
    });
    fail(&mut tank, Ratio::ZERO);
    tank.does(|disk| async move {
        let file = open(&disk).await;
        file.write_all_at(b"lost", 512).await.unwrap();
        file.write_all_at(b"lost", 4_096).await.unwrap();
    });
    tank.crash_machine();
    let failures = tank.tally(&kinds::SYNC_FAILURE).effective;
    tank.does(|disk| async move { open(&disk).await.read_exact_at(&mut [0; 8_192], 0).await.unwrap() });
    assert_eq!((tank.tally(&kinds::SYNC_FAILURE).effective - failures, felt(&mut tank)), (1, [1, 0, 0, 0]));
}

#[test]
fn who_takes_a_files_place_misses_nothing_of_it() {
    let mut tank = shortened(b"lost");
    tank.does(|disk| async move {
        disk.delete("data").await.unwrap();
        disk.sync_dir("/").await.unwrap();
        let file = disk.open("other", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(b"x", 5_000).await.unwrap();
        assert_eq!(file.size().await.unwrap(), 5_001);
        file.read_exact_at(&mut [0; 5_001], 0).await.unwrap();
    });
    assert_eq!(felt(&mut tank), [0; 4]);
}

#[test]
fn a_lost_name_that_somebody_gave_again_is_not_missed() {
    let mut tank = tank();
    tank.does(|disk| async move { disk.create_dir_all("lost").await.unwrap() });
    tank.crash_machine();
    tank.does(|disk| async move {
        let mut creating = Box::pin(disk.create_dir_all("lost"));
        poll_fn(|cx| std::task::Poll::Ready(creating.as_mut().poll(cx).is_pending())).await;
        // It lands all the same, and nobody is told of what was there.
        drop(creating);
        disk.sync_dir("/").await.unwrap();
        assert!(disk.exists("lost").await.unwrap());
    });
    assert_eq!(felt(&mut tank), [0; 4]);
}

#[test]
fn a_lost_name_is_missed_by_who_lists_it_or_makes_it_again() {
    for lists in [true, false] {
        let mut tank = tank();
        tank.does(|disk| async move { disk.create_dir_all("lost").await.unwrap() });
        tank.crash_machine();
        for _ in 0..2 {
            tank.does(move |disk| async move {
                if lists {
                    disk.read_dir("").await.unwrap();
                } else {
                    disk.create_dir_all("lost").await.unwrap();
                }
            });
            assert_eq!(felt(&mut tank), [0, 0, 0, 1], "{lists}");
        }
    }
}
