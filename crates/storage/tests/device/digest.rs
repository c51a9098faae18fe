//! What a run's digest says of its disks.

use super::plain;
use crate::tank::Tank;
use std::collections::BTreeSet;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{Digest, Ratio};
use wavetank_storage::StorageConfiguration;

#[test]
fn the_same_seed_gives_the_same_run_and_a_recycled_world_no_other() {
    let run = |tank: &mut Tank, seed: u64| -> (Digest, u64, Option<Vec<u8>>) {
        for crashes in 0..3u64 {
            if crashes == 0 {
                tank.begin(seed);
            }
            tank.does(move |disk| async move {
                for nth in 0..8u64 {
                    let draw = wavetank_engine::mix(nth, crashes);
                    let file = disk.open(format!("f{}", draw % 3), OpenOptions::create_write()).await.unwrap();
                    file.write_all_at(&[nth as u8; 3000], draw >> 50).await.unwrap();
                    // What fails is part of the run.
                    let _ = file.sync_all().await;
                    let _ = disk.rename("f1", "f0").await;
                    let _ = disk.sync_dir("/").await;
                }
            });
            tank.crash_machine();
        }
        (tank.digest(), tank.now(), tank.contents("f0"))
    };
    let config = StorageConfiguration::hostile();
    let mut recycled = Tank::new(config.clone());
    let mut digests = BTreeSet::new();
    for seed in 0..50 {
        let first = run(&mut recycled, seed);
        assert_eq!(first, run(&mut Tank::new(config.clone()), seed));
        assert_eq!(first, run(&mut recycled, seed));
        digests.insert((first.0.0, first.0.1));
    }
    assert_eq!(digests.len(), 50);
}

#[test]
fn a_fault_that_is_off_draws_nothing() {
    let mut tank = Tank::new(StorageConfiguration::perfect());
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 10_000], 0).await.unwrap();
        file.sync_all().await.unwrap();
        file.write_all_at(&[2; 10_000], 0).await.unwrap();
    });
    tank.crash_machine();
    assert_eq!(tank.contents("data").unwrap(), [2; 10_000]);
    assert_eq!(tank.world.kernel(|kernel| kernel.faults().tallies().iter().count()), 0);
}

/// The digest of a run that writes `bytes` to a file and gives it a name.
fn digest_of(bytes: &'static [u8], name: &'static str) -> Digest {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(|disk| async move {
        let file = disk.open("new", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(bytes, 0).await.unwrap();
        file.sync_all().await.unwrap();
        disk.rename("new", name).await.unwrap();
    });
    tank.digest()
}

/// The digest of a run that writes to a file, reads `len` bytes of its zeros and gives it a size.
fn digest_of_reading(written: u64, read: u64, len: usize, size: u64) -> Digest {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(move |disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(b"something", 50).await.unwrap();
        file.write_all_at(b"more", written).await.unwrap();
        file.read_at(&mut vec![0; len], read).await.unwrap();
        file.set_len(size).await.unwrap();
    });
    tank.digest()
}

#[test]
fn a_run_that_reads_or_writes_elsewhere_or_gives_another_size_has_another_digest() {
    let digest = digest_of_reading(20, 0, 3, 5);
    assert_eq!(digest_of_reading(20, 0, 3, 5), digest);
    assert_ne!(digest_of_reading(21, 0, 3, 5), digest, "only where it writes differs");
    assert_ne!(digest_of_reading(20, 1, 3, 5), digest, "only where it reads differs");
    assert_ne!(digest_of_reading(20, 0, 4, 5), digest, "only what is read differs");
    assert_ne!(digest_of_reading(20, 0, 3, 6), digest, "only the size differs");
}

/// The digest of a run that opens a file that is not there.
fn digest_of_opening(options: OpenOptions) -> Digest {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(move |disk| async move { drop(disk.open("data", options).await) });
    tank.digest()
}

#[test]
fn a_run_in_which_something_else_comes_of_an_operation_has_another_digest() {
    assert_ne!(digest_of_opening(OpenOptions::read_only()), digest_of_opening(OpenOptions::create_write()));
}

#[test]
fn what_a_crash_leaves_is_in_the_digest() {
    // Which files are cut off as they are opened, nothing else tells of.
    let digest = |truncate: bool| {
        let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ZERO, ..plain() });
        tank.begin(1).does(move |disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(b"x", 0).await.unwrap();
            drop(disk.open("data", OpenOptions { truncate, ..OpenOptions::create_write() }).await.unwrap());
        });
        tank.crash_machine();
        tank.digest()
    };
    assert_ne!(digest(true), digest(false));
}

#[test]
fn a_run_that_writes_other_bytes_or_gives_another_name_has_another_digest() {
    let digest = digest_of(b"one", "a");
    assert_eq!(digest_of(b"one", "a"), digest);
    assert_ne!(digest_of(b"two", "a"), digest, "only the bytes differ");
    assert_ne!(digest_of(b"one", "b"), digest, "only the name differs");
}
