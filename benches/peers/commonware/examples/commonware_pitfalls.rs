//! Small runs that show what the model does and does not do. Each prints what it saw.

use commonware_runtime::{
    Blob as _, Clock as _, ReadOptions, Runner as _, Spawner as _, Storage as _, Supervisor as _, WriteOptions,
    deterministic::{Config, Context, FaultConfig, PartialWriteMode, Runner, WriteConfig},
};
use commonware_utils::probability;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, UNIX_EPOCH};

fn config(seed: u64) -> Config {
    let write = WriteConfig {
        failure_rate: probability!(0.0),
        retention_rate: probability!(0.5),
        mode: PartialWriteMode::Subset,
    };
    Config::new().with_seed(seed).with_storage_fault_config(FaultConfig::default().write(write))
}

async fn survived(c: &Context) -> usize {
    let (blob, len) = c.open("p", b"x").await.unwrap();
    if len == 0 {
        return 0;
    }
    let got = blob.read_at(0, len as usize, ReadOptions::default()).await.unwrap().coalesce();
    got.as_ref().iter().filter(|b| **b == 1).count()
}

/// 16 bytes written, not synced; then either only the task dies ("node" crash),
/// or the whole runtime.
fn crash(whole: bool) -> String {
    let mut partial = 0;
    let mut none = 0;
    for seed in 0..1000 {
        let n = if whole {
            let (_, cp) = Runner::new(config(seed)).start_and_recover(|c| async move {
                let (blob, _) = c.open("p", b"x").await.unwrap();
                blob.write_at(0, vec![1; 16], WriteOptions::default()).await.unwrap();
            });
            Runner::from(cp).start(|c| async move { survived(&c).await })
        } else {
            Runner::new(config(seed)).start(|c| async move {
                let node = c.child("node").spawn(|c| async move {
                    let (blob, _) = c.open("p", b"x").await.unwrap();
                    blob.write_at(0, vec![1; 16], WriteOptions::default()).await.unwrap();
                    c.sleep(Duration::from_secs(60)).await;
                });
                c.sleep(Duration::from_secs(1)).await;
                node.abort();
                c.sleep(Duration::from_secs(1)).await;
                survived(&c).await
            })
        };
        match n {
            0 => none += 1,
            16 => {}
            _ => partial += 1,
        }
    }
    format!("{partial} of 1000 runs keep a part of the unsynced write, {none} keep nothing")
}

/// A sync that failed, then one that succeeded: is the data there after the crash?
fn fsyncgate() -> String {
    let mut kept = 0;
    for seed in 0..1000 {
        let (_, cp) = Runner::new(Config::new().with_seed(seed)).start_and_recover(|c| async move {
            let (blob, _) = c.open("p", b"x").await.unwrap();
            blob.write_at(0, vec![1; 16], WriteOptions::default()).await.unwrap();
            c.storage_fault_config().write().sync_rate = Some(probability!(1.0));
            blob.sync().await.unwrap_err();
            c.storage_fault_config().write().sync_rate = None;
            blob.sync().await.unwrap();
        });
        kept += u64::from(Runner::from(cp).start(|c| async move { survived(&c).await }) == 16);
    }
    format!("after a failed sync and a second one, {kept} of 1000 crashes keep all data")
}

/// How much simulated time does I/O take, and can another task run in between?
fn io_time() -> String {
    Runner::default().start(|c| async move {
        let other = Arc::new(AtomicU64::new(0));
        let o = other.clone();
        c.child("other").spawn(move |_| async move {
            loop {
                o.fetch_add(1, Relaxed);
                commonware_runtime::reschedule().await;
            }
        });
        c.sleep(Duration::from_millis(5)).await;
        let (t, n) = (c.current(), other.load(Relaxed));
        let (blob, _) = c.open("p", b"x").await.unwrap();
        for i in 0..1000u64 {
            blob.write_at(i * 16, vec![1; 16], WriteOptions::default()).await.unwrap();
            blob.sync().await.unwrap();
        }
        format!(
            "1000 writes and syncs: {:?} simulated, other tasks ran {} times meanwhile",
            c.current().duration_since(t).unwrap(),
            other.load(Relaxed) - n
        )
    })
}

/// Does the auditor notice what the runtime does not control? std's HashMap is
/// seeded by the OS, and here the length of a sleep depends on its order.
fn auditor() -> String {
    let runs: Vec<(Duration, String)> = (0..50)
        .map(|_| {
            Runner::seeded(1).start(|c| async move {
                let m: HashMap<u64, ()> = (0..64).map(|i| (i, ())).collect();
                let first = *m.keys().next().unwrap();
                c.sleep(Duration::from_millis(first + 1)).await;
                let end = c.current().duration_since(UNIX_EPOCH).unwrap();
                (end, c.auditor().state())
            })
        })
        .collect();
    let times: HashSet<_> = runs.iter().map(|r| r.0).collect();
    let digests: HashSet<_> = runs.iter().map(|r| &r.1).collect();
    format!(
        "50 runs of one seed end at {} different times, with {} different digests of {} bits",
        times.len(),
        digests.len(),
        runs[0].1.len() * 4
    )
}

/// Which worker wins after equal sleeps, over seeds?
fn ties() -> String {
    let mut wins = [0u32; 4];
    for seed in 0..1000 {
        let w = Runner::seeded(seed).start(|c| async move {
            let first = Arc::new(AtomicU64::new(u64::MAX));
            for i in 0..4 {
                let f = first.clone();
                c.child("w").spawn(move |c| async move {
                    c.sleep(Duration::from_millis(10)).await;
                    let _ = f.compare_exchange(u64::MAX, i, Relaxed, Relaxed);
                });
            }
            c.sleep(Duration::from_millis(50)).await;
            first.load(Relaxed)
        });
        wins[w as usize] += 1;
    }
    format!("first of four equal timers over 1000 seeds: {wins:?}")
}

fn main() {
    println!("task abort ('node' crash): {}", crash(false));
    println!("whole runtime:             {}", crash(true));
    println!("fsync: {}", fsyncgate());
    println!("i/o: {}", io_time());
    println!("auditor: {}", auditor());
    println!("ties: {}", ties());
}
