//! Faults of a disk: when one counts, when it was none, and what is refused.

use super::plain;
use crate::tank::Tank;
use std::collections::BTreeSet;
use std::future::Future;
use std::task::Poll;
use std::time::Duration;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{Ratio, kinds as engine_kinds};
use wavetank_storage::{DurationRange, StorageConfigError, StorageConfiguration, kinds};

#[test]
#[should_panic(expected = "not under open files")]
fn a_disk_is_not_replaced_under_an_operation() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let (node, machine) = (tank.node, tank.machine);
    tank.start(node, |disk, _| async move { disk.create_dir_all("a").await });
    tank.world.run(1);
    tank.world.device(tank.disks, |disks, kernel| disks.wipe(machine, kernel));
}

#[test]
fn a_wiped_disk_is_empty() {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(|disk| async move {
        disk.open("data", OpenOptions::create_write()).await.unwrap().write_all_at(b"x", 0).await.unwrap();
    });
    let machine = tank.machine;
    tank.world.device(tank.disks, |disks, kernel| disks.wipe(machine, kernel));
    assert_eq!(tank.tally(&kinds::WIPED).effective, 0);
    assert!(!tank.does(|disk| async move { disk.exists("data").await.unwrap() }));
    assert_eq!(tank.tally(&kinds::WIPED).effective, 1);
}

#[test]
fn what_strikes_a_disk_does_not_strike_the_one_in_its_place() {
    let mut tank = Tank::new(StorageConfiguration { sync_failure_probability: Ratio::new(1, 2), ..plain() });
    let machine = tank.machine;
    tank.begin(1);
    let fates = [(); 3].map(|()| {
        let fates: Vec<bool> = tank.does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            let mut fates = Vec::new();
            for _ in 0..40 {
                file.write_all_at(b"x", 0).await.unwrap();
                fates.extend([file.sync_all().await.is_ok(), disk.sync_dir("/").await.is_ok()]);
            }
            fates
        });
        tank.world.device(tank.disks, |disks, kernel| disks.wipe(machine, kernel));
        fates
    });
    let fates: BTreeSet<_> = fates.into_iter().collect();
    assert_eq!(fates.len(), 3, "each disk has a fate of its own");
}

#[test]
fn a_loss_counts_when_somebody_sees_it() {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..plain() });
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 1024], 0).await.unwrap();
        file.sync_all().await.unwrap();
        disk.sync_dir("/").await.unwrap();
        file.write_all_at(&[2; 512], 0).await.unwrap();
        file.write_all_at(&[1; 512], 512).await.unwrap();
        file.write_all_at(&[3; 512], 1024).await.unwrap();
        drop(disk.open("new", OpenOptions::create_write()).await.unwrap());
    });
    tank.crash_machine();
    let effects =
        |tank: &mut Tank| [&kinds::LOST, &kinds::SIZE_LOST, &kinds::ENTRY_LOST].map(|kind| tank.tally(kind).effective);
    assert_eq!(tank.tally(&kinds::LOST).fired, 3);
    assert_eq!(effects(&mut tank), [0, 0, 0]);
    tank.does(|disk| async move {
        let file = disk.open("data", OpenOptions::read_only()).await.unwrap();
        let mut bytes = [0; 512];
        // Written again with what was there: its loss changed nothing.
        file.read_exact_at(&mut bytes, 512).await.unwrap();
    });
    assert_eq!(effects(&mut tank), [0, 0, 0]);
    tank.does(|disk| async move {
        let file = disk.open("data", OpenOptions::read_only()).await.unwrap();
        let mut bytes = [0; 2048];
        assert_eq!(file.read_at(&mut bytes, 0).await.unwrap(), 1024);
        assert!(!disk.exists("new").await.unwrap());
    });
    assert_eq!(effects(&mut tank), [1, 1, 1]);
}

#[test]
fn of_a_whole_page_that_is_lost_what_was_changed_counts_when_somebody_sees_it() {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..plain() });
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 4096], 0).await.unwrap();
        file.sync_all().await.unwrap();
        disk.sync_dir("/").await.unwrap();
        let half_changed = [[2; 2048], [1; 2048]].concat();
        file.write_all_at(&half_changed, 0).await.unwrap();
    });
    tank.crash_machine();
    for (offset, effective) in [(2048, 0), (0, 1)] {
        tank.does(move |disk| async move {
            let file = disk.open("data", OpenOptions::read_only()).await.unwrap();
            let mut bytes = [0; 2048];
            file.read_exact_at(&mut bytes, offset).await.unwrap();
            assert_eq!(bytes, [1; 2048]);
        });
        assert_eq!(tank.tally(&kinds::LOST).effective, effective, "at {offset}");
    }
}

#[test]
fn a_loss_that_only_the_dead_or_nobody_looked_at_was_not_felt_yet() {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..plain() });
    tank.begin(1).does(|disk| async move { disk.create_dir_all("lost").await.unwrap() });
    tank.crash_machine();
    tank.does(|disk| async move {
        for path in ["lost", ""] {
            let (mut look, mut list) = (Box::pin(disk.exists(path)), Box::pin(disk.read_dir("")));
            std::future::poll_fn(|cx| {
                assert!(look.as_mut().poll(cx).is_pending() && list.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        // What was given up has landed by then.
        disk.sync_dir("").await.unwrap();
        disk.sync_dir("").await.unwrap();
    });
    assert_eq!(tank.tally(&kinds::ENTRY_LOST).effective, 0, "nobody heard of it");
    tank.does(|disk| async move { disk.exists("lost").await.unwrap() });
    assert_eq!(tank.tally(&kinds::ENTRY_LOST).effective, 1);
}

#[test]
fn a_loss_that_is_written_over_was_none() {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..plain() });
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 1024], 0).await.unwrap();
        file.sync_all().await.unwrap();
        disk.sync_dir("/").await.unwrap();
        file.write_all_at(&[2; 512], 0).await.unwrap();
    });
    tank.crash_machine();
    tank.does(|disk| async move {
        let file = disk.open("data", OpenOptions::read_write()).await.unwrap();
        file.write_all_at(&[3; 512], 0).await.unwrap();
        file.read_exact_at(&mut [0; 1024], 0).await.unwrap();
    });
    let tally = tank.tally(&kinds::LOST);
    assert_eq!((tally.fired, tally.effective), (1, 0));
}

#[test]
fn what_is_not_there_yet_is_refused() {
    let config = StorageConfiguration { phantom_write_probability: Ratio::new(1, 9), ..plain() };
    assert_eq!(config.validate(), Err(StorageConfigError::NotSupportedYet { field: "phantom_write_probability" }));
    assert_eq!(
        StorageConfiguration { iops: 0, ..plain() }.validate(),
        Err(StorageConfigError::ZeroRate { field: "iops" })
    );
    let backwards = DurationRange::new(Duration::from_millis(2), Duration::from_millis(1));
    assert!(StorageConfiguration { sync_latency: backwards, ..plain() }.validate().is_err());
    for preset in [StorageConfiguration::default(), StorageConfiguration::perfect(), StorageConfiguration::hostile()] {
        assert_eq!(preset.validate(), Ok(()));
    }
    let mut indices = BTreeSet::new();
    for kind in kinds::ALL {
        assert!((40..64).contains(&kind.index()) && indices.insert(kind.index()), "{}", kind.name());
    }
    assert!(engine_kinds::ALL.iter().all(|kind| !indices.contains(&kind.index())));
}

#[test]
fn each_handle_is_told_once_that_a_sync_of_its_file_failed() {
    let mut tank = Tank::new(StorageConfiguration { sync_failure_probability: Ratio::new(1, 2), ..plain() });
    let (mut failed, mut once) = (0, 0);
    for seed in 0..100 {
        let told = tank.begin(seed).does(|disk| async move {
            let mut handles = Vec::new();
            for _ in 0..2 {
                handles.push(disk.open("data", OpenOptions::create_write()).await.unwrap());
            }
            handles[1].write_all_at(b"x", 0).await.unwrap();
            if handles[0].sync_all().await.is_ok() {
                return None;
            }
            // Whoever opens the file later was not told, and will not be.
            handles.push(disk.open("data", OpenOptions::read_write()).await.unwrap());
            let mut told = Vec::new();
            for handle in [1, 0, 1, 2] {
                told.push(handles[handle].sync_all().await.is_err());
            }
            Some(told)
        });
        let Some(told) = told else { continue };
        assert!(told[0], "seed {seed}: who wrote it hears that it is lost, whoever synced it first");
        failed += 1;
        once += u32::from(told == [true, false, false, false]);
    }
    assert!(failed > 30 && once > 2, "{failed} failed, {once} told once");
}
