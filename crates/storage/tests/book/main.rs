//! What a disk must give, whatever happens to its machine: random operations on several
//! directories and handles under crashes and failed syncs, held against a book that knows nothing
//! of the model, only of what was done and what was promised.

mod bytes;
mod dice;
mod life;
mod names;
#[path = "../tank/mod.rs"]
mod tank;

use dice::Dice;
use life::{Counts, Life, Shared};
use std::collections::BTreeSet;
use tank::Tank;
use wavetank_engine::{CrashKind, Digest, Ratio, Scope, mix};
use wavetank_storage::{Disks, StorageConfiguration};

/// How a seed's disk is.
fn config(dice: &mut Dice) -> StorageConfiguration {
    StorageConfiguration {
        sync_failure_probability: dice.pick(&[Ratio::ZERO, Ratio::new(1, 10), Ratio::new(1, 3)]),
        crash_fault_probability: dice.pick(&[Ratio::new(1, 5), Ratio::new(1, 2), Ratio::new(4, 5)]),
        ..StorageConfiguration::default()
    }
}

/// Starts a life of a process that takes so many steps, and dies with its files open.
fn start(tank: &mut Tank, book: &Shared, steps: usize, dice: Dice, is_hasty: bool) {
    let (node, book) = (tank.node, book.clone());
    tank.start(node, move |disk, _| async move {
        let mut life = Life::new(disk, book, dice);
        life.is_hasty = is_hasty;
        life.look().await;
        for _ in 0..steps {
            life.step().await;
        }
        std::future::pending::<()>().await;
    });
}

fn run_until(tank: &mut Tank, until: u64, seed: u64) {
    tank.world.run(until);
    if let Some(panic) = tank.world.panics().first() {
        panic!("seed {seed}: {}", panic.message);
    }
}

/// Runs a seed: lives of a process, each ended by a crash of it or of its machine.
fn run(tank: &mut Tank, seed: u64) -> (Digest, Counts) {
    let mut dice = Dice(seed);
    let (config, book, node) = (config(&mut dice), Shared::default(), tank.node);
    tank.begin(seed);
    tank.world.device(tank.disks, |disks: &mut Disks, _| disks.configure(config));
    for _ in 0..6 {
        let steps = dice.below(60);
        let its = Dice(dice.below(usize::MAX) as u64);
        start(tank, &book, steps, its, true);
        let until = if dice.one_in(2) { u64::MAX } else { tank.now() + dice.below(30_000_000) as u64 };
        run_until(tank, until, seed);
        if dice.one_in(3) {
            book.borrow_mut().end(CrashKind::Process);
            tank.crash(Scope::Node(node), CrashKind::Process);
        } else {
            book.borrow_mut().end(CrashKind::Machine);
            tank.crash_machine();
        }
    }
    let counts = std::mem::take(&mut book.borrow_mut().counts);
    (tank.digest(), counts)
}

#[test]
fn a_crash_leaves_what_some_of_what_was_done_would_have_given_and_all_that_was_promised() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let mut all = Counts::default();
    for seed in 0..1_000 {
        let (digest, counts) = run(&mut tank, seed);
        if seed % 100 == 0 {
            assert_eq!(run(&mut Tank::new(StorageConfiguration::default()), seed).0, digest, "seed {seed}");
        }
        all += counts;
    }
    let is_enough = all.crashes > 2_000 && all.other_trees > 1_000 && all.other_bytes > 1_000;
    let is_enough = is_enough && all.failed_syncs > 1_000 && all.undone > 5;
    assert!(is_enough, "crashes that change nothing prove nothing: {all:?}");
}

#[test]
fn what_a_crash_may_leave_of_several_directories_it_leaves_sooner_or_later() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let (mut reached, mut legal) = (0, 0);
    for case in 0..40 {
        let (mut seen, mut may_be_seen) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..150 {
            let book = Shared::default();
            tank.begin(mix(case, seed));
            start(&mut tank, &book, 25, Dice(case), false);
            run_until(&mut tank, u64::MAX, case);
            may_be_seen = book.borrow().names.legal();
            book.borrow_mut().end(CrashKind::Machine);
            tank.crash_machine();
            start(&mut tank, &book, 0, Dice(case), false);
            run_until(&mut tank, u64::MAX, case);
            seen.insert(book.borrow().names.now.listing());
        }
        assert!(seen.is_subset(&may_be_seen), "case {case}");
        reached += seen.len();
        legal += may_be_seen.len();
    }
    assert!(legal > 200, "histories of one outcome prove nothing: {legal}");
    assert!(reached * 100 >= legal * 95, "{reached} of {legal} outcomes were reached");
}
