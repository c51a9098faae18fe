//! What survives a crash: any subset of what was not synced, and all that was.

mod tank;

use std::collections::BTreeSet;
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
        shapes.insert([bytes[512], bytes[1024], bytes[1536]]);
    }
    assert_eq!(shapes.len(), 8, "{shapes:?}");
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
