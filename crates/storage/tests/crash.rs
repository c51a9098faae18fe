//! What survives a crash: any subset of what was not synced, and all that was.

mod tank;

use std::collections::BTreeSet;
use std::future::Future;
use std::task::Poll;
use tank::Tank;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{CrashKind, Scope};
use wavetank_storage::{StorageConfiguration, kinds};

const SEEDS: u64 = 2_000;

fn tank() -> Tank {
    Tank::new(StorageConfiguration::default())
}

#[test]
fn unsynced_writes_survive_as_any_subset() {
    let mut tank = tank();
    let mut subsets = BTreeSet::new();
    for seed in 0..SEEDS {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.set_len(3 * 512).await.unwrap();
            file.sync_all().await.unwrap();
            disk.sync_dir("/").await.unwrap();
            for write in 0..3u8 {
                file.write_all_at(&[write + 1; 512], u64::from(write) * 512).await.unwrap();
            }
        });
        tank.crash_machine();
        let bytes = tank.contents("data").expect("its name was synced");
        let survivors: Vec<bool> = (0..3)
            .map(|write| {
                let sector = &bytes[write * 512..][..512];
                assert!(sector.iter().all(|&byte| byte == sector[0]), "a sector is whole");
                assert!(sector[0] == 0 || sector[0] == write as u8 + 1);
                sector[0] != 0
            })
            .collect();
        subsets.insert(survivors);
    }
    assert_eq!(subsets.len(), 8, "{subsets:?}");
}

#[test]
fn a_write_is_torn_at_sectors() {
    let mut tank = tank();
    let mut shapes = BTreeSet::new();
    for seed in 0..SEEDS {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(&[1; 4096], 0).await.unwrap();
            file.sync_all().await.unwrap();
            disk.sync_dir("/").await.unwrap();
            file.write_all_at(&[2; 1536], 512).await.unwrap();
        });
        tank.crash_machine();
        let bytes = tank.contents("data").expect("its name was synced");
        assert_eq!(bytes.len(), 4096);
        for (number, sector) in bytes.chunks(512).enumerate() {
            assert!(sector.iter().all(|&byte| byte == sector[0]), "a sector is whole");
            assert!(sector[0] == 1 || (1..4).contains(&number), "nothing else changed");
        }
        let shape = [bytes[512], bytes[1024], bytes[1536]];
        let is_torn = tank.tally(&kinds::TORN).fired == 1;
        assert_eq!(
            is_torn,
            shape.contains(&1) && shape.contains(&2),
            "a torn write loses something and keeps something"
        );
        shapes.insert(shape);
    }
    assert_eq!(shapes.len(), 8, "{shapes:?}");
}

#[test]
fn a_write_within_a_sector_is_never_torn() {
    let mut tank = tank();
    let (mut torn, mut lost) = (0, 0);
    for seed in 0..200 {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            for sector in 0..4 {
                file.write_all_at(&[1; 512], sector * 512).await.unwrap();
                file.write_all_at(&[2; 100], sector * 512 + 412).await.unwrap();
            }
        });
        tank.crash_machine();
        torn += tank.tally(&kinds::TORN).fired;
        lost += tank.tally(&kinds::LOST).fired;
    }
    assert!(torn == 0 && lost > 300, "{torn} torn, {lost} lost");
}

#[test]
fn what_was_synced_is_never_lost() {
    let mut tank = tank();
    for seed in 0..SEEDS {
        let expected = tank.begin(seed).does(move |disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            disk.sync_dir("/").await.unwrap();
            let mut model = Vec::new();
            for step in 0..20u64 {
                let draw = wavetank_engine::mix(seed, step);
                let (at, len) = ((draw % 9000) as usize, (draw >> 32) as usize % 5000 + 1);
                match draw >> 60 {
                    0..13 => {
                        model.resize(model.len().max(at + len), 0);
                        model[at..at + len].fill(step as u8 + 1);
                        file.write_all_at(&vec![step as u8 + 1; len], at as u64).await.unwrap();
                    }
                    _ => {
                        model.resize(at, 0);
                        file.set_len(at as u64).await.unwrap();
                    }
                }
                if draw >> 56 & 3 == 0 {
                    file.sync_data().await.unwrap();
                }
            }
            file.sync_all().await.unwrap();
            model
        });
        assert_eq!(tank.durable("data").as_ref(), Some(&expected));
        tank.crash_machine();
        assert_eq!(tank.contents("data"), Some(expected), "seed {seed}");
    }
}

#[test]
fn the_page_cache_outlives_a_process() {
    let mut tank = tank();
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(b"never synced", 0).await.unwrap();
    });
    assert_eq!(tank.durable("data"), None);
    assert_eq!(tank.contents("data").unwrap(), b"never synced");
    tank.crash(Scope::Machine(tank.machine), CrashKind::Process);
    assert_eq!(tank.contents("data").unwrap(), b"never synced");
}

#[test]
fn names_are_lost_unless_their_directory_was_synced() {
    let mut tank = tank();
    let mut seen = BTreeSet::new();
    for seed in 0..SEEDS {
        tank.begin(seed).does(|disk| async move {
            for name in ["kept", "old"] {
                let file = disk.open(name, OpenOptions::create_write()).await.unwrap();
                file.write_all_at(name.as_bytes(), 0).await.unwrap();
                file.sync_all().await.unwrap();
            }
            disk.sync_dir("/").await.unwrap();
            let file = disk.open("new", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(b"new", 0).await.unwrap();
            file.sync_all().await.unwrap();
            disk.rename("new", "old").await.unwrap();
            disk.delete("kept").await.unwrap();
        });
        tank.crash_machine();
        let holds = |tank: &mut Tank, path| tank.contents(path).map(|bytes| String::from_utf8(bytes).unwrap());
        let old = holds(&mut tank, "old").expect("a rename is atomic");
        let (new, kept) = (holds(&mut tank, "new"), holds(&mut tank, "kept"));
        assert!(old != "new" || new.is_none(), "not both names");
        seen.insert((old, new, kept));
    }
    let states: Vec<(&str, Option<&str>)> =
        seen.iter().map(|(old, new, _)| (old.as_str(), new.as_deref())).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(states, [("new", None), ("old", None), ("old", Some("new"))]);
    assert_eq!(seen.len(), 6, "a removal survives or not, whatever becomes of the rename: {seen:?}");
}

#[test]
fn a_failed_sync_of_a_directory_makes_nothing_durable() {
    let mut tank = Tank::new(StorageConfiguration {
        sync_failure_probability: wavetank_engine::Ratio::ONE,
        crash_fault_probability: wavetank_engine::Ratio::ONE,
        ..StorageConfiguration::default()
    });
    tank.begin(1).does(|disk| async move {
        disk.create_dir_all("dir").await.unwrap();
        assert!(disk.sync_dir("/").await.is_err());
        assert!(disk.exists("dir").await.unwrap());
    });
    tank.crash_machine();
    assert!(!tank.does(|disk| async move { disk.exists("dir").await.unwrap() }));
}

#[test]
fn a_failed_sync_lies_ever_after() {
    let mut tank = Tank::new(StorageConfiguration {
        sync_failure_probability: wavetank_engine::Ratio::new(1, 2),
        ..StorageConfiguration::default()
    });
    let mut lies = 0;
    for seed in 0..200 {
        let lied = tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            while disk.sync_dir("/").await.is_err() {}
            file.write_all_at(&[7; 512], 0).await.unwrap();
            let first = file.sync_all().await;
            let second = file.sync_all().await;
            let mut bytes = [0; 512];
            file.read_exact_at(&mut bytes, 0).await.unwrap();
            assert_eq!(bytes, [7; 512], "it stays readable");
            if let Err(error) = &first {
                assert_eq!(error.raw_os_error(), Some(5));
            }
            first.is_err() && second.is_ok()
        });
        tank.crash_machine();
        let bytes = tank.contents("data").expect("its name was synced");
        if lied {
            assert_eq!(bytes, [0; 512], "the size is the journal's, the bytes are gone");
            lies += 1;
            assert!(tank.tally(&kinds::SYNC_FAILURE).effective > 0);
        }
    }
    assert!(lies > 20, "{lies}");
}

#[test]
fn a_failed_sync_writes_some_pages_and_not_all() {
    let mut tank = Tank::new(StorageConfiguration {
        sync_failure_probability: wavetank_engine::Ratio::ONE,
        crash_fault_probability: wavetank_engine::Ratio::ZERO,
        ..StorageConfiguration::default()
    });
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(&[1; 3 * 4096], 0).await.unwrap();
            file.sync_all().await.unwrap_err();
        });
        tank.crash_machine();
        let bytes = tank.contents("data").unwrap();
        seen.insert([bytes[0], bytes[4096], bytes[2 * 4096]]);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]]);
}

/// Runs `code` as a part of the current task until it first has to wait, then `then`, then `code` to its end.
async fn meanwhile<T>(code: impl Future<Output = T>, then: impl Future<Output = ()>) -> T {
    let mut code = Box::pin(code);
    let begun = std::future::poll_fn(|cx| Poll::Ready(code.as_mut().poll(cx).is_pending())).await;
    assert!(begun, "it has to wait");
    then.await;
    code.await
}

#[test]
fn a_sync_covers_what_was_done_before_it_began() {
    let mut tank = tank();
    let mut survivors = BTreeSet::new();
    for seed in 0..200 {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(&[1; 1024], 0).await.unwrap();
            meanwhile(file.sync_all(), async { file.write_all_at(&[2; 512], 512).await.unwrap() }).await.unwrap();
            let late = async { drop(disk.open("late", OpenOptions::create_write()).await.unwrap()) };
            meanwhile(disk.sync_dir("/"), late).await.unwrap();
        });
        assert_eq!(tank.durable("data").unwrap(), [1; 1024]);
        assert_eq!(tank.durable("late"), None);
        tank.crash_machine();
        let bytes = tank.contents("data").unwrap();
        assert_eq!(bytes[..512], [1; 512]);
        survivors.insert((bytes[512], tank.contents("late").is_some()));
    }
    assert_eq!(survivors.len(), 4, "{survivors:?}");
}

#[test]
fn a_rename_between_directories_is_durable_once_both_are_synced() {
    let mut tank = tank();
    for (synced, places) in [(vec![], 2), (vec!["from"], 2), (vec!["to"], 2), (vec!["from", "to"], 1)] {
        let mut seen = BTreeSet::new();
        for seed in 0..60 {
            let synced = synced.clone();
            tank.begin(seed).does(|disk| async move {
                disk.create_dir_all("from").await.unwrap();
                disk.create_dir_all("to").await.unwrap();
                let file = disk.open("from/file", OpenOptions::create_write()).await.unwrap();
                file.write_all_at(b"x", 0).await.unwrap();
                file.sync_all().await.unwrap();
                for dir in ["/", "from", "to"] {
                    disk.sync_dir(dir).await.unwrap();
                }
                disk.rename("from/file", "to/file").await.unwrap();
                for dir in synced {
                    disk.sync_dir(dir).await.unwrap();
                }
            });
            tank.crash_machine();
            let (from, to) = (tank.contents("from/file"), tank.contents("to/file"));
            assert!(from.is_some() != to.is_some(), "one name, and not both");
            seen.insert(to.is_some());
        }
        assert_eq!(seen.len(), places, "with {synced:?} synced");
        assert!(seen.contains(&true));
    }
}

#[test]
fn what_a_durable_change_builds_on_is_durable() {
    let mut tank = Tank::new(StorageConfiguration {
        crash_fault_probability: wavetank_engine::Ratio::ONE,
        ..StorageConfiguration::default()
    });
    tank.begin(1).does(|disk| async move {
        disk.create_dir_all("other").await.unwrap();
        disk.sync_dir("/").await.unwrap();
        let file = disk.open("other/one", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(b"x", 0).await.unwrap();
        file.sync_all().await.unwrap();
        // Half of this is in a directory that is never synced, but `three` builds on it.
        disk.rename("other/one", "two").await.unwrap();
        disk.rename("two", "three").await.unwrap();
        disk.sync_dir("/").await.unwrap();
    });
    tank.crash_machine();
    assert_eq!(tank.contents("three").unwrap(), b"x");
    assert_eq!((tank.contents("two"), tank.contents("other/one")), (None, None));
}

#[test]
fn directories_never_end_in_each_other() {
    let mut tank = tank();
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        tank.begin(seed).does(|disk| async move {
            disk.create_dir_all("x/y").await.unwrap();
            let file = disk.open("x/y/file", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(b"x", 0).await.unwrap();
            file.sync_all().await.unwrap();
            for dir in ["/", "x", "x/y"] {
                disk.sync_dir(dir).await.unwrap();
            }
            disk.rename("x/y", "z").await.unwrap();
            disk.rename("x", "z/x").await.unwrap();
        });
        tank.crash_machine();
        let machine = tank.machine;
        let files = tank.world.device(tank.disks, |disks, _| disks.files(machine));
        assert_eq!(files.len(), 1, "seed {seed}: the file is somewhere");
        seen.insert(files);
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn a_file_lives_until_its_last_operation_has_landed() {
    let mut tank = tank();
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 512], 0).await.unwrap();
        let mut syncing = Box::pin(async move { file.sync_all().await });
        assert!(std::future::poll_fn(|cx| Poll::Ready(syncing.as_mut().poll(cx).is_pending())).await);
        // The sync is on its way, and nothing else knows the file.
        drop(syncing);
        disk.delete("data").await.unwrap();
        disk.sync_dir("/").await.unwrap();
        for name in ["one", "two"] {
            let other = disk.open(name, OpenOptions::create_write()).await.unwrap();
            other.write_all_at(&[2; 512], 0).await.unwrap();
        }
    });
    assert_eq!(tank.contents("one").unwrap(), [2; 512]);
    assert_eq!(tank.world.finish(), [""; 0]);
}

#[test]
fn a_directory_that_is_never_synced_keeps_no_more_than_its_journal() {
    let mut tank = Tank::new(StorageConfiguration {
        crash_fault_probability: wavetank_engine::Ratio::ONE,
        ..StorageConfiguration::default()
    });
    tank.begin(1).does(|disk| async move {
        for number in 0..10_000 {
            drop(disk.open(format!("{number:05}"), OpenOptions::create_new()).await.unwrap());
        }
    });
    tank.crash_machine();
    let machine = tank.machine;
    let files = tank.world.device(tank.disks, |disks, _| disks.files(machine));
    let kept: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(kept.len(), 4096, "the journal committed once");
    assert_eq!((kept[0].as_str(), kept[4095].as_str()), ("00000", "04095"));
}
