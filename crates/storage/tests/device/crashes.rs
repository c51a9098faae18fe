//! What is under way, and who has files open, when a process or a machine dies.

use super::{MILLI, plain};
use crate::tank::Tank;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::Poll;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{CrashKind, Ratio, Scope};
use wavetank_storage::StorageConfiguration;

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
