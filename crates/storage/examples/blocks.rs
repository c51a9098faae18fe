//! How fast the disk is in real time: blocks of 4 KiB written in order, a sync
//! every 16, then read back and compared. Beside it, the same on a plain `Vec`. Each
//! in a process of its own, whose memory is as fresh as the kernel gives it, and
//! again in one that has run once, as sweeps recycle their worlds.
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{CrashKind, Decisions, EngineConfig, MachineId, NodeId, Placement, Scope, Stop, World};
use wavetank_storage::{Disks, SimStorageProvider, StorageConfiguration};

const BLOCK: usize = 4096;
const SYNC_EVERY: u64 = 16;
const ROUNDS: usize = 9;

fn fill(number: u64, block: &mut [u8; BLOCK]) {
    for (word, chunk) in block.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word as u64).to_le_bytes());
    }
}

async fn blocks(disk: SimStorageProvider, count: u64) {
    let file = disk.open("data", OpenOptions::create_write()).await.expect("an empty disk takes a file");
    let mut block = [0; BLOCK];
    for number in 0..count {
        fill(number, &mut block);
        file.write_all_at(&block, number * BLOCK as u64).await.expect("there is room");
        if number % SYNC_EVERY == SYNC_EVERY - 1 {
            file.sync_all().await.expect("no sync fails");
        }
    }
    let mut read = [0; BLOCK];
    for number in 0..count {
        let got = file.read_at(&mut read, number * BLOCK as u64).await.expect("the file is readable");
        fill(number, &mut block);
        assert!(got == BLOCK && read == block, "block {number}");
    }
}

/// What madsim's file system comes down to.
fn plain(count: u64) {
    let mut data: Vec<u8> = Vec::new();
    let mut block = [0; BLOCK];
    for number in 0..count {
        fill(number, &mut block);
        black_box(&mut data).extend_from_slice(&block);
    }
    let mut read = [0; BLOCK];
    for number in 0..count {
        read.copy_from_slice(&black_box(&data)[number as usize * BLOCK..][..BLOCK]);
        fill(number, &mut block);
        assert!(black_box(&read) == &block, "block {number}");
    }
}

fn build() -> (World, NodeId) {
    let mut world = World::new();
    world.add(Disks::new(StorageConfiguration::default()));
    let node = world.kernel(|kernel| {
        let machine = kernel.topology.add_machine("machine", Placement::default());
        kernel.topology.add_node("node", machine)
    });
    (world, node)
}

fn simulate(world: &mut World, node: NodeId, count: u64) {
    world.begin(Decisions::of(1), &EngineConfig::default(), None);
    let control = world.control();
    world.enter(|| {
        let home = control.boot(node);
        drop(control.spawn(home, "blocks", blocks(SimStorageProvider::new(home), count)));
    });
    assert_eq!(world.run(u64::MAX), Stop::Idle);
    assert!(world.panics().is_empty(), "{:?}", world.panics());
}

/// What a crash of a machine with so many writes pending takes.
fn crash() {
    const PENDING: u64 = 100_000;
    let (mut world, node) = build();
    let mut times: Vec<f64> = (0..ROUNDS as u64)
        .map(|seed| {
            world.begin(Decisions::of(seed), &EngineConfig::default(), None);
            let control = world.control();
            world.enter(|| {
                let home = control.boot(node);
                let disk = SimStorageProvider::new(home);
                drop(control.spawn(home, "writes", async move {
                    let file =
                        disk.open("data", OpenOptions::create_write()).await.expect("an empty disk takes a file");
                    disk.sync_dir("/").await.expect("no sync fails");
                    let block = [1; BLOCK];
                    for number in 0..PENDING {
                        file.write_all_at(&block, number * BLOCK as u64).await.expect("there is room");
                    }
                }));
            });
            assert_eq!(world.run(u64::MAX), Stop::Idle);
            let begin = Instant::now();
            world.enter(|| control.crash(Scope::Machine(MachineId(0)), CrashKind::Machine));
            begin.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("a machine's crash with {PENDING} writes pending: {:.1} ms", times[ROUNDS / 2] * 1e3);
}

/// Thousands of blocks per second of real time.
fn rate(count: u64, work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    count as f64 / begin.elapsed().as_secs_f64() / 1e3
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The rate of one run, in a process that does nothing else.
fn one(what: &str, count: u64) -> f64 {
    let (mut world, node) = build();
    match what {
        "vec" => rate(count, || plain(count)),
        "disk" => rate(count, || simulate(&mut world, node, count)),
        "recycled" => {
            simulate(&mut world, node, count);
            rate(count, || simulate(&mut world, node, count))
        }
        other => panic!("there is no `{other}`: vec, disk or recycled"),
    }
}

fn in_a_process(what: &str, count: u64) -> f64 {
    let me = std::env::current_exe().expect("this program has a path");
    let output = Command::new(me).args([what, &count.to_string()]).output().expect("it starts again");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a rate")
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, count] = &arguments[..] {
        println!("{}", one(what, count.parse().expect("a number of blocks")));
        return;
    }
    println!("blocks of 4 KiB, thousands per second of real time, median of {ROUNDS} processes");
    for count in [8_000, 64_000] {
        let mut rates = ["vec", "disk", "recycled"].map(|what| (what, Vec::new()));
        for _ in 0..ROUNDS {
            rates.iter_mut().for_each(|(what, rates)| rates.push(in_a_process(what, count)));
        }
        let [vec, disk, recycled] = rates.map(|(_, rates)| median(rates));
        let (fresh, again) = (disk / vec, recycled / vec);
        println!("{count:6}: Vec {vec:4.0}, disk {disk:4.0} ({fresh:.2}x), recycled {recycled:4.0} ({again:.2}x)");
    }
    crash();
    let (mut world, _node) = build();
    const RUNS: u64 = 1_000_000;
    let idle = rate(RUNS, || {
        for seed in 0..RUNS {
            world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        }
    });
    println!("a run that does nothing: {:.0} ns", 1e6 / idle);
}
