//! Time, the queue, what happens to operations under way, and who hears of it.

mod tank;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tank::Tank;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider, TimeProvider};
use wavetank_engine::{CrashKind, Digest, Ratio, Scope, SimTimeProvider, kinds as engine_kinds};
use wavetank_storage::{DurationRange, StorageConfigError, StorageConfiguration, kinds};

/// 1,000 operations and a million bytes per second, without drawn latency: an
/// operation takes 1 ms and a microsecond per byte.
fn plain() -> StorageConfiguration {
    StorageConfiguration {
        iops: 1_000,
        bandwidth: 1_000_000,
        read_latency: DurationRange::ZERO,
        write_latency: DurationRange::ZERO,
        sync_latency: DurationRange::ZERO,
        ..StorageConfiguration::default()
    }
}

const MILLI: u64 = 1_000_000;

fn nanos(time: &SimTimeProvider) -> u64 {
    time.now().as_nanos()
}

#[test]
fn an_operation_takes_its_share_of_iops_and_bandwidth() {
    let mut tank = Tank::new(plain());
    let times = tank.begin(1).start(tank_node(), |disk, home| async move {
        let time = SimTimeProvider::new(home);
        let mut times = vec![nanos(&time)];
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        times.push(nanos(&time));
        file.write_all_at(&[1; 5_000], 0).await.unwrap();
        times.push(nanos(&time));
        file.sync_all().await.unwrap();
        times.push(nanos(&time));
        file.sync_all().await.unwrap();
        times.push(nanos(&time));
        disk.sync_dir("/").await.unwrap();
        times.push(nanos(&time));
        times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    });
    tank.run();
    // Buffered writes are free; the second sync finds nothing to write.
    assert_eq!(times.take().unwrap(), [MILLI, 0, 6 * MILLI, MILLI, MILLI]);

    tank.crash_machine();
    let times = tank.start(tank_node(), |disk, home| async move {
        let time = SimTimeProvider::new(home);
        let file = disk.open("data", OpenOptions::read_only()).await.unwrap();
        let mut times = vec![nanos(&time)];
        let mut buffer = [0; 5_000];
        for _ in 0..2 {
            file.read_exact_at(&mut buffer, 0).await.unwrap();
            times.push(nanos(&time));
        }
        times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    });
    tank.run();
    // Cold pages are read whole, once.
    assert_eq!(times.take().unwrap(), [MILLI + 8_192_000, 0]);
}

fn tank_node() -> wavetank_engine::NodeId {
    wavetank_engine::NodeId(0)
}

#[test]
fn operations_queue_on_their_disk_and_on_no_other() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let (node, sibling, stranger) = (tank.node, tank.sibling, tank.stranger);
    let mut ends = [node, sibling, stranger].map(|node| {
        tank.start(node, |disk, home| async move {
            disk.create_dir_all("dir").await.unwrap();
            nanos(&SimTimeProvider::new(home))
        })
    });
    tank.run();
    let mut ends = ends.each_mut().map(|end| end.take().unwrap());
    ends[..2].sort_unstable();
    assert_eq!(ends, [MILLI, 2 * MILLI, MILLI]);
}

#[test]
fn a_slow_disk_is_slow_until_it_is_healed() {
    // Both its millisecond and its latency, of two.
    let latency = DurationRange::new(Duration::from_millis(2), Duration::from_millis(2));
    let mut tank = Tank::new(StorageConfiguration { read_latency: latency, ..plain() });
    let mut took = Vec::new();
    tank.begin(1);
    let machine = tank.machine;
    for factor in [1, 50, 1] {
        tank.world.device(tank.disks, |disks, kernel| disks.slow(machine, factor, kernel));
        let begun = tank.now();
        tank.does(|disk| async move { disk.exists("nothing").await.unwrap() });
        took.push(tank.now() - begun);
    }
    assert_eq!(took, [3 * MILLI, 150 * MILLI, 3 * MILLI]);
    let tally = tank.tally(&kinds::SLOW);
    assert_eq!((tally.fired, tally.effective), (1, 1));
}

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
fn nothing_completes_for_the_dead() {
    // At each instant of the run, once: the process dies, another is booted, and the
    // first one's handle and provider are used by a task that outlived it.
    for nanos in (0..12 * MILLI).step_by(MILLI as usize / 2) {
        let mut tank = Tank::new(plain());
        tank.begin(1);
        let node = tank.node;
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let kept = Rc::new(Cell::new(None));
        let keep = kept.clone();
        let output = tank.start(node, move |disk, _| async move {
            let file = Rc::new(disk.open("data", OpenOptions::create_write()).await.unwrap());
            counted.set(counted.get() + 1);
            keep.set(Some(file.clone()));
            for _ in 0..3 {
                file.write_all_at(&[1; 1_000], 0).await.unwrap();
                file.sync_all().await.unwrap();
                counted.set(counted.get() + 1);
                disk.exists("data").await.unwrap();
                counted.set(counted.get() + 1);
            }
        });
        tank.world.run(nanos);
        let before = polls.get();
        tank.crash(Scope::Node(node), CrashKind::Process);
        tank.start(node, |disk, _| async move { disk.exists("data").await });
        let zombie = kept.take();
        let heard = tank.start(tank.sibling, move |_, _| async move {
            if let Some(file) = zombie {
                file.size().await.unwrap();
                return false;
            }
            true
        });
        tank.run();
        assert_eq!(polls.get(), before);
        assert!(output.take().is_none() || before == 7);
        assert_ne!(heard.take(), Some(false), "a handle of the dead gives no answer");
    }
}

#[test]
fn what_is_under_way_at_a_crash_happened_or_not() {
    let mut tank = Tank::new(plain());
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        tank.begin(seed);
        let node = tank.node;
        tank.start(node, |disk, _| async move { disk.create_dir_all("a/b/c").await });
        tank.world.run(MILLI / 2);
        tank.crash(Scope::Node(node), CrashKind::Process);
        seen.insert(tank.does(|disk| async move {
            let mut depth = 0;
            for path in ["a", "a/b", "a/b/c"] {
                depth += u8::from(disk.exists(path).await.unwrap());
            }
            depth
        }));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn what_is_under_way_at_a_crash_happens_in_the_order_in_which_it_was_asked_for() {
    let mut tank = Tank::new(StorageConfiguration { crash_fault_probability: Ratio::ZERO, ..plain() });
    tank.begin(1);
    let node = tank.node;
    tank.start(node, |disk, _| async move {
        let (mut look, mut creation) = (Box::pin(disk.exists("one")), Box::pin(disk.create_dir_all("one")));
        std::future::poll_fn(|cx| {
            assert!(look.as_mut().poll(cx).is_pending() && creation.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        // The place of what has landed is taken by what is asked for last.
        assert!(!look.await.unwrap());
        disk.rename("one", "other").await.unwrap();
    });
    tank.world.run(MILLI + 1);
    tank.crash(Scope::Node(node), CrashKind::Process);
    assert!(tank.does(|disk| async move { disk.exists("other").await.unwrap() }));
}

#[test]
fn a_handle_of_the_dead_closes_nothing_of_who_comes_after() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let node = tank.node;
    let old = tank.start(node, |disk, _| async move { disk.open("data", OpenOptions::create_write()).await.unwrap() });
    tank.run();
    let old = old.take();
    tank.crash(Scope::Node(node), CrashKind::Process);
    let size = tank.start(node, |disk, _| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        drop(old);
        file.size().await.unwrap()
    });
    tank.run();
    assert_eq!(size.take(), Some(0), "it is open");
}

#[test]
fn a_machine_that_crashed_has_nothing_left_to_write() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let node = tank.node;
    tank.start(node, |disk, _| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        let other = disk.open("other", OpenOptions::create_write()).await.unwrap();
        disk.sync_dir("/").await.unwrap();
        file.write_all_at(&[1; 50_000], 0).await.unwrap();
        other.write_all_at(&[2; 50_000], 0).await.unwrap();
        file.sync_all().await.unwrap();
    });
    // The sync of the first is under way, and takes 51 ms; the other is written to the cache only.
    tank.world.run(30 * MILLI);
    tank.crash_machine();
    let begun = tank.now();
    tank.does(|disk| async move {
        for name in ["data", "other"] {
            disk.open(name, OpenOptions::read_only()).await.unwrap().sync_all().await.unwrap();
        }
    });
    assert_eq!(tank.now() - begun, 4 * MILLI);
}

#[test]
fn an_operation_whose_future_is_dropped_lands_all_the_same() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let node = tank.node;
    let output = tank.start(node, |disk, _| async move {
        let mut opening = Box::pin(disk.open("data", OpenOptions::create_new()));
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(opening.as_mut().poll(cx).is_pending())).await;
        assert!(polled);
        drop(opening);
        disk.exists("nothing").await.unwrap();
        disk.exists("data").await.unwrap()
    });
    tank.run();
    assert_eq!(output.take(), Some(true));
    assert_eq!(tank.world.finish(), [""; 0], "the file that it opened was closed");
}

#[test]
fn a_file_that_nobody_closed_is_a_leak() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let node = tank.node;
    let file = tank.start(node, |disk, _| async move { disk.open("data", OpenOptions::create_write()).await.unwrap() });
    tank.run();
    let file = file.take();
    assert_eq!(tank.world.finish(), ["file data on machine 0 is open that no task owns"]);
    tank.world.enter(|| drop(file));
    assert_eq!(tank.world.finish(), [""; 0]);
    tank.begin(2);
    let kept = tank.start(node, |disk, _| async move { disk.open("data", OpenOptions::create_write()).await.unwrap() });
    tank.run().begin(3);
    assert_eq!(tank.world.finish(), [""; 0], "a run begins without the last one's files");
    drop(kept);
}

#[test]
fn a_task_that_waits_for_the_disk_says_so() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    let node = tank.node;
    tank.start(node, |disk, _| async move { disk.rename("a", "b").await });
    tank.world.run(1);
    assert_eq!(tank.world.tasks()[0].waits_for, "a renaming (a on machine 0)");
}

#[test]
fn a_full_disk_says_so_and_has_room_again() {
    let mut tank = Tank::new(StorageConfiguration { capacity: 4 * 4096, ..plain() });
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        assert_eq!(file.write_at(&[1; 5 * 4096], 100).await.unwrap(), 4 * 4096 - 100);
        assert_eq!(file.write_at(&[1; 10], 4 * 4096).await.unwrap_err().raw_os_error(), Some(28));
        assert_eq!(file.write_at(&[2; 10], 4096).await.unwrap(), 10, "what is there can be overwritten");
        file.set_len(4096).await.unwrap();
        assert_eq!(file.write_at(&[1; 10], 4 * 4096).await.unwrap(), 10);
        disk.delete("data").await.unwrap();
        let other = disk.open("other", OpenOptions::create_write()).await.unwrap();
        assert_eq!(other.write_at(&[1; 4 * 4096], 0).await.unwrap(), 2 * 4096, "an open file keeps its space");
        drop(file);
        other.write_all_at(&[1; 4 * 4096], 0).await.unwrap();
    });
}

#[test]
fn a_file_that_a_crash_brings_back_takes_its_room_again() {
    let config = StorageConfiguration { capacity: 4 * 4096, crash_fault_probability: Ratio::ONE, ..plain() };
    let mut tank = Tank::new(config);
    tank.begin(1).does(|disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(&[1; 4 * 4096], 0).await.unwrap();
        file.sync_all().await.unwrap();
        disk.sync_dir("/").await.unwrap();
        drop(file);
        disk.delete("data").await.unwrap();
    });
    tank.crash_machine();
    tank.does(|disk| async move {
        let other = disk.open("other", OpenOptions::create_write()).await.unwrap();
        assert_eq!(other.write_at(&[2; 10], 0).await.unwrap_err().raw_os_error(), Some(28));
        disk.delete("data").await.unwrap();
        assert_eq!(other.write_at(&[2; 5 * 4096], 0).await.unwrap(), 4 * 4096);
    });
}

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
fn each_time_that_a_disk_is_slow_or_replaced_is_a_fault_of_its_own() {
    let mut tank = Tank::new(plain());
    let machine = tank.machine;
    tank.begin(1);
    for _ in 0..2 {
        tank.world.device(tank.disks, |disks, kernel| {
            [50, 1, 50, 50, 1].into_iter().for_each(|factor| disks.slow(machine, factor, kernel));
            disks.wipe(machine, kernel);
        });
    }
    let addresses: BTreeSet<_> =
        tank.world.kernel(|kernel| kernel.faults().atoms().iter().map(|atom| atom.address).collect());
    assert_eq!((addresses.len(), tank.tally(&kinds::SLOW).fired, tank.tally(&kinds::WIPED).fired), (6, 4, 2));
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

/// The digest of a run that reads `len` bytes of a file and gives it a size.
fn digest_of_reading(len: usize, size: u64) -> Digest {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(move |disk| async move {
        let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        file.write_all_at(b"something", 0).await.unwrap();
        file.read_at(&mut vec![0; len], 0).await.unwrap();
        file.set_len(size).await.unwrap();
    });
    tank.digest()
}

#[test]
fn a_run_that_reads_other_bytes_or_gives_another_size_has_another_digest() {
    let digest = digest_of_reading(3, 5);
    assert_eq!(digest_of_reading(3, 5), digest);
    assert_ne!(digest_of_reading(4, 5), digest, "only what is read differs");
    assert_ne!(digest_of_reading(3, 6), digest, "only the size differs");
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
