//! What a test does to hosts and links by hand, and what heals it.

use super::{MS, greet, greeting, tank};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider};
use wavetank_harness::Tank;

/// Asks the server every millisecond whether it can be reached, and counts.
fn add_prober(tank: &mut Tank) -> (Rc<Cell<u32>>, Rc<Cell<u32>>) {
    let counts = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (reached, missed) = counts.clone();
    tank.host("prober", move |world| {
        let (reached, missed) = (reached.clone(), missed.clone());
        async move {
            loop {
                let count = match world.timeout(MS / 2, greeting(&world)).await {
                    Ok(Ok(_)) => &reached,
                    _ => &missed,
                };
                count.set(count.get() + 1);
                world.sleep(MS).await;
            }
        }
    });
    counts
}

/// How many probes reached the server, and how many did not, in a tenth of a second.
fn probe(tank: &mut Tank, (reached, missed): &(Rc<Cell<u32>>, Rc<Cell<u32>>)) -> (bool, bool) {
    // One that is under way counts for neither.
    tank.run_for(2 * MS);
    reached.set(0);
    missed.set(0);
    tank.run_for(100 * MS);
    assert!(reached.get() + missed.get() >= 50, "it goes on probing");
    (reached.get() > 0, missed.get() > 0)
}

const ALL: (bool, bool) = (true, false);
const NONE: (bool, bool) = (false, true);

#[test]
fn a_partition_lasts_until_it_is_healed() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.partition("server", "prober");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.heal();
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_slow_link_is_slow_until_it_is_healed() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    tank.slow("server", "prober", 10 * MS);
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.heal();
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.slow("server", "prober", 10 * MS);
    tank.slow("server", "prober", Duration::ZERO);
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_crashed_host_is_down_until_it_is_restarted() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    tank.crash("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.crash("server");
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.power_loss("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
    // One that runs is crashed first: its port is free.
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_paused_host_stands_still_until_it_is_resumed() {
    let mut tank = tank();
    tank.host("server", greet);
    let ticks = Rc::new(Cell::new(0));
    let counted = ticks.clone();
    tank.host("clock", move |world| {
        let counted = counted.clone();
        async move {
            loop {
                world.sleep(MS).await;
                counted.set(counted.get() + 1);
            }
        }
    });
    let counts = add_prober(&mut tank);
    tank.pause("clock");
    tank.pause("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    assert_eq!(ticks.get(), 0);
    tank.resume("server");
    tank.resume("clock");
    assert_eq!(probe(&mut tank, &counts), ALL);
    assert!(ticks.get() >= 95, "{}", ticks.get());
}

#[test]
fn what_was_synced_outlives_a_loss_of_power_and_a_crash_keeps_the_rest_too() {
    let mut tank = tank();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let boots = seen.clone();
    tank.host("store", move |world| {
        let boots = boots.clone();
        async move {
            let synced = world.open("synced", OpenOptions::append()).await?;
            let cached = world.open("cached", OpenOptions::append()).await?;
            let sizes = (synced.size().await?, cached.size().await?);
            boots.borrow_mut().push(sizes);
            synced.write_all_at(b"x", 0).await?;
            synced.sync_all().await?;
            cached.sync_all().await?;
            world.storage().sync_dir("/").await?;
            cached.write_all_at(b"xx", 0).await?;
            std::future::pending::<io::Result<()>>().await
        }
    });
    for _ in 0..3 {
        tank.run_for(100 * MS);
        tank.crash("store");
        tank.restart("store");
    }
    tank.run_for(100 * MS);
    assert_eq!(*seen.borrow(), [(0, 0), (1, 2), (2, 4), (3, 6)], "the kernel's cache outlives a process");
    let mut lost = 0;
    for boot in 4..20 {
        tank.power_loss("store");
        tank.restart("store");
        tank.run_for(100 * MS);
        let (synced, cached) = *seen.borrow().last().expect("it booted");
        assert_eq!(synced, boot, "what was synced is there");
        assert!(cached <= 2 * boot);
        lost += u64::from(cached < 2 * boot);
    }
    assert!(lost > 0, "what was not synced is sometimes gone");
}
