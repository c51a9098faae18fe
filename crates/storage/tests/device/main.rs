//! Time, the queue, what happens to operations under way, and who hears of it.

mod crashes;
mod digest;
mod faults;
mod scars;
#[path = "../tank/mod.rs"]
mod tank;

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::io::SeekFrom;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tank::Tank;
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wavetank_core::{OpenOptions, StorageFile, StorageProvider, TimeProvider};
use wavetank_engine::{Ratio, SimTimeProvider};
use wavetank_storage::{DurationRange, StorageConfiguration, kinds};

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
    assert_eq!(tank.tally(&kinds::SLOW).effective, 1);
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
fn a_file_that_was_opened_for_nobody_is_closed() {
    let mut tank = Tank::new(plain());
    tank.begin(1);
    tank.start(tank_node(), |disk, home| async move {
        let mut opening = Box::pin(disk.open("data", OpenOptions::create_write()));
        std::future::poll_fn(|cx| {
            assert!(opening.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        // It has landed by then, and nobody asked.
        SimTimeProvider::new(home).sleep(Duration::from_millis(10)).await;
        drop(opening);
    });
    tank.run();
    assert!(tank.contents("data").is_some());
    assert_eq!(tank.world.finish(), [""; 0]);
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
fn a_call_moves_two_megabytes_at_the_most() {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(|disk| async move {
        let (mut bytes, most) = (vec![1; 3 << 20], 2 << 20);
        let mut file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        assert_eq!(file.write_at(&bytes, 0).await.unwrap(), most);
        assert_eq!(poll_fn(|cx| Pin::new(&mut file).poll_write(cx, &bytes)).await.unwrap(), most);
        file.write_all_at(&bytes, 100).await.unwrap();
        assert_eq!(file.read_at(&mut bytes, 0).await.unwrap(), most);
        file.read_exact_at(&mut bytes, 0).await.unwrap();
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|cx| Pin::new(&mut file).poll_read(cx, &mut buffer)).await.unwrap();
        assert_eq!(buffer.filled().len(), (1 << 20) + 100, "from the cursor to the end");
    });
}

#[test]
fn a_short_write_moves_the_cursor_as_far_as_it_went() {
    let mut tank = Tank::new(StorageConfiguration { capacity: 2 * 4096, ..plain() });
    tank.begin(1).does(|disk| async move {
        let mut file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        let written = poll_fn(|cx| Pin::new(&mut file).poll_write(cx, &[1; 3 * 4096])).await.unwrap();
        let cursor = poll_fn(|cx| Pin::new(&mut file).poll_complete(cx)).await.unwrap();
        assert_eq!((written, cursor), (2 * 4096, 2 * 4096));
        // No farther than the kernel's offsets go, which are signed.
        Pin::new(&mut file).start_seek(SeekFrom::Start(1 << 63)).unwrap();
        let refused = poll_fn(|cx| Pin::new(&mut file).poll_complete(cx)).await.unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(22));
    });
}

#[test]
fn what_is_given_up_may_come_behind_what_is_done_later() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let mut found = BTreeSet::new();
    for seed in 0..100 {
        found.insert(tank.begin(seed).does(|disk| async move {
            drop(disk.open("data", OpenOptions::create_write()).await.unwrap());
            let mut removing = Box::pin(disk.delete("data"));
            poll_fn(|cx| Poll::Ready(removing.as_mut().poll(cx).is_pending())).await;
            drop(removing);
            drop(disk.open("data", OpenOptions::create_write()).await.unwrap());
            disk.sync_dir("").await.unwrap();
            disk.exists("data").await.unwrap()
        }));
    }
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_seek_that_nobody_finished_moves_no_cursor_behind_what_is_done_later() {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(|disk| async move {
        let mut file = disk.open("data", OpenOptions::create_write()).await.unwrap();
        for reads in [false, true] {
            Pin::new(&mut file).start_seek(SeekFrom::Start(100)).unwrap();
            if reads {
                poll_fn(|cx| Pin::new(&mut file).poll_read(cx, &mut ReadBuf::new(&mut [0; 3]))).await.unwrap();
            } else {
                poll_fn(|cx| Pin::new(&mut file).poll_write(cx, b"abc")).await.unwrap();
            }
            assert_eq!(poll_fn(|cx| Pin::new(&mut file).poll_complete(cx)).await.unwrap(), 3);
        }
    });
}

#[test]
fn a_file_of_more_than_sixteen_terabytes_is_too_big() {
    let mut tank = Tank::new(plain());
    tank.begin(1).does(|disk| async move {
        let (file, most) = (disk.open("data", OpenOptions::create_write()).await.unwrap(), 16 << 40);
        for refused in [file.set_len(most + 1).await, file.write_at(b"x", most).await.map(drop)] {
            assert_eq!(refused.unwrap_err().raw_os_error(), Some(27));
        }
        assert_eq!(file.write_at(b"xyz", most - 2).await.unwrap(), 2, "as much as there is room for");
        file.set_len(most).await.unwrap();
    });
}
