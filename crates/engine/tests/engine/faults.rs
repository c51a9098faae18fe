//! The fault log: what fired, and what became of it when it is set to benign.

use crate::basin::{Basin, Log, fifo, log};
use std::time::Duration;
use wavetank_core::TimeProvider;
use wavetank_engine::{Choice, EngineConfig, FaultKind, KINDS_MOST, Overrides, Ratio, Tallies, Tally, Target, kinds};

#[test]
fn an_atom_set_to_benign_leaves_those_before_it_and_most_after_it() {
    let config = EngineConfig { timer_late: Ratio::new(1, 10), timer_late_max: 3_000_000, ..EngineConfig::default() };
    let atoms = |seed, overrides| {
        let mut basin = Basin::new(1);
        basin.begin_overridden(seed, &config, overrides);
        let process = basin.boot(0);
        for id in 0..5_u64 {
            basin.spawn(process, async move {
                for nth in 0..20 {
                    process.time.sleep(Duration::from_micros(100 * (id + nth))).await;
                }
            });
        }
        basin.run_idle();
        basin.world.kernel(|kernel| kernel.faults().atoms().to_vec())
    };
    let mut pairs = 0;
    for seed in 0..50 {
        let plain = atoms(seed, Overrides::new());
        for (nth, atom) in plain.iter().enumerate() {
            assert!(plain[..nth].iter().all(|earlier| earlier.time <= atom.time));
            let mut overrides = Overrides::new();
            overrides.set(atom.address, Choice::Benign);
            let without = atoms(seed, overrides);
            assert_eq!(without[..nth], plain[..nth], "seed {seed}: what came before {atom:?}");
            assert!(without.iter().all(|other| other.address != atom.address));
            let after = &plain[nth + 1..];
            let still = after.iter().filter(|a| without.iter().any(|b| a.address == b.address)).count();
            assert!(2 * still >= after.len(), "seed {seed}: {still} of {} still fire after {atom:?}", after.len());
            pairs += 1;
        }
    }
    assert!(pairs > 300, "{pairs}");
}

#[test]
fn a_fault_that_is_off_changes_no_draw_and_no_digest() {
    let digest = |late: Ratio| {
        let config = EngineConfig { timer_late: late, timer_late_max: 1, ..fifo() };
        let mut basin = Basin::with(1, 1, &config);
        let process = basin.boot(0);
        basin.spawn(process, async move {
            for _ in 0..100 {
                process.time.sleep(Duration::from_nanos(5)).await;
            }
        });
        basin.run_idle();
        basin.world.kernel(|kernel| kernel.digest())
    };
    assert_eq!(digest(Ratio::ZERO), digest(Ratio::from_parts(1)), "on, but it never struck");
    assert_ne!(digest(Ratio::ZERO), digest(Ratio::ONE));
}

#[test]
fn kinds_have_distinct_numbers_names_and_domains() {
    let mut numbers: Vec<usize> = kinds::ALL.iter().map(|kind| kind.index()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), kinds::ALL.len());
    assert!(numbers.iter().all(|&number| number < 16), "below 16 is the engine's");
    for kind in kinds::ALL {
        assert_eq!(kind.domain().name(), kind.name());
    }
    assert!(std::panic::catch_unwind(|| FaultKind::new(KINDS_MOST as u8, "one too many")).is_err());
}

#[test]
fn tallies_and_atoms_begin_anew_with_each_run() {
    let mut basin = Basin::new(1);
    let seen: Log<usize> = log();
    for seed in 0..2 {
        basin.begin(seed, &fifo());
        basin.world.kernel(|kernel| {
            assert_eq!(kernel.faults().tallies().iter().count(), 0);
            assert!(kernel.strikes(&kinds::PAUSE, 1, 2, Ratio::ONE, Target::World));
            assert!(!kernel.strikes(&kinds::CRASH, 1, 2, Ratio::ZERO, Target::World));
            let touched: Vec<usize> = kernel.faults().tallies().iter().map(|(index, _)| index).collect();
            assert_eq!(touched, [kinds::PAUSE.index()]);
            seen.borrow_mut().push(kernel.faults().atoms().len());
        });
    }
    assert_eq!(seen.take(), [1, 1]);
}

#[test]
fn more_atoms_than_are_remembered_are_counted() {
    let mut basin = Basin::new(1);
    basin.world.kernel(|kernel| {
        (0..(1 << 20) + 3).for_each(|nth| kernel.fired(&kinds::PAUSE, 1, nth, Target::World, [0, 0]));
        let faults = kernel.faults();
        assert_eq!((faults.atoms().len(), faults.atoms_dropped()), (1 << 20, 3));
        assert_eq!(faults.tally(&kinds::PAUSE).fired, (1 << 20) + 3);
    });
}

#[test]
fn tallies_add_up_field_by_field() {
    let one = Tally { asked: 1, granted: 2, downgraded: 3, refused: 4, fired: 5, effective: 6 };
    let mut sum = Tallies::default();
    sum.merge([(3, &one), (7, &one), (3, &one)]);
    let twice = Tally { asked: 2, granted: 4, downgraded: 6, refused: 8, fired: 10, effective: 12 };
    assert_eq!(sum.iter().collect::<Vec<_>>(), [(3, &twice), (7, &one)]);
}

#[test]
fn a_run_after_a_quiet_one_is_not_quiet() {
    let mut basin = Basin::new(1);
    for seed in 0..2 {
        basin.begin(seed, &fifo());
        basin.world.kernel(|kernel| {
            assert!(kernel.strikes(&kinds::PAUSE, 1, 2, Ratio::ONE, Target::World));
            kernel.set_quiet(true);
            assert!(!kernel.strikes(&kinds::PAUSE, 1, 3, Ratio::ONE, Target::World));
        });
    }
}
